"""One shared value as memory has it: what the row said last, and what has happened here since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from workbench.providers.resilience.rows import Stored, load, save
from workbench.storage.transaction import Transaction

KEPT_MS = 60_000
"""How long a report waits for a database that cannot be written; what counts later is in memory."""

KEPT = 500


class Timed(Protocol):
    """Something that happened at a time."""

    @property
    def at_ms(self) -> int:
        """Wall-clock milliseconds."""
        ...


R = TypeVar("R")
H = TypeVar("H", bound=Timed)
C = TypeVar("C")


@dataclass(slots=True)
class _Pending(Generic[H, C]):
    report: H
    guess: C | None
    """The change that memory found; the row may say otherwise, so it is told only when the row cannot be asked."""
    told: bool = False


@dataclass(slots=True, kw_only=True)
class Cell(Generic[R, H, C]):
    """A value, the reports that are not in its row yet, and how they become one."""

    fold: Callable[[R, H], tuple[R, C | None]]
    parse: Callable[[Stored], R]
    make: Callable[[R], Stored]
    tell: Callable[[C], None]
    """Hears of each change that this process caused, once."""
    fresh: R
    """What a row that is not there means."""
    record: R
    _seen: Stored | None = None
    _pending: list[_Pending[H, C]] = field(default_factory=list["_Pending[H, C]"])
    _sent: int = 0
    _written: tuple[R, Stored] | None = None
    _found: list[C] = field(default_factory=list["C"])

    @property
    def waits(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._pending)

    @property
    def newest(self) -> H | None:
        """The newest report that is not being written."""
        return self._pending[-1].report if len(self._pending) > self._sent else None

    def add(self, report: H) -> None:
        """Fold a report into memory and keep it for the row."""
        old = self._sent
        while old < len(self._pending) and (
            self._pending[old].report.at_ms < report.at_ms - KEPT_MS or len(self._pending) - old >= KEPT
        ):
            old += 1
        del self._pending[self._sent : old]
        self.record, guess = self.fold(self.record, report)
        self._pending.append(_Pending(report, guess))

    def replace_newest(self, report: H, record: R) -> None:
        """Let `report` stand for the newest one and what came after it; memory becomes `record`."""
        self._pending[-1].report = report
        self.record = record

    def see(self, stored: Stored) -> None:
        """Take over what a row says, unless it said so before."""
        if stored != self._seen:
            self._rebase(self.parse(stored), stored)

    def tell_guesses(self) -> None:
        """The row cannot be asked: memory's own changes are the truth."""
        for each in self._pending:
            if each.guess is not None and not each.told:
                self.tell(each.guess)
            each.told = True

    def begin(self) -> None:
        """What is pending now goes into a transaction."""
        self._sent = len(self._pending)
        self._written = None

    async def fold_row(self, transaction: Transaction, now_ms: int) -> None:
        """Within a transaction: fold what is being written into the row."""
        stored = await load(transaction, self.make(self.record))
        record = self.fresh if stored is None else self.parse(stored)
        self._found.clear()
        for each in self._pending[: self._sent]:
            record, change = self.fold(record, each.report)
            if change is not None and not each.told:
                self._found.append(change)
        result = self.make(record)
        if result != (stored or self.make(self.fresh)):
            await save(transaction, result, now_ms)
        self._written = (record, result)

    def committed(self) -> None:
        """The transaction is in: memory follows the row, and changes are told."""
        if self._written is not None:
            del self._pending[: self._sent]
            self._sent = 0
            self._rebase(*self._written)
            for change in self._found:
                self.tell(change)

    def failed(self) -> None:
        """The transaction is not in."""
        self._sent = 0
        self.tell_guesses()

    def _rebase(self, record: R, stored: Stored) -> None:
        self.record, self._seen = record, stored
        for each in self._pending:
            self.record, each.guess = self.fold(self.record, each.report)
