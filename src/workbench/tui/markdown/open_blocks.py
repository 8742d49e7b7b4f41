"""Blocks at the end of a text that are still growing: what cannot change any more is parsed and laid out once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.tui.markdown.blocks import (
    TAIL_LIMIT,
    TOKEN_LIMIT,
    Block,
    ListLook,
    code_lines,
    is_loose,
    language_of,
    list_items,
    offset_of_line,
    parse_blocks,
)
from workbench.tui.markdown.textlines import Line

if TYPE_CHECKING:
    from markdown_it.token import Token

FENCE_CLOSE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*$")
"""A line that closes a fence, if its marks are those that opened it."""


class OpenFence:
    """A top-level fence that is still growing: complete lines are laid out once."""

    def __init__(self, markup: str, info: str, code_from: int) -> None:
        """The code begins at character `code_from` of the text."""
        self.unchanged = 0
        """Lines from the top that the last layout left as they were."""
        self._markup = markup
        self._language = language_of(info)
        self._from = code_from
        self._looked_to = code_from
        self._width = 0
        self._forget()

    def _forget(self) -> None:
        self._laid_to, self._lines = self._from, list[Line]()

    def goes_on(self, text: str) -> bool:
        """Whether the closing line has not come; looks only at complete lines that are new."""
        while (end := text.find("\n", self._looked_to)) >= 0:
            line = text[self._looked_to : end]
            self._looked_to = end + 1
            found = FENCE_CLOSE.match(line)
            if found and found[1].startswith(self._markup):
                return False
        return True

    def lines(self, text: str, width: int) -> list[Line]:
        """All lines so far."""
        if width != self._width:
            self._width = width
            self._forget()
        self.unchanged = len(self._lines)
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


def last_item_line(block: Block) -> int:
    """Line of the parsed text in which the last item of a list begins."""
    return (list_items(block.tokens)[-1][0].map or (block.first_line, 0))[0]


class OpenList:
    """A top-level list that is still growing: an item is parsed and laid out once when a following one has begun.

    Where the first line of an item is complete, what stands before cannot become anything else; only whether the list
    is loose and how wide its numbers are is known at its end alone, so these lay all of it out again.
    """

    def __init__(self, block: Block, begins_at: int) -> None:
        """The `block` begins at character `begins_at` of the text."""
        self.unchanged = 0
        """Lines from the top that the last layout left as they were."""
        self._opening = block.tokens[0]
        self._cut = self._looked_to = begins_at
        self._done: list[Sequence[Token]] = []
        self._done_tokens = 0
        self._done_loose = False
        self._items: list[Sequence[Token]] = []
        self._look = ListLook.of(self._opening, 1, loose=False)
        self._width = 0
        self._forget()

    def _forget(self) -> None:
        self._laid, self._lines = 0, list[Line]()

    def goes_on(self, text: str) -> bool:
        """Parse what is new; False when the text is no longer one list, or its last item too long to do so often."""
        complete = text.rfind("\n") + 1
        if complete > self._looked_to and not self._settle(text[self._cut : complete]):
            return False
        self._looked_to = max(complete, self._looked_to)
        if len(text) - self._cut > TAIL_LIMIT:
            return False
        block = self._parsed(text[self._cut :])
        if block is None:
            return False
        self._items = list_items(block.tokens)[1:]
        look = ListLook.of(
            self._opening,
            len(self._done) + len(self._items),
            loose=self._done_loose or is_loose(block.tokens),
        )
        if look != self._look:
            self._look = look
            self._forget()
        return True

    def _parsed(self, source: str) -> Block | None:
        """The rest of the list, below an item of ours: its paragraph tells whether the list is loose."""
        indent = source[: len(source) - len(source.lstrip(" "))]
        number = "1" if self._opening.type == "ordered_list_open" else ""
        blocks = parse_blocks(f"{indent}{number}{self._opening.markup} x\n{source}")
        if len(blocks) != 1 or not blocks[0].is_list or blocks[0].is_too_much:
            return None
        return blocks[0] if self._done_tokens + len(blocks[0].tokens) <= TOKEN_LIMIT else None

    def _settle(self, source: str) -> bool:
        """Take items that are over from `source`, whole lines; whether these are still one list."""
        block = self._parsed(source)
        if block is None:
            return False
        _, *over, _last = list_items(block.tokens)
        self._done.extend(over)
        self._done_tokens += sum(map(len, over))
        self._done_loose |= is_loose(block.tokens)
        # The parsed text begins with a line of ours.
        self._cut += offset_of_line(source, last_item_line(block) - 1)
        return True

    def lines(self, _text: str, width: int) -> list[Line]:
        """All lines so far."""
        if width != self._width:
            self._width = width
            self._forget()
        self.unchanged = len(self._lines)
        for item in self._done[self._laid :]:
            self._look.add_item(self._lines, item, self._laid, width)
            self._laid += 1
        lines = [*self._lines]
        for number, item in enumerate(self._items, self._laid):
            last = number == self._laid + len(self._items) - 1
            self._look.add_item(lines, item, number, width, growing=last)
        return lines
