"""Roles of rendered text and the styles a theme gives them.

Laid-out lines carry roles (small integers), not colours, so a theme switch lays nothing out again.
"""

from __future__ import annotations

from enum import IntEnum

from rich.style import Style
from textual.widget import Widget


class Role(IntEnum):
    """What a run of text is; the low byte of a style key."""

    TEXT = 0
    MUTED = 1
    ACCENT = 2
    SUCCESS = 3
    WARNING = 4
    ERROR = 5
    PANEL = 6
    """Ground of the user's messages and of raised things."""
    INSET = 7
    """Ground of code."""
    SELECTED = 8
    """Ground of the current row."""


BOLD = 1 << 8
ITALIC = 1 << 9
STRIKE = 1 << 10
UNDERLINE = 1 << 11
ON_PANEL = 1 << 12
ON_INSET = 1 << 13
ON_SELECTED = 1 << 14
LINK = 1 << 15
"""A part of a link: looks like nothing by itself, and tells where a click asks for the list of links."""

COMPONENTS = {role: f"palette--{role.name.lower()}" for role in Role}
"""Component class of each role, for `COMPONENT_CLASSES`."""

PALETTE_CSS = """
    & > .palette--text { color: $foreground; }
    & > .palette--muted { color: $text-muted; &:ansi { text-style: dim; } }
    & > .palette--accent { color: $accent; }
    & > .palette--success { color: $success; }
    & > .palette--warning { color: $warning; }
    & > .palette--error { color: $error; }
    & > .palette--panel { background: $panel; }
    & > .palette--inset { background: $background; }
    & > .palette--selected { background: $panel; text-style: bold; }
"""
"""To be put inside the rule of a widget that has the components."""


class Palette:
    """Styles of one theme, made on demand and kept."""

    def __init__(self, colours: dict[Role, Style], ground: Style) -> None:
        """`colours` holds the plain style of each role, `ground` what they are drawn on."""
        self._colours = colours
        self._ground = ground
        self._styles: dict[int, Style] = {}

    def same_as(self, other: Palette) -> bool:
        """Whether both give the same styles."""
        return self._colours == other._colours and self._ground == other._ground

    def style(self, key: int) -> Style:
        """The style of a key: a role with flags."""
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = self._make(key)
        return style

    def _make(self, key: int) -> Style:
        style = self._ground + self._colours[Role(key & 0xFF)]
        for flag, ground in ((ON_PANEL, Role.PANEL), (ON_INSET, Role.INSET), (ON_SELECTED, Role.SELECTED)):
            if key & flag:
                style += self._colours[ground]
        return style + Style(
            bold=bool(key & BOLD) or None,
            italic=bool(key & ITALIC) or None,
            strike=bool(key & STRIKE) or None,
            underline=bool(key & UNDERLINE) or None,
        )


class PaletteKeeper:
    """The palette of one widget, worked out anew only after its looks have changed."""

    def __init__(self, widget: Widget) -> None:
        """The widget tells by `stale`, from its `notify_style_update`."""
        self._widget = widget
        self._known: Palette | None = None
        self._stale = True

    def stale(self) -> None:
        """A theme or class has changed."""
        self._stale = True

    def current(self) -> Palette:
        """The palette to paint with; the same object as long as the colours are the same."""
        if self._known is None or self._stale:
            self._stale = False
            self._known = palette_of(self._widget, self._known)
        return self._known


def palette_of(widget: Widget, known: Palette | None = None) -> Palette:
    """The palette of the current theme, from a widget that has the components and `PALETTE_CSS`.

    It is the `known` one, with all its styles, when nothing has changed.
    """
    colours: dict[Role, Style] = {}
    for role, component in COMPONENTS.items():
        full = widget.get_component_rich_style(component)
        attributes = Style(bold=full.bold, dim=full.dim, italic=full.italic)
        if role in (Role.PANEL, Role.INSET, Role.SELECTED):
            colours[role] = attributes + Style(bgcolor=full.bgcolor)
        else:
            # The ground comes from where the text is drawn, so one style serves on all of them.
            colours[role] = attributes + Style(color=full.color)
    palette = Palette(colours, Style(bgcolor=widget.rich_style.bgcolor))
    return known if known is not None and known.same_as(palette) else palette
