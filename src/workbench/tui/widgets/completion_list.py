"""The list over the composer: slash commands, or files, that fit what has been typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message

from workbench.core.sizes import size_words
from workbench.core.text import clean_line
from workbench.tui.actions.values import Action
from workbench.tui.glyphs import glyphs
from workbench.tui.safe import SafeStatic
from workbench.tui.state.files import FoundFile

_MOST_LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One line of the list: a command, a file, or only words."""

    title: str
    note: str = ""
    action: Action | None = None
    file: FoundFile | None = None

    @classmethod
    def of_action(cls, action: Action) -> Offer:
        """A command."""
        names = " ".join(f"/{name}" for name in action.slash)
        return cls(title=f"{names} {action.argument}".rstrip(), note=action.help, action=action)

    @classmethod
    def of_file(cls, file: FoundFile) -> Offer:
        """A file or a folder."""
        return cls(title=clean_line(file.path, 200), note="" if file.is_folder else size_words(file.size), file=file)


class CompletionList(SafeStatic):
    """A few lines above the composer; the composer keeps the focus and sends the keys."""

    DEFAULT_CLASSES = "-hidden"

    @dataclass
    class Chosen(Message):
        """A line was clicked."""

        offer: Offer

    def __init__(self, *, id: str | None = None) -> None:
        """Closed."""
        super().__init__(id=id)
        self._offers: list[Offer] = []
        self._first = 0
        self.current = 0
        """Index of the marked line."""

    @property
    def open(self) -> bool:
        """Whether there is anything to choose."""
        return bool(self._offers)

    @property
    def choice(self) -> Offer | None:
        """The marked line."""
        return self._offers[self.current] if self._offers else None

    def offer(self, offers: Sequence[Offer]) -> None:
        """Show these; none closes the list."""
        if not offers and not self._offers:
            return
        if offers != self._offers:
            self.current = self._first = 0
        self._offers = list(offers)
        self.set_class(not offers, "-hidden")
        self._draw()

    def move(self, step: int) -> None:
        """Mark another line, around the ends."""
        if self._offers:
            self.current = (self.current + step) % len(self._offers)
            self._first = max(self.current - _MOST_LINES + 1, min(self._first, self.current))
            self._draw()

    def _draw(self) -> None:
        lines: list[Content] = []
        shown = self._offers[self._first : self._first + _MOST_LINES]
        width = max((cell_len(offer.title) for offer in self._offers), default=0) + 2
        for place, offer in enumerate(shown, self._first):
            marked = place == self.current
            sign = glyphs().current if marked else " "
            gap = " " * (width - cell_len(offer.title))
            line = Content.assemble((f"{sign} {offer.title}{gap}", "bold $accent" if marked else ""), offer.note)
            lines.append(line)
        if len(self._offers) > _MOST_LINES and lines:
            lines[-1] = Content.assemble(lines[-1], (f"  ({self.current + 1} of {len(self._offers)})", "$text-muted"))
        self.show(Content("\n").join(lines))

    def on_click(self, event: events.Click) -> None:
        """A click takes a line."""
        place = self._first + event.get_content_offset_capture(self).y
        if place < len(self._offers):
            self.post_message(self.Chosen(self._offers[place]))
