"""What the attempts of the last minutes and of a day say of providers; every quantile is found by SQLite."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from workbench.core.clock import Clock
from workbench.providers.health.values import SPARK_MINUTES, Figures, LastError, Minute, RecentAttempt
from workbench.providers.values import Attempt
from workbench.storage.store import Store
from workbench.storage.transaction import Row

MINUTE_MS = 60_000
RECENT_MS = SPARK_MINUTES * MINUTE_MS
DAY_MS = 24 * 60 * MINUTE_MS
ATTEMPTS_SHOWN = 20
DAY_SHARE = 0.01
"""Share of time that reading a whole day may take: 100,000 attempts take about 0.5 s, so every 50 s then."""

_NAMES_AT_ONCE = 400
"""Each gives one row, and a read gives at most 500."""

# The nearest rank: the quantile q of n values is the one at place ceil(q * n), a value that was measured.
# By the index on time, because the other one leads through all attempts that a provider ever had.
_FIGURES = """
with counted as materialized (
  select provider, case state when 'ok' then ended_at - started_at end as took,
         case state when 'ok' then first_token_at - started_at end as first, state = 'failed' as failed, cost_nano
  from attempts indexed by attempts_time
  where started_at >= :since and state in ('ok', 'failed') and cached = 0
    and provider in (select value from json_each(:names))
), totals as materialized (
  select provider, count(*) as attempts, sum(failed) as failures, sum(cost_nano) as spend_nano,
         count(took) as whole, count(first) as began
  from counted group by provider
), whole_placed as (
  select provider, took, row_number() over (partition by provider order by took) as place
  from counted where took is not null
), whole_quantiles as (
  select provider, max(case when place = (whole * 50 + 99) / 100 then took end) as p50_ms,
         max(case when place = (whole * 95 + 99) / 100 then took end) as p95_ms
  from whole_placed join totals using (provider) group by provider
), began_placed as (
  select provider, first, row_number() over (partition by provider order by first) as place
  from counted where first is not null
), began_quantiles as (
  select provider, max(case when place = (began * 50 + 99) / 100 then first end) as first_token_p50_ms,
         max(case when place = (began * 95 + 99) / 100 then first end) as first_token_p95_ms
  from began_placed join totals using (provider) group by provider
)
select * from totals left join whole_quantiles using (provider) left join began_quantiles using (provider)
"""

_MINUTES = """
with placed as (
  select provider, (started_at - :since) / 60000 as minute, state, ended_at - started_at as took,
         row_number() over same as place,
         count(ended_at) over (partition by provider, (started_at - :since) / 60000, state) as number
  from attempts indexed by attempts_time
  where started_at >= :since and state in ('ok', 'failed') and cached = 0
    and provider in (select value from json_each(:names))
  window same as (partition by provider, (started_at - :since) / 60000, state order by ended_at - started_at nulls last)
), minutes as (
  select provider, minute, max(case when state = 'ok' and place = (number + 1) / 2 then took end) as p50_ms,
         sum(state = 'failed') as failures
  from placed group by provider, minute
)
select provider, json_group_array(json_array(minute, p50_ms, failures)) as minutes from minutes group by provider
"""

# With a single max() SQLite takes the other columns from the row that has it.
_NEWEST = """
select provider, state, max(coalesce(ended_at, started_at)) as at
from attempts indexed by attempts_time
where started_at >= :since and state in ('ok', 'failed') and cached = 0
  and provider in (select value from json_each(:names))
group by provider
"""

_LAST_ERRORS = """
select provider, error_kind, error_text, http_status, max(coalesce(ended_at, started_at)) as at
from attempts indexed by attempts_time
where started_at >= :since and state = 'failed' and cached = 0
  and provider in (select value from json_each(:names))
group by provider
"""

_ERROR_KINDS = """
select error_kind, count(*) as number from attempts indexed by attempts_time
where started_at >= ? and provider = ? and state = 'failed' and cached = 0
group by error_kind order by number desc, error_kind limit 50
"""

_ATTEMPTS = """
select a.*, m.conversation_id from attempts a indexed by attempts_time left join messages m on m.id = a.message_id
where a.started_at >= ? and a.provider = ? and a.state != 'skipped' and a.cached = 0
order by a.started_at desc, a.ord desc limit ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What real requests say of one provider."""

    recent: Figures = Figures()
    day: Figures = Figures()
    minutes: tuple[Minute, ...] = (Minute(),) * SPARK_MINUTES
    last_error: LastError | None = None
    newest_ok: bool | None = None
    """Whether the newest attempt of the last 15 minutes succeeded; None without one."""
    newest_at_ms: int | None = None
    """When the newest attempt of a day ended."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The figures of one stretch of time, by provider."""

    figures: Mapping[str, Figures]
    newest: Mapping[str, tuple[bool, int]]
    errors: Mapping[str, LastError]


class TrafficFigures:
    """Reads figures out of the attempts; those of a day are kept while reading them again would cost too much."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """From the attempts in `store`."""
        self._store = store
        self._clock = clock
        self._day: tuple[frozenset[str], _Stretch] = (frozenset(), _Stretch({}, {}, {}))
        self._day_good_until = 0.0

    async def read(self, names: Sequence[str]) -> dict[str, Traffic]:
        """The traffic of each of these providers. Raises StorageError."""
        now = self._clock.now_ms()
        recent = await self._stretch(names, now - RECENT_MS)
        day = await self._of_day(names, now - DAY_MS)
        minutes = await self._minutes(names, now)
        found: dict[str, Traffic] = {}
        for name in names:
            newest = recent.newest.get(name)
            heard = newest or day.newest.get(name)
            found[name] = Traffic(
                recent=recent.figures.get(name, Figures()),
                day=day.figures.get(name, Figures()),
                minutes=minutes.get(name, Traffic().minutes),
                last_error=recent.errors.get(name) or day.errors.get(name),
                newest_ok=None if newest is None else newest[0],
                newest_at_ms=None if heard is None else heard[1],
            )
        return found

    async def error_kinds(self, name: str) -> tuple[tuple[str, int], ...]:
        """How often it failed in which way in the last 15 minutes, most frequent first. Raises StorageError."""
        rows = await self._store.read(_ERROR_KINDS, (self._clock.now_ms() - RECENT_MS, name))
        return tuple((row["error_kind"] or "internal", row["number"]) for row in rows)

    async def attempts(self, name: str) -> tuple[RecentAttempt, ...]:
        """The newest attempts of a day in which it was asked, at most 20, newest first. Raises StorageError."""
        rows = await self._store.read(_ATTEMPTS, (self._clock.now_ms() - DAY_MS, name, ATTEMPTS_SHOWN))
        return tuple(_recent_attempt(row) for row in rows)

    async def _of_day(self, names: Sequence[str], since: int) -> _Stretch:
        began = self._clock.monotonic()
        if self._day[0] != frozenset(names) or began >= self._day_good_until:
            self._day = (frozenset(names), await self._stretch(names, since))
            ended = self._clock.monotonic()
            self._day_good_until = ended + (ended - began) / DAY_SHARE
        return self._day[1]

    async def _stretch(self, names: Sequence[str], since: int) -> _Stretch:
        return _Stretch(
            figures={row["provider"]: _figures(row) for row in await self._rows(_FIGURES, names, since)},
            newest={row["provider"]: (row["state"] == "ok", row["at"])
                    for row in await self._rows(_NEWEST, names, since)},
            errors={row["provider"]: _last_error(row) for row in await self._rows(_LAST_ERRORS, names, since)},
        )  # fmt: skip

    async def _minutes(self, names: Sequence[str], now: int) -> dict[str, tuple[Minute, ...]]:
        since = (now // MINUTE_MS - SPARK_MINUTES + 1) * MINUTE_MS
        found: dict[str, tuple[Minute, ...]] = {}
        for row in await self._rows(_MINUTES, names, since):
            minutes = [Minute()] * SPARK_MINUTES
            for minute, p50_ms, failures in cast("list[tuple[int, int | None, int]]", json.loads(row["minutes"])):
                # A clock that was put back leaves attempts of the future.
                if minute < SPARK_MINUTES:
                    minutes[minute] = Minute(p50_ms=p50_ms, failures=failures)
            found[row["provider"]] = tuple(minutes)
        return found

    async def _rows(self, sql: str, names: Sequence[str], since: int) -> list[Row]:
        rows: list[Row] = []
        for begin in range(0, len(names), _NAMES_AT_ONCE):
            some = json.dumps(list(names[begin : begin + _NAMES_AT_ONCE]))
            rows += await self._store.read(sql, {"since": since, "names": some})
        return rows


def _figures(row: Row) -> Figures:
    return Figures(
        attempts=row["attempts"],
        failures=row["failures"],
        p50_ms=row["p50_ms"],
        p95_ms=row["p95_ms"],
        first_token_p50_ms=row["first_token_p50_ms"],
        first_token_p95_ms=row["first_token_p95_ms"],
        spend_nano=row["spend_nano"],
    )


def _last_error(row: Row) -> LastError:
    return LastError(
        kind=row["error_kind"] or "internal",
        reason=row["error_text"] or "",
        http_status=row["http_status"],
        at_ms=row["at"],
    )


def _recent_attempt(row: Row) -> RecentAttempt:
    began, first, ended = row["started_at"], row["first_token_at"], row["ended_at"]
    attempt = Attempt(
        ord=row["ord"],
        provider=row["provider"],
        model=row["model"],
        state=row["state"],
        error_kind=row["error_kind"],
        http_status=row["http_status"],
        reason=row["error_text"] or "",
        first_token_ms=None if first is None else first - began,
        duration_ms=None if ended is None else ended - began,
        input_tokens=row["in_tokens"],
        output_tokens=row["out_tokens"],
        cost_nano=row["cost_nano"],
    )
    more = replace(
        attempt,
        cache_read_tokens=row["cache_read_tokens"],
        cache_write_tokens=row["cache_write_tokens"],
        reasoning_tokens=row["reasoning_tokens"],
        price_source=row["price_source"],
        key_ref=row["key_ref"],
        request_id=row["request_id"],
        answered_model=row["answered_model"],
    )
    return RecentAttempt(
        attempt=more, at_ms=began, conversation_id=row["conversation_id"], message_id=row["message_id"]
    )
