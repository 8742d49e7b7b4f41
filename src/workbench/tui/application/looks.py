"""How the application looks: its theme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import App

from workbench.tui.shell import Shell
from workbench.tui.themes import DEFAULT_THEME, register_themes
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


class Looks:
    """Registers the themes, takes the remembered one, changes it."""

    def __init__(self, app: WorkbenchApp, shell: Shell) -> None:
        """The remembered theme is taken at once, before anything is painted."""
        self._app, self._shell = app, shell
        built_in = set(app.available_themes)
        self._problems = register_themes(app, shell.files.themes_dir)
        self.names = [name for name in app.available_themes if name not in built_in]
        """Of our own themes and the user's."""
        wanted = shell.remembered.theme
        # Set without its watchers: they would parse and apply every style twice before the first paint.
        app.set_reactive(App.theme, wanted if wanted in app.available_themes else DEFAULT_THEME)
        app.stylesheet.set_variables(app.get_css_variables())

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"next_theme": self.next_theme, "use_theme": self.use_theme}

    def tell_problems(self) -> None:
        """Tell which files are no themes, and why."""
        if self._problems:
            self._app.tell("\n".join(self._problems), warning=True)

    def use_theme(self, name: str) -> None:
        """Change to a theme by name, the next one without a name, and remember it."""
        if not name:
            self.next_theme()
        elif name not in self._app.available_themes:
            self._app.tell(f"There is no theme {name}. There are: {', '.join(sorted(self.names))}", warning=True)
        else:
            self._app.theme = name
            self._app.start_work(self._shell.remember(theme=name), group="remember")

    def next_theme(self) -> None:
        """Change to the next of our themes."""
        place = self.names.index(self._app.theme) + 1 if self._app.theme in self.names else 0
        self.use_theme(self.names[place % len(self.names)])
