"""Conversations as one page for a browser: nothing in it runs, nothing in it is fetched, all foreign text is text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from workbench.conversations.exporting.markdown import with_closed_fence
from workbench.conversations.telling.wording import attempt_line, extra_lines, rating_line, speaker, state_line
from workbench.conversations.values import Conversation, Message, Role
from workbench.core.clock import iso_utc
from workbench.core.text import clean, clean_line

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

LONGEST_COLOURED = 40_000
LONGEST_LINE = 500
"""Characters of a code block, and of a line of it, that are coloured; with more it stays plain.

On one long line many lexers take time by the square of its length, and nothing else runs meanwhile.
"""
LONGEST_PARSED = 2_000_000
"""Characters of a message that are read as Markdown; longer ones stay plain."""
DEEPEST = 100
"""Levels of lists and quotations in a message that is read as Markdown; what is nested more deeply stays plain."""

_LINK = re.compile(r"(?:https?:|mailto:)", re.IGNORECASE)
_STYLE = """
:root { color-scheme: light dark; --back: #ffffff; --text: #1f2328; --faint: #59636e; --line: #d1d9e0; --code: #f6f8fa;
  --warn: #9a6700; --link: #0969da; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --faint: #9198a1; --line: #3d444d;
  --code: #161b22; --warn: #d29922; --link: #4493f8; } }
body { background: var(--back); color: var(--text); font: 16px/1.6 system-ui, sans-serif; max-width: 48rem;
  margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
a { color: var(--link); }
article { border-top: 1px solid var(--line); padding: .75rem 0; }
article > header, .facts { color: var(--faint); font-size: .85rem; }
article > header b { color: var(--text); }
.you > .body { border-left: 3px solid var(--line); padding-left: 1rem; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto; }
code { font: .875em/1.5 ui-monospace, monospace; }
:not(pre) > code { background: var(--code); border-radius: 4px; padding: .1em .3em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .25rem .6rem; }
blockquote { border-left: 3px solid var(--line); color: var(--faint); margin-left: 0; padding-left: 1rem; }
.note { color: var(--warn); font-size: .9rem; }
details { color: var(--faint); font-size: .85rem; }
.plain { white-space: pre-wrap; }
@media print { body { max-width: none; } article { break-inside: avoid-page; } }
"""


def opening_of(title: str, contents: Sequence[tuple[str, str]] = ()) -> str:
    """The page down to its first conversation; `contents` are ids and titles of conversations to lead to."""
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Whatever text says: this page fetches nothing and runs nothing.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_line(title) or 'Conversations'}</title>\n<style>{_STYLE}{_code_styles()}</style>\n</head>\n<body>\n"
    )
    if not contents:
        return head
    entries = "\n".join(f'<li><a href="#{_anchor(id_)}">{_line(name) or "Untitled"}</a></li>' for id_, name in contents)
    return f"{head}<nav><ul>\n{entries}\n</ul></nav>\n"


CLOSING = "</body>\n</html>\n"


def section_of(conversation: Conversation, messages: Sequence[Message], *, trail: bool = False) -> str:
    """One conversation with these of its messages; with `trail` who was asked for each reply, and what became of it."""
    facts = [f"Conversation {conversation.id}", f"begun {iso_utc(conversation.created_at_ms)}"]
    facts += ["private"] if conversation.private else []
    facts += [f"folder {conversation.folder}"] if conversation.folder else []
    facts += [f"tags {', '.join(conversation.tags)}"] if conversation.tags else []
    parts = [
        f'<section id="{_anchor(conversation.id)}">\n<h1>{_line(conversation.title) or "Untitled"}</h1>',
        f'<p class="facts">{_line(" · ".join(facts))}</p>',
    ]
    parts += [_article(message, trail=trail) for message in messages]
    return "\n".join([*parts, "</section>\n"])


def _article(message: Message, *, trail: bool) -> str:
    who = "you" if message.role is Role.USER else message.role.value
    parts = [
        f'<article class="{who}">\n<header><b>{_line(speaker(message))}</b> {iso_utc(message.created_at_ms)}</header>'
    ]
    if message.reasoning:
        parts.append(_folded("Reasoning", f'<div class="plain">{escape(clean(message.reasoning))}</div>'))
    parts.append(f'<div class="body">{_body(message)}</div>')
    if message.extra:
        parts.append(_list("Attached", extra_lines(message)))
    parts += [f'<p class="note">{_line(note)}</p>' for note in (state_line(message), rating_line(message)) if note]
    if trail and message.attempts:
        parts.append(_list("Route", [attempt_line(attempt) for attempt in message.attempts]))
    return "\n".join([*parts, "</article>"])


def _body(message: Message) -> str:
    """The text, with a line at each place where another answer went on."""
    places = [0, *(seam.at for seam in message.seams), len(message.text)]
    pieces = [message.text[start:end] for start, end in pairwise(places)]
    parts: list[str] = []
    for piece, seam in zip(pieces, (*message.seams, None), strict=True):
        if piece.strip():
            parts.append(_text(piece))
        if seam is not None:
            parts.append(f'<p class="note">{_line(seam.label)}</p>')
    return "\n".join(parts)


def _text(text: str) -> str:
    cleaned = clean(text)
    if len(cleaned) > LONGEST_PARSED:
        return f'<div class="plain">{escape(cleaned)}</div>'
    parser = _markdown()
    tokens = parser.parse(with_closed_fence(cleaned))
    if any(token.level >= DEEPEST - 1 for token in tokens):
        # The parser leaves out what is nested more deeply than that.
        return f'<div class="plain">{escape(cleaned)}</div>'
    return str(parser.renderer.render(tokens, parser.options, {}))


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{inside}</details>"


def _list(title: str, lines: Sequence[str]) -> str:
    entries = "".join(f"<li>{_line(line)}</li>" for line in lines)
    return _folded(f"{title} ({len(lines)})", f"<ul>{entries}</ul>")


def _line(text: str) -> str:
    return escape(clean_line(text).strip())


def _anchor(id_: str) -> str:
    return "c-" + re.sub(r"[^A-Za-z0-9]", "", id_)


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    options = {"html": False, "highlight": _coloured, "maxNesting": DEEPEST}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    # A picture would be fetched from wherever the text says: it becomes a link.
    parser.disable("image")
    parser.add_render_rule("link_open", _link)
    return parser


def _link(renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, _: EnvType) -> str:
    """The beginning of a link; it leads to web pages and mail addresses, and nowhere else."""
    token = tokens[place]
    if _LINK.match(str(token.attrs.get("href", "")).strip()) is None:
        token.attrs.pop("href", None)
    return renderer.renderToken(tokens, place, options, {})


def _coloured(code: str, language: str, _: str) -> str:
    """The inside of a code block, coloured; empty lets the parser escape it."""
    from pygments import highlight, lexers
    from pygments.formatters import HtmlFormatter
    from pygments.util import ClassNotFound

    if not language or len(code) > LONGEST_COLOURED or max(map(len, code.split("\n"))) > LONGEST_LINE:
        return ""
    try:
        lexer = cast("Any", lexers).get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


@cache
def _code_styles() -> str:
    from pygments.formatters import HtmlFormatter

    light, dark = (
        str(cast("Any", HtmlFormatter(style=style)).get_style_defs("pre")) for style in ("default", "github-dark")
    )
    return f"{_colours(light)}\n@media (prefers-color-scheme: dark) {{\n{_colours(dark)}\n}}\n"


def _colours(styles: str) -> str:
    """The rules for words; those for the block around them are ours."""
    return "\n".join(line for line in styles.splitlines() if re.match(r"pre \.", line))
