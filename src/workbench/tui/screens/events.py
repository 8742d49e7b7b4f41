"""The events pane: what just happened, live, with filters and details."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from workbench.core.errors import WorkbenchError
from workbench.core.events import Level
from workbench.core.text import clean, clean_line
from workbench.tui.events.model import EventFilter, EventRow, EventsModel, FilteredEvents, Stored
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title, toast
from workbench.tui.widgets.event_view import LEVEL_WORDS, EventView, level_sign

if TYPE_CHECKING:
    from workbench.core.events import Event

UPDATE_S = 0.1
"""How often rows that came are shown."""

EMPTY = "Nothing has happened yet. Ask something with f2; what happens shows up here."
EMPTY_FILTER = "No event fits the filter. Press 5 to show all of them."
_DETAIL_LIMIT = 4_000
_SHORT_VALUE = 60
_KEYS = "/ filter · space pause · 1-4 level · 5 all · s source · enter detail · end follow"
_FEW_KEYS = "/ filter  space pause  enter detail"

LEVELS = (Level.DEBUG, Level.INFO, Level.WARNING, Level.ERROR)


class EventsScreen(Screen[None]):
    """Shows an `EventsModel` that others fill."""

    DEFAULT_CSS = """
    EventsScreen {
        background: $background;
        #events-region {
            height: 1fr;
            background: $surface;
            border: round $accent 40%;
            border-title-color: $text-muted;
            border-subtitle-color: $text-muted;
            &:focus-within { border: heavy $accent; border-title-color: $accent; border-title-style: bold; }
        }
        #events-chips { height: 1; padding: 0 1; }
        #events-search { height: 1; border: none; padding: 0 1; display: none; background: $panel; }
        #events-empty { height: 1fr; padding: 1 2; color: $text-muted; display: none; &:ansi { text-style: dim; } }
        #events-detail-region {
            height: auto;
            max-height: 50%;
            background: $surface;
            border: round $accent 40%;
            border-title-color: $text-muted;
            border-subtitle-color: $text-muted;
            padding: 0 1;
            display: none;
            &:focus { border: heavy $accent; border-title-color: $accent; border-title-style: bold; }
        }
        #events-detail { height: auto; }
        &.-ascii #events-region, &.-ascii #events-detail-region { border: ascii $accent; }
    }
    """

    HELP = """\
Everything that just happened, newest at the end. It follows the end until you move; end follows again. 1 shows every
level, 2 info and up, 3 warnings, 4 errors, 5 takes all filters away; s goes through the sources; / filters by text.
"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Filter", id="events.search"),
        Binding("space", "pause", "Pause", id="events.pause"),
        Binding("s", "next_source", "Source", id="events.source"),
        Binding("1", "level(10)", "Every level", show=False, id="events.level_debug"),
        Binding("2", "level(20)", "Info and up", show=False, id="events.level_info"),
        Binding("3", "level(30)", "Warnings and up", show=False, id="events.level_warning"),
        Binding("4", "level(40)", "Errors", show=False, id="events.level_error"),
        Binding("5", "all", "All events", show=False, id="events.all"),
        Binding("y", "copy", "Copy", show=False, id="events.copy"),
        Binding("o", "open_conversation", "Open conversation", show=False, id="events.open"),
        Binding("escape", "step_back", "Back", show=False, id="events.back"),
    ]

    class ConversationWanted(Message):
        """The conversation of the event under the cursor is to be opened."""

        def __init__(self, conversation_id: str) -> None:
            """`conversation_id` is the one to open."""
            super().__init__()
            self.conversation_id = conversation_id

    class CopyWanted(Message):
        """A text is to be put on the clipboard."""

        def __init__(self, text: str) -> None:
            """`text` is cleaned."""
            super().__init__()
            self.text = text

    def __init__(
        self,
        model: EventsModel,
        load_stored: Callable[[], Awaitable[Sequence[Stored]]],
        *,
        top: Sequence[Widget] = (),
        bottom: Sequence[Widget] = (),
    ) -> None:
        """`load_stored` gives the newest stored events, oldest first, and is awaited once.

        `top` and `bottom` are the lines around the pane, if any.
        """
        super().__init__()
        self._model = model
        self._load_stored = load_stored
        self._around = (tuple(top), tuple(bottom))
        self._shown = FilteredEvents(model)
        self._view = EventView(self._shown, id="events")
        self._seen_end = -1
        self._count_at_tick = model.end
        self._rate = 0.0

    def compose(self) -> ComposeResult:
        """A region with chips and rows, and one for details."""
        top, bottom = self._around
        yield from top
        with Vertical(id="events-region"):
            yield SafeStatic(id="events-chips")
            yield Input(placeholder="text to look for; enter keeps it, esc takes it away", id="events-search")
            yield self._view
            yield SafeStatic(EMPTY, id="events-empty")
        with VerticalScroll(id="events-detail-region", can_focus=True):
            yield SafeStatic(id="events-detail")
        yield from bottom

    def on_mount(self) -> None:
        """Look at the model now and then, and read what is stored."""
        self.set_class(glyphs().ascii, "-ascii")
        region = self.query_one("#events-region")
        set_border_title(region, "Events")
        set_border_subtitle(self.query_one("#events-detail-region"), drawn("y copy · o open conversation · esc close"))
        self._view.focus()
        self.set_interval(UPDATE_S, self.update_rows)
        self.set_interval(1.0, self._measure_rate)
        self._show_state()
        self._load()

    @work(group="events-load", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        if self._model.has_loaded:
            return
        try:
            self._model.load(await self._load_stored())
        except WorkbenchError as error:
            toast(self, f"Stored events cannot be read: {error}", "warning")
        self._seen_end = -1
        self.update_rows()
        self._show_state()

    def add_events(self, events: Sequence[Event]) -> None:
        """Take live events; the same as filling the model."""
        self._model.extend(events)

    def update_rows(self) -> None:
        """Show what came since the last look; does nothing while another screen is in front."""
        if not self.is_current or self._model.end == self._seen_end:
            return
        self._seen_end = self._model.end
        self._view.update_rows()
        self._show_state()

    def on_screen_resume(self) -> None:
        """Catch up with what came meanwhile."""
        self._seen_end = -1
        self.update_rows()

    def _measure_rate(self) -> None:
        came = self._model.end - self._count_at_tick
        self._count_at_tick = self._model.end
        if float(came) != self._rate and self.is_current:
            self._rate = float(came)
            self._show_state()

    def on_resize(self) -> None:
        """Chips and keys for the new width."""
        self._show_state()

    def _show_state(self) -> None:
        if not self.is_mounted:
            return
        count = len(self._shown)
        chips = self.query_one("#events-chips", SafeStatic)
        chips.show(self._chips(), layout=False)
        empty = self.query_one("#events-empty", SafeStatic)
        empty.display = count == 0
        self._view.display = count > 0
        if count == 0:
            empty.show(EMPTY if self._shown.filter.is_open else EMPTY_FILTER)
            if self._view.has_focus or self.focused is None:
                # What has no display has no focus, and keys of the screen work without one.
                self.set_focus(None)
        elif self.focused is None:
            self._view.focus()
        region = self.query_one("#events-region")
        region.set_class(self.focused is None, "-empty")
        if not self._view.following and self._view.new_rows:
            set_border_subtitle(region, f"{_number(self._view.new_rows)} new {glyphs().dot} End")
        else:
            set_border_subtitle(region, drawn(_KEYS if self.size.width >= 100 else _FEW_KEYS))

    def _chips(self) -> Content:
        chosen = self._shown.filter
        signs = glyphs()
        wide = self.size.width >= 100
        parts: list[Content | str | tuple[str, str]] = []

        def chip(name: str, value: str, *, active: bool) -> None:
            if wide or active:
                parts.append((f"{name} " if wide else "", "$text-muted"))
                parts.append((f"{value}   ", "bold $accent" if active else "$foreground"))

        least = f"{'>=' if signs.ascii else '≥'} {LEVEL_WORDS[chosen.level]}"
        chip("level", least if chosen.level > Level.DEBUG else "all", active=chosen.level > Level.DEBUG)
        chip("source", clean_line(chosen.source) or "all", active=bool(chosen.source))
        quoted = f"'{clean_line(chosen.text, 30)}'" if signs.ascii else f"‹{clean_line(chosen.text, 30)}›"
        chip("text", quoted if chosen.text else "any", active=bool(chosen.text))
        left = Content.assemble(*parts)
        right = self._state_chip(wide=wide)
        gap = self.size.width - 4 - left.cell_length - right.cell_length
        return Content.assemble(left, " " * max(gap, 1), right)

    def _state_chip(self, *, wide: bool) -> Content:
        signs = glyphs()
        count, total = len(self._shown), len(self._model)
        counts = _number(count) if count == total else f"{_number(count)} of {_number(total)}"
        if self._shown.held_at is not None:
            waiting = self._shown.waiting
            state = (f"{signs.paused} paused" + (f" {signs.dot} {_number(waiting)} new" if waiting else ""), "$warning")
        else:
            rate = f"   {self._rate:.0f}/s" if wide and self._rate else ""
            state = (f"{signs.ok} live{rate}", "$success")
        return Content.assemble((f"{counts}   ", "$text-muted"), state)

    def _apply(self, chosen: EventFilter) -> None:
        self._shown.set_filter(chosen)
        self._view.renew()
        self._show_state()
        self._show_detail_again()

    def action_level(self, level: int) -> None:
        """Show events of at least this level."""
        self._apply(replace(self._shown.filter, level=Level(level)))

    def action_all(self) -> None:
        """Take all filters away."""
        self.filter_by("")

    def filter_by(self, text: str) -> None:
        """Show the events with this text, of every level and source; all of them when it is empty."""
        self.query_one("#events-search", Input).value = text
        self._apply(EventFilter(text=text))

    def action_next_source(self) -> None:
        """Show the next source only, after the last one all."""
        sources = ["", *sorted(self._model.sources)]
        now = self._shown.filter.source
        index = sources.index(now) if now in sources else 0
        self._apply(replace(self._shown.filter, source=sources[(index + 1) % len(sources)]))

    def action_search(self) -> None:
        """Type a text to look for."""
        search = self.query_one("#events-search", Input)
        search.display = True
        search.focus()

    @on(Input.Changed, "#events-search")
    def _search_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._shown.filter.text:
            self._apply(replace(self._shown.filter, text=event.value))

    @on(Input.Submitted, "#events-search")
    def _search_done(self, event: Input.Submitted) -> None:
        event.stop()
        self._close_search()

    def _close_search(self) -> None:
        self.query_one("#events-search").display = False
        if self._view.display:
            self._view.focus()
        else:
            self.set_focus(None)

    def action_pause(self) -> None:
        """Hold the list still, or go on."""
        self._shown.held_at = self._model.end if self._shown.held_at is None else None
        self._seen_end = -1
        self.update_rows()
        self._show_state()

    @on(EventView.Chosen)
    def _open_detail(self) -> None:
        self.query_one("#events-detail-region").display = True
        self._show_detail_again()

    @on(EventView.Moved)
    def _moved(self) -> None:
        self._show_state()
        self._show_detail_again()

    def _show_detail_again(self) -> None:
        region = self.query_one("#events-detail-region")
        row = self._view.cursor_row
        if not region.display:
            return
        if row is None:
            region.display = False
            return
        set_border_title(region, f"{level_sign(row.level)} {row.kind}")
        self.query_one("#events-detail", SafeStatic).show(detail_of(row))

    def action_step_back(self) -> None:
        """Close the search, then the detail, then follow again."""
        search = self.query_one("#events-search", Input)
        detail = self.query_one("#events-detail-region")
        if search.has_focus:
            search.value = ""
            self._close_search()
        elif detail.display:
            detail.display = False
            if self._view.display:
                self._view.focus()
        elif not self._view.following:
            self._view.action_follow()

    def action_copy(self) -> None:
        """Copy the event under the cursor, with its details."""
        row = self._view.cursor_row
        if row is not None:
            self.post_message(self.CopyWanted(f"{_time(row)} {LEVEL_WORDS[row.level]} {detail_of(row).plain}"))

    def action_open_conversation(self) -> None:
        """Open the conversation that the event under the cursor belongs to."""
        row = self._view.cursor_row
        if row is not None and row.conversation_id:
            self.post_message(self.ConversationWanted(row.conversation_id))


def detail_of(row: EventRow) -> Content:
    """Everything known of an event, cleaned: its line, its own fields, and where it belongs."""
    own = [(name, _shown_value(value)) for name, value in row.data.items() if value not in (None, "", (), [], {})]
    common = [
        ("source", row.source),
        ("level", LEVEL_WORDS.get(row.level, str(int(row.level)))),
        ("at", _time(row)),
        ("turn", row.correlation),
        ("conversation", row.conversation_id or ""),
    ]
    parts: list[Content | str | tuple[str, str]] = [Content(clean(row.text))]
    left = _DETAIL_LIMIT
    for facts in (own, common):
        before = "\n"
        for name, value in facts:
            text = clean(value)[: max(left, 20)]
            if not text:
                continue
            left -= len(text)
            # A long value begins a line of its own, and so does what follows it.
            own_line = len(text) > _SHORT_VALUE or "\n" in text
            parts.extend(("\n" if own_line else before, (f"{clean_line(name, 60)} ", "$text-muted"), Content(text)))
            before = "\n" if own_line else "   "
    return Content.assemble(*parts)


def _shown_value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _time(row: EventRow) -> str:
    moment = datetime.fromtimestamp(row.at_ms / 1000).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S}.{row.at_ms % 1000:03d}"


def _number(count: int) -> str:
    return f"{count:,}".replace(",", "\u2009" if not glyphs().ascii else " ")
