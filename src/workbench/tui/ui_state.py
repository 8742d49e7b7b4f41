"""The little that the first paint needs, cached in one small file: looks, preferences, last conversation."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypedDict, cast

_MOST_BYTES = 65_536
"""A larger file is not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UiState:
    """What the application remembers of its own looks and of how a person likes it."""

    theme: str = ""
    """Name of the chosen theme; empty for the default."""
    conversation_id: str = ""
    """The conversation shown last; empty for a new one."""
    list_hidden: bool = False
    """Whether the conversation list is folded away."""
    new_is_private: bool = False
    """Whether the conversation that is begun and not sent yet is private, as its unsent text is."""
    compact: bool = False
    """Whether everything stands closer together."""
    reduced_motion: bool = False
    """Whether nothing moves by itself."""
    notify: bool = False
    """Whether the terminal is told of a long reply's end while it is not looked at."""
    enter_is_newline: bool = False
    """Whether enter begins a new line and ctrl+j sends, instead of the other way round."""
    recent_actions: str = ""
    """Ids of the actions chosen in the palette last, the newest first, with blanks between them."""


class UiChanges(TypedDict, total=False):
    """Fields of `UiState` that change."""

    theme: str
    conversation_id: str
    list_hidden: bool
    new_is_private: bool
    compact: bool
    reduced_motion: bool
    notify: bool
    enter_is_newline: bool
    recent_actions: str


def read_ui_state(file: Path) -> UiState:
    """The remembered state; defaults for whatever is missing or unreadable."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            return UiState()
        document: object = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return UiState()
    if not isinstance(document, dict):
        return UiState()
    written, known = cast("dict[str, object]", document), asdict(UiState())
    same_type = {name: written[name] for name in known if type(written.get(name)) is type(known[name])}
    return UiState(**cast("UiChanges", same_type))


def write_ui_state(file: Path, state: UiState) -> None:
    """Replace the file in one step, readable by its owner only. Raises `OSError`."""
    from workbench.core.part_file import replace_file

    replace_file(file, json.dumps(asdict(state)).encode())
