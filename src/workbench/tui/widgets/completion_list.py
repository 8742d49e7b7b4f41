"""The list of slash commands that fit what has been typed."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message

from workbench.tui.actions.values import Action
from workbench.tui.glyphs import glyphs
from workbench.tui.safe import SafeStatic

_MOST_LINES = 6


class CompletionList(SafeStatic):
    """A few lines above the composer; the composer keeps the focus and sends the keys."""

    DEFAULT_CLASSES = "-hidden"

    @dataclass
    class Chosen(Message):
        """A command was taken."""

        action: Action

    def __init__(self, *, id: str | None = None) -> None:
        """Closed."""
        super().__init__(id=id)
        self._actions: list[Action] = []
        self._first = 0
        self.current = 0
        """Index of the marked line."""

    @property
    def open(self) -> bool:
        """Whether there is anything to choose."""
        return bool(self._actions)

    @property
    def choice(self) -> Action | None:
        """The marked command."""
        return self._actions[self.current] if self._actions else None

    def offer(self, actions: list[Action]) -> None:
        """Show these; none closes the list."""
        if actions != self._actions:
            self.current = self._first = 0
        self._actions = actions
        self.set_class(not actions, "-hidden")
        self._draw()

    def move(self, step: int) -> None:
        """Mark another line, around the ends."""
        if self._actions:
            self.current = (self.current + step) % len(self._actions)
            self._first = max(self.current - _MOST_LINES + 1, min(self._first, self.current))
            self._draw()

    def _draw(self) -> None:
        lines: list[Content] = []
        shown = self._actions[self._first : self._first + _MOST_LINES]
        width = max((cell_len(_command(action)) for action in self._actions), default=0) + 2
        for place, action in enumerate(shown, self._first):
            marked = place == self.current
            sign = glyphs().current if marked else " "
            command = _command(action)
            gap = " " * (width - cell_len(command))
            line = Content.assemble((f"{sign} {command}{gap}", "bold $accent" if marked else ""), action.help)
            lines.append(line)
        if len(self._actions) > _MOST_LINES and lines:
            lines[-1] = Content.assemble(lines[-1], (f"  ({self.current + 1} of {len(self._actions)})", "$text-muted"))
        self.show(Content("\n").join(lines))

    def on_click(self, event: events.Click) -> None:
        """A click takes a line."""
        place = self._first + event.get_content_offset_capture(self).y
        if place < len(self._actions):
            self.post_message(self.Chosen(self._actions[place]))


def _command(action: Action) -> str:
    names = " ".join(f"/{name}" for name in action.slash)
    return f"{names} {action.argument}".rstrip()
