"""The key map as it was read last, so that its keys are in force before a YAML library is there."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from workbench.tui.actions.values import Action

_MOST_BYTES = 262_144
"""A larger file is not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKeys:
    """What a key map came to, and of which file and registry that is true."""

    fingerprint: str = ""
    """Of the file; empty for no file."""
    registry: int = 0
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    problems: tuple[str, ...] = ()
    """One line each."""


def fingerprint_of(file: Path) -> str:
    """Changes with the file; empty when there is none."""
    try:
        state = file.stat()
    except OSError:
        return ""
    return f"{state.st_mtime_ns}-{state.st_size}-{state.st_ino}"


def registry_sum(actions: Iterable[Action]) -> int:
    """Changes when another release has other actions or keys: a key map has to be checked against them again."""
    return zlib.crc32(repr([(one.id, one.keys, str(one.scope), one.priority) for one in actions]).encode())


def read_stored(file: Path) -> StoredKeys:
    """What was stored; nothing when that cannot be read."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            return StoredKeys()
        document: object = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return StoredKeys()
    match document:
        case {"fingerprint": str(fingerprint), "registry": int(registry), "keys": dict(), "problems": list()}:
            written = cast("dict[str, dict[str, object] | list[object]]", document)
            keys, problems = written["keys"], written["problems"]
        case _:
            return StoredKeys()
    return StoredKeys(
        fingerprint=fingerprint,
        registry=registry,
        keys={name: _texts(value) for name, value in cast("dict[str, object]", keys).items()},
        problems=_texts(problems),
    )


def _texts(value: object) -> tuple[str, ...]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))


def write_stored(file: Path, stored: StoredKeys) -> None:
    """Replace the file in one step; without success the next start reads the key map again."""
    document = {
        "fingerprint": stored.fingerprint, "registry": stored.registry, "keys": stored.keys,
        "problems": stored.problems,
    }  # fmt: skip
    from workbench.core.part_file import replace_file

    with contextlib.suppress(OSError):
        replace_file(file, json.dumps(document).encode())
