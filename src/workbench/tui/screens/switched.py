"""What all panes share: a person goes to and fro between them."""

from __future__ import annotations

from typing import Any, cast

from textual import on
from textual.events import Mount, ScreenResume, ScreenSuspend
from textual.screen import Screen


class SwitchedScreen(Screen[None]):
    """A pane that comes back with the styles it had, if nothing has happened to them: to work them out takes 20 ms."""

    _styled_for: object = None

    @property
    def _outside(self) -> object:
        """What of the application its styles depend on: they follow on a screen that is seen, and on no other."""
        app = cast("Any", self).app
        return app._css_update_count, app.classes, app.pseudo_classes

    @on(Mount)
    @on(ScreenSuspend)
    def _styles_are_right(self) -> None:
        self._styled_for = self._outside

    @on(ScreenResume)
    def _keep_styles(self, event: ScreenResume) -> None:
        if self._styled_for == self._outside:
            event.refresh_styles = False
