"""What the panes beside the chat share."""

from __future__ import annotations

from workbench.tui.screens.switched import SwitchedScreen


class SidePane(SwitchedScreen):
    """A pane that is made when it is first shown."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No action before the parts are there: a key may arrive while the pane is being made."""
        return self.is_mounted
