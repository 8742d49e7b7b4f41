"""The dialog that asks where to write a file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input
from textual.worker import Worker

from workbench.core.errors import WorkbenchError
from workbench.core.export_file import FileExistsAlreadyError
from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog
from workbench.tui.work import run_beside

Tell = Callable[[str], None]
Save = Callable[[str, bool, Tell], Awaitable[str]]
"""Writes to a path, over a file that is there if the second argument says so; says how far it is, and what it wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a file can be."""

    suffix: str
    """The ending of its name."""
    words: str


class ExportScreen(Dialog[None]):
    """Takes a path and writes; a file that is there is only replaced on a second enter, escape ends a long export."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/export.tcss"]
    HELP = (
        "Type where to write it; up and down choose the format, by the ending of the name; enter writes. Nothing is "
        "overwritten unasked."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "other_kind(-1)", "Other format", show=False, priority=True),
        Binding("down", "other_kind(1)", "Other format", show=False, priority=True),
    ]

    def __init__(
        self,
        path: str,
        save: Save,
        tell: Tell,
        *,
        title: str,
        kinds: Sequence[Kind],
        kind_of: Callable[[str], Kind],
        note: str = "",
        problem: WorkbenchError | None = None,
    ) -> None:
        """`path` stands in the field, `kind_of` knows what a name asks for; `tell` hears what was written at the end.

        `problem` is why it was not written there before.
        """
        super().__init__()
        self._path, self._save, self._tell = path, save, tell
        self._title, self._kinds, self._kind_of = title, kinds, kind_of
        self._note, self._problem = note, problem
        self._agreed = ""
        """The path of a file that the person has been told of."""
        self._writing: Worker[object] | None = None

    def compose(self) -> ComposeResult:
        """The field, the format, what there is to say."""
        with Vertical(classes="dialog", id="export") as frame:
            set_border_title(frame, self._title)
            yield Input(self._path, id="export-path", select_on_focus=False)
            yield SafeStatic(id="export-format")
            yield SafeStatic(id="export-told")

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one(Input).focus()
        self._say(self._note)
        if self._problem is not None:
            self._refuse(self._path, self._problem)
        self._show_kinds()
        self._show_keys("enter write · ↑↓ format · esc back")

    def action_other_kind(self, step: int) -> None:
        """Change the ending of the name."""
        field = self.query_one(Input)
        before = self._kind_of(field.value)
        after = self._kinds[(self._kinds.index(before) + step) % len(self._kinds)]
        field.value = field.value.removesuffix(before.suffix) + after.suffix
        field.cursor_position = len(field.value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._path:
            self._path, self._agreed = event.value, ""
            if self._writing is None:
                self._say(self._note)
        self._show_kinds()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._writing is not None:
            return
        if not event.value.strip():
            self._say("Type the name of a file.", glyphs().slow)
            return
        self._say("")
        self._show_keys("esc cancel")
        self._writing = run_beside(self, self._write(event.value), group="export")

    async def _write(self, path: str) -> None:
        try:
            done = await self._save(path, path == self._agreed, self._progress)
        except WorkbenchError as problem:
            self._refuse(path, problem)
        except asyncio.CancelledError:
            if self.is_attached:
                self._say("Cancelled; nothing was written.")
            raise
        else:
            self._tell(done)
            self.dismiss(None)
        finally:
            self._writing = None
            if self.is_attached:
                self._show_keys("enter write · ↑↓ format · esc back")

    def action_close(self) -> None:
        """End a running export, and wait until it is known what became of the file; else close."""
        if self._writing is None or self._writing.is_cancelled:
            self.dismiss(None)
        else:
            self._writing.cancel()

    def _progress(self, words: str) -> None:
        if self.is_attached:
            self._say(words, glyphs().running)

    def _refuse(self, path: str, problem: WorkbenchError) -> None:
        if isinstance(problem, FileExistsAlreadyError):
            self._agreed = path
            self._say(f"{problem.title}. enter writes over it.", glyphs().slow)
        else:
            self._say(str(problem), glyphs().failed)

    def _show_kinds(self) -> None:
        chosen, signs = self._kind_of(self.query_one(Input).value), glyphs()
        lines = [
            Content.styled(
                f"{signs.current if one is chosen else ' '} {one.words}",
                "bold $accent" if one is chosen else "$text-muted",
            )
            for one in self._kinds
        ]
        self.query_one("#export-format", SafeStatic).show(Content("\n").join(lines))

    def _show_keys(self, keys: str) -> None:
        set_border_subtitle(self.query_one("#export"), drawn(keys))

    def _say(self, words: str, sign: str = "") -> None:
        style = {"": "", glyphs().slow: "$warning", glyphs().failed: "$error"}.get(sign, "$accent")
        told = Content.assemble((f"{sign} " if sign else "", style), (clean_line(words), "" if sign else "$text-muted"))
        self.query_one("#export-told", SafeStatic).show(told)
