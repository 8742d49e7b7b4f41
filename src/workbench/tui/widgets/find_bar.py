"""One line over the transcript: what is looked for, and how often it was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input

from workbench.tui.safe import SafeStatic

_LOOK_AGAIN_S: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class FindKeys:
    """What the bar tells of."""

    changed: Callable[[str], None]
    """Something else is looked for."""
    step: Callable[[int], None]
    """The next (1) or previous (-1) hit is wanted."""
    close: Callable[[], object]
    look_again: Callable[[], None]
    """Some time has passed: a running reply may have brought more."""


class FindBar(Horizontal):
    """Hidden until it is opened."""

    DEFAULT_CSS = """
    FindBar {
        height: 1;
        width: 1fr;
        padding: 0 1;
        background: $panel;
        display: none;

        & > #find-word { width: 6; color: $accent; text-style: bold; }
        & > #find-text { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
        & > #find-count { width: auto; max-width: 60%; height: 1; padding: 0 0 0 1; color: $foreground; }
    }
    """
    HELP = """\
Find in this conversation. Type; enter or down goes to the next hit, shift+enter or up to the one before, escape closes
and stays there. Capitals count when you type some; accents never do. In the transcript n and N step too.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("shift+enter,up", "step(-1)", "Previous hit", show=False, priority=True),
        Binding("down", "step(1)", "Next hit", show=False, priority=True),
    ]

    def __init__(self, keys: FindKeys, *, id: str | None = None) -> None:
        """Hidden and empty."""
        super().__init__(id=id)
        self._keys = keys
        self._looking: Timer | None = None
        self._field = Input(id="find-text", placeholder="type; enter next, esc close", select_on_focus=True)
        self._count = SafeStatic(id="find-count")

    def compose(self) -> ComposeResult:
        """A word, a field and a figure."""
        yield SafeStatic("Find", id="find-word")
        yield self._field
        yield self._count

    def on_mount(self) -> None:
        """Look again now and then, while it is shown."""
        self._looking = self.set_interval(_LOOK_AGAIN_S, self._keys.look_again, pause=not self.display)

    @property
    def typed(self) -> str:
        """What is looked for."""
        return self._field.value

    @property
    def told(self) -> str:
        """What is said of it."""
        return str(self._count.content)

    def open(self, text: str = "") -> str:
        """Show it, with `text` if there is any, and take the focus; what is looked for."""
        self.display = True
        if self._looking is not None:
            self._looking.resume()
        if text:
            self._field.value = text
        if self._field.is_attached:
            self._field.focus()
        else:
            self.call_after_refresh(self._field.focus)
        return self.typed

    def hide(self) -> None:
        """Show it no more."""
        self.display = False
        if self._looking is not None:
            self._looking.pause()

    def say(self, text: str) -> None:
        """Say what was found."""
        self._count.show(text)

    @on(Input.Changed, "#find-text")
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display:
            self._keys.changed(event.value)

    @on(Input.Submitted, "#find-text")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_step(1)

    def action_step(self, by: int) -> None:
        """Another hit is wanted."""
        self._keys.step(by)

    def action_close(self) -> None:
        """Enough."""
        self._keys.close()
