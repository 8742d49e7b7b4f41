"""The newest free probe of each provider: in memory, and in the database for the other processes of the home."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence

from workbench.core.clock import Clock
from workbench.core.errors import StorageError
from workbench.core.text import safe_for_storage
from workbench.providers.health.values import Checked
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

logger = logging.getLogger(__name__)

_ROUND = ""
"""The row of no provider: when the last round of all began."""
_AT_ONCE = 400
"""Rows read at a time; a read gives at most 500."""

_READ = "select * from probes where provider in (select value from json_each(?))"
_KEEP = """
insert into probes(provider, at, ok, latency_ms, error_kind, reason) values (?, ?, ?, ?, ?, ?)
on conflict(provider) do update set at = excluded.at, ok = excluded.ok, latency_ms = excluded.latency_ms,
  error_kind = excluded.error_kind, reason = excluded.reason
where excluded.at >= probes.at or probes.at > ?
"""
_CLAIM = """
insert into probes(provider, at, ok) values (:round, :now, 1)
on conflict(provider) do update set at = :now where at <= :due or at > :now
"""


class ProbeLog:
    """Keeps what probes found. What cannot be saved is still known to this process."""

    def __init__(self, store: Store | None, clock: Clock) -> None:
        """Rows of `probes` in `store`; without one, or one that is read-only, memory alone."""
        self._store = store
        self._clock = clock
        self._known: dict[str, Checked] = {}
        self._trouble = False

    async def newest(self, names: Sequence[str]) -> dict[str, Checked]:
        """The newest probe of each of these providers, whichever process made it; storage trouble costs only theirs."""
        if self._store is not None:
            try:
                for begin in range(0, len(names), _AT_ONCE):
                    some = json.dumps(list(names[begin : begin + _AT_ONCE]))
                    for row in await self._store.read(_READ, (some,)):
                        checked = Checked(
                            ok=bool(row["ok"]), at_ms=row["at"], latency_ms=row["latency_ms"],
                            error_kind=row["error_kind"], reason=row["reason"],
                        )  # fmt: skip
                        known = self._known.get(row["provider"])
                        if known is None or checked.at_ms >= known.at_ms:
                            self._known[row["provider"]] = checked
            except StorageError as problem:
                self._tell(problem)
        return {name: self._known[name] for name in names if name in self._known}

    async def keep(self, found: Mapping[str, Checked]) -> None:
        """Remember these, and save them."""
        self._known.update(found)
        # A row of the future was written before the clock was put back.
        horizon = self._clock.now_ms()
        rows = [
            (name, checked.at_ms, int(checked.ok), checked.latency_ms, checked.error_kind,
             safe_for_storage(checked.reason), horizon)
            for name, checked in found.items()
        ]  # fmt: skip
        if not rows or self._store is None or self._store.read_only:
            return

        async def write(transaction: Transaction) -> None:
            await transaction.executemany(_KEEP, rows)

        try:
            await self._store.write(write)
        except StorageError as problem:
            self._tell(problem)

    async def claim_round(self, every_s: float) -> bool:
        """Whether this process is to probe now: of all processes of a home one is, once in `every_s` seconds."""
        if self._store is None or self._store.read_only:
            return True
        now = self._clock.now_ms()
        due = now - round(every_s * 1000)

        async def claim(transaction: Transaction) -> bool:
            return await transaction.execute(_CLAIM, {"round": _ROUND, "now": now, "due": due}) == 1

        try:
            return await self._store.write(claim)
        except StorageError as problem:
            self._tell(problem)
            return True

    def _tell(self, problem: StorageError) -> None:
        if not self._trouble:
            self._trouble = True
            logger.warning("probes cannot be shared with other processes: %s", problem)
