"""Colours of source code: pygments tokens as runs of roles."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from workbench.tui.markdown.textlines import Run
from workbench.tui.palette import BOLD, ITALIC, ON_INSET, Role

if TYPE_CHECKING:
    from pygments.lexer import Lexer

HIGHLIGHT_LIMIT = 40_000
"""Characters of one block above which it stays plain: a lexer takes about a second for a megabyte."""

LONGEST_LINE = 500
"""Characters of one line above which its block stays plain: some lexers take seconds for a line of 20,000."""

_PLAIN = Role.TEXT | ON_INSET

# Matched by prefix, the longest first.
_KEYS = {
    "Token.Comment": Role.MUTED | ITALIC | ON_INSET,
    "Token.Keyword": Role.ACCENT | BOLD | ON_INSET,
    "Token.Keyword.Constant": Role.WARNING | ON_INSET,
    "Token.Operator.Word": Role.ACCENT | BOLD | ON_INSET,
    "Token.Literal.String": Role.SUCCESS | ON_INSET,
    "Token.Literal.Number": Role.WARNING | ON_INSET,
    "Token.Name.Function": Role.TEXT | BOLD | ON_INSET,
    "Token.Name.Class": Role.TEXT | BOLD | ON_INSET,
    "Token.Name.Decorator": Role.WARNING | ON_INSET,
    "Token.Name.Tag": Role.ACCENT | ON_INSET,
    "Token.Name.Attribute": Role.SUCCESS | ON_INSET,
    "Token.Generic.Deleted": Role.ERROR | ON_INSET,
    "Token.Generic.Inserted": Role.SUCCESS | ON_INSET,
    "Token.Generic.Heading": Role.ACCENT | BOLD | ON_INSET,
    "Token.Generic.Subheading": Role.ACCENT | ON_INSET,
    "Token.Generic.Prompt": Role.ACCENT | ON_INSET,
}


@lru_cache(maxsize=1024)
def _key(token_name: str) -> int:
    while token_name:
        key = _KEYS.get(token_name)
        if key is not None:
            return key
        token_name = token_name.rpartition(".")[0]
    return _PLAIN


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    try:
        return find_lexer_class_by_name(language)(stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=128)
def highlighted(code: str, language: str) -> tuple[tuple[Run, ...], ...] | None:
    """The lines of `code` in colour, or None when the language is unknown or the code or a line of it too long."""
    if not language or len(code) > HIGHLIGHT_LIMIT or max(map(len, code.split("\n"))) > LONGEST_LINE:
        return None
    lexer = _lexer(language)
    if lexer is None:
        return None
    lines: list[list[Run]] = [[]]
    for token, value in lexer.get_tokens(code):
        key = _key(str(token))
        first, *others = value.split("\n")
        if first:
            lines[-1].append((first, key))
        lines.extend([(other, key)] if other else [] for other in others)
    if lines and not lines[-1] and len(lines) > 1:
        lines.pop()
    return tuple(tuple(line) for line in lines)
