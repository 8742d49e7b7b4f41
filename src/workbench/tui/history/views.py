"""Stored messages as the reader shows them, with what an import brought along as folded lines. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from workbench.core.text import clean_line
from workbench.tui.chat.views import Around, view_of_message
from workbench.tui.glyphs import glyphs
from workbench.tui.widgets.message_view import MessageView

if TYPE_CHECKING:
    from workbench.conversations.values import Message

_PART = "#"
"""Stands between the id of a message and the number of a part; no id has it."""
_NAMES = ("name", "title", "file_name", "filename", "tool", "function", "url")
_TEXTS = ("text", "content", "output", "result", "arguments", "input")
_LONGEST = 20_000


def views_of(messages: Iterable[Message], around: Around) -> list[MessageView]:
    """A view for each message, and one for each of its other parts."""
    views: list[MessageView] = []
    for message in messages:
        view = view_of_message(message, around)
        # What can be done with a reply in the chat is not done here.
        badge, _, _ = view.badge.partition("\t")
        views.append(replace(view, badge=badge, notes=view.notes[:-1]))
        views += [_part(message.id, number, part) for number, part in enumerate(message.extra)]
    return views


def message_of(view_id: str) -> str:
    """The id of the message that a view belongs to."""
    return view_id.partition(_PART)[0]


def _part(message_id: str, number: int, encoded: str) -> MessageView:
    part = cast("dict[str, Any]", json.loads(encoded))
    kind = clean_line(str(part.get("type", "part")).replace("_", " "), 40)
    name = next((str(part[key]) for key in _NAMES if isinstance(part.get(key), str) and part[key]), "")
    told = f"{kind} {clean_line(name, 80)}".strip()
    return MessageView(id=f"{message_id}{_PART}{number}", role="note", text=_text(part), fold=told)


def _text(part: Mapping[str, Any]) -> str:
    said = next((part[key] for key in _TEXTS if isinstance(part.get(key), str) and part[key]), None)
    rest = {key: value for key, value in part.items() if value is not said and key != "type"}
    shown = [said] if said is not None else []
    if rest:
        shown.append(json.dumps(rest, ensure_ascii=False, indent=2))
    text = "\n\n".join(shown) or "nothing more is known of it"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}{glyphs().ellipsis}"
