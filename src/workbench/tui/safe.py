"""The only ways in which text may become part of a screen: never through a markup parser, never with a control."""

from __future__ import annotations

import re
from typing import Any, Literal

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter
from textual.widget import Widget
from textual.widgets import Static

from workbench.core.text import clean, clean_line
from workbench.tui.glyphs import DRAWING_TO_ASCII, glyphs

Severity = Literal["information", "warning", "error"]

ERROR_TOAST_S = 10.0
"""Seconds an error stays on the screen; other toasts keep Textual's five."""


def plain(text: str) -> Content:
    """`text`, cleaned, as content that no parser looks at; line breaks stay."""
    return Content(clean(text))


def plain_line(text: str, limit: int = 500) -> Content:
    """`text` on one line, cleaned and capped at `limit` characters."""
    return Content(clean_line(text, limit))


def set_border_title(widget: Widget, text: str) -> None:
    """Show `text` in the top border."""
    title = plain_line(text)
    # Textual paints all of a widget again for a title that it has already.
    if widget.border_title != title.markup:
        widget.border_title = title


def set_border_subtitle(widget: Widget, text: str) -> None:
    """Show `text` in the bottom border."""
    title = plain_line(text)
    if widget.border_subtitle != title.markup:
        widget.border_subtitle = title


def toast(app: App[Any] | Widget, text: str, severity: Severity = "information", *, title: str = "") -> None:
    """A notice that goes away by itself, for outcomes that happened elsewhere."""
    app.notify(
        clean(text),
        title=clean_line(title),
        severity=severity,
        timeout=ERROR_TOAST_S if severity == "error" else None,
        markup=False,
    )


def content_of(value: str | Content) -> Content:
    """Ready-made content as it is, a string as plain text."""
    return value if isinstance(value, Content) else plain(value)


class SafeStatic(Static):
    """A `Static` that takes plain text or ready-made content."""

    def __init__(
        self,
        content: str | Content = "",
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Show `content`; a string is plain text."""
        super().__init__(content_of(content), markup=False, id=id, classes=classes)

    def show(self, content: str | Content, *, layout: bool = True) -> None:
        """Replace what is shown; `layout=False` when the size stays."""
        self.update(content_of(content), layout=layout)


# Characters of width 0 for Textual, so that leaving them out moves nothing. Joiners and presentation selectors stay:
# they have a width in Textual's own reckoning, and text of ours has none left.
_CONTROLS = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb"
    "\\ud800-\\udfff\\U000e0000-\\U000e0fff]"
)


class ControlCharacterFilter(LineFilter):
    """The last line of defence: no control or bidirectional character of any text reaches the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of one line without them; the very same list when there are none."""
        if not any(_has_control(segment.text) for segment in segments):
            return segments
        return [
            segment if segment.control else Segment(_CONTROLS.sub("", segment.text), segment.style)
            for segment in segments
        ]


def _has_control(text: str) -> bool:
    if text.isascii():
        return not text.isprintable()
    return _CONTROLS.search(text) is not None


class AsciiFilter(LineFilter):
    """Lines, blocks and shades become ASCII; in a terminal that is not of UTF-8 so does every other character.

    Textual draws scrollbars and buttons with blocks, and text from outside may hold anything.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments of one line in ASCII; the very same list when they are already."""
        if all(segment.text.isascii() for segment in segments):
            return segments
        return [
            segment if segment.control or segment.text.isascii() else Segment(_in_ascii(segment.text), segment.style)
            for segment in segments
        ]


def _in_ascii(text: str) -> str:
    drawn_text = text.translate(DRAWING_TO_ASCII)
    if glyphs().foreign_fits or drawn_text.isascii():
        return drawn_text
    # As many cells as before, or the line would end elsewhere.
    return "".join(sign if sign.isascii() else "?" * cell_len(sign) for sign in drawn_text)


_CONTROL_FILTER, _ASCII_FILTER = ControlCharacterFilter(), AsciiFilter()


def line_filters() -> tuple[LineFilter, ...]:
    """What every line passes on its way to the terminal."""
    return (_CONTROL_FILTER, _ASCII_FILTER) if glyphs().ascii else (_CONTROL_FILTER,)
