"""The history pane: everything ever said can be found, walked through and gone on with, without a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.getters import query_one

from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.values import Scope
from workbench.tui.chat.views import Around
from workbench.tui.history.comparing import Comparing
from workbench.tui.history.finding import HitWalk
from workbench.tui.history.organizing import verbs_of_history
from workbench.tui.history.port import CoreHistory
from workbench.tui.history.query import Asked
from workbench.tui.history.reading import Reading
from workbench.tui.history.searching import Searching
from workbench.tui.history.showing import Showing
from workbench.tui.history.taking import Taking
from workbench.tui.history.telling import border_of_results, empty_text, note_of, reader_title
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.chat_chrome import PANES
from workbench.tui.screens.side_pane import SidePane
from workbench.tui.widgets.branch_tree import BranchTree
from workbench.tui.widgets.filter_chips import FilterChips
from workbench.tui.widgets.history_query import HistoryQuery
from workbench.tui.widgets.history_reader import HistoryReader
from workbench.tui.widgets.history_status import HistoryStatus
from workbench.tui.widgets.message_body import MessageBody
from workbench.tui.widgets.result_list import ResultList
from workbench.tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

LOOK_S = 0.5
"""How often it is looked whether conversations have changed."""
_HEIGHTS = [(0, "-tiny"), (8, "-short"), (30, "-tall")]
_REGIONS = ("search", "branches", "reader")


class HistoryScreen(SidePane):
    """Search, branches and reader: three regions side by side, two, or one at a time."""

    CSS_PATH = "../styles/history.tcss"
    SCOPE = Scope.HISTORY
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(Scope.HISTORY)]
    AUTO_FOCUS = "#history-query"
    VERTICAL_BREAKPOINTS = _HEIGHTS

    query_line = query_one(HistoryQuery)
    chips = query_one(FilterChips)
    results = query_one(ResultList)
    branches = query_one(BranchTree)
    reader = query_one(HistoryReader)
    note = query_one("#history-note", SafeStatic)
    empty = query_one("#history-empty", SafeStatic)

    def __init__(self, host: WorkbenchApp) -> None:
        """Shows what is stored in the home of `host`."""
        super().__init__()
        self._host, self._shell = host, host.shell
        self._history = CoreHistory(host.shell)
        self.searching = Searching(host, self._history, host.shell.clock, self._answered)
        self._again: tuple[str, str | None] | None = None
        """The row that the cursor comes back to after the same search was made again."""
        self._seen_version = -1

    def compose(self) -> ComposeResult:
        """The lines around, and three regions."""
        yield TabBar(PANES, "history", id="tabs")
        with Horizontal(id="history-body"):
            with Vertical(id="history-search", classes="region"):
                yield HistoryQuery(self._leave_query, id="history-query")
                yield FilterChips(id="history-chips")
                yield SafeStatic(id="history-note")
                yield ResultList(self._shell.clock.now_ms, id="history-results")
                yield SafeStatic(id="history-empty")
            yield BranchTree(id="history-branches", classes="region")
            yield HistoryReader(id="history-reader", classes="region")
        yield HistoryStatus((Scope.EVERYWHERE,), id="status")

    def on_mount(self) -> None:
        """Join the parts and list all conversations."""
        self.reading = Reading(self._history, self.reader, self._around)
        self.walk = HitWalk(self.reader, self.reading.more)
        found = (self.searching, self.results)
        self.showing = Showing(
            self._host, self.reading, self.walk, found, shown=self._read_shown, gone=self._gone
        )  # fmt: skip
        self.taking = Taking(self._host, self._history, self.reading, self.reader)
        self.verbs = verbs_of_history(self._host, self.results, self.search_again, self._show_state)
        self.comparing = Comparing(self._host, self._history, self.reading, self._show_tree)
        self._ways: Mapping[str, Callable[[], None]] = {
            **self.taking.ways, **self.comparing.ways,
            "branch_before": partial(self.showing.sibling, -1), "branch_after": partial(self.showing.sibling, 1),
        }  # fmt: skip
        set_border_title(self.query_one("#history-search"), "Search")
        set_border_title(self.branches, "Branches")
        self.reader.empty_text = "Nothing is read yet: up and down choose a conversation."
        self._go_to("search")
        self._seen_version = self._shell.state.conversations_version
        self.searching.ask(self.searching.asked, at_once=True)
        self.set_interval(LOOK_S, self._look)

    def on_screen_resume(self) -> None:
        """Something may have been said meanwhile."""
        self._look()
        self.call_after_refresh(self._show_state)

    def _look(self) -> None:
        """When conversations have changed make the same search again, as long as one is on its first page."""
        version = self._shell.state.conversations_version
        if not self.is_current or version == self._seen_version or self.searching.running:
            return
        self._seen_version = version
        if self.searching.is_answered and not self.searching.has_read_on:
            self.search_again()

    def search_again(self) -> None:
        """The store has changed: the same search again; cursor and reader stay where they are."""
        row = self.results.row
        self._again = row.key if row is not None else None
        self.reading.forget()
        self.searching.ask(self.searching.asked, at_once=True)

    def on_resize(self) -> None:
        """Titles and keys for the new width."""
        self.call_after_refresh(self._show_state)

    def _around(self) -> Around:
        return Around(now_ms=self._shell.clock.now_ms(), scripted=self._shell.scripted)

    # -- regions -----------------------------------------------------------------------------------------------

    def _go_to(self, region: str) -> None:
        """Let a region be seen where there is no room for all."""
        for name in _REGIONS:
            self.set_class(name == region, f"-at-{name}")

    def focus_query(self) -> None:
        """Be where one types."""
        self._go_to("search")
        self.query_line.focus()

    def _focus_results(self) -> None:
        self._go_to("search")
        (self.results if self.results.display else self.query_line).focus()

    def _focus_reader(self) -> None:
        self._go_to("reader")
        self.reader.focus()

    # -- search ------------------------------------------------------------------------------------------------

    def look_for(self, asked: Asked) -> None:
        """Search for something else; the field shows it."""
        self._again = None
        if self.query_line.value != asked.words:
            self.query_line.value = asked.words
            self.query_line.cursor_position = len(asked.words)
        self.searching.ask(asked)
        self._show_state()

    @on(HistoryQuery.Changed)
    def _typed(self, event: HistoryQuery.Changed) -> None:
        event.stop()
        # More may have been typed since: what the event tells would be put back into the field.
        typed = self.query_line.value
        if typed != self.searching.asked.words:
            self.look_for(self.searching.asked.typed(typed))

    def _leave_query(self) -> None:
        asked = self.searching.asked
        ended = asked.typed(self.query_line.value, ended=True)
        if self.searching.stopped or (ended.conditions, ended.words) != (asked.conditions, asked.words.strip()):
            self.look_for(ended)
        self._focus_results()

    @on(HistoryQuery.NothingToDelete)
    def _nothing_to_delete(self) -> None:
        self.action_drop_filter()

    @on(FilterChips.Removed)
    def _chip_removed(self, event: FilterChips.Removed) -> None:
        self.look_for(self.searching.asked.without(event.place))

    def action_search(self) -> None:
        """Type what to look for."""
        self.focus_query()

    def action_drop_filter(self) -> None:
        """Take the last condition away."""
        self.look_for(self.searching.asked.without(-1))

    def action_add_filter(self) -> None:
        """Choose a condition."""
        self._host.start_work(self._add_filter(), group="history-filter", exclusive=True)

    async def _add_filter(self) -> None:
        from workbench.tui.screens.history_filter import filter_screen

        labels = await self._history.labels()

        def chosen(asked: Asked | None) -> None:
            if asked is not None:
                self.look_for(self.searching.asked.having(*asked.conditions))

        self._host.push_screen(filter_screen(self._shell, labels), chosen)

    def action_change_order(self) -> None:
        """The newest first, or the best match."""
        self.searching.best_first = not self.searching.best_first
        self.searching.ask(self.searching.asked, at_once=True)
        self._show_state()

    def _answered(self, fresh: bool) -> None:
        """More is known of the search; `fresh` when the results are others."""
        if not self.is_mounted:
            return
        found = self.searching.results
        if fresh:
            again, self._again = self._again, None
            if again is not None and self.results.show_again(found, again):
                self.showing.read_again(again[0])
            else:
                self.results.show(found)
                self.walk.look_for(found.words)
                self._preview()
        else:
            self.results.rows_came()
        self._show_state()

    @on(ResultList.MoreWanted)
    def _more_wanted(self) -> None:
        self.searching.read_on()

    @on(ResultList.Moved, "#history-results")
    def _moved(self, event: ResultList.Moved) -> None:
        event.stop()
        self._preview()

    @on(ResultList.Chosen, "#history-results")
    def _chosen(self, event: ResultList.Chosen) -> None:
        event.stop()
        self.action_enter()

    def _show_state(self) -> None:
        if not self.is_mounted:
            return
        searching, found = self.searching, self.searching.results
        order = "best match first" if searching.best_first else "newest first"
        self.chips.show(searching.asked.conditions, order if searching.asked.text else "", "f adds a condition")
        told = note_of(searching)
        self.note.display = bool(told.plain)
        self.note.show(told)
        nothing = searching.is_answered and not found.rows
        self.empty.display, self.results.display = nothing, not nothing
        if nothing:
            self.empty.show(empty_text(searching.asked))
            self.reading.close()
            self._show_tree()
        region = self.query_one("#history-search")
        told_there = border_of_results(searching, region.outer_size.width - 6)
        set_border_subtitle(region, self.results.selected_words + told_there)
        self.reader.entitle(partial(reader_title, self.reading.conversation))

    # -- reading -----------------------------------------------------------------------------------------------

    def _preview(self) -> None:
        # Where there is no room for the reader enter reads.
        if self.reader.display:
            self.showing.preview()

    def _gone(self) -> None:
        """It was removed for good meanwhile: what is listed is older than that."""
        self._again = self.results.beside
        self.searching.ask(self.searching.asked, at_once=True)

    def _read_shown(self) -> None:
        empty = "This conversation has no messages." if self.reading.conversation is not None else ""
        self.reader.empty_text = "" if self.reading.path else empty
        self._show_tree()
        self._show_state()

    def _show_tree(self) -> None:
        marked = self.comparing.marked_id
        self.branches.show(self.reading.tree, self.reading.path, self.reading.message_id, marked)
        count = len(self.reading.tree)
        set_border_subtitle(self.branches, f"{count:,} message{'' if count == 1 else 's'}" if count else "")

    @on(HistoryReader.CursorMoved)
    def _cursor_moved(self) -> None:
        self._show_tree()

    @on(HistoryReader.EarlierWanted)
    def _earlier_wanted(self) -> None:
        self._host.start_work(self.reading.more(-1), group="history-earlier")

    @on(HistoryReader.LaterWanted)
    def _later_wanted(self) -> None:
        self._host.start_work(self.reading.more(1), group="history-later")

    @on(HistoryReader.EndWanted)
    def _end_wanted(self, event: HistoryReader.EndWanted) -> None:
        self.showing.end(last=event.last)

    @on(MessageBody.LinkClicked)
    def _link_clicked(self, event: MessageBody.LinkClicked) -> None:
        self.taking.copying.show_links(event.message_id, event.words)

    @on(BranchTree.Moved, "#history-branches")
    def _node_moved(self, event: BranchTree.Moved) -> None:
        event.stop()
        if self.branches.node is not None:
            self.showing.message(self.branches.node.id)

    @on(BranchTree.Chosen, "#history-branches")
    def _node_chosen(self, event: BranchTree.Chosen) -> None:
        event.stop()
        self._focus_reader()

    def action_step_hit(self, by: int) -> None:
        """Go to the next hit, or the one before."""
        if self.reader.display or self.walk.needle is None:
            self.showing.step_hit(by)
        elif self.focused is self.branches:
            self._focus_reader()
            self.showing.step_hit(by)
        else:
            # Hits are seen in the reader: the first one is where it begins.
            self.action_enter()

    # -- keys --------------------------------------------------------------------------------------------------

    def action_enter(self) -> None:
        """Go to the reader; from there to the message in the chat."""
        if self.focused is self.reader:
            self.taking.open_in_chat()
        elif self.focused is self.branches or self.results.row is not None:
            if self.focused is not self.branches:
                self.showing.catch_up()
            self._focus_reader()

    def action_show_branches(self) -> None:
        """Go to the tree, or back to the results."""
        if self.focused is self.branches:
            self._focus_results()
        else:
            if self.focused is not self.reader:
                self.showing.catch_up()
            self._go_to("branches")
            self.branches.focus()

    def action_unfold(self) -> None:
        """List all hits of a conversation; in the reader show what is folded."""
        row = self.results.row
        if self.focused is self.reader:
            self.taking.copying.toggle_fold()
        elif self.focused is self.results and row is not None:
            self.searching.results.unfold(row.group)
            self.results.put_cursor(row.key)

    def action_take(self, way: str) -> None:
        """Do something with the message at the bar; see `Taking` and `Comparing`."""
        if self.focused in (self.branches, self.reader):
            self._ways[way]()
        else:
            # In the results it is that of the line under the cursor, which may not be read yet.
            self.showing.then(self._ways[way])

    def action_do(self, verb: str, *arguments: object) -> None:
        """Put conversations in order."""
        self.verbs.do(verb, *arguments)

    def action_step_back(self) -> None:
        """One press, one effect: end a search, go back to the results, look for nothing."""
        if self.searching.cancel():
            return
        # The field has the focus also where nothing was found, because there is no list to go to.
        places = (self.query_line, self.chips) if self.results.display else (self.chips,)
        if self.focused in (*places, self.branches, self.reader):
            self._focus_results()
        elif self.results.select_none():
            self._show_state()
        elif self.searching.asked.text:
            self.look_for(Asked())
        elif not self.results.display:
            # Where there is no list to go to letters are keys all the same.
            self.set_focus(None)
