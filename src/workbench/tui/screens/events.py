"""The events pane: what just happened, live and stored, with filters and details."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.getters import query_one
from textual.widget import Widget

from workbench.core.errors import WorkbenchError
from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.telling import keys_that_fit
from workbench.tui.actions.values import Scope
from workbench.tui.events.detail import detail_of, detail_text, full_time
from workbench.tui.events.filters import TOO_SLOW, EventFilter, chips, next_level, without
from workbench.tui.events.going import belongings, message_of
from workbench.tui.events.model import EventsModel
from workbench.tui.events.prompting import EventsPrompt
from workbench.tui.events.reading import LogReading
from workbench.tui.events.shown import ShownEvents, slice_of_time
from workbench.tui.events.surroundings import Surroundings
from workbench.tui.events.telling import keys_of_details, number, state_text
from workbench.tui.events.values import EventRow
from workbench.tui.glyphs import drawn
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.side_pane import SidePane
from workbench.tui.widgets.event_chips import EventChips
from workbench.tui.widgets.event_view import EventView, level_sign

UPDATE_S = 0.1
"""How often rows that came are shown."""
_BUSY = 1_000
"""Events a second from which the list is drawn a third as often: nobody reads that fast."""
_BETWEEN_SLICES_S = 0.005

EMPTY = "Nothing has happened yet. Ask something with f2: each step of it shows up here, and stays."
EMPTY_FILTER = "No event fits the filter. c clears it, backspace takes its last condition away."
SEARCHING = "Looking through the stored events ..."


class EventsScreen(SidePane):
    """Shows an `EventsModel` that others fill, and before it what is stored."""

    CSS_PATH = "../styles/events.tcss"
    SCOPE = Scope.EVENTS
    HELP = "Everything that happened, newest at the end. It follows the end until you move; end follows again."
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(Scope.EVENTS)]

    chips = query_one("#events-chips", EventChips)
    prompt = query_one(EventsPrompt)
    detail = query_one("#events-detail-region", VerticalScroll)

    def __init__(
        self, model: EventsModel, around: Surroundings, *, top: Sequence[Widget] = (), bottom: Sequence[Widget] = ()
    ) -> None:
        """`top` and `bottom` are the lines around the pane, if any."""
        super().__init__()
        self._model, self._around, self._lines = model, around, (tuple(top), tuple(bottom))
        self._shown = ShownEvents(model)
        self._reading = LogReading(around.log, self._shown, self._more_was_found)
        self._read_for = -1
        self._view = EventView(self._shown, id="events")
        self._count_at_tick = model.end
        self._rate = 0.0
        self._ticks = 0
        self._looking = False
        self._told: tuple[object, ...] = ()
        self._seen_first = model.first

    def compose(self) -> ComposeResult:
        """A region with conditions and rows, and one for details."""
        top, bottom = self._lines
        yield from top
        with Vertical(id="events-region"):
            yield EventChips(id="events-chips")
            yield EventsPrompt(self._names, self._around.now_ms)
            yield self._view
            yield SafeStatic(EMPTY, id="events-empty")
        with VerticalScroll(id="events-detail-region", can_focus=True):
            yield SafeStatic(id="events-detail")
        yield from bottom

    def on_mount(self) -> None:
        """Look at the model now and then, and read what is stored."""
        set_border_title(self.query_one("#events-region"), "Events")
        set_border_subtitle(self.detail, keys_of_details())
        self._view.focus()
        self.set_interval(UPDATE_S, self._tick)
        self.set_interval(1.0, self._measure_rate)
        self.update_rows()

    def _names(self) -> dict[str, list[str]]:
        around = self._around.names()
        return {
            name: list(dict.fromkeys([*around.get(name, ()), *reversed(known)]))
            for name, known in self._model.known.names.items()
        }

    # -- what is shown -----------------------------------------------------------------------------------------

    def update_rows(self) -> None:
        """Show what came since the last look; does nothing while another screen is in front."""
        if not self.is_current or self._looking or self._expression_was_given_up():
            return
        self._looking = not self._shown.look(slice_of_time())
        if self._looking:
            # The rest soon: keys and other screens come first.
            self.set_timer(_BETWEEN_SLICES_S, self._look_on)
        elif self._read_for != self._shown.generation:
            self._read_for = self._shown.generation
            self._around.start_work(self._read(), group="events-read", exclusive=True)
        elif self._model.first != self._seen_first:
            self._seen_first = self._model.first
            self._around.start_work(self._catch_up(), group="events-catch-up", exclusive=True)
        self._view.update_rows()
        self._show_state()

    def _tick(self) -> None:
        self._ticks += 1
        if self._rate < _BUSY or self._ticks % 3 == 0:
            self.update_rows()

    def _look_on(self) -> None:
        self._looking = False
        self.update_rows()

    def _more_was_found(self) -> None:
        if self.is_mounted and not self._expression_was_given_up():
            self._view.update_rows()
            self._show_state()

    async def _read(self) -> None:
        try:
            await self._reading.read()
        except WorkbenchError as error:
            self._cannot_read(error)
        self._more_was_found()

    def _cannot_read(self, error: WorkbenchError) -> None:
        self._around.tell(f"Stored events cannot be read: {error}", warning=True)

    async def _catch_up(self) -> None:
        if await self._reading.catch_up():
            self._view.rows_came()

    @on(EventView.RowsWanted)
    def _rows_wanted(self) -> None:
        self._around.start_work(self._load_rows(), group="events-rows", exclusive=True)

    async def _load_rows(self) -> None:
        try:
            await self._reading.load(*self._view.ranks_in_sight)
        except WorkbenchError as error:
            self._cannot_read(error)
            self._view.rows_failed()
        else:
            self._view.rows_came()

    def on_screen_resume(self) -> None:
        """Catch up with what came meanwhile."""
        self.update_rows()

    def _measure_rate(self) -> None:
        came = self._model.end - self._count_at_tick
        self._count_at_tick = self._model.end
        self._rate = float(came)

    def on_resize(self) -> None:
        """Conditions and keys for the new width."""
        self._told = ()
        self.call_after_refresh(self._show_state)

    def _show_state(self) -> None:
        if not self.is_mounted:
            return
        count, new_rows = len(self._shown), 0 if self._view.following else self._view.new_rows
        state = (
            self._shown.filter, self._shown.held_at, count, self._shown.waiting, new_rows, self._reading.is_done,
            self._rate, self.size.width,
        )  # fmt: skip
        if state == self._told:
            return
        self._told = state
        self.chips.show(chips(self._shown.filter), state_text(self._shown, self._reading, self._rate, self.size.width))
        empty = self.query_one("#events-empty", SafeStatic)
        empty.display, self._view.display = count == 0, count > 0
        if count == 0:
            told = EMPTY if self._shown.filter.is_open else EMPTY_FILTER
            empty.show(told if self._reading.is_done else SEARCHING)
        if self.focused is None and count:
            self._view.focus()
        elif count == 0 and self._view.has_focus:
            # What has no display has no focus, and keys of the screen work without one.
            self.set_focus(None)
        region = self.query_one("#events-region")
        if new_rows:
            set_border_subtitle(region, drawn(f"{number(new_rows)} new · end"))
        else:
            set_border_subtitle(region, keys_that_fit(Scope.EVENTS, self.size.width - 6))

    # -- filter ------------------------------------------------------------------------------------------------

    def show_only(self, chosen: EventFilter) -> None:
        """Show what `chosen` lets through, near where the reader is."""
        if chosen == self._shown.filter:
            return
        row = None if self._view.following else self._view.cursor_row
        self._shown.set_filter(chosen)
        self._looking = False
        self._view.renew()
        self.update_rows()
        self._show_detail()
        if row is not None:
            self._view.following = False
            self._around.start_work(self._return_to(row), group="events-jump", exclusive=True)

    def _expression_was_given_up(self) -> bool:
        chosen = self._shown.filter
        if not chosen.is_too_slow:
            return False
        problem = f"/{chosen.pattern}/ {TOO_SLOW}"
        self.show_only(without(chosen, "pattern"))
        if self.prompt.display:
            self.prompt.take_back(problem)
        else:
            self._around.tell(f"{problem}; it filters nothing.", warning=True)
        return True

    def filter_by(self, text: str) -> None:
        """Show the events with this text, of every level and source; all of them when it is empty."""
        self.show_only(EventFilter(text=text))

    @on(EventsPrompt.FilterTyped)
    def _filter_typed(self, event: EventsPrompt.FilterTyped) -> None:
        self.show_only(event.chosen)

    @on(EventsPrompt.Closed)
    def _prompt_closed(self) -> None:
        self.set_focus(self._view if self._view.display else None)

    @on(EventChips.Removed)
    def _chip_removed(self, event: EventChips.Removed) -> None:
        self.show_only(without(self._shown.filter, event.name))

    def action_filter(self) -> None:
        """Type what to show."""
        self.prompt.open_for_filter(self._shown.filter)

    def action_clear_filter(self) -> None:
        """Show everything."""
        self.show_only(EventFilter())

    def action_drop_chip(self) -> None:
        """Take the last condition away."""
        conditions = chips(self._shown.filter)
        if conditions:
            self.show_only(without(self._shown.filter, conditions[-1].name))

    def action_next_level(self) -> None:
        """Show what matters more; after the errors everything."""
        self.show_only(replace(self._shown.filter, level=next_level(self._shown.filter.level)))

    def action_next_source(self) -> None:
        """Show the next source only, after the last one all."""
        sources: list[tuple[str, ...]] = [(), *((name,) for name in sorted(self._model.known.names["source"]))]
        now = self._shown.filter.source
        index = sources.index(now) if now in sources else 0
        self.show_only(replace(self._shown.filter, source=sources[(index + 1) % len(sources)]))

    def action_only_this(self) -> None:
        """Show what belongs to the same turn as the event under the cursor; then other things it belongs to."""
        row = self._view.cursor_row
        if row is None:
            return
        choices = belongings(row)
        if not choices:
            self._around.tell("This event belongs to no turn, conversation, task or provider.")
            return
        self._view.stay()
        now = self._shown.filter
        place = choices.index(now) + 1 if now in choices else 0
        self.show_only(choices[place] if place < len(choices) else EventFilter())

    # -- moving ------------------------------------------------------------------------------------------------

    def action_pause(self) -> None:
        """Hold the list still, or go on."""
        self._shown.held_at = self._model.end if self._shown.held_at is None else None
        self.update_rows()

    def action_jump_to_time(self) -> None:
        """Type a time to go to."""
        self.prompt.open_for_time()

    @on(EventsPrompt.TimeChosen)
    def _time_chosen(self, event: EventsPrompt.TimeChosen) -> None:
        self._around.start_work(self._jump(event.at_ms), group="events-jump", exclusive=True)

    async def _return_to(self, row: EventRow) -> None:
        rank = await self._reading.rank_at(row.at_ms)
        if rank is not None and not self._view.is_placed:
            self._view.show_in_the_middle(self._shown.same_row(row, rank))

    async def _jump(self, at_ms: int) -> None:
        rank = await self._reading.rank_at(at_ms)
        if rank is None:
            return
        self._view.show_in_the_middle(rank)
        row = self._view.cursor_row
        if row is not None and row.at_ms < at_ms:
            self._around.tell(f"Nothing since then; the last event is of {full_time(row.at_ms)}.")

    def action_neighbour(self, step: int) -> None:
        """Go to the event after or before."""
        self._view.action_move(step)

    def action_detail(self) -> None:
        """Open the details; when they are open, go into them to scroll."""
        if self.detail.display:
            self.detail.focus()
        elif self._view.cursor is not None:
            self._view.stay()
            self.detail.display = True
            self._show_detail()

    @on(EventView.Chosen)
    def _chosen(self) -> None:
        self.action_detail()

    @on(EventView.Moved)
    def _moved(self) -> None:
        self._told = ()
        self._show_state()
        self._show_detail()

    def _show_detail(self) -> None:
        if not self.detail.display:
            return
        row = self._view.cursor_row
        if row is None:
            self.detail.display = self._view.cursor is not None
            return
        set_border_title(self.detail, f"{level_sign(row.level)} {row.kind}")
        self.query_one("#events-detail", SafeStatic).show(detail_of(row))

    def action_step_back(self) -> None:
        """Close the line, then the details, then follow again."""
        if self.prompt.display:
            self.prompt.cancel()
        elif self.detail.display:
            self.detail.display = False
            self.set_focus(self._view if self._view.display else None)
        elif self.chips.has_focus:
            self.set_focus(self._view if self._view.display else None)
        elif not self._view.following:
            self._view.action_follow()

    # -- out of here -------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Copy the event under the cursor, with its details."""
        row = self._view.cursor_row
        if row is not None:
            self._around.copy(detail_text(row))

    def action_go_to(self) -> None:
        """Open what the event under the cursor is about."""
        row = self._view.cursor_row
        if row is None:
            return
        self._view.stay()
        if row.conversation_id:
            self._around.start_work(self._go_to_message(row.conversation_id), group="events-go", exclusive=True)
        elif row.provider:
            self._around.open_provider(row.provider)
        else:
            self._around.tell("This event is about no message, task or provider.")

    async def _go_to_message(self, conversation_id: str) -> None:
        row = self._view.cursor_row
        message_id = await message_of(row, self._model, self._around.log) if row is not None else ""
        self._around.open_message(conversation_id, message_id)

    def action_export(self) -> None:
        """Write what the filter shows to a file."""
        from workbench.tui.events.export import EventExport
        from workbench.tui.screens.event_export import event_export_screen

        work = EventExport(self._around.log, self._model, self._shown.filter)
        self._around.open_dialog(event_export_screen(work, self._around, len(self._shown)))
