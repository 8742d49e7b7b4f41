"""Everything known of an event, as text that people read and copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from textual.content import Content

from workbench.core.text import clean, clean_line
from workbench.tui.events.filters import LEVEL_NAMES
from workbench.tui.events.values import EventRow

_SHOWN = 20_000
"""Characters of an event that the pane shows; copying and exporting give all of them."""
_DEEPEST = 12
_NAME = 60


def full_time(at_ms: int) -> str:
    """Local date and time to the millisecond."""
    moment = datetime.fromtimestamp(at_ms / 1000).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d}"


def facts_of(row: EventRow) -> list[tuple[str, object]]:
    """Name and value of all that is known, the event's own fields first; what is empty is left out."""
    own = [(str(name), value) for name, value in row.data.items() if value not in (None, "", (), [], {})]
    common = [
        ("source", row.source),
        ("level", LEVEL_NAMES.get(row.level, str(int(row.level)))),
        ("at", full_time(row.at_ms)),
        ("seq", row.stored_seq or ""),
        ("turn", row.correlation),
        ("conversation", row.conversation_id or ""),
        ("task", row.task_id or ""),
    ]
    return [*own, *((name, value) for name, value in common if value)]


def detail_text(row: EventRow) -> str:
    """The whole event as cleaned text, in the manner of YAML."""
    head = f"{full_time(row.at_ms)} {LEVEL_NAMES.get(row.level, '')} {row.kind}: {clean(row.full_text)}"
    return "\n".join([head, *(_line(name + value) for name, value in _lines(facts_of(row)))])


def detail_of(row: EventRow) -> Content:
    """The same for the screen, with the names in another colour; long ones end with how much is left out."""
    parts: list[Content | tuple[str, str]] = [Content(clean(row.full_text[:_SHOWN]))]
    left = _SHOWN
    lines = _lines(facts_of(row))
    for index, (name, value) in enumerate(lines):
        text = _line(value)
        if len(text) > left:
            parts.append(Content(f"\n{text[:left]}"))
            rest = len(text) - left + sum(len(a) + len(b) for a, b in lines[index + 1 :])
            parts.append((f"\n... {rest:,} more characters: y copies all of them", "$text-muted"))
            break
        left -= len(text) + len(name)
        parts += [("\n" + _line(name), "$text-muted"), Content(text)]
    return Content.assemble(*parts)


def _line(text: str) -> str:
    return clean(text).replace("\n", " ")


def _lines(facts: Sequence[tuple[str, object]], depth: int = 0) -> list[tuple[str, str]]:
    """Lines as name (with its indent) and value."""
    indent = "  " * depth
    lines: list[tuple[str, str]] = []
    for raw_name, value in facts:
        name = f"{indent}{clean_line(raw_name, _NAME)} "
        inner = _inner(value) if depth < _DEEPEST else None
        if inner is not None:
            lines.append((name, ""))
            lines += _lines(inner, depth + 1)
        elif isinstance(value, str) and "\n" in value:
            lines.append((name, ""))
            lines += [(f"{indent}  ", line) for line in value.split("\n")]
        else:
            lines.append((name, _plain(value)))
    return lines


def _inner(value: object) -> list[tuple[str, object]] | None:
    """The items of a value that has any worth a line each."""
    if isinstance(value, Mapping):
        return [(str(key), item) for key, item in cast("Mapping[object, object]", value).items()]
    if isinstance(value, list | tuple):
        return [("-", item) for item in cast("Sequence[object]", value)]
    return None


def _plain(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value)
