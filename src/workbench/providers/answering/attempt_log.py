"""The trail of attempts, one row each: who was asked or passed over, and what came of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from workbench.core.errors import StorageError
from workbench.core.ids import new_id
from workbench.core.text import safe_for_storage
from workbench.providers.values import Attempt
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

logger = logging.getLogger(__name__)

LONGEST_NAME = 200
"""Characters that are kept of a name a provider sent."""

_INSERT = """
insert into attempts(id, run_id, ord, message_id, provider, model, key_ref, state, error_kind, error_text, http_status,
                     started_at, ended_at, hint)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_UPDATE = """
update attempts set state = ?, error_kind = ?, error_text = ?, http_status = ?, first_token_at = ?, ended_at = ?,
                    in_tokens = ?, out_tokens = ?, cache_read_tokens = ?, cache_write_tokens = ?,
                    reasoning_tokens = ?, cost_nano = ?, price_source = ?, request_id = ?, answered_model = ?, hint = ?
where run_id = ? and ord = ?
"""


class AttemptRecorder(Protocol):
    """Where the attempt loop writes its trail."""

    async def begin(self, *, run_id: str, message_id: str, attempt: Attempt, started_ms: int) -> None:
        """An attempt runs."""
        ...

    async def end(self, *, run_id: str, message_id: str, attempt: Attempt, started_ms: int, ended_ms: int) -> None:
        """An attempt that began has ended."""
        ...

    async def skip(self, *, run_id: str, message_id: str, attempts: Sequence[Attempt], at_ms: int) -> None:
        """Providers were passed over."""
        ...


class AttemptLog:
    """Keeps the trail in the database. What cannot be saved is logged: it must not cost the answer."""

    def __init__(self, store: Store) -> None:
        """Rows of `attempts` in `store`."""
        self._store = store

    async def begin(self, *, run_id: str, message_id: str, attempt: Attempt, started_ms: int) -> None:
        """One row in state `running`."""
        await self._insert(run_id, [_row(run_id, message_id, attempt, started_ms)])

    async def end(self, *, run_id: str, message_id: str, attempt: Attempt, started_ms: int, ended_ms: int) -> None:
        """Complete the row."""
        del message_id
        first_token_at = None if attempt.first_token_ms is None else started_ms + attempt.first_token_ms
        values = (
            attempt.state, attempt.error_kind, safe_for_storage(attempt.reason) or None, attempt.http_status,
            first_token_at, ended_ms, attempt.input_tokens, attempt.output_tokens, attempt.cache_read_tokens,
            attempt.cache_write_tokens, attempt.reasoning_tokens, attempt.cost_nano, attempt.price_source,
            _safe(attempt.request_id), _safe(attempt.answered_model), attempt.hint or None, run_id, attempt.ord,
        )  # fmt: skip

        async def update(transaction: Transaction) -> None:
            await transaction.execute(_UPDATE, values)

        try:
            await self._store.write(update)
        except StorageError as problem:
            logger.warning("attempt %s of turn %s was not saved: %s", attempt.ord, run_id, problem)

    async def skip(self, *, run_id: str, message_id: str, attempts: Sequence[Attempt], at_ms: int) -> None:
        """One row in state `skipped` for each."""
        await self._insert(run_id, [_row(run_id, message_id, attempt, at_ms) for attempt in attempts])

    async def _insert(self, run_id: str, rows: Sequence[tuple[object, ...]]) -> None:
        if not rows:
            return

        async def insert(transaction: Transaction) -> None:
            await transaction.executemany(_INSERT, rows)

        try:
            await self._store.write(insert)
        except StorageError as problem:
            logger.warning("the attempts of turn %s were not saved: %s", run_id, problem)


def _safe(text: str | None) -> str | None:
    return None if text is None else safe_for_storage(text)[:LONGEST_NAME]


def _row(run_id: str, message_id: str, attempt: Attempt, started_ms: int) -> tuple[object, ...]:
    ended_ms = None if attempt.state == "running" else started_ms
    return (
        new_id(), run_id, attempt.ord, message_id, attempt.provider, safe_for_storage(attempt.model), attempt.key_ref,
        attempt.state, attempt.error_kind, safe_for_storage(attempt.reason) or None, attempt.http_status,
        started_ms, ended_ms, attempt.hint or None,
    )  # fmt: skip
