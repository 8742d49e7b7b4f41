"""The small alphabet of signs the screens draw with, in Unicode and in ASCII."""

from __future__ import annotations

import locale
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """One alphabet; every sign is one cell wide."""

    ascii: bool
    bar: str
    """Left edge of the user's messages, and of the message under the cursor."""
    bar_current: str
    """Left edge of the user's message under the cursor."""
    quote: str
    folded: str
    unfolded: str
    current: str
    """Mark of the current row of a list."""
    caret: str
    """Where streaming text goes on."""
    bullet: str
    bullet_inner: str
    rule: str
    column: str
    crossing: str
    ellipsis: str
    arrow: str
    """Leads a reply's badge."""
    dot: str
    """Separates facts on one line."""
    ok: str
    slow: str
    failed: str
    unknown: str
    running: str
    paused: str
    done: str
    follow: str
    private: str
    """Marks what stays with private providers."""
    foreign_fits: bool = True
    """Whether the terminal can show text from outside that is not ASCII."""


UNICODE = Glyphs(
    ascii=False, bar="▌", bar_current="█", quote="▎", folded="▸", unfolded="▾", current="▸", caret="▁", bullet="•",
    bullet_inner="◦", rule="─", column="│", crossing="┼", ellipsis="…", arrow="↳", dot="·", ok="●", slow="▲",
    failed="✖", unknown="○", running="◐", paused="‖", done="✔", follow="▼", private="◆",
)  # fmt: skip

ASCII = Glyphs(
    ascii=True, bar="|", bar_current="#", quote="|", folded=">", unfolded="v", current=">", caret="_", bullet="*",
    bullet_inner="-", rule="-", column="|", crossing="+", ellipsis="~", arrow=">", dot="-", ok="o", slow="!",
    failed="x", unknown="?", running="*", paused="=", done="+", follow="v", private="@",
)  # fmt: skip

_chosen = UNICODE


def choose_glyphs(*, ascii_only: bool = False, encoding: str | None = None) -> Glyphs:
    """Choose the alphabet for this process: ASCII when asked for, or when the terminal's encoding is not UTF-8.

    `encoding` defaults to that of standard output, else of the locale.
    """
    global _chosen
    name = encoding or (sys.__stdout__ and sys.__stdout__.encoding) or locale.getpreferredencoding(do_setlocale=False)
    utf8 = str(name).lower().replace("-", "").replace("_", "") in ("utf8", "cp65001")
    _chosen = replace(ASCII, foreign_fits=utf8) if ascii_only or not utf8 else UNICODE
    return _chosen


def glyphs() -> Glyphs:
    """The alphabet chosen for this process; Unicode until `choose_glyphs` was called."""
    return _chosen


_NO_SIGNS = ("ascii", "foreign_fits")
_TO_ASCII: Mapping[int, str] = str.maketrans({
    **{getattr(UNICODE, name): getattr(ASCII, name) for name in Glyphs.__dataclass_fields__ if name not in _NO_SIGNS},
    "←": "<", "→": ">", "↑": "^", "↓": "v", "↵": "enter", "‹": "<", "›": ">", "–": "-", "—": "-", "≥": ">=",
    "≤": "<=", "×": "x",
})  # fmt: skip


def drawn(text: str) -> str:
    """Our own text (never foreign text) with its signs in the chosen alphabet."""
    return text.translate(_TO_ASCII) if _chosen.ascii else text


def _line_sign(code: int) -> str:
    words = set(unicodedata.name(chr(code)).split())
    across, down = words & {"HORIZONTAL", "LEFT", "RIGHT"}, words & {"VERTICAL", "UP", "DOWN"}
    if across and not down:
        # A heavy frame tells what has the focus.
        return "=" if "HEAVY" in words or "DOUBLE" in words else "-"
    return "|" if down and not across else "+"


DRAWING_TO_ASCII: Mapping[int, str] = {
    # The bodies of scrollbars and buttons are told by their ground; a part of a block more or less tells nothing.
    **dict.fromkeys(range(0x2580, 0x25A0), " "),
    **{ord(shade): ":" for shade in "░▒▓"},
    **{code: sign for code, sign in _TO_ASCII.items() if len(sign) == 1},
    **{code: _line_sign(code) for code in range(0x2500, 0x2580)},
}
"""Lines, blocks and our own signs that have a cell of ASCII each."""
