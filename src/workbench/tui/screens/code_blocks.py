"""Which of a message's code blocks to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.getters import query_one
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from workbench.tui.glyphs import drawn
from workbench.tui.markdown.parts import CodeBlock
from workbench.tui.safe import SafeStatic, plain_line, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog

_PREVIEW = 2_000
"""Characters of a block that are shown."""


class CodeBlocksScreen(Dialog[str]):
    """Lists code blocks; its result is the chosen one's code."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/links.tcss"]
    HELP = "The code blocks of the message. enter or y copies the marked one as it was written."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "choose", "Copy", show=False),
        Binding("j", "move('down')", "Down", show=False),
        Binding("k", "move('up')", "Up", show=False),
    ]

    listed = query_one(OptionList)
    shown = query_one("#code-text", SafeStatic)

    def __init__(self, blocks: Sequence[CodeBlock], *, marked: int = 0) -> None:
        """`blocks` holds at least one; the cursor begins at `marked`."""
        super().__init__()
        self._blocks = blocks
        self._marked = marked

    def compose(self) -> ComposeResult:
        """A list above the marked block."""
        with Vertical(classes="dialog", id="code") as frame:
            set_border_title(frame, "Copy a code block")
            set_border_subtitle(frame, drawn("enter copy · esc back"))
            yield OptionList(id="code-list")
            with VerticalScroll(id="code-whole", can_focus=False):
                yield SafeStatic(id="code-text")

    def on_mount(self) -> None:
        """Mark the one that was in view."""
        titles = [f"{number}. {block.title}" for number, block in enumerate(self._blocks, 1)]
        self.listed.add_options([Option(plain_line(title)) for title in titles])
        self.listed.highlighted = self._marked
        self.listed.focus()

    def on_option_list_option_highlighted(self) -> None:
        """Show the marked block."""
        self.shown.show(self._blocks[self.listed.highlighted or 0].code[:_PREVIEW])

    def on_option_list_option_selected(self) -> None:
        """Copy it."""
        self.action_choose()

    def action_choose(self) -> None:
        """Copy the marked one."""
        self.dismiss(self._blocks[self.listed.highlighted or 0].code)

    def action_move(self, direction: str) -> None:
        """Move the mark."""
        if direction == "up":
            self.listed.action_cursor_up()
        else:
            self.listed.action_cursor_down()
