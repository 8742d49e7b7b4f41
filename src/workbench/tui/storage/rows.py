"""The lines of the Storage page, from what the core measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.sizes import size_words
from workbench.core.text import clean_line
from workbench.tui.chat.views import moment
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.markdown.textlines import Run, cells, clip
from workbench.tui.palette import BOLD, Role

if TYPE_CHECKING:
    from workbench.storage.upkeep.values import Backup, ConversationSize, LargestConversations, Pruned, Pruning, Sizes

MOST_BAR = 16
_TABLES = 6
"""Tables that have a line of their own."""
_WITH_BAR = 70
_WITH_DETAIL = 50
_NAME = 24
_SIZE = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything the page tells."""

    sizes: Sizes
    largest: LargestConversations
    backups: Sequence[Backup]
    prunable: Sequence[tuple[Pruning, Pruned]]
    """What can be pruned, also where that is nothing."""

    @property
    def worth_pruning(self) -> list[tuple[Pruning, Pruned]]:
        """What would remove something."""
        return [(pruning, pruned) for pruning, pruned in self.prunable if not pruned.nothing]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageRow:
    """A line: a heading, or a thing with its size."""

    name: str
    """Cleaned, on one line."""
    size: str = ""
    detail: str = ""
    share: float = 0.0
    """Of the largest thing of its kind, for the bar."""
    heading: bool = False
    conversation: ConversationSize | None = None
    backup: Backup | None = None
    pruning: Pruning | None = None


def rows_of(measured: Measured, now_ms: int) -> list[StorageRow]:
    """All lines, in order."""
    sizes = measured.sizes
    about = "" if sizes.exact else "about "
    summary = f"of it unused {size_words(sizes.free)}, log {size_words(sizes.log)}"
    rows = [StorageRow(name="Database", size=size_words(sizes.database), detail=summary, heading=True)]
    largest = max((table.size for table in sizes.tables), default=1) or 1
    rows += [_table(name, size, count, largest, about) for name, size, count in _tables(sizes)]
    rows += _conversations(measured.largest)
    rows.append(StorageRow(name="Can be removed", heading=True, detail="p asks first"))
    rows += [_prunable(pruning, pruned) for pruning, pruned in measured.prunable]
    many = f"{sizes.backup_count} backup{'' if sizes.backup_count == 1 else 's'}, each verified when it was made"
    rows.append(StorageRow(name="Backups", size=size_words(sizes.backups), heading=True, detail=many))
    rows += [
        StorageRow(
            name=moment(one.at_ms, now_ms), size=size_words(one.size), detail=clean_line(one.path.name), backup=one
        )
        for one in measured.backups
    ]  # fmt: skip
    return rows


def _tables(sizes: Sizes) -> list[tuple[str, int, int]]:
    """Name, size and rows of the largest tables, and of all others together."""
    found = [(table.name, table.size, table.rows) for table in sizes.tables]
    others = found[_TABLES:]
    if len(others) > 1:
        found[_TABLES:] = [("others", sum(size for _, size, _ in others), sum(rows for _, _, rows in others))]
    return found


def _table(name: str, size: int, rows: int, largest: int, about: str) -> StorageRow:
    detail = f"{about}{rows:,} row{'' if rows == 1 else 's'}"
    return StorageRow(name=clean_line(name), size=size_words(size), share=size / largest, detail=detail)


def _conversations(largest: LargestConversations) -> list[StorageRow]:
    first = max((one.size for one in largest.conversations), default=1) or 1
    return [
        StorageRow(name="Largest conversations", heading=True, detail=f"{largest.total:,} in all"),
        *(
            StorageRow(
                name=clean_line(one.title, 200).strip() or "untitled", size=size_words(one.size), conversation=one,
                share=one.size / first,
                detail=f"{one.messages:,} message{'' if one.messages == 1 else 's'}"
                + (", in the trash" if one.deleted else ""),
            )
            for one in largest.conversations
        ),
    ]  # fmt: skip


def _prunable(pruning: Pruning, pruned: Pruned) -> StorageRow:
    return StorageRow(
        name=what_words(pruning), size="" if pruned.nothing else f"~{size_words(pruned.size)}", detail=pruned.words,
        pruning=pruning,
    )  # fmt: skip


def what_words(pruning: Pruning) -> str:
    """What would be pruned."""
    names = {"trash": "In the trash", "events": "Events", "damaged": "Damaged databases, set aside"}
    older = f" older than {pruning.days} days" if pruning.days else ""
    return f"{names[pruning.what.value]}{older}"


def question_of(worth: Sequence[tuple[Pruning, Pruned]]) -> str:
    """What to ask before things are removed for good."""
    parts = [f"{what_words(pruning)}: {pruned.words}, about {size_words(pruned.size)}" for pruning, pruned in worth]
    return f"{'. '.join(parts)}. This cannot be undone; a backup made before has it still."


def runs_of(row: StorageRow, width: int) -> list[Run]:
    """A line in at most `width` cells: name, size, bar, detail, as far as there is room."""
    signs = glyphs()
    if row.heading:
        dot = f" {signs.dot} "
        told = dot.join(part for part in (row.size, row.detail) if part)
        name = clip(row.name, width, signs.ellipsis)
        return [
            (name, Role.ACCENT | BOLD),
            (clip(f"  {told}", max(width - cells(name), 0), signs.ellipsis), Role.MUTED),
        ]
    tail = f"{row.size:>{_SIZE}}"
    if width < _WITH_DETAIL:
        name = clip(row.name, max(width - _SIZE - 3, 4), signs.ellipsis)
        return [("  ", Role.TEXT), (name, Role.TEXT), (" " * max(width - _SIZE - 2 - cells(name), 1), Role.TEXT),
                (tail, Role.ACCENT)]  # fmt: skip
    wide = max(_NAME, min(width // 3, 48))
    name = clip(row.name, wide, signs.ellipsis)
    runs: list[Run] = [("  ", Role.TEXT), (name, Role.TEXT), (" " * (wide - cells(name) + 1), Role.TEXT),
                       (tail, Role.ACCENT)]  # fmt: skip
    left = width - wide - _SIZE - 3
    if width >= _WITH_BAR:
        filled = round(row.share * MOST_BAR)
        runs += [(f"  {drawn(signs.bar) * filled}", Role.ACCENT), (" " * (MOST_BAR - filled), Role.TEXT)]
        left -= MOST_BAR + 2
    runs.append((clip(f"  {row.detail}", max(left, 0), signs.ellipsis), Role.MUTED))
    return runs
