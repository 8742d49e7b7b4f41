"""Text that grows: laid-out lines of which only the last block is done again when more text comes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from workbench.tui.markdown.blocks import Block, add_block, code_lines, language_of, parse_blocks
from workbench.tui.markdown.textlines import BLANK, Line, plain_lines
from workbench.tui.palette import Role

TAIL_LIMIT = 6_000
"""Characters of an unfinished block above which it is parsed again only after it grew by a tenth."""

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
        """Lay out at `width` cells what is not laid out yet; returns the number of lines."""
        ...

    def line(self, y: int) -> Line:
        """A line of the last layout."""
        ...

    @property
    def settled(self) -> int:
        """Lines of the last layout that growing text will not change."""
        ...


class PlainFlow:
    """Plain text, wrapped; what follows the last line break is done again."""

    def __init__(self, key: int = Role.TEXT) -> None:
        """All of it in the style of `key`."""
        self._key = key
        self._text = ""
        self._width = 0
        self._settled_to = 0
        self._lines: list[Line] = []
        self._tail: list[Line] = []

    def extend(self, more: str) -> None:
        """Take more text at the end."""
        self._text += more

    def finish(self) -> None:
        """Nothing changes: plain text is the same while it grows."""

    def layout(self, width: int) -> int:
        """Lay out at `width` cells; returns the number of lines."""
        if width != self._width:
            self._width, self._settled_to, self._lines = width, 0, []
        end = self._text.rfind("\n")
        if end >= self._settled_to:
            self._lines.extend(plain_lines(self._text[self._settled_to : end], width, self._key))
            self._settled_to = end + 1
        rest = self._text[self._settled_to :]
        self._tail = plain_lines(rest, width, self._key) if rest else []
        return len(self._lines) + len(self._tail)

    def line(self, y: int) -> Line:
        """A line of the last layout."""
        return self._lines[y] if y < len(self._lines) else self._tail[y - len(self._lines)]

    @property
    def settled(self) -> int:
        """Lines that growing text will not change."""
        return len(self._lines)


class MarkdownFlow:
    """Markdown of which only the last top-level block is parsed and laid out again while it grows.

    An open fence is shown plain and coloured once it closes.
    """

    def __init__(self) -> None:
        """An empty text."""
        self._text = ""
        self._growing = False
        self._blocks: list[Block] = []
        self._settled_to = 0
        self._tail: Sequence[Block] = ()
        self._parsed_to = 0
        self._fence: _OpenFence | None = None
        self._width = 0
        self._laid = 0
        self._lines: list[Line] = []
        self._tail_lines: list[Line] = []
        self._formatted: list[Line] = []
        self._formatted_to = -1
        self._dirty = True

    def extend(self, more: str) -> None:
        """Take more text at the end."""
        if not more:
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

    def layout(self, width: int) -> int:
        """Lay out at `width` cells what is not laid out yet; returns the number of lines."""
        if width != self._width:
            self._width, self._laid, self._lines = width, 0, []
            self._formatted_to = -1
            self._dirty = True
            if self._fence is not None:
                self._fence.forget()
        if self._dirty:
            self._dirty = False
            self._parse_tail()
            for block in self._blocks[self._laid :]:
                add_block(self._lines, block.lines(width))
            self._laid = len(self._blocks)
            self._tail_lines = self._lay_tail()
        return len(self._lines) + len(self._tail_lines)

    def line(self, y: int) -> Line:
        """A line of the last layout."""
        return self._lines[y] if y < len(self._lines) else self._tail_lines[y - len(self._lines)]

    @property
    def settled(self) -> int:
        """Lines that growing text will not change."""
        return len(self._lines)

    def _parse_tail(self) -> None:
        if self._fence is not None and not self._fence.closes(self._text):
            return
        if self._is_waiting():
            return
        self._fence = None
        self._formatted_to = -1
        self._parsed_to = len(self._text)
        source = self._text[self._settled_to :]
        blocks = parse_blocks(source)
        keep = max(len(blocks) - 1, 0)
        if self._growing and keep and _may_join(source, blocks[-2], blocks[-1]):
            keep -= 1
        if keep:
            self._blocks.extend(blocks[:keep])
            self._settled_to += _offset_of_line(source, blocks[keep].first_line)
        self._tail = blocks[keep:]
        if self._growing and len(self._tail) == 1:
            self._fence = self._open_fence(self._tail[0])

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
        lead = [BLANK] if self._lines else []
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
