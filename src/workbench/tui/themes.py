"""Themes: small flat YAML files, read without a YAML library because they are needed before the first paint."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

from workbench.core.errors import ConfigurationError

if TYPE_CHECKING:
    from textual.app import App

DEFAULT_THEME = "workbench-dark"
LIGHT_THEME = "workbench-light"
_OURS = "workbench-"
"""What the names of these two begin with, and those of their files do not."""

GROUNDS = ("background", "surface", "panel")
TEXTS = ("foreground", "muted", "accent", "success", "warning", "error")
"""Roles that text is written in, on any of the grounds."""

READABLE, WELL_READABLE = 4.5, 7.0
"""Contrast of text by WCAG 2.1: levels AA and AAA."""

_COLOURS = (*GROUNDS, *TEXTS)
_KEYS = {"name", "dark", "ansi", *_COLOURS}
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_ENTRY = re.compile(
    r"""(?P<key>[a-z_-]+):[ \t]+(?:"(?P<double>[^"\\]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'#][^#]*?))[ \t]*(?:#.*)?"""
)
_SIZE_LIMIT = 20_000
_MOST_FILES = 100
_SHOWN_CHARACTERS = 40
"""Of what a file says, in a message about it."""
_SELECTION = 0.35
"""How much of the accent is in the ground of selected text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeFile:
    """What a theme file says; every colour has been parsed once."""

    name: str
    dark: bool
    ansi: bool = False
    """Whether the colours are names of the terminal's own palette, which decides what they look like."""
    colours: dict[str, str]
    """Role to colour, all of `GROUNDS` and `TEXTS`."""

    @property
    def selection(self) -> str:
        """Ground of selected text."""
        if self.ansi:
            return "ansi_bright_blue"
        return Color.parse(self.colours["surface"]).blend(Color.parse(self.colours["accent"]), _SELECTION).hex

    def theme(self) -> Theme:
        """As Textual knows it."""
        colours = self.colours
        return Theme(
            name=self.name,
            dark=self.dark,
            ansi=self.ansi,
            primary=colours["accent"],
            secondary=colours["accent"],
            accent=colours["accent"],
            foreground=colours["foreground"],
            background=colours["background"],
            surface=colours["surface"],
            panel=colours["panel"],
            success=colours["success"],
            warning=colours["warning"],
            error=colours["error"],
            variables=_variables(self),
        )


def _variables(theme: ThemeFile) -> dict[str, str]:
    """What Textual would work out for itself, from the same few colours."""
    colours = theme.colours
    # Names of the terminal's palette cannot be mixed, and its default colour is no text on a coloured ground.
    selected_text = "ansi_black" if theme.ansi else colours["foreground"]
    on_colour = ("ansi_black" if theme.dark else "ansi_bright_white") if theme.ansi else colours["background"]
    variables = {
        "surface": colours["surface"],
        "panel": colours["panel"],
        "text": colours["foreground"],
        "text-muted": colours["muted"],
        "text-disabled": colours["muted"],
        "foreground-muted": colours["muted"],
        "foreground-disabled": colours["muted"],
        "text-accent": colours["accent"],
        "text-primary": colours["accent"],
        "text-secondary": colours["accent"],
        "text-success": colours["success"],
        "text-warning": colours["warning"],
        "text-error": colours["error"],
        "footer-key-foreground": colours["accent"],
        "footer-description-foreground": colours["foreground"],
        "footer-background": colours["background"],
        "border": colours["accent"],
        "border-blurred": colours["panel"],
        "scrollbar": colours["muted"] if theme.ansi else f"{colours['muted']} 35%",
        "scrollbar-hover": colours["muted"],
        "scrollbar-active": colours["accent"],
        "scrollbar-background": colours["surface"],
        "scrollbar-background-hover": colours["surface"],
        "scrollbar-background-active": colours["surface"],
        "scrollbar-corner-color": colours["surface"],
        "block-cursor-background": colours["accent"],
        "block-cursor-foreground": on_colour,
        "block-cursor-blurred-background": colours["panel"],
        "block-cursor-blurred-foreground": colours["foreground"],
        "block-hover-background": colours["panel"],
        "input-selection-background": theme.selection,
        "input-selection-foreground": selected_text,
        "screen-selection-background": theme.selection,
        "screen-selection-foreground": selected_text,
        "link-color": colours["accent"],
        "link-background-hover": colours["panel"],
        "link-color-hover": colours["accent"],
        "button-foreground": colours["foreground"],
        "button-color-foreground": on_colour,
    }
    if theme.ansi:
        caret, under_caret = ("ansi_white", "ansi_black") if theme.dark else ("ansi_black", "ansi_white")
        return variables | {
            "ansi-background": colours["background"],
            "ansi-foreground": colours["foreground"],
            "input-cursor-background": caret,
            "input-cursor-foreground": under_caret,
            "input-cursor-text-style": "none",
        }
    return variables | {
        "input-cursor-background": colours["foreground"],
        "input-cursor-foreground": colours["background"],
    }


def faint_pairs(theme: ThemeFile, least: float = READABLE) -> list[str]:
    """Which text has less than the `least` contrast on which ground; nothing is known of the terminal's own palette."""
    if theme.ansi:
        return []
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS]
    grounds = {**theme.colours, "selection": theme.selection}
    measured = [
        (text, ground, contrast(theme.colours[text], grounds[ground]))
        for text, ground in (*pairs, ("foreground", "selection"))
    ]
    # Rounded down: 4.49 is not 4.5.
    return [
        f"{text} on {ground} {math.floor(ratio * 10) / 10}" for text, ground, ratio in measured if ratio < least
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """One entry, with where it stands."""

    value: str
    line: int
    column: int
    value_column: int


def parse_theme(text: str, where: str) -> ThemeFile:
    """The theme in `text`: one `key: value` a line, comments and blank lines between.

    Raises ConfigurationError with `where`, line, column and what is wrong.
    """
    if len(text) > _SIZE_LIMIT:
        raise _too_large(where)
    entries = _entries(text, where)
    missing = [key for key in ("name", *_COLOURS) if key not in entries]
    if missing:
        raise _wrong(where, f"missing: {', '.join(missing)}")
    name = entries["name"]
    if not _NAME.fullmatch(name.value):
        raise _wrong(where, "a name is lower-case letters, digits and hyphens", name.line, name.value_column)
    ansi = _switch(entries, "ansi", where, usual=False)
    for role in _COLOURS:
        _check_colour(role, entries[role], where, ansi=ansi)
    return ThemeFile(
        name=name.value,
        dark=_switch(entries, "dark", where, usual=True),
        ansi=ansi,
        colours={role: entries[role].value for role in _COLOURS},
    )


def _entries(text: str, where: str) -> dict[str, _Written]:
    entries: dict[str, _Written] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#") or line.rstrip() == "---":
            continue
        column = len(line) - len(line.lstrip()) + 1
        entry = _ENTRY.fullmatch(line.rstrip())
        if entry is None:
            raise _wrong(where, "expected `key: value`, colours in quotes", number, column)
        key = entry["key"]
        if key not in _KEYS:
            told = f"unknown key {_shown(key)}; known are {', '.join(sorted(_KEYS))}"
            raise _wrong(where, told, number, column)
        if key in entries:
            raise _wrong(where, f"{key!r} is given twice", number, column)
        form = next(form for form in ("double", "single", "bare") if entry[form] is not None)
        quote = int(form != "bare")
        entries[key] = _Written(
            value=entry[form].strip(), line=number, column=column, value_column=entry.start(form) - quote + 1
        )
    return entries


def _switch(entries: dict[str, _Written], key: str, where: str, *, usual: bool) -> bool:
    entry = entries.get(key)
    if entry is None:
        return usual
    if entry.value not in ("true", "false"):
        raise _wrong(where, f"`{key}` is true or false", entry.line, entry.value_column)
    return entry.value == "true"


def _check_colour(role: str, entry: _Written, where: str, *, ansi: bool) -> None:
    try:
        colour = Color.parse(entry.value)
    except ColorParseError:
        problem = f"{role}: {_shown(entry.value)} is not a colour"
        raise _wrong(where, problem, entry.line, entry.value_column) from None
    if ansi and colour.ansi is None:
        needed = "with `ansi: true` a name such as `ansi_blue` or `ansi_default` is needed"
        raise _wrong(where, f"{role}: {needed}", entry.line, entry.value_column)
    if not ansi and (colour.a != 1 or colour.ansi is not None):
        needed = "a plain opaque colour such as `#6cb6ff` is needed"
        raise _wrong(where, f"{role}: {needed}", entry.line, entry.value_column)


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...")


def _wrong(where: str, what: str, line: int = 0, column: int = 0) -> ConfigurationError:
    place = f"{where}:{line}:{column}" if line else where
    return ConfigurationError(f"{place}: {what}", where=where)


def _too_large(where: str) -> ConfigurationError:
    return _wrong(where, f"larger than {_SIZE_LIMIT // 1000} kB, so no theme")


def shipped_themes_dir() -> Path:
    """The folder of the themes that come with the program: inside the wheel, else in the source tree."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "themes", package.parent.parent / "themes"):
        if (folder / "dark.yaml").is_file():
            return folder
    raise ConfigurationError("The program's themes are missing", hint="install it again", where=str(package))


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeFolder:
    """What was found in a folder of themes."""

    by_file: dict[str, ThemeFile]
    """The good ones, by the name of their file."""
    problems: dict[str, str]
    """What is wrong with each of the others, by the name of its file."""
    warnings: dict[str, str]
    """What is hard to read in each good one that has such colours."""


def load_themes(folder: Path, *, taken: Collection[str] = ()) -> ThemeFolder:
    """The themes of a folder; a bad file, or one with a name that is `taken`, is left out with the reason."""
    by_file: dict[str, ThemeFile] = {}
    problems: dict[str, str] = {}
    warnings: dict[str, str] = {}
    names = set(taken)
    paths = _theme_files(folder)
    for path in paths[:_MOST_FILES]:
        try:
            theme = parse_theme(_read(path), path.name)
        except (ConfigurationError, OSError, UnicodeDecodeError) as error:
            problems[path.name] = str(error) if isinstance(error, ConfigurationError) else f"{path.name}: {error}"
            continue
        if theme.name in names:
            problems[path.name] = f"{path.name}: another theme is called {theme.name}; give this one its own name"
            continue
        names.add(theme.name)
        by_file[path.name] = theme
        faint = faint_pairs(theme)
        if faint:
            warnings[path.name] = f"{path.name}: hard to read (below {READABLE}): {', '.join(faint)}"
    if len(paths) > _MOST_FILES:
        problems[""] = f"{len(paths)} theme files; the first {_MOST_FILES} are read"
    return ThemeFolder(by_file=by_file, problems=problems, warnings=warnings)


def fingerprint_of_themes(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Tells whether a file of the folder has changed: name, time and size of each."""
    found: list[tuple[str, int, int]] = []
    for path in _theme_files(folder)[:_MOST_FILES]:
        with contextlib.suppress(OSError):
            status = path.stat()
            found.append((path.name, status.st_mtime_ns, status.st_size))
    return tuple(found)


def _theme_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".yaml")
    except OSError:
        return []


def _read(path: Path) -> str:
    # A pipe or a device would be read for ever.
    if not path.is_file():
        raise _wrong(path.name, "not a file")
    with path.open("rb") as stream:
        content = stream.read(_SIZE_LIMIT + 1)
    if len(content) > _SIZE_LIMIT:
        raise _too_large(path.name)
    return content.decode("utf-8-sig").replace("\r\n", "\n")


def load_shipped_themes() -> list[ThemeFile]:
    """The themes that come with the program, dark and light first; raises ConfigurationError when one is broken."""
    found = load_themes(shipped_themes_dir())
    if found.problems:
        raise ConfigurationError(next(iter(found.problems.values())), where="themes")
    first = {DEFAULT_THEME: 0, LIGHT_THEME: 1}
    return sorted(found.by_file.values(), key=lambda theme: (first.get(theme.name, 2), theme.name))


def load_shipped_theme(name: str) -> ThemeFile | None:
    """One of them alone, which takes a tenth of the time; None when there is none of that name."""
    path = shipped_themes_dir() / f"{name.removeprefix(_OURS)}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        return None
    theme = parse_theme(_read(path), path.name)
    return theme if theme.name == name else None


def register_themes(app: App[Any]) -> list[ThemeFile]:
    """Make the shipped themes known to `app`; returns them."""
    shipped = load_shipped_themes()
    for theme in shipped:
        app.register_theme(theme.theme())
    return shipped


def contrast(text: str, ground: str) -> float:
    """Contrast ratio of two colours by WCAG 2.1 (1 to 21)."""
    first, second = (_luminance(Color.parse(colour)) for colour in (text, ground))
    light, dark = max(first, second), min(first, second)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
