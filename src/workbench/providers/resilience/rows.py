"""Breakers and keys as rows: the statements, and the values they hold. A row that cannot be read is a fresh value."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from workbench.core.text import safe_for_storage
from workbench.providers.resilience.breaker import Breaker
from workbench.providers.resilience.keys import Key
from workbench.providers.resilience.values import BreakerState, KeyCondition
from workbench.storage.transaction import Row, Transaction

SELECT = """
    select 1, provider, '', state, null, '', '', null, record from breakers
    where provider in (select value from json_each(:names))
    union all
    select 0, provider, key_ref, state, until, reason, fingerprint, limited_at, '' from provider_keys
    where provider in (select value from json_each(:names))
    limit 500
"""
"""What is known of some providers, in one statement; see `names` and `Stored`."""

_ONE_BREAKER = "select 1, provider, '', state, null, '', '', null, record from breakers where provider = ?"
_ONE_KEY = """
    select 0, provider, key_ref, state, until, reason, fingerprint, limited_at, '' from provider_keys
    where provider = ? and key_ref = ?
"""
_SAVE_BREAKER = """
    insert into breakers(provider, state, record, updated_at) values (?, ?, ?, ?)
    on conflict(provider) do update set
      state = excluded.state, record = excluded.record, updated_at = excluded.updated_at
"""
_SAVE_KEY = """
    insert into provider_keys(provider, key_ref, state, until, reason, fingerprint, limited_at, updated_at)
    values (?, ?, ?, ?, ?, ?, ?, ?)
    on conflict(provider, key_ref) do update set
      state = excluded.state, until = excluded.until, reason = excluded.reason, fingerprint = excluded.fingerprint,
      limited_at = excluded.limited_at, updated_at = excluded.updated_at
"""


class Stored(NamedTuple):
    """One row of either table, without its time."""

    is_breaker: int
    provider: str
    key_ref: str
    state: str
    until: int | None
    reason: str
    fingerprint: str
    limited_at: int | None
    record: str


def names(providers: Iterable[str]) -> dict[str, str]:
    """The parameters of `SELECT`."""
    return {"names": json.dumps([safe_for_storage(name) for name in providers])}


def stored(row: Row) -> Stored:
    """A row of `SELECT`."""
    return Stored(*row)


def of_breaker(provider: str, breaker: Breaker) -> Stored:
    """A breaker as its row."""
    fields = dataclasses.asdict(breaker)
    state = fields.pop("state")
    record = json.dumps(fields, separators=(",", ":"))
    return Stored(1, safe_for_storage(provider), "", state, None, "", "", None, record)


def of_key(provider: str, ref: str, key: Key) -> Stored:
    """A key as its row."""
    reason = safe_for_storage(key.reason)
    place = (safe_for_storage(provider), safe_for_storage(ref))
    return Stored(0, *place, key.condition, key.until_ms, reason, key.fingerprint, key.limited_at_ms, "")


def breaker(row: Stored) -> Breaker:
    """The breaker that a row holds; fields that a newer program has added are left out."""
    try:
        fields: dict[str, Any] = json.loads(row.record)
        known = {field.name: fields[field.name] for field in dataclasses.fields(Breaker) if field.name in fields}
        window = cast("list[list[int]]", known.get("window", []))
        known["window"] = tuple((int(at), int(calls), int(failed)) for at, calls, failed in window)
        found = Breaker(state=BreakerState(row.state), **known)
        numbers = (found.generation, found.failures, found.failed_at_ms, found.openings, found.opened_at_ms)
        times = (found.probe_at_ms, found.permit_from_ms, found.permit_until_ms)
        whole = all(type(number) is int for number in (*numbers, *times)) and type(found.reason) is str
    except (TypeError, ValueError):
        return Breaker()
    return found if whole else Breaker()


def key(row: Stored) -> Key:
    """The key that a row holds."""
    return Key(
        condition=KeyCondition(row.state),
        until_ms=row.until,
        limited_at_ms=row.limited_at,
        reason=row.reason,
        fingerprint=row.fingerprint,
    )


async def load(transaction: Transaction, like: Stored) -> Stored | None:
    """The row in `like`'s place."""
    if like.is_breaker:
        found = await transaction.fetch(_ONE_BREAKER, (like.provider,))
    else:
        found = await transaction.fetch(_ONE_KEY, (like.provider, like.key_ref))
    return stored(found[0]) if found else None


async def save(transaction: Transaction, row: Stored, now_ms: int) -> None:
    """Put a row in its place."""
    if row.is_breaker:
        await transaction.execute(_SAVE_BREAKER, (row.provider, row.state, row.record, now_ms))
        return
    values = (row.provider, row.key_ref, row.state, row.until, row.reason, row.fingerprint, row.limited_at, now_ms)
    await transaction.execute(_SAVE_KEY, values)
