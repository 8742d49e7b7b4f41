"""Inline Markdown (emphasis, code, links) as runs of text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from workbench.core.text import clean
from workbench.tui.markdown.addresses import addresses_in
from workbench.tui.markdown.textlines import TAB, Run
from workbench.tui.palette import BOLD, ITALIC, LINK, STRIKE, UNDERLINE, Role

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

INLINE_LIMIT = 12_000
"""Characters of one paragraph above which its emphasis and links are not looked for."""

SIGN_LIMIT = 600
"""Brackets, stars and ticks in one paragraph above which it stays plain: matching them takes quadratic time."""

_REMEMBERED = 600
"""Characters up to which a text is worth being remembered."""

_SIGNS = re.compile(r"[\[\]*_`~<!]")
_FLAGS = {"strong": BOLD, "em": ITALIC, "s": STRIKE}


def inline_runs(markdown: MarkdownIt, text: str, key: int) -> Sequence[Run]:
    """`text` as runs; a link is its text, underlined, and its address behind it as plain text."""
    text = text.replace("\t", TAB)
    signs = _SIGNS.findall(text) if len(text) <= INLINE_LIMIT else None
    if signs is None or len(signs) > SIGN_LIMIT:
        return ((text, key),)
    if not signs and "\\" not in text and "&" not in text and "  " not in text and "://" not in text:
        return ((text, key),)
    # A list that grows is laid out again and again, of which only the last item is new.
    return _remembered(markdown, text, key) if len(text) <= _REMEMBERED else _parsed(markdown, text, key)


def _parsed(markdown: MarkdownIt, text: str, key: int) -> tuple[Run, ...]:
    tokens: list[Token] = []
    markdown.inline.parse(text, markdown, {}, tokens)
    return tuple(_runs(tokens, key))


_remembered = lru_cache(maxsize=2048)(_parsed)


def _runs(tokens: list[Token], key: int) -> list[Run]:
    runs: list[Run] = []
    flags = 0
    depths: dict[int, int] = {}
    address = title = ""
    link_start = 0
    link_depth = 0
    for token in tokens:
        kind = token.type
        base = key | flags
        if kind in ("softbreak", "hardbreak"):
            runs.append(("\n", base))
        elif kind == "code_inline":
            runs.append((token.content, (base & ~0xFF) | Role.WARNING))
        elif kind == "link_open":
            address = clean(str(token.attrGet("href") or ""))
            title = _title(token)
            link_start = len(runs)
            link_depth += 1
        elif kind == "link_close":
            link_depth -= 1
            label = "".join(text for text, _ in runs[link_start:])
            if title or (address and label not in (address, address.removeprefix("mailto:"))):
                runs.append((f" ({address}{title})", (key & ~0xFF) | Role.MUTED | LINK))
        elif kind == "image":
            source = clean(str(token.attrGet("src") or ""))
            runs.append((f"[image: {token.content}]", (base & ~0xFF) | Role.MUTED))
            runs.append((f" ({source}{_title(token)})" if source else "", (key & ~0xFF) | Role.MUTED | LINK))
        elif token.nesting and token.tag in _FLAGS:
            flag = _FLAGS[token.tag]
            depths[flag] = depths.get(flag, 0) + token.nesting
            flags = flags | flag if depths[flag] > 0 else flags & ~flag
        elif token.content:
            # Entities such as `&#27;` are decoded by the parser, so what comes out is cleaned once more.
            content = clean(token.content)
            if link_depth:
                runs.append((content, _link_key(base)))
            else:
                runs.extend(_with_bare_addresses(content, base))
    return [run for run in runs if run[0]] or [("", key)]


def _link_key(key: int) -> int:
    return (key & ~0xFF) | Role.ACCENT | UNDERLINE | LINK


def _with_bare_addresses(text: str, key: int) -> list[Run]:
    """Plain text as runs, with the addresses in it marked as links."""
    runs: list[Run] = []
    at = 0
    for start, end in addresses_in(text):
        runs += [(text[at:start], key), (text[start:end], _link_key(key))]
        at = end
    return [*runs, (text[at:], key)]


def _title(token: Token) -> str:
    title = clean(str(token.attrGet("title") or ""))
    return f' "{title}"' if title else ""
