"""Text that grows: laid-out lines of which only the last block is done again when more text comes.

However long a text is, one `layout` parses one window of it at most; it is called again until nothing is pending.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from workbench.tui.markdown.blocks import (
    WINDOW,
    WINDOW_LINES,
    Block,
    add_block,
    code_lines,
    language_of,
    parse_blocks,
)
from workbench.tui.markdown.plain import PlainFlow
from workbench.tui.markdown.textlines import BLANK, Line, plain_lines

TAIL_LIMIT = 6_000
"""Characters of an unfinished block above which it is parsed again only after it grew by a tenth."""

FORMATTED_LIMIT = 400_000
"""Characters of a text that are formatted; what follows is shown as it is, which takes far less memory."""

FORMATTED_LINES = 20_000
"""Laid-out lines after which the rest is shown as it is, likewise."""

_FENCE_CLOSE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*$")


class Flow(Protocol):
    """Lines of a text that can grow."""

    def extend(self, more: str) -> None:
        """Take more text at the end."""
        ...

    def finish(self) -> None:
        """No more text will come for now."""
        ...

    def layout(self, width: int) -> int:
        """Lay out at `width` cells what is not laid out yet, or a slice of it; returns the number of lines so far."""
        ...

    @property
    def pending(self) -> bool:
        """Whether another `layout` would show more."""
        ...

    def line(self, y: int) -> Line:
        """A line of the last layout."""
        ...

    @property
    def settled(self) -> int:
        """Lines of the last layout that growing text will not change."""
        ...


class MarkdownFlow:
    """Markdown of which only the last top-level block is parsed and laid out again while it grows.

    An open fence is shown plain and coloured once it closes. A block larger than the window is plain or, if it is a
    fence, code without colours.
    """

    def __init__(self) -> None:
        """An empty text."""
        self._text = ""
        self._rest: PlainFlow | None = None
        self._growing = False
        self._width = 0
        self._blocks: list[Block] = []
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._blocks = []
        self._has_all_blocks = True
        self._settled_to = 0
        self._tail: Sequence[Block] = ()
        self._parsed_to = 0
        self._fence: _OpenFence | None = None
        self._huge_fence: tuple[str, str] | None = None
        self._lay_again()

    def _lay_again(self) -> None:
        self._laid = 0
        self._lines: list[Line] = []
        self._tail_lines: list[Line] = []
        self._formatted: list[Line] = []
        self._formatted_to = -1
        self._dirty = True
        self._pending = False
        self._goes_on = False
        """Whether what comes next goes on with a block that was too large for one window."""

    def extend(self, more: str) -> None:
        """Take more text at the end."""
        if not more:
            return
        if self._rest is not None:
            self._rest.extend(more)
            return
        self._text += more
        self._growing = True
        self._dirty = True

    def finish(self) -> None:
        """Give the last block its final form."""
        if not self._growing:
            return
        self._growing = False
        self._dirty = True
        self._fence = None

    @property
    def pending(self) -> bool:
        """Whether another `layout` would show more."""
        return self._pending or (self._rest is not None and self._rest.pending)

    def layout(self, width: int) -> int:
        """Lay out one more window at `width` cells; returns the number of lines so far."""
        if width != self._width:
            self._width = width
            if self._has_all_blocks:
                self._lay_again()
            else:
                self._begin_anew()
            if self._fence is not None:
                self._fence.forget()
        if self._dirty or self._pending:
            self._dirty = False
            self._parse_tail()
            for block in self._blocks[self._laid :]:
                self._add(block.lines(width))
            self._laid = len(self._blocks)
            if not self._has_all_blocks:
                self._blocks, self._laid = [], 0
            if self._rest is None and self._is_long_enough():
                self._show_rest_as_it_is()
            self._tail_lines = [] if self._pending else self._lay_tail()
        formatted = len(self._lines) + len(self._tail_lines)
        return formatted if self._rest is None or self._pending else formatted + self._rest.layout(width)

    def _is_long_enough(self) -> bool:
        return self._settled_to > FORMATTED_LIMIT or len(self._lines) > FORMATTED_LINES

    def line(self, y: int) -> Line:
        """A line of the last layout."""
        if y < len(self._lines):
            return self._lines[y]
        y -= len(self._lines)
        if self._rest is None or y < len(self._tail_lines):
            return self._tail_lines[y]
        return self._rest.line(y - len(self._tail_lines))

    @property
    def settled(self) -> int:
        """Lines that growing text will not change."""
        if self._rest is not None and not self._pending:
            return len(self._lines) + len(self._tail_lines) + self._rest.settled
        return len(self._lines)

    def _window(self) -> str:
        """What is to be parsed now, cut at the end of a line; it is all of the rest when nothing is pending then."""
        end = min(self._settled_to + WINDOW, len(self._text))
        source = self._text[self._settled_to : end]
        if source.count("\n") > WINDOW_LINES:
            source = source[: _offset_of_line(source, WINDOW_LINES)]
        self._pending = self._settled_to + len(source) < len(self._text)
        if self._pending:
            source = source[: source.rfind("\n") + 1] or source
        return source

    def _parse_tail(self) -> None:
        if self._fence is not None and not self._fence.closes(self._text) and self._is_in_window():
            return
        if not self._pending and self._is_waiting():
            return
        self._fence = None
        self._formatted_to = -1
        source = self._window()
        self._parsed_to = self._settled_to + len(source)
        if self._huge_fence is not None:
            self._go_on_in_fence(source, *self._huge_fence)
            return
        blocks = parse_blocks(source)
        keep = max(len(blocks) - 1, 0)
        if self._growing and keep and _may_join(source, blocks[-2], blocks[-1]):
            keep -= 1
        if self._pending and not keep:
            self._settle_huge(source, blocks)
            return
        if keep:
            self._blocks.extend(blocks[:keep])
            self._settled_to += _offset_of_line(source, blocks[keep].first_line)
        self._has_all_blocks &= not self._pending and self._settled_to <= WINDOW
        self._tail = () if self._pending else blocks[keep:]
        if self._growing and len(self._tail) == 1:
            self._fence = self._open_fence(self._tail[0])

    def _is_in_window(self) -> bool:
        return len(self._text) - self._settled_to <= WINDOW

    def _settle_huge(self, source: str, blocks: Sequence[Block]) -> None:
        """Show a window that holds the beginning of one block and nothing else."""
        self._has_all_blocks = False
        if "\n" not in source:
            self._show_rest_as_it_is()
            return
        token = blocks[0].fence if len(blocks) == 1 else None
        if token is None or token.type != "fence":
            for block in blocks:
                self._add(block.lines(self._width))
            self._goes_on = True
            self._settled_to += len(source)
            return
        opened = source.find("\n") + 1
        self._settled_to += opened
        self._huge_fence = (token.markup, language_of(token.info))
        self._add(code_lines("", self._width, self._huge_fence[1], colour=False)[:-1])
        self._go_on_in_fence(source[opened:], *self._huge_fence)

    def _go_on_in_fence(self, source: str, markup: str, language: str) -> None:
        """Show a window that begins inside of a fence."""
        end, after, closed = _end_of_fence(source, markup, whole=not self._pending and not self._growing)
        if not closed and self._pending and not end:
            # A line that is longer than the window is cut at its end.
            end = after = len(source)
        if end:
            code = source[:end].removesuffix("\n")
            self._lines.extend(code_lines(code, self._width, language, colour=False, label=False))
        self._settled_to += after
        rest = "" if closed or self._pending else source[after:]
        if closed:
            self._huge_fence = None
            self._pending = self._settled_to < len(self._text)
        self._tail = ()
        self._formatted = code_lines(rest, self._width, colour=False) if rest else []
        self._formatted_to = self._parsed_to = self._settled_to + len(rest)

    def _show_rest_as_it_is(self) -> None:
        self._rest = PlainFlow()
        self._rest.extend(self._text[self._settled_to :])
        self._text = self._text[: self._settled_to]
        self._tail, self._tail_lines, self._fence, self._huge_fence = (), [], None, None
        self._growing = self._pending = False
        self._parsed_to = self._settled_to

    def _add(self, lines: list[Line]) -> None:
        if self._goes_on:
            self._goes_on = False
            self._lines.extend(lines)
        else:
            add_block(self._lines, lines)

    def _open_fence(self, block: Block) -> _OpenFence | None:
        token = block.fence
        if token is None or token.type != "fence":
            return None
        first_line_end = self._text.find("\n", self._text.find(token.markup, self._settled_to))
        if first_line_end < 0:
            return None
        fence = _OpenFence(token.markup, token.info, first_line_end + 1)
        return None if fence.closes(self._text) else fence

    def _is_waiting(self) -> bool:
        """Whether an unfinished big block has grown too little to be parsed again."""
        parsed = self._parsed_to - self._settled_to
        grown = len(self._text) - self._parsed_to
        return self._growing and parsed > TAIL_LIMIT and grown < parsed // 10

    def _lay_tail(self) -> list[Line]:
        lead = [BLANK] if self._lines and self._huge_fence is None and not self._goes_on else []
        if self._fence is not None:
            return lead + self._fence.lines(self._text, self._width)
        if self._formatted_to != self._parsed_to:
            self._formatted_to = self._parsed_to
            self._formatted = []
            for block in self._tail:
                growing = self._growing and block.fence is None
                add_block(self._formatted, block.lines(self._width, growing=growing))
        more = self._text[self._parsed_to :]
        lines = self._formatted + (plain_lines(more, self._width) if more else [])
        return lead + lines if lines else []


class _OpenFence:
    """A top-level fence that is still growing: complete lines are laid out once."""

    def __init__(self, markup: str, info: str, code_from: int) -> None:
        self._markup = markup
        self._language = language_of(info)
        self._from = code_from
        self._looked_to = code_from
        self._laid_to = code_from
        self._lines: list[Line] = []

    def closes(self, text: str) -> bool:
        """Whether the closing line has come; looks only at complete lines that are new."""
        while (end := text.find("\n", self._looked_to)) >= 0:
            line = text[self._looked_to : end]
            self._looked_to = end + 1
            found = _FENCE_CLOSE.match(line)
            if found and found[1].startswith(self._markup):
                return True
        return False

    def forget(self) -> None:
        """Lay out again: the width has changed."""
        self._laid_to, self._lines = self._from, []

    def lines(self, text: str, width: int) -> list[Line]:
        """All lines so far."""
        if not self._lines and self._language:
            self._lines.extend(code_lines("", width, self._language, colour=False)[:1])
        if self._looked_to > self._laid_to:
            done = text[self._laid_to : self._looked_to - 1]
            self._lines.extend(code_lines(done, width, self._language, colour=False, label=False))
            self._laid_to = self._looked_to
        rest = text[self._laid_to :]
        if rest.strip() and self._markup.startswith(rest.strip()):
            # The beginning of the closing line, most likely.
            rest = ""
        return [*self._lines, *(code_lines(rest, width, colour=False) if rest else [])]


def _end_of_fence(source: str, markup: str, *, whole: bool) -> tuple[int, int, bool]:
    """Where the code of a fence ends in `source`, where what follows begins, and whether the fence was closed.

    A last line without its end is looked at only when the text is `whole`.
    """
    at = 0
    while at < len(source):
        end = source.find("\n", at)
        if end < 0 and not whole:
            break
        stop = len(source) if end < 0 else end
        found = _FENCE_CLOSE.match(source[at:stop])
        if found and found[1].startswith(markup):
            return at, min(stop + 1, len(source)), True
        at = min(stop + 1, len(source))
    return at, at, False


def _may_join(source: str, before: Block, last: Block) -> bool:
    """Whether the last block, half a line so far, may turn out to belong to the one before it."""
    if source.endswith("\n") or last.first_line < source.count("\n"):
        return False
    return before.is_list or before.end_line == last.first_line


def _offset_of_line(text: str, line: int) -> int:
    at = 0
    for _ in range(line):
        at = text.find("\n", at) + 1
    return at
