"""What to do with an answer that broke off: asked over the transcript, without hiding what came."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from workbench.core.clock import Clock
from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog
from workbench.tui.state.turns import BrokenReply

QUIET_S: Final = 0.3
"""Nothing answers before the keys have rested for that long: whoever is typing has not read the question yet."""

_LONGEST_REASON = 160


class BrokenReplyScreen(Dialog[str]):
    """Its result is `continue`, `restart` or `keep`; None when it was taken away without an answer."""

    HELP = "c continues with the next provider, r restarts there, k or escape keeps what came, marked as not complete."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
    ]

    def __init__(self, turn_id: str, broken: BrokenReply, clock: Clock, typed: Callable[[str], None]) -> None:
        """`typed` gets the characters of somebody who is still writing."""
        super().__init__()
        self.turn_id = turn_id
        self.broken = broken
        self._clock = clock
        self._typed = typed
        self._quiet_since = clock.monotonic()
        self._marked = 0
        self._ways = _ways(broken)
        self._list = SafeStatic(id="broken-ways")

    def compose(self) -> ComposeResult:
        """What happened, and the ways on."""
        with Vertical(classes="dialog", id="broken-reply") as frame:
            set_border_title(frame, f"{self.broken.name} broke off")
            set_border_subtitle(frame, drawn("↑↓ enter choose · esc keep"))
            reason = clean_line(self.broken.reason, _LONGEST_REASON)
            yield SafeStatic(f"after {self.broken.characters:,} characters: {reason}")
            yield self._list

    def on_mount(self) -> None:
        """Nothing is answered at once."""
        self._quiet_since = self._clock.monotonic()
        self._draw()

    def _draw(self) -> None:
        lines: list[Content] = []
        for place, (way, text) in enumerate(self._ways):
            marked = place == self._marked
            sign = glyphs().current if marked else " "
            style = "bold" if marked else ""
            lines.append(Content.assemble((f"{sign} ", "$accent"), (f"{way[0]} ", "$accent"), (f" {text}", style)))
        self._list.show(Content("\n").join(lines))

    async def _on_key(self, event: events.Key) -> None:
        now = self._clock.monotonic()
        rested, self._quiet_since = now - self._quiet_since >= QUIET_S, now
        way = {"escape": "keep", "enter": self._ways[self._marked][0]}.get(event.key, "")
        way = way or next((name for name, _ in self._ways if name[0] == event.key), "")
        if not rested:
            event.stop()
            event.prevent_default()
            if event.character is not None and event.is_printable:
                self._typed(event.character)
        elif way:
            event.stop()
            event.prevent_default()
            self.dismiss(way)

    def action_move(self, step: int) -> None:
        """Mark another way."""
        self._marked = (self._marked + step) % len(self._ways)
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """A click takes a way; one on its way to something else comes too early as well."""
        if event.widget is self._list and self._clock.monotonic() - self._quiet_since >= QUIET_S:
            place = event.get_content_offset_capture(self._list).y
            if place < len(self._ways):
                self.dismiss(self._ways[place][0])


def _ways(broken: BrokenReply) -> list[tuple[str, str]]:
    if not broken.next_name:
        return [("keep", "Keep as it is: nobody else is left")]
    name = clean_line(broken.next_name, 80)
    return [("continue", f"Continue with {name}"), ("restart", f"Restart on {name}"), ("keep", "Keep as it is")]
