"""Labels and buttons of dialogs that take plain text; apart from `safe`, because no first paint has any."""

from __future__ import annotations

from typing import Literal

from textual.content import Content
from textual.widgets import Button, Label

from workbench.tui.safe import content_of


class SafeLabel(Label):
    """A `Label` that takes plain text or ready-made content."""

    def __init__(
        self,
        content: str | Content = "",
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Show `content`; a string is plain text."""
        super().__init__(content_of(content), markup=False, id=id, classes=classes)

    def show(self, content: str | Content) -> None:
        """Replace what is shown."""
        self.update(content_of(content))


class SafeButton(Button):
    """A `Button` whose label is plain text."""

    def __init__(
        self,
        label: str | Content,
        *,
        variant: Literal["default", "primary", "success", "warning", "error"] = "default",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Show `label`; a string is plain text."""
        super().__init__(content_of(label), variant=variant, id=id, classes=classes)
