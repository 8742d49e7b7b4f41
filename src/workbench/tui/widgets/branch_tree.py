"""The tree of a conversation, one line for each message of every branch."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from workbench.core.text import clean_line
from workbench.tui.glyphs import glyphs
from workbench.tui.history.tree import MessageTree, TreeRow
from workbench.tui.markdown.textlines import Run, cells, clip
from workbench.tui.palette import BOLD, Role
from workbench.tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from workbench.conversations.branching.outlines import Node

_STATES = {
    "failed": ("failed", Role.ERROR),
    "stopped": ("stopped", Role.WARNING),
    "interrupted": ("interrupted", Role.WARNING),
    "streaming": ("being written", Role.ACCENT),
}


class BranchTree(RowList):
    """Lines of a `MessageTree`; a filled circle marks what is shown at the right, a diamond what is to be compared."""

    HELP = """\
Every message of the conversation. Where several follow the same one, a branch begins; a filled circle marks the branch
that is shown. Left and right go to the answer or wording before and after, enter reads there.
"""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Empty."""
        super().__init__(id=id, classes=classes)
        self._tree = MessageTree((), None)
        self._shown: Collection[str] = ()
        self._marked = ""

    @property
    def row_count(self) -> int:
        """Lines."""
        return len(self._tree.rows)

    @property
    def node(self) -> Node | None:
        """The message under the cursor."""
        return self._tree.rows[self.cursor].node if self._tree.rows else None

    def show(self, tree: MessageTree, shown: Collection[str], current: str, marked: str) -> None:
        """Show a tree: the branch that is `shown`, the cursor on `current`, the message `marked` to be compared."""
        self._tree, self._shown, self._marked = tree, frozenset(shown), marked
        self.rows_changed(tree.places.get(current, self.cursor))

    def runs(self, place: int, width: int) -> list[Run]:
        """A message: where it stands, who says it, and how it begins."""
        row = self._tree.rows[place]
        node, signs = row.node, glyphs()
        shown = node.id in self._shown
        sign = signs.private if node.id == self._marked else signs.ok if shown else signs.bullet_inner
        lead = _lead(row, width)
        runs: list[Run] = [
            (lead, Role.MUTED),
            (f"{sign} ", Role.ACCENT | BOLD if shown else Role.MUTED),
            (f"{row.number} ", Role.TEXT if shown else Role.MUTED),
        ]
        who = {"user": "you", "assistant": "ai"}.get(node.role, node.role.value)
        runs.append((f"{who} ", Role.ACCENT if shown else Role.MUTED))
        word, role = _STATES.get(node.state, ("", Role.TEXT))
        if word:
            runs.append((f"{signs.failed if role is Role.ERROR else signs.slow} {word} ", role))
        told = told_of(node)
        room = width - sum(cells(text) for text, _ in runs)
        runs.append((clip(told, max(room, 0), signs.ellipsis), Role.TEXT if shown else Role.MUTED))
        return runs


def told_of(node: Node) -> str:
    """How a prompt begins, or who answered."""
    if node.role == "assistant":
        name = "/".join(part for part in (node.provider, node.model) if part)
        return clean_line(name or node.beginning, 80).strip()
    first = next((line for line in node.beginning.splitlines() if line.strip()), "")
    return clean_line(first, 120).strip()


def _lead(row: TreeRow, width: int) -> str:
    """The lines before it; of a very deep branch only the last of them."""
    most = max(width // 2, 2)
    return row.lead if len(row.lead) <= most else glyphs().ellipsis + row.lead[-(most - 1) :]
