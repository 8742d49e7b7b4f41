"""The trail of attempts, one row each: who was asked or passed over, and what came of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
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

_SAVE = """
insert into attempts(id, run_id, ord, message_id, provider, model, key_ref, started_at, state, error_kind, error_text,
                     http_status, first_token_at, ended_at, in_tokens, out_tokens, cache_read_tokens,
                     cache_write_tokens, reasoning_tokens, cost_nano, price_source, request_id, answered_model, hint)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict(run_id, ord) do update set
  state = excluded.state, error_kind = excluded.error_kind, error_text = excluded.error_text,
  http_status = excluded.http_status, first_token_at = excluded.first_token_at, ended_at = excluded.ended_at,
  in_tokens = excluded.in_tokens, out_tokens = excluded.out_tokens, cache_read_tokens = excluded.cache_read_tokens,
  cache_write_tokens = excluded.cache_write_tokens, reasoning_tokens = excluded.reasoning_tokens,
  cost_nano = excluded.cost_nano, price_source = excluded.price_source, request_id = excluded.request_id,
  answered_model = excluded.answered_model, hint = excluded.hint
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """An attempt as it stands, with its times in wall-clock milliseconds."""

    attempt: Attempt
    started_ms: int
    ended_ms: int | None = None
    """None while it runs."""


class AttemptRecorder(Protocol):
    """Where the attempt loop writes its trail."""

    async def save(self, *, run_id: str, message_id: str, rows: Sequence[AttemptRow]) -> None:
        """Attempts that are new, or stand otherwise than before; at least one."""
        ...


class AttemptLog:
    """Keeps the trail in the database. What cannot be saved is logged: it must not cost the answer."""

    def __init__(self, store: Store, *, of_messages: bool = True) -> None:
        """Rows of `attempts` in `store`, each of them of the message that was asked for, or of none."""
        self._store = store
        self._of_messages = of_messages

    async def save(self, *, run_id: str, message_id: str, rows: Sequence[AttemptRow]) -> None:
        """A row for each, in one transaction."""
        values = [_values(run_id, message_id if self._of_messages else None, row) for row in rows]

        async def save(transaction: Transaction) -> None:
            await transaction.executemany(_SAVE, values)

        try:
            await self._store.write(save)
        except StorageError as problem:
            logger.warning("the attempts of turn %s were not saved: %s", run_id, problem)


def _safe(text: str | None) -> str | None:
    return None if text is None else safe_for_storage(text)[:LONGEST_NAME]


def _values(run_id: str, message_id: str | None, row: AttemptRow) -> tuple[object, ...]:
    attempt = row.attempt
    first_token_at = None if attempt.first_token_ms is None else row.started_ms + attempt.first_token_ms
    return (
        new_id(), run_id, attempt.ord, message_id, attempt.provider, safe_for_storage(attempt.model), attempt.key_ref,
        row.started_ms, attempt.state, attempt.error_kind, safe_for_storage(attempt.reason) or None,
        attempt.http_status, first_token_at, row.ended_ms, attempt.input_tokens, attempt.output_tokens,
        attempt.cache_read_tokens, attempt.cache_write_tokens, attempt.reasoning_tokens, attempt.cost_nano,
        attempt.price_source, _safe(attempt.request_id), _safe(attempt.answered_model), attempt.hint or None,
    )  # fmt: skip
