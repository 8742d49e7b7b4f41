"""The dialog that takes a key: it is never drawn, and leaves this file only as a `Secret`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from workbench.core.errors import WorkbenchError
from workbench.core.secret import Secret
from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.providers.verbs import PLACE_WORDS
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from workbench.tui.core_link import KeyPlacePort


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key and where it shall be kept."""

    key: Secret
    place: str


class KeyInput(Input):
    """A field whose text is neither drawn nor copied."""

    @property
    def _value(self) -> Text:
        sign = "*" if glyphs().ascii else "•"
        return Text(sign * len(self.value), no_wrap=True, overflow="ignore", end="")

    @property
    def selected_text(self) -> str:
        """Nothing: a key goes in and not out."""
        return ""


def refusal(key: str) -> str:
    """Why this cannot be a key; empty when it can."""
    if not key:
        return "There is no key yet."
    if not key.isascii() or not key.isprintable() or " " in key:
        return "A key has no blanks, line breaks or special characters: see that all of it was copied, and only it."
    return ""


class AddKeyScreen(Dialog[NewKey]):
    """Takes a key for one provider, and where to keep it."""

    HELP = "Paste the key; up and down choose where it is kept; enter keeps it and tests it. It is never shown."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "Place above", show=False, priority=True),
        Binding("down", "choose(1)", "Place below", show=False, priority=True),
    ]

    def __init__(self, name: str, load_places: Callable[[], Awaitable[Sequence[KeyPlacePort]]]) -> None:
        """`name` is the provider; `load_places` may take a while, so it is awaited while one types."""
        super().__init__()
        self._name = name
        self._load_places = load_places
        self._places: Sequence[KeyPlacePort] | None = None
        self._chosen = 0

    def compose(self) -> ComposeResult:
        """What it is for, the field, the places, what is wrong."""
        with Vertical(classes="dialog", id="add-key") as frame:
            set_border_title(frame, f"Key for {clean_line(self._name, 40)}")
            set_border_subtitle(frame, drawn("enter keep · ↑↓ place · esc back"))
            yield KeyInput(password=True, placeholder="paste the key; it is not shown", id="add-key-value")
            yield SafeStatic(id="add-key-places")
            yield SafeStatic(id="add-key-problem")

    def on_mount(self) -> None:
        """The field has the focus while the places are looked up."""
        self.query_one(KeyInput).focus()
        self._show()
        # After the first layout: what changes before it does not change the height any more.
        self.call_after_refresh(self._look_for_places)

    @work(group="key-places", exclusive=True, exit_on_error=False)
    async def _look_for_places(self) -> None:
        try:
            self._places = await self._load_places()
        except WorkbenchError as problem:
            self._places = ()
            self._say(str(problem))
        usable = [index for index, place in enumerate(self._places) if place.available]
        self._chosen = usable[0] if usable else 0
        self._show()

    def action_choose(self, step: int) -> None:
        """Mark another place."""
        count = len(self._places or ())
        if count:
            self._chosen = (self._chosen + step) % count
            self._say("")
            self._show()

    @on(Input.Changed, "#add-key-value")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._say("")

    @on(Input.Submitted, "#add-key-value")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        key = event.value.strip()
        problem = refusal(key) or self._problem_of_place()
        if problem:
            self._say(problem)
            return
        place = (self._places or ())[self._chosen]
        self.query_one(KeyInput).value = ""
        self.dismiss(NewKey(key=Secret(key), place=place.name))

    def _problem_of_place(self) -> str:
        if self._places is None:
            return "Still looking where keys can be kept."
        if not self._places:
            return "There is no place to keep a key."
        place = self._places[self._chosen]
        return "" if place.available else f"It cannot be kept there: {place.why}"

    def _say(self, problem: str) -> None:
        line = Content.assemble((f"{glyphs().slow} ", "$warning"), clean_line(problem)) if problem else Content("")
        self.query_one("#add-key-problem", SafeStatic).show(line)

    def _show(self) -> None:
        self.query_one("#add-key-places", SafeStatic).show(self._place_lines())

    def _place_lines(self) -> Content:
        if self._places is None:
            return Content.styled(drawn("looking where keys can be kept…"), "$text-muted")
        lines = [Content.styled("kept in", "$text-muted")]
        for index, place in enumerate(self._places):
            chosen = index == self._chosen
            mark = f"{glyphs().current} " if chosen else "  "
            word = PLACE_WORDS.get(place.name, clean_line(place.name, 40))
            style = "bold $accent" if chosen else "$foreground" if place.available else "$text-muted"
            why = f"  {clean_line(place.why, 120)}" if place.why else ""
            missing = "" if place.available else "  not available:"
            lines.append(Content.assemble((f"{mark}{word}", style), (missing, "$warning"), (why, "$text-muted")))
        return Content("\n").join(lines)
