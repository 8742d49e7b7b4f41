"""The panes beside the chat, each imported and made when it is first shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from textual.app import App
from textual.screen import Screen

from workbench.tui.actions.values import Scope
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


_AT_ONCE_S: Final = 0.001


class PanedApp(App[int]):
    """Shows one pane at a time; one that is there already is painted at once."""

    def __init__(self) -> None:
        """The chat pane is there from the start."""
        super().__init__()
        self._made_panes = {"chat"}
        self._goes_to_made_pane = False

    async def go_to_pane(self, pane: str) -> None:
        """Show a pane; the first time it is made."""
        self._goes_to_made_pane = pane in self._made_panes
        shown = self.switch_mode(pane)
        self._goes_to_made_pane = False
        await shown
        self._made_panes.add(pane)

    def delay_update(self, delay: float = 0.05) -> None:
        """Hold the paint back, as Textual does while a screen is made: with each change of mode, made or not."""
        super().delay_update(_AT_ONCE_S if self._goes_to_made_pane else delay)


def pane_of(scope: Scope) -> str:
    """The pane on which the actions of a scope are done."""
    others = {Scope.PROVIDERS: "providers", Scope.EVENTS: "events", Scope.HISTORY: "history"}
    return others.get(scope, "chat")


def add_panes(app: WorkbenchApp) -> None:
    """Tell Textual how each pane is made."""
    # Textual declares its screens without their result type.
    untyped = cast("Any", app)
    untyped.add_mode("chat", lambda: app.chat)
    untyped.add_mode("events", lambda: _styled_once(app, _events(app)))
    untyped.add_mode("providers", lambda: _styled_once(app, _providers(app)))
    untyped.add_mode("history", lambda: _styled_once(app, _history(app)))


def _events(app: WorkbenchApp) -> Screen[Any]:
    from workbench.tui.events.pane import events_pane

    return events_pane(app)


def _providers(app: WorkbenchApp) -> Screen[Any]:
    from workbench.tui.screens.providers import ProvidersScreen

    return ProvidersScreen(app)


def _history(app: WorkbenchApp) -> Screen[Any]:
    from workbench.tui.screens.history import HistoryScreen

    return HistoryScreen(app)


def verbs_of_panes(app: WorkbenchApp) -> Mapping[str, Verb]:
    """What a person can do with panes, beside going to one."""

    def search_history(query: str = "") -> None:
        app.start_work(_search_history(app, query), group="pane", exclusive=True)

    def storage(_: str = "") -> None:
        from workbench.tui.screens.storage import StorageScreen

        if not isinstance(app.screen, StorageScreen):
            app.push_screen(StorageScreen(app))

    def import_history(path: str = "") -> None:
        from workbench.tui.screens.import_history import ImportScreen

        if not isinstance(app.screen, ImportScreen):
            app.push_screen(ImportScreen(app, path))

    return {"search_history": search_history, "storage": storage, "import_history": import_history}


async def _search_history(app: WorkbenchApp, query: str) -> None:
    from workbench.tui.history.query import Asked
    from workbench.tui.screens.history import HistoryScreen

    await app.show_pane("history")
    if isinstance(app.screen, HistoryScreen):
        if query.strip():
            app.screen.look_for(Asked().typed(query, ended=True))
        app.screen.focus_query()


def _styled_once(app: WorkbenchApp, screen: Screen[Any]) -> Screen[Any]:
    # Textual would parse and apply all styles twice more for a screen that has not seen the theme in force.
    cast("Any", screen)._css_update_count = cast("Any", app)._css_update_count
    return screen
