"""The providers pane: who is well, what each costs and how quick it is, and who would be asked now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.getters import query_one

from workbench.core.text import clean_line
from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.values import Scope
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.providers.board import Board
from workbench.tui.providers.detail import chain_of
from workbench.tui.providers.feed import ProviderFeed
from workbench.tui.providers.verbs import ProviderVerbs
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.chat_chrome import PANES
from workbench.tui.screens.side_pane import SidePane
from workbench.tui.state.pins import Pin
from workbench.tui.widgets.provider_detail import ProviderDetailView
from workbench.tui.widgets.provider_table import ProviderTable
from workbench.tui.widgets.status_bar import StatusBar
from workbench.tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp
    from workbench.tui.screens.add_key import NewKey

TICK_S = 1.0
"""How often countdowns and ages are drawn, and news looked for."""

_ROUTE_LINE = 62
"""Cells from which the route has a line of its own."""
_DETAILS_BESIDE = 130
"""Cells from which the details stand beside the table; the width of the class `-wide`."""
_EMPTY = (
    ("No provider is configured yet.", "bold $warning"),
    ("Press f2, then type /key to paste a key, or /demo to see a demonstration.", "$foreground"),
    ("/reload looks again for keys and local servers, /setup opens the configuration.", "$foreground"),
)
_KEYS = (
    (90, "space on/off · t test · T all · k key · u use now · b reset · ctrl+↑↓ order · e events"),
    (70, "space on/off  t test  k key  u use now  b reset  enter details"),
    (0, "t test  u use  enter details"),
)
_EMPTY_KEYS = "f2 chat · ctrl+p commands"
_DETAIL_KEYS = ((60, "u use now · t test · b reset · e events · esc back"), (0, "↑↓ scroll · e events · esc back"))


class ProvidersScreen(SidePane):
    """A table of providers and the details of the one under the cursor."""

    SCOPE = Scope.PROVIDERS
    CSS_PATH = "../styles/providers.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(Scope.PROVIDERS)]
    AUTO_FOCUS = "#provider-table"

    table = query_one(ProviderTable)
    details = query_one(ProviderDetailView)
    note = query_one("#provider-note", SafeStatic)
    empty = query_one("#provider-empty", SafeStatic)

    def __init__(self, host: WorkbenchApp) -> None:
        """Shows the providers of `host`; those of the configuration in force."""
        super().__init__()
        self._host = host
        self._shell = host.shell
        self.board = Board()
        self._noted: str | None = None
        self._feed = ProviderFeed(host.shell, self.board, lambda: host.desk.slot)
        self._verbs = ProviderVerbs(host, host.shell, self.board, self._feed, self.draw)

    def compose(self) -> ComposeResult:
        """The lines around, and two regions."""
        yield TabBar(PANES, "providers", id="tabs")
        with Horizontal(id="provider-body"):
            with Vertical(id="provider-region", classes="region"):
                yield SafeStatic(id="provider-note")
                yield ProviderTable(self.board, id="provider-table")
                yield SafeStatic(Content("\n").join(Content.styled(*line) for line in _EMPTY), id="provider-empty")
            yield ProviderDetailView(self.board, id="provider-details", classes="region")
        yield StatusBar((Scope.EVERYWHERE,), id="status")

    def on_mount(self) -> None:
        """Look for news and let the time pass once a second."""
        self.set_interval(TICK_S, self.tick)
        self.draw()

    def on_screen_resume(self) -> None:
        """It is looked at: hear what happens, and read at once."""
        self._feed.listen()
        self.tick()
        # What was drawn before the first layout could not know how much of the keys has room.
        self.call_after_refresh(self._entitle)

    def on_screen_suspend(self) -> None:
        """Nobody looks: hear nothing, read nothing."""
        self._feed.close()

    def on_unmount(self) -> None:
        """Hear nothing any more."""
        self._feed.close()

    def on_resize(self) -> None:
        """Titles and keys for the new width."""
        self.call_after_refresh(self.draw)

    def tick(self) -> None:
        """A second has passed: draw it, and read again when something may have changed."""
        if not self.is_current:
            return
        if self._feed.is_due():
            self._host.start_work(self._read(), group="providers-read")
        self.draw()

    async def _read(self) -> None:
        await self._feed.read()
        self.draw()

    async def _read_detail(self) -> None:
        await self._feed.read_detail()
        self.draw()

    def draw(self) -> None:
        """Show what the board holds."""
        if not self.is_mounted or not self.query(ProviderTable):
            # Work that ends while the application does.
            return
        now_ms = self._shell.clock.now_ms()
        nobody = self.board.has_read and not self.board.rows
        self.empty.display = nobody
        self.table.display = not nobody
        self.set_class(nobody, "-nobody")
        self._draw_note()
        self._entitle()
        self.table.update_rows(now_ms)
        self.details.update_text(now_ms)
        if self.board.has_read:
            self._host.take_statuses(self.board.rows)

    def _draw_note(self) -> None:
        board, signs = self.board, glyphs()
        problem = board.problem or ("" if board.has_read else self._shell.start_problem)
        if board.test_count:
            done = board.test_count - len(board.testing)
            text = f"{signs.running} testing: {done} of {board.test_count} done {signs.dot} esc stops"
            note = Content.styled(text, "$accent")
        elif problem:
            note = Content.assemble((f"{signs.failed} cannot be read: ", "$error"), clean_line(problem))
        elif not board.has_read:
            note = Content.styled(drawn("reading…"), "$text-muted")
        elif self._shell.offline:
            note = Content.styled(f"{signs.slow} offline: figures as stored, nobody is contacted", "$warning")
        else:
            note = self._route_line()
        if note.plain != self._noted:
            self._noted = note.plain
            self.note.display = bool(note.plain)
            self.note.show(note)

    def _route_line(self) -> Content:
        # The details tell it too, where they are in sight.
        route = self.board.route
        if route is None or not _ROUTE_LINE <= self.size.width < _DETAILS_BESIDE or not self.board.rows:
            return Content("")
        return Content.assemble("Route now: ", chain_of(route), (f"  {clean_line(route.strategy, 40)}", "$text-muted"))

    def _entitle(self) -> None:
        region = self.query_one("#provider-region")
        count = len(self.board.rows)
        set_border_title(region, drawn(f"Providers · {count} · times in s") if count else "Providers")
        width = region.size.width or self.size.width
        keys = next(keys for least, keys in _KEYS if width >= least) if self.board.rows else _EMPTY_KEYS
        set_border_subtitle(region, drawn(keys))
        width = self.details.size.width
        set_border_subtitle(self.details, drawn(next(keys for least, keys in _DETAIL_KEYS if width >= least)))

    @on(ProviderTable.Moved)
    def _moved(self) -> None:
        self.draw()
        self._host.start_work(self._read_detail(), group="providers-detail", exclusive=True)

    @on(ProviderTable.Opened)
    def _opened(self) -> None:
        self.action_open_detail()

    def action_open_detail(self) -> None:
        """Go to the details; where there is no room beside the table they take its place."""
        if self.board.current is None:
            return
        self.add_class("-detail-open")
        self.details.focus()
        self.call_after_refresh(self.draw)

    def action_step_back(self) -> None:
        """Stop a running test, else return to the table."""
        if self._verbs.stop_test():
            self._host.tell("The test was stopped.")
            return
        self.remove_class("-detail-open")
        self.table.focus()
        self.call_after_refresh(self.draw)

    def action_use_now(self) -> None:
        """Pin the provider under the cursor for the open conversation."""
        status = self.board.current
        if status is None:
            return
        slot = self._host.desk.slot
        title = clean_line(slot.title, 40) or ("this conversation" if slot.conversation_id else "the new conversation")
        why = {"disabled": "it is switched off; space switches it on", "no_key": "it has no key; k adds one"}
        refused = why.get(status.state, "" if status.model else "no model is configured for it")
        if slot.private and not status.private:
            refused = "it is not private, and the open conversation is"
        if refused:
            self._host.tell(f"{status.name} cannot be used: {refused}.", warning=True)
            return
        slot.pin = Pin(provider=status.name, model=status.model)
        self._host.start_work(self._host.desk.keep_pin(slot), group="pin")
        self._host.chat.refresh_chrome()
        self._host.tell(f"{slot.pin.name} answers in {title} from now on.")
        self._host.start_work(self._read_detail(), group="providers-detail", exclusive=True)

    def action_enable(self) -> None:
        """Switch the provider under the cursor on or off."""
        status = self.board.current
        if status is not None:
            self._host.start_work(self._verbs.enable(status.name, not status.enabled), group="providers-verb")

    def action_test(self) -> None:
        """Test the provider under the cursor."""
        status = self.board.current
        if status is not None:
            self._host.start_work(self._verbs.test([status.name]), group="providers-test")

    def action_test_all(self) -> None:
        """Test all that are switched on."""
        self._host.start_work(self._test_all(), group="providers-test")

    async def _test_all(self) -> None:
        if not self.board.has_read:
            await self._read()
        names = [status.name for status in self.board.rows if status.enabled]
        if names:
            await self._verbs.test(names)
        else:
            self._host.tell("There is no provider to test.", warning=True)

    def action_reset(self) -> None:
        """Reset breaker and keys of the provider under the cursor."""
        status = self.board.current
        if status is not None:
            self._host.start_work(self._verbs.reset(status.name), group="providers-verb")

    def action_move_row(self, step: int) -> None:
        """Move the provider under the cursor in the order of priority."""
        order = self.board.move_row(step)
        if order is not None:
            self.draw()
            self._host.start_work(self._verbs.reorder(order), group="providers-order")

    def action_undo_order(self) -> None:
        """Take the last change of order back."""
        order = self.board.undo()
        if order is None:
            self._host.tell("There is no change of order to take back.")
            return
        self.draw()
        self._host.start_work(self._verbs.reorder(order), group="providers-order")

    def action_add_key(self) -> None:
        """Ask for a key of the provider under the cursor."""
        status = self.board.current
        if status is None:
            return
        from workbench.tui.screens.add_key import AddKeyScreen

        name = status.name

        def answered(new: NewKey | None) -> None:
            if new is not None:
                self._host.start_work(self._verbs.add_key(name, new.key, new.place), group="providers-key")

        dialog = AddKeyScreen(name, lambda: self._shell.call(lambda core: core.provider_control.key_places()))
        self._host.push_screen(dialog, answered)

    def action_show_keys(self) -> None:
        """Show the keys of the provider under the cursor, to switch one off."""
        status = self.board.current
        if status is None:
            return
        if not any(key.ref for key in status.keys):
            self._host.tell(f"{status.name} has no key; k adds one.")
            return
        from workbench.tui.screens.provider_keys import ProviderKeysScreen

        name = status.name

        async def switching(ref: str, on: bool) -> None:
            await self._verbs.switch_key(name, ref, on)
            current = next((each for each in self.board.rows if each.name == name), None)
            if current is not None:
                dialog.show_keys(current.keys)

        def switch(ref: str, on: bool) -> None:
            self._host.start_work(switching(ref, on), group="providers-key")

        dialog = ProviderKeysScreen(name, status.keys, self._shell.clock.now_ms, switch)
        self._host.push_screen(dialog)

    def action_open_events(self) -> None:
        """Show the events that name the provider under the cursor."""
        status = self.board.current
        if status is not None:
            self._host.start_work(self._show_events(clean_line(status.name)), group="pane", exclusive=True)

    async def _show_events(self, text: str) -> None:
        from workbench.tui.screens.events import EventsScreen

        await self._host.show_pane("events")
        if isinstance(self._host.screen, EventsScreen):
            self._host.screen.filter_by(text)
