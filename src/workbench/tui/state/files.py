"""Files named in a prompt: how they are typed, found, marked, kept with what is unsent, and put into the prompt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from workbench.core.sizes import size_words
from workbench.tui.glyphs import glyphs

MOST_OFFERED = 50
"""Files that the picker lists for one query."""
LARGEST_FILE = 1_000_000
"""Bytes of a file that may go along with a prompt."""

_SIGN = "\x1f"
"""Encloses a file's path in an unsent text. `without_signs` keeps it out of every text that comes from elsewhere, so
that nothing pasted, quoted or recalled can name a file to be read."""
_NAMED = re.compile(f"{_SIGN}@([^{_SIGN}\n]+){_SIGN}")
_MENTION = re.compile(r"(?:^|(?<=\s))@(\S*)\Z")
_BACKTICKS = re.compile(r"`{3,}")
_ELSEWHERE = ("/", "~", "../", "./")


class FoundFile(NamedTuple):
    """A file as the picker lists it; a folder's path ends with a slash."""

    path: str
    size: int = 0
    """Bytes."""

    @property
    def is_folder(self) -> bool:
        """Whether it leads on to other files."""
        return self.path.endswith("/")


def mention_before(line: str) -> str | None:
    """What stands between an `@` after a blank and the end of `line`; None when there is no such word."""
    found = _MENTION.search(line)
    return found[1] if found else None


def is_elsewhere(mention: str) -> bool:
    """Whether a mention names a place by itself (`/etc/…`, `~/…`, `../…`) instead of searching the working folder."""
    return mention.startswith(_ELSEWHERE)


def folder_of(mention: str) -> str:
    """The folder that a mention of a place is in: `~/doc` is in `~/`."""
    return mention[: mention.rfind("/") + 1] or f"{mention}/"


def rank(files: Iterable[FoundFile], query: str) -> list[FoundFile]:
    """The files that hold the letters of `query` in this order, the best first; all of them, shortest first, for none.

    A name that begins with the query comes before one that holds it, before a path that holds it, before scattered
    letters, the closest together first. A file takes one pass: `textual.fuzzy` tries every combination of places,
    which has no end for a letter that is repeated often.
    """
    wanted = query.lower()
    if not wanted:
        return sorted(files, key=lambda file: (file.path.count("/"), file.path))
    pattern = _letters_in_order(wanted)
    found: list[tuple[tuple[int, int, int], str, FoundFile]] = []
    for file in files:
        low = file.path.lower()
        match = pattern.match(low)
        if match is None:
            continue
        name = low[low.rstrip("/").rfind("/") + 1 :]
        if wanted in name:
            grade = 0 if name.startswith(wanted) else 1
        elif wanted in low:
            grade = 2
        else:
            inside = pattern.match(name)
            grade, match = (3, inside) if inside is not None else (4, match)
        found.append(((grade, match.end() - match.start(1), len(low)), low, file))
    found.sort(key=lambda each: each[:2])
    return [file for _, _, file in found]


def _letters_in_order(letters: str) -> re.Pattern[str]:
    # Possessive: what was passed over is never looked at again, so that every text takes one pass.
    up_to = [f"[^{re.escape(letter)}]*+{re.escape(letter)}" for letter in letters]
    first = f"[^{re.escape(letters[0])}]*+({re.escape(letters[0])}"
    return re.compile(f"{first}{''.join(up_to[1:])})", re.DOTALL)


# -- in what is unsent ---------------------------------------------------------------------------------------------


def without_signs(text: str) -> str:
    """A text from elsewhere, in which nothing names a file to be read."""
    return text.replace(_SIGN, "") if _SIGN in text else text


def named_files(unsent: str) -> list[str]:
    """The paths that an unsent text names, each once, in its order."""
    return list(dict.fromkeys(_NAMED.findall(unsent)))


def readable(unsent: str) -> str:
    """An unsent text as people read it: `@path` where it names a file."""
    return without_signs(_NAMED.sub(r"@\1", unsent)) if _SIGN in unsent else unsent


@dataclass(slots=True)
class Attachments:
    """The marks that stand for files in the composer."""

    _paths: dict[str, str] = field(default_factory=dict[str, str])
    _sizes: dict[str, int | None] = field(default_factory=dict[str, "int | None"])

    def mark_for(self, path: str, size: int | None = None) -> str:
        """The mark that stands for a file from now on."""
        if size is not None:
            self._sizes[path] = size
        known = self._sizes.get(path)
        first, last = ("[[", "]]") if glyphs().ascii else ("⟦", "⟧")
        words = "" if known is None else f" {size_words(known)}"
        mark = f"{first}@{path}{words}{last}"
        self._paths[mark] = path
        return mark

    @property
    def marks(self) -> list[str]:
        """Every mark that was made."""
        return list(self._paths)

    def size_of(self, path: str) -> int:
        """Bytes of a file when it was attached; 0 when that is not known."""
        return self._sizes.get(path) or 0

    def unmeasured(self, paths: Iterable[str]) -> list[str]:
        """Those of some files of which nobody has told the size."""
        return [path for path in paths if path not in self._sizes]

    def learn_size(self, path: str, size: int | None) -> None:
        """Bytes of a file whose mark was made without knowing them; None for one that is not there."""
        self._sizes[path] = size

    def to_unsent(self, shown: str) -> str:
        """What the composer shows, as it is kept: every mark replaced by what names its file."""
        shown = without_signs(shown)
        for mark, path in self._paths.items():
            if mark in shown:
                shown = shown.replace(mark, f"{_SIGN}@{path}{_SIGN}")
        return shown

    def pieces(self, unsent: str) -> list[tuple[str, bool]]:
        """An unsent text in pieces: plain text (False), and marks (True) for the files that it names."""
        pieces: list[tuple[str, bool]] = []
        for place, piece in enumerate(_NAMED.split(unsent)):
            if place % 2:
                pieces.append((self.mark_for(piece), True))
            elif piece:
                pieces.append((without_signs(piece), False))
        return pieces

    def forget_all(self) -> None:
        """No mark stands for anything any more; sizes stay known."""
        self._paths.clear()


# -- in the prompt -------------------------------------------------------------------------------------------------


def filled(unsent: str, contents: Mapping[str, str]) -> str:
    """The prompt: each file by its path in the text, and below the text once each as a fenced block under its path."""
    names = named_files(unsent)
    prompt = without_signs(_NAMED.sub(r"\1", unsent))
    if not names:
        return prompt
    blocks = [f"{name}\n{_fenced(name, contents[name])}" for name in names]
    return "\n\n".join([prompt.rstrip(), *blocks])


def _fenced(name: str, text: str) -> str:
    longest = max(map(len, _BACKTICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    suffix = name.rpartition("/")[2].rpartition(".")
    language = suffix[2] if suffix[0] and suffix[2].isalnum() else ""
    end = "" if text.endswith("\n") else "\n"
    return f"{fence}{language}\n{text}{end}{fence}"


def text_of(data: bytes) -> str | None:
    """A file's bytes as text; None when they are none: a NUL, or no UTF-8."""
    if b"\0" in data:
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")
