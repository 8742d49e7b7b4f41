"""What the lines around the history say. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from workbench.core.clock import local_time
from workbench.core.text import clean_line
from workbench.tui.actions.registry import action_by_id
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.history.results import counted
from workbench.tui.markdown.textlines import cells, clip

if TYPE_CHECKING:
    from workbench.conversations.values import Conversation
    from workbench.tui.history.query import Asked
    from workbench.tui.history.searching import Searching

LOCAL = "reading the local store only; no provider is contacted"
"""What the bottom line says: nothing here needs a network."""
LOCAL_SHORT = "local store only"


def day(at_ms: int, now_ms: int) -> str:
    """`today`, `12 Nov`, `12 Nov 24`."""
    then, now = local_time(at_ms), local_time(now_ms)
    if then.date() == now.date():
        return "today"
    return f"{then.day} {then:%b}" if then.year == now.year else f"{then.day} {then:%b} {then:%y}"


def keys_told(names: tuple[str, ...], width: int, *, before: str = "") -> str:
    """The keys of these actions with their words, the first that fit into `width` cells behind `before`."""
    text = before
    for name in names:
        action = action_by_id(f"history.{name}")
        if not action.keys_in_force or not action.word:
            continue
        piece = f"{action.key_text} {action.word}"
        longer = f"{text} · {piece}" if text else piece
        if cells(longer) > width:
            break
        text = longer
    return drawn(text)


_LEAST_TITLE = 12
_WITH_TIME = 36
"""Cells from which there is room for how long a search took."""


def note_of(searching: Searching) -> Content:
    """What is to be said of the search beside its results; empty for nothing."""
    if searching.problem is not None:
        problem = searching.problem
        told = f"{glyphs().failed} {problem.title}" + (f": {problem.hint}" if problem.hint else "")
        return Content.styled(clean_line(told, 300), "$error")
    if searching.stopped:
        told = "The search was stopped; enter in the field searches again."
        return Content.styled(f"{glyphs().slow} {told}", "$warning")
    notes = "  ".join(searching.results.notes)
    return Content.styled(f"{glyphs().slow} {clean_line(notes, 300)}", "$warning") if notes else Content("")


def border_of_results(searching: Searching, width: int) -> str:
    """How many hits there are, and what helps."""
    if searching.slow:
        return f"{glyphs().running} still searching {glyphs().dot} esc stops"
    if not searching.results.rows:
        return keys_told(("search", "filter"), width)
    told = counted(searching.results, searching.milliseconds if width >= _WITH_TIME else None)
    return keys_told(("read", "branches", "order"), width, before=told)


def empty_text(asked: Asked) -> str:
    """What stands where nothing was found."""
    if not asked.text:
        return "Nothing was said yet. f2 goes to the chat; esc and then i imports what was said in other programs."
    if asked.conditions:
        return "Nothing was found. backspace takes the last condition away, esc shows all conversations."
    return "Nothing was found. / changes the words, esc shows all conversations."


def reader_title(conversation: Conversation | None, width: int) -> str:
    """The border of the reader: the title takes what the states leave of `width` cells."""
    if conversation is None:
        return "Reader"
    dot = f" {glyphs().dot} "
    states = [
        f"{glyphs().private} private" if conversation.private else "",
        "in the trash" if conversation.deleted_at_ms is not None else "",
        "archived" if conversation.archived else "",
        "read only",
    ]
    told = "".join(f"{dot}{state}" for state in states if state)
    title = clean_line(conversation.title, 120).strip() or "untitled"
    return clip(title, max(width - cells(told), _LEAST_TITLE), glyphs().ellipsis) + told
