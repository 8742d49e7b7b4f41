"""Themes: small flat YAML files, read without a YAML library because they are needed before the first paint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.app import App
from textual.color import Color, ColorParseError
from textual.theme import Theme

from workbench.core.errors import ConfigurationError

DEFAULT_THEME = "workbench-dark"
LIGHT_THEME = "workbench-light"

GROUNDS = ("background", "surface", "panel")
TEXTS = ("foreground", "muted", "accent", "success", "warning", "error")
"""Roles that text is written in, on any of the grounds."""

_COLOURS = (*GROUNDS, *TEXTS)
_KEYS = {"name", "dark", *_COLOURS}
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_ENTRY = re.compile(
    r"""(?P<key>[a-z_-]+):[ \t]+(?:"(?P<double>[^"\\]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'#][^#]*?))[ \t]*(?:#.*)?"""
)
_SIZE_LIMIT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeFile:
    """What a theme file says; every colour has been parsed once."""

    name: str
    dark: bool
    colours: dict[str, str]
    """Role to colour, all of `GROUNDS` and `TEXTS`."""

    def theme(self) -> Theme:
        """As Textual knows it."""
        colours = self.colours
        ground = "foreground" if self.dark else "background"
        return Theme(
            name=self.name,
            dark=self.dark,
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
            variables={
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
                "scrollbar": f"{colours['muted']} 35%",
                "scrollbar-hover": colours["muted"],
                "scrollbar-active": colours["accent"],
                "scrollbar-background": colours["surface"],
                "scrollbar-background-hover": colours["surface"],
                "scrollbar-background-active": colours["surface"],
                "scrollbar-corner-color": colours["surface"],
                "block-cursor-background": colours["accent"],
                "block-cursor-foreground": colours["background"],
                "block-cursor-blurred-background": colours["panel"],
                "block-cursor-blurred-foreground": colours["foreground"],
                "input-cursor-background": colours["foreground"],
                "input-cursor-foreground": colours["background"],
                "input-selection-background": f"{colours['accent']} 35%",
                "screen-selection-background": f"{colours['accent']} 35%",
                "screen-selection-foreground": colours[ground] if self.dark else colours["foreground"],
                "link-color": colours["accent"],
                "link-background-hover": colours["panel"],
                "link-color-hover": colours["accent"],
                "button-foreground": colours["foreground"],
                "button-color-foreground": colours["background"],
            },
        )


def parse_theme(text: str, where: str) -> ThemeFile:
    """The theme in `text`: one `key: value` a line, comments and blank lines between.

    Raises ConfigurationError with `where`, the line and what is wrong.
    """
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    if len(text) > _SIZE_LIMIT:
        raise _wrong(where, 1, "the file is too large for a theme")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#") or line.rstrip() == "---":
            continue
        entry = _ENTRY.fullmatch(line.rstrip())
        if entry is None:
            raise _wrong(where, number, "expected `key: value`, colours in quotes")
        key = entry["key"]
        if key not in _KEYS:
            raise _wrong(where, number, f"unknown key {key!r}; known are {', '.join(sorted(_KEYS))}")
        if key in values:
            raise _wrong(where, number, f"{key!r} is given twice")
        values[key] = next(entry[form] for form in ("double", "single", "bare") if entry[form] is not None).strip()
        lines[key] = number
    missing = [key for key in ("name", *_COLOURS) if key not in values]
    if missing:
        raise _wrong(where, 0, f"missing: {', '.join(missing)}")
    if not _NAME.fullmatch(values["name"]):
        raise _wrong(where, lines["name"], "a name is lower-case letters, digits and hyphens")
    if values.get("dark", "true") not in ("true", "false"):
        raise _wrong(where, lines["dark"], "`dark` is true or false")
    for role in _COLOURS:
        try:
            colour = Color.parse(values[role])
        except ColorParseError:
            raise _wrong(where, lines[role], f"{role}: {values[role]!r} is not a colour") from None
        if colour.a != 1 or colour.ansi is not None:
            raise _wrong(where, lines[role], f"{role}: a plain opaque colour such as `#6cb6ff` is needed")
    return ThemeFile(
        name=values["name"],
        dark=values.get("dark", "true") == "true",
        colours={role: values[role] for role in _COLOURS},
    )


def _wrong(where: str, line: int, what: str) -> ConfigurationError:
    place = f"{where}:{line}" if line else where
    return ConfigurationError(f"{place}: {what}", where=where)


def shipped_themes_dir() -> Path:
    """The folder of the themes that come with the program: inside the wheel, else in the source tree."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "themes", package.parent.parent / "themes"):
        if (folder / "dark.yaml").is_file():
            return folder
    raise ConfigurationError("The program's themes are missing", hint="install it again", where=str(package))


def load_themes(folder: Path) -> tuple[list[ThemeFile], list[str]]:
    """The good themes of a folder and, for each bad one, what is wrong with it."""
    themes: list[ThemeFile] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            themes.append(parse_theme(path.read_text(encoding="utf-8"), path.name))
        except (ConfigurationError, OSError, UnicodeDecodeError) as error:
            problems.append(str(error))
    return themes, problems


def load_shipped_themes() -> list[ThemeFile]:
    """The themes that come with the program, the dark one first; raises ConfigurationError when one is broken."""
    themes, problems = load_themes(shipped_themes_dir())
    if problems:
        raise ConfigurationError(problems[0], where="themes")
    return sorted(themes, key=lambda theme: theme.name != DEFAULT_THEME)


def register_themes(app: App[Any], user_folder: Path | None = None) -> list[str]:
    """Make the shipped themes and those of `user_folder` known to `app`; returns what is wrong with the latter."""
    for shipped in load_shipped_themes():
        app.register_theme(shipped.theme())
    if user_folder is None or not user_folder.is_dir():
        return []
    themes, problems = load_themes(user_folder)
    for theme in themes:
        app.register_theme(theme.theme())
    return problems


def contrast(text: str, ground: str) -> float:
    """Contrast ratio of two colours by WCAG 2.1 (1 to 21)."""
    first, second = (_luminance(Color.parse(colour)) for colour in (text, ground))
    light, dark = max(first, second), min(first, second)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
