"""Jump mode: the screen is dimmed, and a letter stands on everything that can have the focus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.errors import NoWidget
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from workbench.tui.actions.registry import action_by_id
from workbench.tui.glyphs import glyphs
from workbench.tui.keys.jumping import Spot, spots
from workbench.tui.keys.names import printable
from workbench.tui.safe_controls import SafeLabel
from workbench.tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where a letter leads: to a widget or to a pane."""

    spot: Spot
    widget: Widget | None = None
    pane: str = ""


class JumpScreen(ModalScreen[Landing]):
    """Shows the letters; the next key that is one of them decides."""

    CSS_PATH = "../styles/keys.tcss"
    HELP = "Press the letter or digit of where to go; escape stays."

    def __init__(self, below: Screen[Any]) -> None:
        """`below` is the screen whose regions get letters."""
        super().__init__()
        self._size = below.size
        self._landings = landings(below)

    def compose(self) -> ComposeResult:
        """A label for each landing, and what to do."""
        for landing in self._landings:
            text = f"[{landing.spot.letter}]" if glyphs().ascii else f" {landing.spot.letter} "
            label = SafeLabel(text, classes="jump-label")
            label.styles.offset = (landing.spot.x, landing.spot.y)
            yield label
        told = "press a letter, or esc to stay" if self._landings else "nothing to jump to; esc"
        yield SafeLabel(told, id="jump-told")

    def on_key(self, event: events.Key) -> None:
        """Go there, or leave."""
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(None)
            return
        landing = next((one for one in self._landings if one.spot.letter == event.key), None)
        if landing is not None:
            self.dismiss(landing)

    def on_click(self) -> None:
        """The pointer has its own ways."""
        self.dismiss(None)

    def on_resize(self, event: events.Resize) -> None:
        """What the letters stood on is somewhere else now: leave."""
        if event.size != self._size:
            self.dismiss(None)


def landings(below: Screen[Any]) -> list[Landing]:
    """Everything on a screen that can have the focus and is in sight; of a pane also the other panes."""
    width, height = below.size
    panes = [] if below.is_modal else _panes(below)
    found: list[tuple[Widget, tuple[int, int]]] = []
    for widget in below.focus_chain:
        try:
            seen = below.find_widget(widget).visible_region
        except NoWidget:
            continue
        if seen.area:
            found.append((widget, (seen.x + 1, seen.y)))
    places = spots([corner for _, corner in found], width, height, [landing.spot for landing in panes])
    return panes + [Landing(spot=spot, widget=widget) for (widget, _), spot in zip(found, places, strict=False)]


def _panes(below: Screen[Any]) -> list[Landing]:
    try:
        tabs = below.query_one(TabBar)
    except NoMatches:
        return []
    here: list[Landing] = []
    for start, pane in tabs.places():
        sign = next((key for key in action_by_id(f"pane.{pane}").keys_in_force if printable(key) and len(key) == 1), "")
        if sign:
            here.append(Landing(spot=Spot(letter=sign, x=start, y=tabs.region.y), pane=pane))
    return here


def jumped(app: WorkbenchApp) -> Callable[[Landing | None], None]:
    """What happens when a letter was chosen."""

    def go(landing: Landing | None) -> None:
        if landing is None:
            return
        if landing.pane:
            app.action_show_pane(landing.pane)
        elif landing.widget is not None and landing.widget.is_attached:
            landing.widget.focus()

    return go
