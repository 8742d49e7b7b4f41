"""Text that grows: laid-out lines of which only the last block is done again when more text comes.

However long a text is, one `layout` parses one window of it at most; it is called again until nothing is pending.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Protocol

from workbench.tui.markdown.blocks import (
    TAIL_LIMIT,
    WINDOW,
    WINDOW_LINES,
    Block,
    add_block,
    code_lines,
    language_of,
    offset_of_line,
    parse_blocks,
)
from workbench.tui.markdown.open_blocks import FENCE_CLOSE, OpenFence, OpenList, last_item_line
from workbench.tui.markdown.plain import PlainFlow
from workbench.tui.markdown.textlines import BLANK, Line, plain_lines

logger = logging.getLogger(__name__)

FORMATTED_LIMIT = 400_000
"""Characters of a text that are formatted; what follows is shown as it is, which takes far less memory."""

FORMATTED_LINES = 20_000
"""Laid-out lines after which the rest is shown as it is, likewise."""

_MAY_BE_ITEM = re.compile(r"[ \t]*(?:[-+*]|[0-9]{1,9})")


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
    def unchanged(self) -> int:
        """Lines from the top that the last layout left as they were in the one before."""
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
        self._width = self._unchanged = 0
        self._blocks: list[Block] = []
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._blocks = []
        self._has_all_blocks = True
        self._settled_to = 0
        self._tail: Sequence[Block] = ()
        self._parsed_to = 0
        self._open: OpenFence | OpenList | None = None
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
        self._open = None

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
        self._unchanged = len(self._lines)
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
        if self._rest is None or self._pending:
            return formatted
        height = formatted + self._rest.layout(width)
        if self._unchanged == len(self._lines):
            self._unchanged = formatted + self._rest.unchanged
        return height

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
    def unchanged(self) -> int:
        """Lines from the top that the last layout left as they were in the one before."""
        return self._unchanged

    def _window(self) -> str:
        """What is to be parsed now, cut at the end of a line; it is all of the rest when nothing is pending then."""
        end = min(self._settled_to + WINDOW, len(self._text))
        source = self._text[self._settled_to : end]
        if source.count("\n") > WINDOW_LINES:
            source = source[: offset_of_line(source, WINDOW_LINES)]
        self._pending = self._settled_to + len(source) < len(self._text)
        if self._pending:
            source = source[: source.rfind("\n") + 1] or source
        return source

    def _parse_tail(self) -> None:
        if self._open is not None and self._is_in_window() and self._open.goes_on(self._text):
            return
        if not self._pending and self._is_waiting():
            return
        self._open = None
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
            self._settled_to += offset_of_line(source, blocks[keep].first_line)
        self._has_all_blocks &= not self._pending and self._settled_to <= WINDOW
        self._tail = () if self._pending else blocks[keep:]
        if self._growing and len(self._tail) == 1:
            self._open = self._open_fence(self._tail[0]) or self._open_list(source, self._tail[0])

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
        self._tail, self._tail_lines, self._open, self._huge_fence = (), [], None, None
        self._growing = self._pending = False
        self._parsed_to = self._settled_to

    def _add(self, lines: list[Line]) -> None:
        if self._goes_on:
            self._goes_on = False
            self._lines.extend(lines)
        else:
            add_block(self._lines, lines)

    def _open_list(self, source: str, block: Block) -> OpenList | None:
        if not block.is_list or len(source) - offset_of_line(source, last_item_line(block)) > TAIL_LIMIT:
            return None
        begins_at = self._parsed_to - len(source) + offset_of_line(source, block.first_line)
        if self._text.find("\n", begins_at) < 0:
            # What is one item so far may turn out to be none: `-`, then `-- words`.
            return None
        open_list = OpenList(block, begins_at)
        return open_list if open_list.goes_on(self._text) else None

    def _open_fence(self, block: Block) -> OpenFence | None:
        token = block.fence
        if token is None or token.type != "fence":
            return None
        first_line_end = self._text.find("\n", self._text.find(token.markup, self._settled_to))
        if first_line_end < 0:
            return None
        fence = OpenFence(token.markup, token.info, first_line_end + 1)
        return fence if fence.goes_on(self._text) else None

    def _open_lines(self, lead: int) -> list[Line] | None:
        if self._open is None:
            return None
        try:
            lines = self._open.lines(self._text, self._width)
        except Exception:
            logger.exception("a block that grows cannot be laid out; it is shown as it is")
            self._open = None
            return plain_lines(self._text[self._settled_to :].strip("\n"), self._width)
        if self._unchanged == len(self._lines):
            self._unchanged += lead + self._open.unchanged if self._open.unchanged else 0
        return lines

    def _is_waiting(self) -> bool:
        """Whether an unfinished big block has grown too little to be parsed again."""
        parsed = self._parsed_to - self._settled_to
        grown = len(self._text) - self._parsed_to
        return self._growing and parsed > TAIL_LIMIT and grown < parsed // 10

    def _lay_tail(self) -> list[Line]:
        lead = [BLANK] if self._lines and self._huge_fence is None and not self._goes_on else []
        lines = self._open_lines(len(lead))
        if lines is not None:
            return lead + lines
        if self._formatted_to != self._parsed_to:
            self._formatted_to = self._parsed_to
            self._formatted = []
            for block in self._tail:
                growing = self._growing and block.fence is None
                add_block(self._formatted, block.lines(self._width, growing=growing))
        more = self._text[self._parsed_to :]
        lines = self._formatted + (plain_lines(more, self._width) if more else [])
        return lead + lines if lines else []


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
        found = FENCE_CLOSE.match(source[at:stop])
        if found and found[1].startswith(markup):
            return at, min(stop + 1, len(source)), True
        at = min(stop + 1, len(source))
    return at, at, False


def _may_join(source: str, before: Block, last: Block) -> bool:
    """Whether the last block, half a line so far, may turn out to belong to the one before it."""
    # The second line of a table makes it one: half of it may be there, and become something else.
    needs = 2 if last.is_table else 1
    if source.endswith("\n") or last.first_line + needs <= source.count("\n"):
        return False
    if before.is_list and not source.split("\n")[last.first_line - 1].strip():
        # After a blank line only another item can go on with it; what is indented would do so already.
        return _MAY_BE_ITEM.match(source, offset_of_line(source, last.first_line)) is not None
    return before.is_list or before.end_line == last.first_line
