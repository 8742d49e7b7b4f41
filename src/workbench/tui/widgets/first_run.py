"""What is shown instead of an empty transcript when nobody could answer: the ways on, one key each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.actions.registry import action_by_id
from workbench.tui.glyphs import glyphs
from workbench.tui.safe import SafeStatic, set_border_subtitle

_MOST_NOTES = 6
_WAYS = (
    ("k", "app.do('add_first_key')", "paste a key", "of OpenAI, Anthropic, Gemini and others"),
    ("r", "app.do('look_again')", "look again", "for keys, files and local model servers"),
    ("d", "app.do('start_demonstration')", "see a demonstration", "three scripted providers, no key needed"),
    ("e", "app.do('edit_configuration')", "edit the configuration", "in your editor"),
)
"""Key, action, what it does, and a few words more where there is room."""
_ROOM_FOR_MORE = 64


class FirstRun(VerticalScroll, can_focus=True):
    """Says what was looked for, what is missing, and which key does what about it."""

    HELP = (
        "Nobody can answer yet. k takes a key and begins, r looks again for keys and local servers, "
        "d starts the demonstration, e opens the configuration file in your editor. ctrl+q quits."
    )
    BORDER_TITLE = "Welcome"
    BINDINGS: ClassVar[list[BindingType]] = [Binding(key, do, what, show=False) for key, do, what, _ in _WAYS]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Nothing is explained yet."""
        super().__init__(id=id, classes=classes)
        self._config_file = ""
        self._notes: Sequence[str] = ()

    def compose(self) -> list[SafeStatic]:
        """One text."""
        return [SafeStatic(id="first-run-text")]

    def explain(self, config_file: str, notes: Sequence[str]) -> None:
        """Say what is missing; `notes` are sentences about what was found and what providers lack."""
        self._config_file, self._notes = config_file, notes
        self._show_subtitle()
        self._draw()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Its keys work now, or no longer."""
        super().watch_has_focus(_has_focus)
        self._show_subtitle()

    def _show_subtitle(self) -> None:
        back = "" if self.has_focus else f"esc to these keys {glyphs().dot} "
        set_border_subtitle(self, f"{back}{action_by_id('app.quit').way} quit")

    def on_resize(self) -> None:
        """There is room for more words or for fewer."""
        self._draw()

    def _draw(self) -> None:
        signs = glyphs()
        wide = cast("Any", self).app.size.width >= _ROOM_FOR_MORE
        longest = max(len(what) for _, _, what, _ in _WAYS)
        lines = [Content.assemble((f"{signs.slow} No provider can be asked yet.", "bold $warning"))]
        for key, _, what, more in _WAYS:
            tail = (f"{what:<{longest}}  ", (more, "$text-muted")) if wide else (what,)
            lines.append(Content.assemble((f"  {key}  ", "bold $accent"), *tail))
        if self._notes:
            lines.append(Content(""))
            lines += [Content(f"{signs.dot} {clean_line(note)}") for note in self._notes[:_MOST_NOTES]]
        lines += [
            Content(""),
            Content.styled("History, events and drafts work without a provider.", "$text-muted"),
            Content.styled(f"The file is {clean_line(self._config_file)}", "$text-muted"),
        ]
        self.query_one("#first-run-text", SafeStatic).show(Content("\n").join(lines))
