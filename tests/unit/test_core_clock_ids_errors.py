"""Time, ids and errors: what the rest of the program takes for granted."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from workbench.core.clock import ManualClock, RunTime, SystemClock, iso_utc
from workbench.core.errors import (
    Cause,
    ConfigurationError,
    DatabaseTooNewError,
    NotFoundError,
    StorageError,
    UsageError,
    WorkbenchError,
)
from workbench.core.ids import ALPHABET, IdMaker, new_id


@given(st.integers(0, 253_402_300_799_999))
def test_iso_utc_is_exact_to_the_millisecond(at_ms: int) -> None:
    text = iso_utc(at_ms)
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo == UTC
    assert len(text) == 24
    assert round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1000 // 1000 == round(at_ms / 1000)
    assert text.endswith(f"{at_ms % 1000:03d}Z")


def test_iso_utc_knows_no_impossible_time() -> None:
    assert iso_utc(1_795_167_662_117) == "2026-11-20T09:41:02.117Z"
    assert iso_utc(-1) == "1969-12-31T23:59:59.999Z"
    assert iso_utc(10**18).startswith("9999-12-31T23:59:59")
    assert iso_utc(-(10**18)).startswith("0001-01-01T00:00:00")


async def test_the_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(1_000)
    assert (clock.now_ms(), clock.monotonic()) == (1_000, 0.0)
    await clock.sleep(2.5)
    assert (clock.now_ms(), clock.monotonic()) == (3_500, 2.5)


def test_time_limits_stand_still_while_the_process_is_put_aside() -> None:
    now = [100.0]
    run_time = RunTime(lambda: now[0])
    begun = run_time.seconds()
    now[0] += 3
    run_time.stop()
    now[0] += 500
    assert run_time.seconds() - begun == 3
    run_time.stop()
    now[0] += 500
    run_time.go_on()
    run_time.go_on()
    assert run_time.seconds() - begun == 3
    now[0] += 4
    assert run_time.seconds() - begun == 7


async def test_the_system_clock_agrees_with_the_machine() -> None:
    clock = SystemClock()
    before, wall = clock.monotonic(), clock.now_ms()
    await clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.009
    assert abs(wall - datetime.now(UTC).timestamp() * 1000) < 60_000


def test_ids_are_26_characters_that_sort_by_time() -> None:
    now = 1_700_000_000_000
    maker = IdMaker(lambda: now * 1_000_000)
    first = maker()
    now += 1
    later = maker()
    assert len(first) == 26
    assert set(first) <= set(ALPHABET)
    assert first < later
    decoded = 0
    for digit in first:
        decoded = decoded * 32 + ALPHABET.index(digit)
    assert decoded >> 80 == now - 1


@given(st.lists(st.integers(0, 2_000_000_000_000_000_000), min_size=2, max_size=50))
def test_ids_increase_whatever_the_clock_does(times_ns: list[int]) -> None:
    remaining = iter(times_ns)
    maker = IdMaker(lambda: next(remaining))
    ids = [maker() for _ in times_ns]
    assert all(a < b for a, b in itertools.pairwise(ids))


def test_ids_of_many_threads_are_different_and_increase_in_each() -> None:
    made: list[list[str]] = [[] for _ in range(8)]

    def make(into: list[str]) -> None:
        into.extend(new_id() for _ in range(1500))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(a < b for ids in made for a, b in itertools.pairwise(ids))
    assert len({i for ids in made for i in ids}) == 8 * 1500


def test_an_error_says_what_why_and_what_to_do() -> None:
    error = StorageError("Not saved.", detail="disk full", hint="free some space", where="messages")
    assert str(error) == "Not saved. disk full. free some space"
    assert (error.kind, error.cause_class, error.where) == ("storage", Cause.RESOURCE, "messages")
    assert issubclass(NotFoundError, UsageError)
    assert issubclass(DatabaseTooNewError, StorageError)
    assert DatabaseTooNewError("x").cause_class is Cause.PERMANENT


def test_every_error_has_a_word_of_its_own_for_scripts() -> None:
    def tree(of: type[WorkbenchError]) -> list[type[WorkbenchError]]:
        return [of, *(found for below in of.__subclasses__() for found in tree(below))]

    core = [error for error in tree(WorkbenchError) if error.__module__ == "workbench.core.errors"]
    assert len({error.kind for error in core}) == len(core)
    assert ConfigurationError in core
