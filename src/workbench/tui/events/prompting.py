"""The line that a filter or a time is typed into, and what is told under it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from workbench.core.text import clean_line
from workbench.tui.events.filters import EventFilter, FilterError, completions, parse
from workbench.tui.events.times import EXAMPLES, TimeError, parse_time
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic

FILTER_HINT = "words  /expression/  level:warn  source:  provider:  conversation:  task:  turn:"


class _Line(Input):
    """An input whose tab completes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "Complete", show=False)]

    def action_complete(self) -> None:
        """Ask for it."""
        self.post_message(EventsPrompt.CompletionWanted())


class EventsPrompt(Vertical):
    """Hidden until it is asked for; the filter that was typed is told at once, a time when enter is pressed."""

    class CompletionWanted(Message):
        """Tab was pressed."""

    @dataclass
    class FilterTyped(Message):
        """A filter that can be used stands there."""

        chosen: EventFilter

    @dataclass
    class TimeChosen(Message):
        """A time was typed."""

        at_ms: int

    class Closed(Message):
        """The line is gone."""

    def __init__(self, names: Callable[[], Mapping[str, Iterable[str]]], now_ms: Callable[[], int]) -> None:
        """`names` are the values that can be completed."""
        super().__init__(id="events-prompt")
        self._names, self._now_ms = names, now_ms
        self._for_time = False
        self._before = EventFilter()
        self._offered: list[str] = []
        self._tabbed: list[str] = []

    def compose(self) -> ComposeResult:
        """The line and what is told."""
        yield _Line(id="events-line")
        yield SafeStatic(id="events-hint")

    @property
    def line(self) -> Input:
        """Where one types."""
        return self.query_one("#events-line", Input)

    def open_for_filter(self, chosen: EventFilter) -> None:
        """Edit a filter."""
        self._for_time, self._before = False, chosen
        typed = str(chosen)
        self._open(f"{typed} " if typed else "")

    def open_for_time(self) -> None:
        """Ask for a time."""
        self._for_time = True
        self._open("")

    def _open(self, value: str) -> None:
        self.display = True
        self.line.value = value
        self.line.cursor_position = len(value)
        self._tabbed = []
        self._tell()
        self.line.focus()

    def cancel(self) -> None:
        """Close; the filter is what it was when the line was opened."""
        if not self._for_time:
            self.post_message(self.FilterTyped(self._before))
        self._close()

    def take_back(self, problem: str) -> None:
        """Tell that the expression that stands there turned out to be of no use."""
        self._tell(problem, so="it filters nothing")

    def _close(self) -> None:
        self.display = False
        self.post_message(self.Closed())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Take what can be used; tell what cannot."""
        event.stop()
        if not self.display:
            return
        if event.value not in self._tabbed:
            self._tabbed = []
        self._tell()
        if self._for_time:
            return
        try:
            chosen = parse(event.value)
        except FilterError as problem:
            # While a name is being typed it is no mistake yet.
            if not self._offered:
                self._tell(str(problem))
            return
        self.post_message(self.FilterTyped(chosen))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Done, unless it cannot be used."""
        event.stop()
        try:
            if self._for_time:
                self.post_message(self.TimeChosen(parse_time(event.value, self._now_ms())))
            else:
                parse(event.value)
        except (FilterError, TimeError) as problem:
            self._tell(str(problem))
            return
        self._close()

    def on_events_prompt_completion_wanted(self, event: CompletionWanted) -> None:
        """Complete the last word; tab again takes the next proposal."""
        event.stop()
        if not self._tabbed:
            self._tabbed = list(self._offered)
        if self._tabbed and not self._for_time:
            chosen, *rest = self._tabbed
            self._tabbed = [*rest, chosen]
            self.line.value = chosen
            self.line.cursor_position = len(chosen)

    def _tell(self, problem: str = "", *, so: str = "the list is unchanged") -> None:
        value = self.line.value
        self._offered = [] if self._for_time else list(completions(value, self._names()))
        hint = self.query_one("#events-hint", SafeStatic)
        if problem:
            told = f"{glyphs().failed} {clean_line(problem)}"
            hint.show(Content.styled(f"{told}; {so}", "$error"), layout=False)
        elif self._offered and value:
            start = value.rfind(" ") + 1
            words = [clean_line(text[start:], 40) for text in self._offered]
            hint.show(Content.styled(f"tab {'  '.join(words)}", "$text-muted"), layout=False)
        else:
            told = "enter goes there · esc stays" if self._for_time else "enter keeps it · esc takes it back"
            if not value:
                told = EXAMPLES if self._for_time else FILTER_HINT
            hint.show(Content.styled(drawn(told), "$text-muted"), layout=False)
