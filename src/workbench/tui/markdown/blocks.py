"""Markdown as blocks of laid-out lines: found by markdown-it, drawn by us, never by a markup parser.

Whatever could take long (deep, huge or hostile blocks) is shown as plain wrapped text instead.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.highlighting import highlighted
from workbench.tui.markdown.inline import inline_runs
from workbench.tui.markdown.tables import Cell, table_lines
from workbench.tui.markdown.textlines import BLANK, TAB, Join, Line, Run, chop, clip, plain_lines, slice_runs, wrap_runs
from workbench.tui.palette import BOLD, ITALIC, ON_INSET, UNDERLINE, Role

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

logger = logging.getLogger(__name__)

WINDOW = 64_000
"""Characters that are parsed in one go."""

WINDOW_LINES = 1_000
"""Lines that are parsed in one go."""

TAIL_LIMIT = 6_000
"""Characters of an unfinished block above which it is parsed again only after it grew by a tenth."""

TOKEN_LIMIT = 12_000
"""Tokens of one block (a list of about 2,400 items) above which it is shown as plain text."""

TABLE_TOKEN_LIMIT = 24_000
"""The same for a table (of about 7,000 cells), whose tokens are cheaper to lay out."""

NESTING_LIMIT = 20
"""Levels of lists and quotes in a block above which it is shown as plain text: the parser would drop its content."""

CODE_INDENT = "  "

_HEADINGS = {
    "h1": Role.ACCENT | BOLD | UNDERLINE,
    "h2": Role.ACCENT | BOLD,
    "h3": Role.TEXT | BOLD | UNDERLINE,
    "h4": Role.TEXT | BOLD,
    "h5": Role.TEXT | BOLD | ITALIC,
    "h6": Role.TEXT | ITALIC,
}


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """CommonMark with tables and strike-through; it finds blocks only, inline text is parsed block by block.

    Link definitions are off: they would vanish from the screen, and change text that stands before them.
    """
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"maxNesting": NESTING_LIMIT + 4}).enable(["table", "strikethrough"])
    markdown.disable("reference")
    markdown.core.ruler.disable(["inline", "text_join"])
    return markdown


@dataclass(slots=True)
class Block:
    """One top-level block of a text."""

    source: str
    """Its characters, as they came."""
    first_line: int
    """Line of the parsed text it begins in."""
    end_line: int
    """The line after its last one."""
    tokens: Sequence[Token] = ()
    """Empty for plain text."""

    @property
    def is_list(self) -> bool:
        """Whether it is a list, which may go on after a blank line."""
        return bool(self.tokens) and self.tokens[0].type in ("bullet_list_open", "ordered_list_open")

    @property
    def is_table(self) -> bool:
        """Whether it is a table."""
        return bool(self.tokens) and self.tokens[0].type == "table_open"

    @property
    def fence(self) -> Token | None:
        """The fence that this block is, or None."""
        return self.tokens[0] if self.tokens and self.tokens[0].type == "fence" else None

    def lines(self, width: int, *, growing: bool = False) -> list[Line]:
        """Lay the block out; while it is `growing`, its last fence is not coloured yet."""
        if self.tokens and (self.fence is not None or not self.is_too_much):
            try:
                return _Layout(self.tokens, growing=growing).block(self.tokens, max(width, 1))
            except Exception:
                # A stored text must never be able to end the application each time it is opened.
                logger.exception("a block of %d characters cannot be laid out; it is shown as it is", len(self.source))
        return plain_lines(self.source.strip("\n"), width)

    @property
    def is_too_much(self) -> bool:
        """Whether it has so many tokens, or so deep ones, that it is shown as plain text."""
        most = TABLE_TOKEN_LIMIT if self.is_table else TOKEN_LIMIT
        if len(self.tokens) > most:
            return True
        return max(token.level for token in self.tokens) > NESTING_LIMIT


def parse_blocks(text: str) -> list[Block]:
    """The top-level blocks of `text`, in order; it should be no longer than the window."""
    try:
        tokens = parser().parse(text)
    except Exception:
        logger.exception("a text of %d characters cannot be parsed; it is shown as it is", len(text))
        return [Block(text, 0, text.count("\n") + 1)]
    lines = text.split("\n")
    blocks: list[Block] = []
    start = 0
    depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth or token.nesting > 0:
            continue
        first, last = tokens[start].map or (0, 0)
        blocks.append(Block("\n".join(lines[first:last]), first, last, tokens[start : index + 1]))
        start = index + 1
    return blocks


def warm_up() -> None:
    """Load what the first reply needs, so that it need not wait; may be called on any thread."""
    for block in parse_blocks("# *x*\n\nx x x x x\n\n```python\nx = 1\n```\n"):
        block.lines(8)


def add_block(lines: list[Line], block: list[Line]) -> None:
    """Put a block's lines behind others, with a blank line between."""
    if lines and block:
        lines.append(BLANK)
    lines.extend(block)


def language_of(info: str) -> str:
    """The language that the info string behind an opening fence names; empty when it names none."""
    words = info.split(maxsplit=1)
    return words[0].lower() if words else ""


def offset_of_line(text: str, line: int) -> int:
    """Where a line begins."""
    at = 0
    for _ in range(line):
        at = text.find("\n", at) + 1
    return at


def code_lines(code: str, width: int, language: str = "", *, colour: bool = True, label: bool = True) -> list[Line]:
    """A code block: indented, on its own ground, long lines cut at the width."""
    ground = Role.TEXT | ON_INSET
    code = code.replace("\t", TAB)
    inner = max(width - len(CODE_INDENT), 1)
    lines: list[Line] = []
    if language and label:
        name = clip(language, max(width - 2, 1), glyphs().ellipsis)
        lines.append(Line(((f" {name}", Role.MUTED | ON_INSET),), fill=ground))
    coloured = highlighted(code, language) if colour else None
    indent: Run = (CODE_INDENT, ground)
    for index, source in enumerate(code.split("\n")):
        runs: Sequence[Run] = coloured[index] if coloured and index < len(coloured) else ((source, ground),)
        if len(source) <= inner and source.isascii():
            lines.append(Line((indent, *runs), lead=len(CODE_INDENT), fill=ground))
            continue
        for start, end in chop(source, inner):
            join = Join.DIRECT if start else Join.NOTHING
            lines.append(Line((indent, *slice_runs(runs, start, end)), join, len(CODE_INDENT), ground))
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLook:
    """What the items of a list have to know of all of it."""

    bullet: str
    """Empty for a list with numbers."""
    first_number: int
    digits: int
    """Characters of its longest number."""
    loose: bool
    """Whether blank lines stand between its items."""

    @classmethod
    def of(cls, opening: Token, count: int, *, loose: bool) -> ListLook:
        """Of a list of `count` items."""
        if opening.type != "ordered_list_open":
            bullet = glyphs().bullet if opening.level % 4 == 0 else glyphs().bullet_inner
            return cls(bullet=bullet, first_number=0, digits=0, loose=loose)
        first = int(opening.attrGet("start") or 1)
        return cls(bullet="", first_number=first, digits=len(str(first + count - 1)), loose=loose)

    def mark(self, number: int) -> str:
        """What stands before an item, counted from 0."""
        return f"{self.bullet} " if self.bullet else f"{self.first_number + number:>{self.digits}}. "

    def add_item(
        self, lines: list[Line], item: Sequence[Token], number: int, width: int, *, growing: bool = False
    ) -> None:
        """Lay an item out behind others; while it is `growing`, its last fence is not coloured yet."""
        layout = _Layout(item, growing=growing)
        layout.add_item(lines, item, self, number, width)


def list_items(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """The tokens of each item of a list."""
    items: list[Sequence[Token]] = []
    at = 1
    while at < len(tokens) - 1:
        end = _end_of(tokens, at)
        items.append(tokens[at : end + 1])
        at = end + 1
    return items


def is_loose(tokens: Sequence[Token]) -> bool:
    """Whether blank lines stand between the items of a list."""
    return any(t.type == "paragraph_open" and not t.hidden and t.level == tokens[0].level + 2 for t in tokens)


class _Layout:
    """Lays out one block's tokens."""

    def __init__(self, tokens: Sequence[Token], *, growing: bool) -> None:
        self._last = next((t for t in reversed(tokens) if t.nesting >= 0), None) if growing else None

    def block(self, tokens: Sequence[Token], width: int) -> list[Line]:
        return self._sequence(tokens, width, tight=False)

    def _sequence(self, tokens: Sequence[Token], width: int, *, tight: bool) -> list[Line]:
        lines: list[Line] = []
        at = 0
        while at < len(tokens):
            end = _end_of(tokens, at)
            part = self._one(tokens[at : end + 1], width)
            if lines and part and not (tight and _is_tight(tokens[at])):
                lines.append(BLANK)
            lines.extend(part)
            at = end + 1
        return lines

    def _one(self, tokens: Sequence[Token], width: int) -> list[Line]:
        token = tokens[0]
        match token.type:
            case "paragraph_open":
                return self._inline(tokens[1], width, Role.TEXT)
            case "heading_open":
                return self._inline(tokens[1], width, _HEADINGS.get(token.tag, Role.TEXT | BOLD))
            case "fence" | "code_block":
                code = token.content.removesuffix("\n")
                return code_lines(code, width, language_of(token.info), colour=token is not self._last)
            case "bullet_list_open" | "ordered_list_open":
                return self._list(tokens, width)
            case "blockquote_open":
                inner = self._sequence(tokens[1:-1], max(width - 2, 1), tight=False)
                return _prefixed(inner, (f"{glyphs().quote} ", Role.MUTED))
            case "table_open":
                return self._table(tokens, width)
            case "hr":
                return [Line(((glyphs().rule * width, Role.MUTED),))]
            case _:
                return plain_lines(token.content.rstrip("\n"), width, Role.TEXT)

    def _inline(self, token: Token, width: int, key: int) -> list[Line]:
        runs = inline_runs(parser(), token.content, key)
        return [Line(piece, join) for piece, join in wrap_runs(runs, width)]

    def _list(self, tokens: Sequence[Token], width: int) -> list[Line]:
        items = list_items(tokens)
        look = ListLook.of(tokens[0], len(items), loose=is_loose(tokens))
        lines: list[Line] = []
        for number, item in enumerate(items):
            self.add_item(lines, item, look, number, width)
        return lines

    def add_item(self, lines: list[Line], item: Sequence[Token], look: ListLook, number: int, width: int) -> None:
        mark = look.mark(number)
        inner = self._sequence(item[1:-1], max(width - len(mark), 1), tight=not look.loose) or [BLANK]
        if lines and look.loose:
            lines.append(BLANK)
        lines.extend(_prefixed(inner, (" " * len(mark), Role.TEXT), first=(mark, Role.ACCENT)))

    def _table(self, tokens: Sequence[Token], width: int) -> list[Line]:
        rows: list[list[Cell]] = []
        for index, token in enumerate(tokens):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                align = str(token.attrGet("style") or "").rpartition(":")[2]
                key = Role.TEXT | BOLD if token.type == "th_open" else Role.TEXT
                rows[-1].append(Cell(inline_runs(parser(), tokens[index + 1].content, key), align))
        return table_lines(rows, width)


def _end_of(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for index in range(start, len(tokens)):
        depth += tokens[index].nesting
        if depth <= 0:
            return index
    return len(tokens) - 1


def _is_tight(token: Token) -> bool:
    return token.type != "paragraph_open" or token.hidden


def _prefixed(lines: Sequence[Line], prefix: Run, first: Run | None = None) -> list[Line]:
    lead = len(prefix[0])
    out: list[Line] = []
    for index, line in enumerate(lines):
        mark = first if first is not None and index == 0 else prefix
        if not line.runs and not mark[0].strip():
            out.append(line)
            continue
        out.append(Line((mark, *line.runs), line.join, lead + line.lead, line.fill))
    return out
