"""Breakers and keys as all processes of one home know them: memory first, the database behind.

What happens is folded into memory at once and into the shared row in the background, where the row may hold more: then
memory follows the row. Successes on a healthy provider are not written; they go along with the next failure. Trouble
with the database costs no answer: memory goes on alone.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from workbench.core.clock import Clock
from workbench.core.errors import StorageError
from workbench.providers.resilience import rows
from workbench.providers.resilience.breaker import Breaker, Outcome, Report, Transition
from workbench.providers.resilience.breaker import after as breaker_after
from workbench.providers.resilience.cells import Cell
from workbench.providers.resilience.keys import Key, KeyReport, KeyTransition
from workbench.providers.resilience.keys import after as key_after
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

CLOSE_DEADLINE_S = 1.0
"""How long `aclose` waits for writes that have begun."""

logger = logging.getLogger(__name__)

BreakerCell = Cell[Breaker, Report, Transition]
KeyCell = Cell[Key, KeyReport, KeyTransition]
BreakerTold = Callable[[str, Transition], None]
"""Hears of a provider's breaker."""
KeyTold = Callable[[str, str, KeyTransition], None]
"""Hears of a provider's key, by its reference."""


class SharedState:
    """Reads and writes the rows of breakers and keys; used on one event loop."""

    def __init__(
        self, store: Store | None, clock: Clock, *, breaker_changed: BreakerTold, key_changed: KeyTold
    ) -> None:
        """Without a store everything stays in this process. Changes that this process caused are told once."""
        self._store = store
        self._clock = clock
        self._breaker_changed = breaker_changed
        self._key_changed = key_changed
        self._breakers: dict[str, BreakerCell] = {}
        self._keys: dict[str, dict[str, KeyCell]] = {}
        self._wanted: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._serial = 0
        self._written: dict[str, int] = {}
        self._warned = False

    def breaker(self, name: str) -> Breaker:
        """A provider's breaker, as far as memory knows."""
        cell = self._breakers.get(name)
        return cell.record if cell is not None else Breaker()

    def key(self, name: str, ref: str) -> Key:
        """A provider's key, as far as memory knows."""
        cell = self._keys.get(name, {}).get(ref)
        return cell.record if cell is not None else Key()

    def key_refs(self, name: str) -> tuple[str, ...]:
        """The keys of a provider that memory knows of."""
        return tuple(self._keys.get(name, {}))

    def tell_breaker(self, name: str, report: Report, *, shared: bool = False) -> None:
        """Fold `report` in, and into the row when it matters there or must be `shared`; returns at once."""
        cell = self._breaker_cell(name)
        before = cell.record
        record, _ = cell.fold(before, report)
        if report.outcome is Outcome.SUCCESS and _standing(record) == _standing(before):
            if record != before:
                _count_success(cell, report, record)
        elif shared or _differ(record, before):
            cell.add(report)
            self._write_soon(name)

    def tell_key(self, name: str, ref: str, report: KeyReport, *, shared: bool = False) -> None:
        """The same for a key."""
        cell = self._key_cell(name, ref)
        record, _ = cell.fold(cell.record, report)
        if shared or _differ(record, cell.record):
            cell.add(report)
            self._write_soon(name)

    async def settled(self, name: str) -> None:
        """Wait until what was told of a provider is in the database, or could not be put there."""
        task = self._tasks.get(name)
        if task is not None:
            await asyncio.shield(task)

    async def refresh(self, names: Sequence[str]) -> None:
        """Read what other processes have found; on trouble memory stays as it is."""
        if self._store is None or not names:
            return
        serial = self._serial
        try:
            found = await self._store.read(rows.SELECT, rows.names(names))
        except StorageError as error:
            self._warn(error)
            return
        for stored in map(rows.stored, found):
            # What was written meanwhile is newer than what was read.
            if stored.provider in self._tasks or self._written.get(stored.provider, 0) > serial:
                continue
            if stored.is_breaker:
                self._breaker_cell(stored.provider).see(stored)
            else:
                self._key_cell(stored.provider, stored.key_ref).see(stored)

    async def aclose(self) -> None:
        """Wait for writes that have begun, at most a second."""
        tasks = set(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSE_DEADLINE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _breaker_cell(self, name: str) -> BreakerCell:
        cell = self._breakers.get(name)
        if cell is None:
            cell = self._breakers[name] = Cell(
                fold=breaker_after,
                parse=rows.breaker,
                make=functools.partial(rows.of_breaker, name),
                tell=functools.partial(self._breaker_changed, name),
                fresh=Breaker(),
                record=Breaker(),
            )
        return cell

    def _key_cell(self, name: str, ref: str) -> KeyCell:
        cells = self._keys.setdefault(name, {})
        cell = cells.get(ref)
        if cell is None:
            cell = cells[ref] = Cell(
                fold=key_after,
                parse=rows.key,
                make=functools.partial(rows.of_key, name, ref),
                tell=functools.partial(self._key_changed, name, ref),
                fresh=Key(),
                record=Key(),
            )
        return cell

    def _cells(self, name: str) -> list[BreakerCell | KeyCell]:
        cells: list[BreakerCell | KeyCell] = [cell for cell in self._keys.get(name, {}).values() if cell.waits]
        breaker = self._breakers.get(name)
        return [*cells, breaker] if breaker is not None and breaker.waits else cells

    def _write_soon(self, name: str) -> None:
        if self._store is None or self._store.read_only:
            for cell in self._cells(name):
                cell.tell_guesses()
            return
        self._wanted.add(name)
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(self._write_all(self._store, name), name=f"workbench-state-{name}")

    async def _write_all(self, store: Store, name: str) -> None:
        try:
            while name in self._wanted:
                self._wanted.discard(name)
                await self._write(store, name)
        finally:
            self._serial += 1
            self._written[name] = self._serial
            del self._tasks[name]

    async def _write(self, store: Store, name: str) -> None:
        cells = self._cells(name)
        for cell in cells:
            cell.begin()
        now_ms = self._clock.now_ms()

        async def work(transaction: Transaction) -> None:
            for cell in cells:
                await cell.fold_row(transaction, now_ms)

        try:
            await store.write(work)
        except StorageError as error:
            self._warn(error)
            for cell in cells:
                cell.failed()
            return
        self._warned = False
        for cell in cells:
            cell.committed()

    def _warn(self, error: StorageError) -> None:
        if not self._warned:
            self._warned = True
            logger.warning("breakers and keys are kept in memory only, other processes do not see them: %s", error)


def _differ(record: Breaker | Key, other: Breaker | Key) -> bool:
    """By more than what they are about."""
    return record is not other and replace(record, fingerprint="") != replace(other, fingerprint="")


def _standing(breaker: Breaker) -> tuple[object, ...]:
    return (breaker.state, breaker.failures, breaker.generation)


def _count_success(cell: BreakerCell, report: Report, record: Breaker) -> None:
    """Keep a success for the row, together with others of its second."""
    last = cell.newest
    if last is not None and _kind(last) == _kind(report):
        cell.replace_newest(replace(report, count=last.count + 1), record)
    else:
        cell.add(report)


def _kind(report: Report) -> tuple[object, ...]:
    """Successes of one kind may be told together."""
    return (report.at_ms // 1000, report.outcome, report.fingerprint, report.generation, report.permit)
