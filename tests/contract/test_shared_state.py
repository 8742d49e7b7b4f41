"""Breakers and keys in the database: what is written, what is read, and what happens when it cannot be."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.admitting import Door, candidate, configured, failed
from tests.support.storage import opened, plain
from workbench.core.clock import SystemClock
from workbench.core.errors import StorageError
from workbench.core.provider_events import BreakerChanged, KeyChanged
from workbench.core.secret import Secret
from workbench.providers.resilience.admission import Admitted
from workbench.providers.resilience.values import BreakerState, KeyCondition
from workbench.providers.routing.order import Skipped
from workbench.storage.store import Store
from workbench.storage.transaction import Parameters, Row

P = configured()
REFUSED = failed("connection", "connection refused")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db") as store:
        yield store


def writes(path: Path) -> list[tuple[str, ...]]:
    with plain(path) as connection:
        sql = (
            "select provider, state from breakers union all select provider || ' ' || key_ref, state from provider_keys"
        )
        return sorted(connection.execute(sql).fetchall())


async def told(door: Door) -> list[str]:
    await door.admission.aclose()
    return door.moves()


async def test_a_healthy_provider_writes_nothing(store: Store) -> None:
    door = Door(store)
    for _ in range(50):
        await door.admission.refresh([P])
        await door.call(P)
    await door.call(P, failed("bad_request", status=400))
    await door.admission.aclose()
    assert writes(store.path) == []


async def test_a_new_process_begins_where_the_last_one_ended(store: Store) -> None:
    first = Door(store)
    two = configured("two", keys=2)
    await first.open(P)
    await first.call(two, failed("auth", status=401))
    await first.call(two, failed("rate_limited", retry_after_s=30))
    await first.admission.aclose()
    assert writes(store.path) == [("p", "open"), ("two KEY_A", "bad"), ("two KEY_B", "limited")]
    second = Door(store, owner="second")
    await second.admission.refresh([P, two])
    assert second.admission.breaker(P) == first.admission.breaker(P)
    assert second.admission.keys(two) == first.admission.keys(two)
    assert "next probe in 5 s" in (await second.skipped(P)).reason
    assert (await second.full(two)).ready_in_s == 30
    assert second.events() == [], "what another process did is no news of ours"


async def test_failures_of_two_processes_add_up(store: Store) -> None:
    one, other = Door(store, owner="one"), Door(store, owner="other")
    for door in (one, other, one, other, one):
        # Without reading first: the row is asked when it is written.
        await door.call(P, REFUSED)
        await door.admission.aclose()
    assert await told(one) == ["closed open"]
    assert await told(other) == []
    await other.admission.refresh([P])
    assert other.admission.breaker(P).failures == 5
    await other.skipped(P)


async def test_successes_since_the_last_write_count_for_the_share_of_failures(store: Store) -> None:
    one, other = Door(store, owner="one"), Door(store, owner="other")
    for _ in range(9):
        await one.call(P)
    for _ in range(4):
        await one.call(P, REFUSED)
        await one.call(P)
    await one.admission.aclose()
    await other.admission.refresh([P])
    for _ in range(4):
        await other.call(P, REFUSED)
        await other.admission.aclose()
    # 4 and 4 failures in 21 calls are no half, whoever counts.
    assert await told(other) == []
    with plain(store.path) as connection:
        window = json.loads(connection.execute("select record from breakers").fetchone()[0])["window"]
    assert [(calls, failures) for _, calls, failures in window] == [(21, 8)]


async def test_exactly_one_of_two_processes_sends_the_probe(store: Store) -> None:
    doors = [Door(store, owner=f"process-{number}") for number in range(2)]
    await doors[0].open(P)
    await doors[0].admission.aclose()
    for door in doors:
        door.clock.advance(5)
        await door.admission.refresh([P])
    found = await asyncio.gather(*(door.admit(P) for door in doors for _ in range(4)))
    assert [answer.probe for answer in found if isinstance(answer, Admitted)] == [True]
    skipped = [answer.reason for answer in found if isinstance(answer, Skipped)]
    assert len(skipped) == 7
    assert all("one probe" in reason for reason in skipped)


async def test_a_probe_finds_out_that_another_process_has_closed_the_breaker(store: Store) -> None:
    one, other = Door(store, owner="one"), Door(store, owner="other")
    await one.open(P)
    await one.admission.aclose()
    await other.admission.refresh([P])
    await other.admission.reset_breaker("p")
    one.clock.advance(5)
    leave = await one.admitted(P)
    assert not leave.probe
    one.end(P, leave)


async def test_a_cancelled_claim_gives_place_and_permit_back(store: Store) -> None:
    door = Door(store)
    one = configured(max_concurrent=1)
    await door.open(one)
    door.clock.advance(5)
    claiming = asyncio.create_task(door.admit(one))
    await asyncio.sleep(0)
    claiming.cancel()
    await asyncio.gather(claiming, return_exceptions=True)
    assert claiming.cancelled()
    assert (await door.admitted(one)).probe


async def test_a_reset_by_one_is_seen_by_the_other(store: Store) -> None:
    one, other = Door(store, owner="one"), Door(store, owner="other")
    await one.open(P)
    await one.call(configured("q"), failed("auth", status=401))
    await one.admission.aclose()
    await other.admission.reset_breaker("p")
    await other.admission.reset_keys("q")
    events = other.events()
    assert [(type(event), event.data()["reason"]) for event in events] == [
        (BreakerChanged, "reset by hand"), (KeyChanged, "reset by hand"),
    ]  # fmt: skip
    await one.admission.refresh([P, configured("q")])
    assert one.admission.breaker(P).state is BreakerState.CLOSED
    await one.admitted(configured("q"))


async def test_a_key_that_is_switched_off_stays_off_for_the_next_process(store: Store) -> None:
    two = configured(keys=2)
    await Door(store).admission.set_key_enabled("p", "KEY_A", False)
    door = Door(store)
    await door.admission.refresh([two])
    assert [view.condition for view in door.admission.keys(two)] == [KeyCondition.DISABLED, KeyCondition.OK]
    assert (await door.call(two)).key_ref == "KEY_B"


async def test_a_changed_key_is_good_for_a_new_process(store: Store) -> None:
    door = Door(store)
    await door.call(P, failed("auth", status=401))
    await door.admission.aclose()
    changed = replace(P, api_keys=(Secret("sk-new"),))
    for provider, condition in ((P, KeyCondition.BAD), (changed, KeyCondition.OK)):
        later = Door(store)
        await later.admission.refresh([provider])
        assert [view.condition for view in later.admission.keys(provider)] == [condition]
        assert later.events() == []


async def test_no_key_stands_in_a_row(store: Store) -> None:
    door = Door(store)
    await door.call(P, failed("auth", "refused", status=401))
    await door.open(configured("q"))
    await door.admission.aclose()
    await store.close()
    assert b"sk-" not in b"".join(file.read_bytes() for file in store.path.parent.glob("workbench.db*"))


async def test_a_read_that_began_before_a_write_does_not_undo_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(store)
    await door.open(P, times=4)
    await door.admission.aclose()
    read, has_read, go_on = store.read, asyncio.Event(), asyncio.Event()

    async def slow_read(sql: str, params: Parameters = ()) -> list[Row]:
        rows = await read(sql, params)
        has_read.set()
        await go_on.wait()
        return rows

    monkeypatch.setattr(store, "read", slow_read)
    reading = asyncio.create_task(door.admission.refresh([P]))
    await has_read.wait()
    await door.call(P, REFUSED)
    await door.admission.aclose()
    go_on.set()
    await reading
    assert door.admission.breaker(P).state is BreakerState.OPEN


@pytest.mark.parametrize("record", ["{}", "[]", "3", '{"window": 7}', '{"failures": "x"}', '{"new_field": 1}'])
async def test_a_row_that_cannot_be_read_is_a_closed_breaker(store: Store, record: str) -> None:
    await store.write(lambda t: t.execute("insert into breakers values ('p', 'open', ?, 1)", (record,)))
    door = Door(store)
    await door.admission.refresh([P])
    await door.admitted(P, early_probe=True)


async def test_reading_the_state_takes_well_under_a_millisecond(tmp_path: Path) -> None:
    async with opened(tmp_path / "workbench.db") as store:
        door = Door(store, clock=SystemClock())
        providers = [configured(f"p{number}", keys=2) for number in range(10)]
        for provider in providers:
            await door.open(provider)
        await door.admission.aclose()
        began = time.perf_counter()
        for _ in range(200):
            await door.admission.refresh(providers)
        # The bound allows for a busy machine; on an idle one it is a third of this.
        assert (time.perf_counter() - began) / 200 < 0.003


def break_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*args: object) -> None:
        del args
        raise StorageError("The disk is full")

    monkeypatch.setattr(store, "write", fail)
    monkeypatch.setattr(store, "read", fail)


async def test_trouble_with_the_database_costs_no_answer_and_is_said_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    door = Door(store)
    break_disk(store, monkeypatch)
    with caplog.at_level(logging.WARNING):
        await door.admission.refresh([P])
        await door.open(P)
        await door.admission.refresh([P])
        await door.skipped(P)
        door.clock.advance(5)
        probe = await door.admitted(P)
        assert probe.probe
        await door.skipped(P)
        door.end(P, probe)
        await door.admission.aclose()
    assert [record.message for record in caplog.records] == [
        "breakers and keys are kept in memory only, other processes do not see them: The disk is full"
    ]
    assert door.moves() == ["closed open", "open half_open", "half_open closed"]


async def test_what_could_not_be_written_is_written_when_it_can_be_and_told_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(store)
    with monkeypatch.context() as patch:
        break_disk(store, patch)
        await door.open(P)
        assert await told(door) == ["closed open"]
    assert writes(store.path) == []
    door.clock.advance(5)
    leave = await door.admitted(P)
    assert leave.probe
    assert writes(store.path) == [("p", "half_open")]
    door.end(P, leave, REFUSED)
    assert await told(door) == ["open half_open", "half_open open"]


async def test_a_read_only_database_is_read_and_memory_goes_on(store: Store) -> None:
    before = Door(store)
    await before.open(configured("q"))
    await before.admission.aclose()
    reader = await Store.open(store.path, read_only=True)
    try:
        door = Door(reader)
        await door.admission.refresh([P, configured("q")])
        await door.skipped(configured("q"))
        await door.open(P)
        await door.skipped(P)
        assert door.moves() == ["closed open"]
    finally:
        await reader.close()


async def test_looking_at_a_provider_reads_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(store)
    await door.admission.refresh([P])
    break_disk(store, monkeypatch)
    assert door.admission.look(candidate(P)) is None
    leave = await door.admitted(replace(P))
    door.end(P, leave)
