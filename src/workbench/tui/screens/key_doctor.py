"""The key doctor: press a key and see what arrives, what it does, and who is known to take it."""

from __future__ import annotations

import os
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.actions.registry import ACTIONS
from workbench.tui.actions.values import readable_key
from workbench.tui.glyphs import drawn
from workbench.tui.keys.doctor import Finding, KeyPress, Tone, findings, surroundings
from workbench.tui.keys.terminals import around
from workbench.tui.markdown.textlines import wrap
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog

_TITLE_WIDTH = 12
_STYLES = {Tone.PLAIN: "$foreground", Tone.GOOD: "$success", Tone.TROUBLE: "bold $warning"}
_KEPT = 3


class KeyDoctorScreen(Dialog[None]):
    """Takes every key, also those that work everywhere; escape twice leaves."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/keys.tcss"]
    TAKES_EVERY_KEY: ClassVar[bool] = True
    """The application runs no action meanwhile."""
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        """Nothing was pressed yet."""
        super().__init__()
        self._here = around(os.environ)
        self._pressed: list[tuple[str, list[Finding]]] = []
        self._escaped = False

    def compose(self) -> ComposeResult:
        """Who is around, and the last keys."""
        with Vertical(classes="dialog", id="key-doctor") as frame:
            set_border_title(frame, "Key doctor")
            set_border_subtitle(frame, "esc esc close")
            yield SafeStatic(clean_line(surroundings(os.environ, self._here), 200), id="key-around")
            with VerticalScroll(id="key-scroll", can_focus=False):
                yield SafeStatic("Press any key. No key does anything here; escape twice leaves.", id="key-told")

    def on_key(self, event: events.Key) -> None:
        """Tell of it; the second escape in a row leaves."""
        event.stop()
        event.prevent_default()
        if event.key == "escape" and self._escaped:
            self.dismiss(None)
            return
        self._escaped = event.key == "escape"
        press = KeyPress(key=event.key, character=event.character, aliases=tuple(event.aliases))
        self._pressed = [(event.key, findings(press, ACTIONS, self._here)), *self._pressed][:_KEPT]
        self._draw()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        if self._pressed:
            self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        scroll = self.query_one("#key-scroll", VerticalScroll)
        width = max(scroll.scrollable_content_region.width, 20)
        # First, because what is known of several keys is more than a small screen shows.
        lines = [Content.styled("escape once more leaves", "bold $accent")] if self._escaped else []
        for key, found in self._pressed:
            lines.append(Content.styled(clean_line(readable_key(key), 40), "bold $accent"))
            lines += [line for finding in found for line in _lines(finding, width)]
        self.query_one("#key-told", SafeStatic).show(Content("\n").join(lines))
        scroll.scroll_home(animate=False)


def _lines(finding: Finding, width: int) -> list[Content]:
    text = drawn(clean_line(finding.text, 400))
    spans = wrap(text, max(width - _TITLE_WIDTH, 12))
    lead = f"{finding.title:<{_TITLE_WIDTH}}"
    return [
        Content.assemble(
            (lead if place == 0 else " " * _TITLE_WIDTH, "$text-muted"), (text[start:end], _STYLES[finding.tone])
        )
        for place, (start, end, _) in enumerate(spans)
    ]
