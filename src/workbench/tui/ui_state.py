"""The little that the first paint needs, cached in one small file: theme and last conversation."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

_MOST_BYTES = 65_536
"""A larger file is not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UiState:
    """What the application remembers of its own looks."""

    theme: str = ""
    """Name of the chosen theme; empty for the default."""
    conversation_id: str = ""
    """The conversation shown last; empty for a new one."""
    list_hidden: bool = False
    """Whether the conversation list is folded away."""
    new_is_private: bool = False
    """Whether the conversation that is begun and not sent yet is private, as its unsent text is."""


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
    fields = cast("dict[str, object]", document)
    theme, conversation_id = fields.get("theme"), fields.get("conversation_id")
    return UiState(
        theme=theme if isinstance(theme, str) else "",
        conversation_id=conversation_id if isinstance(conversation_id, str) else "",
        list_hidden=fields.get("list_hidden") is True,
        new_is_private=fields.get("new_is_private") is True,
    )


def write_ui_state(file: Path, state: UiState) -> None:
    """Replace the file in one step, readable by its owner only. Raises `OSError`."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".ui-", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(asdict(state), stream)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
