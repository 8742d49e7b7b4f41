"""The panes beside the chat, each imported and made when it is first shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual.screen import Screen

from workbench.tui.actions.values import Scope

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


def pane_of(scope: Scope) -> str:
    """The pane on which the actions of a scope are done."""
    return {Scope.PROVIDERS: "providers", Scope.EVENTS: "events"}.get(scope, "chat")


def add_panes(app: WorkbenchApp) -> None:
    """Tell Textual how each pane is made."""
    # Textual declares its screens without their result type.
    untyped = cast("Any", app)
    untyped.add_mode("chat", lambda: app.chat)
    untyped.add_mode("events", lambda: _styled_once(app, _events(app)))
    untyped.add_mode("providers", lambda: _styled_once(app, _providers(app)))


def _events(app: WorkbenchApp) -> Screen[Any]:
    from workbench.tui.events.pane import events_pane

    return events_pane(app)


def _providers(app: WorkbenchApp) -> Screen[Any]:
    from workbench.tui.screens.providers import ProvidersScreen

    return ProvidersScreen(app)


def _styled_once(app: WorkbenchApp, screen: Screen[Any]) -> Screen[Any]:
    # Textual would parse and apply all styles twice more for a screen that has not seen the theme in force.
    cast("Any", screen)._css_update_count = cast("Any", app)._css_update_count
    return screen
