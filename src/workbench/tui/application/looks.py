"""How the application looks: its theme, how close things stand, whether anything moves by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from textual import constants
from textual.app import App
from textual.screen import Screen
from textual.widgets import Input, TextArea

from workbench.tui.application.user_files import Watched, first_of
from workbench.tui.shell import Shell
from workbench.tui.themes import (
    DEFAULT_THEME,
    ThemeFile,
    ThemeFolder,
    fingerprint_of_themes,
    load_shipped_theme,
    load_themes,
    register_themes,
)
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from textual.types import AnimationLevel

    from workbench.tui.app import WorkbenchApp


class Looks:
    """Keeps the themes that can be chosen, and applies what is remembered of a person's taste."""

    def __init__(self, app: WorkbenchApp, shell: Shell) -> None:
        """The remembered theme is taken at once; all others wait for the paint."""
        self._app, self._shell = app, shell
        self._own: dict[str, ThemeFile] = {}
        self.watched = Watched(lambda: fingerprint_of_themes(shell.files.themes_dir), (), self._read)
        self._told: frozenset[str] = frozenset()
        # Set without its watchers: they would parse and apply every style twice before the first paint.
        app.set_reactive(App.theme, self._first_theme(shell.remembered.theme or DEFAULT_THEME))
        app.stylesheet.set_variables(app.get_css_variables())
        app.set_class(shell.remembered.compact, "-compact", update=False)
        app.animation_level = self._animation_level()

    def _first_theme(self, wanted: str) -> str:
        theme = load_shipped_theme(wanted)
        if theme is not None:
            self._app.register_theme(theme.theme())
            return wanted
        self._take(load_themes(self._shell.files.themes_dir, taken=self._shipped))
        return wanted if wanted in self.names else DEFAULT_THEME

    @cached_property
    def _shipped(self) -> dict[str, ThemeFile]:
        return {theme.name: theme for theme in register_themes(self._app)}

    @property
    def names(self) -> list[str]:
        """Of the shipped themes, then of the user's own."""
        return [*self._shipped, *(theme.name for theme in self._own.values())]

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {
            "choose_theme": self.choose_theme,
            "use_theme": self.use_theme,
            "toggle_compact": self.toggle_compact,
            "toggle_motion": self.toggle_motion,
        }

    def painted(self) -> None:
        """Let nothing move that shall not, and tell when the theme is not the one that was wished for."""
        # Textual declares its signals without what they carry.
        cast("Any", self._app).screen_change_signal.subscribe(self._app, self._hold_still)
        self._hold_still(self._app.screen)
        wanted = self._shell.remembered.theme
        if wanted and wanted != self._app.theme:
            self._app.tell(
                f"There is no theme {wanted}, so this is {self._app.theme}. /theme lists them.", warning=True
            )

    async def _read(self) -> None:
        found = await asyncio.to_thread(load_themes, self._shell.files.themes_dir, taken=self._shipped)
        before = self._shown_theme()
        self._take(found)
        wanted = self._shell.remembered.theme
        if self._app.theme not in self.names:
            self._app.theme = DEFAULT_THEME
        elif self._shown_theme() != before:
            # Textual paints anew only for another name.
            cast("Any", self._app)._watch_theme(self._app.theme)
        elif self._app.theme == DEFAULT_THEME and wanted in self.names:
            self._app.theme = wanted
        self._tell(found)

    def _shown_theme(self) -> ThemeFile | None:
        named = (theme for theme in self._own.values() if theme.name == self._app.theme)
        return self._shipped.get(self._app.theme) or next(named, None)

    def _take(self, found: ThemeFolder) -> None:
        from workbench.tui.state.themes import merged

        before, self._own = self._own, merged(self._own, found)
        for theme in self._own.values():
            self._app.register_theme(theme.theme())
        names = self.names
        for theme in before.values():
            if theme.name not in names and theme.name != self._app.theme:
                self._app.unregister_theme(theme.name)

    def _tell(self, found: ThemeFolder) -> None:
        told = frozenset([*found.problems.values(), *found.warnings.values()])
        new = sorted(told - self._told)
        mended = self._told and not told
        self._told = told
        if new:
            self._app.tell("\n".join(first_of(new)), warning=True)
        elif mended:
            self._app.tell("All of your themes are in order.")

    def choose_theme(self) -> None:
        """Open the list of themes; the screens take the colours of the one under the cursor."""
        from workbench.tui.screens.theme_picker import ThemePicker
        from workbench.tui.state.themes import ThemeChoice

        if isinstance(self._app.screen, ThemePicker):
            return
        before = self._app.theme

        def chosen(name: str | None) -> None:
            if name is None:
                self.preview(before)
            else:
                self.use_theme(name)

        own = {theme.name for theme in self._own.values()}
        themes = [*self._shipped.values(), *self._own.values()]
        choices = [ThemeChoice(name=t.name, dark=t.dark, ansi=t.ansi, own=t.name in own) for t in themes]
        self._app.push_screen(ThemePicker(choices, before, self.preview), chosen)

    def preview(self, name: str) -> None:
        """Show the colours of a theme without remembering it; one that is gone meanwhile changes nothing."""
        if name in self.names:
            self._app.theme = name

    def use_theme(self, name: str) -> None:
        """Change to a theme by name and remember it; without a name, open the list."""
        if not name:
            self.choose_theme()
        elif name not in self.names:
            self._app.tell(f"There is no theme {name}. There are: {', '.join(self.names)}", warning=True)
        else:
            self._app.theme = name
            self._app.start_work(self._shell.remember(theme=name), group="remember")

    def toggle_compact(self) -> None:
        """Let things stand closer together, or apart again, and remember that."""
        compact = not self._shell.remembered.compact
        self._app.set_class(compact, "-compact")
        self._app.chat.transcript.lay_out_anew()
        self._app.start_work(self._shell.remember(compact=compact), group="remember")
        self._app.tell("Compact. /compact gives the room back." if compact else "No longer compact.")

    def toggle_motion(self) -> None:
        """Let nothing move by itself, or let it again, and remember that."""
        still = not self._shell.remembered.reduced_motion
        self._app.start_work(self._remember_motion(still=still), group="remember")

    async def _remember_motion(self, *, still: bool) -> None:
        await self._shell.remember(reduced_motion=still)
        self._app.animation_level = self._animation_level()
        for screen in self._app.screen_stack:
            self._hold_still(screen)
        if still:
            self._app.tell("Nothing moves by itself. /motion allows it again.")
        elif self._still:
            self._app.tell("TEXTUAL_ANIMATIONS=none still keeps everything from moving.")
        else:
            self._app.tell("Cursors blink and lists glide again.")

    @property
    def _still(self) -> bool:
        return self._shell.remembered.reduced_motion or constants.TEXTUAL_ANIMATIONS == "none"

    def _animation_level(self) -> AnimationLevel:
        return "none" if self._still else constants.TEXTUAL_ANIMATIONS

    def _hold_still(self, screen: Screen[Any]) -> None:
        # A screen that is just being opened has its fields after the next refresh.
        screen.call_after_refresh(self._set_cursors, screen)

    def _set_cursors(self, screen: Screen[Any]) -> None:
        for widget in screen.query("*").results():
            if isinstance(widget, Input | TextArea):
                widget.cursor_blink = not self._still
