"""What a stored text holds beside words: code blocks and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.text import clean_line
from workbench.tui.markdown.addresses import addresses_in
from workbench.tui.markdown.blocks import WINDOW, language_of, parser

if TYPE_CHECKING:
    from markdown_it.token import Token

LOOKED_AT = 4 * WINDOW
"""Characters of a text whose Markdown is looked at; addresses are found in all of it."""

MOST_LINKS = 500

_LONGEST_ADDRESS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """Code as it was written, without its fence."""

    language: str
    code: str

    @property
    def title(self) -> str:
        """Its language and length."""
        lines = self.code.count("\n") + 1
        return f"{clean_line(self.language, 30) or 'code'}, {lines:,} line{'s' * (lines != 1)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedAddress:
    """A link, or an address that stands in the text."""

    label: str
    """What it says of itself."""
    address: str
    """Where it leads; cleaned."""


def code_blocks(text: str) -> list[CodeBlock]:
    """The code blocks of a text, in order, those in lists and quotes too."""
    return [
        CodeBlock(language=language_of(token.info), code=token.content.removesuffix("\n"))
        for token in _tokens(text)
        if token.type in ("fence", "code_block")
    ]


def links_of(text: str) -> list[LinkedAddress]:
    """The links of a text, in order, each address once."""
    text = text.replace("\r\n", "\n")
    found: dict[str, LinkedAddress] = {}
    for token in _tokens(text):
        pairs = _inline_links(token.content) if token.type == "inline" else _bare(token.content)
        for label, address in pairs:
            _add(found, label, address)
    for label, address in _bare(text[LOOKED_AT:]):
        _add(found, label, address)
    return list(found.values())


def _add(found: dict[str, LinkedAddress], label: str, address: str) -> None:
    if len(found) < MOST_LINKS and (harmless := clean_line(address, _LONGEST_ADDRESS)):
        says = clean_line(" ".join(label.split())) or harmless
        found.setdefault(harmless, LinkedAddress(label=says, address=harmless))


def _tokens(text: str) -> list[Token]:
    return parser().parse(text[:LOOKED_AT].replace("\r\n", "\n")) if "`" in text or _MAYBE.search(text) else []


_MAYBE = re.compile(r"://|\]\(|<|~~~|^(?: {4}|\t)", re.MULTILINE)


def _inline_links(text: str) -> Iterator[tuple[str, str]]:
    tokens: list[Token] = []
    markdown = parser()
    markdown.inline.parse(text, markdown, {}, tokens)
    address = ""
    label: list[str] = []
    for token in tokens:
        if token.type == "link_open":
            address, label = str(token.attrGet("href") or ""), []
        elif token.type == "link_close":
            yield "".join(label), address
            address = ""
        elif token.type == "image":
            yield token.content, str(token.attrGet("src") or "")
        elif address:
            label.append(token.content)
        else:
            yield from _bare(token.content)


def _bare(text: str) -> Iterator[tuple[str, str]]:
    for start, end in addresses_in(text):
        yield text[start:end], text[start:end]
