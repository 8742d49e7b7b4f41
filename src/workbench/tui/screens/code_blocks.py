"""Which of a message's code blocks to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from workbench.tui.markdown.parts import CodeBlock
from workbench.tui.screens.preview_dialog import PreviewDialog

_PREVIEW = 2_000
"""Characters of a block that are shown."""


class CodeBlocksScreen(PreviewDialog):
    """Lists code blocks; its result is the chosen one's code."""

    HELP = "The code blocks of the message. enter or y copies the marked one as it was written."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y,Y", "choose", "Copy", show=False)]

    def __init__(self, blocks: Sequence[CodeBlock], *, marked: int = 0) -> None:
        """`blocks` holds at least one; the cursor begins at `marked`."""
        titles = [f"{number}. {block.title}" for number, block in enumerate(blocks, 1)]
        super().__init__("Copy a code block", "enter copy · esc back", titles, marked=marked)
        self._blocks = blocks

    def preview(self) -> tuple[str, str]:
        """Its beginning."""
        return self._blocks[self.marked].code[:_PREVIEW], ""

    def action_choose(self) -> None:
        """Copy the marked one."""
        self.dismiss(self._blocks[self.marked].code)
