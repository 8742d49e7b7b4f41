"""The lines of the Storage page."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.tui.markdown.textlines import Run
from workbench.tui.storage.rows import StorageRow, runs_of
from workbench.tui.widgets.row_list import RowList


class StorageList(RowList):
    """A cursor over tables, conversations, what can be pruned, and backups."""

    def __init__(self, *, id: str | None = None) -> None:
        """Empty."""
        super().__init__(id=id)
        self._rows: Sequence[StorageRow] = ()

    @property
    def row_count(self) -> int:
        """Lines."""
        return len(self._rows)

    @property
    def row(self) -> StorageRow | None:
        """The line under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    def show(self, rows: Sequence[StorageRow]) -> None:
        """Show these; the cursor stays where it is."""
        self._rows = rows
        self.rows_changed(self.cursor)

    def runs(self, place: int, width: int) -> list[Run]:
        """One line."""
        return runs_of(self._rows[place], width)
