"""The core's thread: it starts, answers, ends in order and on time, and says why when it cannot start."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from workbench.config.paths import resolve_paths
from workbench.config.values import Provider
from workbench.core.bus import Subscription
from workbench.core.errors import EngineError, StorageError, UsageError
from workbench.core.events import ClientLoading, ConfigurationLoaded, EngineStarted, EngineStopping
from workbench.engine.core import Core
from workbench.engine.engine import Engine
from workbench.engine.options import EngineOptions
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.resilience.values import BreakerState


def options(tmp_path: Path, *, offline: bool = False, demo: bool = False) -> EngineOptions:
    """Options for a home of the test's own, with an empty environment."""
    return EngineOptions(paths=resolve_paths(tmp_path, {}), environ={}, offline=offline, demo=demo)


@contextmanager
def running(engine: Engine) -> Iterator[Subscription]:
    """Start an engine, hand out its events, and stop it."""
    events = engine.bus.subscribe()
    engine.start()
    try:
        yield events
    finally:
        assert engine.stop(5.0)


async def name_of_thread(_core: Core) -> str:
    """The thread that the core's work runs on."""
    return threading.current_thread().name


def test_work_runs_on_the_core_s_own_thread(tmp_path: Path) -> None:
    engine = Engine(options(tmp_path, offline=True))
    with running(engine) as events:
        assert engine.run(name_of_thread) == "workbench-core"
        assert asyncio.run(engine.call(name_of_thread)) == "workbench-core"
        # Read in the background: wait until it is in force.
        engine.run(lambda core: core.configured())
        kinds = [type(e) for e in events.drain()]
        assert EngineStarted in kinds and ConfigurationLoaded in kinds
        assert ClientLoading not in kinds
    assert any(isinstance(e, EngineStopping) for e in events.drain())


def test_an_error_of_the_work_reaches_the_caller(tmp_path: Path) -> None:
    engine = Engine(options(tmp_path, offline=True))

    async def fail(_core: Core) -> None:
        raise UsageError("no such thing")

    with running(engine), pytest.raises(UsageError, match="no such thing"):
        engine.run(fail)


def test_a_database_that_cannot_be_read_is_the_error_of_every_call(tmp_path: Path) -> None:
    paths = resolve_paths(tmp_path, {})
    paths.data_dir.mkdir(parents=True)
    paths.database.write_bytes(b"this is no database at all" * 100)
    engine = Engine(options(tmp_path, offline=True))
    with running(engine):
        for _ in range(2):
            with pytest.raises(StorageError):
                engine.run(name_of_thread)
    assert paths.database.read_bytes().startswith(b"this is no database")


def test_after_stop_calls_are_refused_and_nothing_is_left_running(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    engine = Engine(options(tmp_path, offline=True))
    with running(engine):
        engine.run(name_of_thread)
    with pytest.raises(EngineError):
        engine.run(name_of_thread)
    lingering = [t for t in set(threading.enumerate()) - before if not t.name.startswith("asyncio_")]
    for thread in lingering:
        # One that was told to end may still be on its way out.
        thread.join(2)
    assert [thread for thread in lingering if thread.is_alive()] == []
    assert engine.stop()


def test_stopping_before_the_core_is_up_is_quick(tmp_path: Path) -> None:
    engine = Engine(options(tmp_path, offline=True))
    engine.start()
    assert engine.stop(5.0)


def test_an_engine_that_was_never_started_stops_at_once(tmp_path: Path) -> None:
    assert Engine(options(tmp_path)).stop()


def test_work_that_does_not_end_cannot_hold_the_engine(tmp_path: Path) -> None:
    engine = Engine(options(tmp_path, offline=True))
    began, cancelled = threading.Event(), threading.Event()

    async def for_ever(_core: Core) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    def wait_in_vain() -> None:
        with suppress(CancelledError):
            engine.run(for_ever)

    with running(engine):
        engine.run(name_of_thread)
        waiting = threading.Thread(target=wait_in_vain, daemon=True)
        waiting.start()
        assert began.wait(2.0)
    assert cancelled.wait(2.0)


def test_events_of_a_run_are_in_the_log_of_the_next(tmp_path: Path) -> None:
    kinds: list[str] = []
    for _ in range(2):
        engine = Engine(options(tmp_path, offline=True))
        with running(engine):
            kinds = [event.kind for event in engine.run(lambda core: core.events.page())]
    assert "engine.started" in kinds and "engine.stopping" in kinds


def test_history_does_not_wait_for_a_slow_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never_found(*_args: object, **_options: object) -> tuple[Provider, ...]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr("workbench.config.discovery.discover", never_found)
    engine = Engine(options(tmp_path))

    async def look(core: Core) -> int:
        async with asyncio.timeout(2):
            return (await core.conversations.list())[0]

    with running(engine):
        assert engine.run(look) == 0


def test_a_demonstration_leaves_the_home_alone(tmp_path: Path) -> None:
    engine = Engine(options(tmp_path, demo=True))

    async def look(core: Core) -> tuple[Path, list[bool]]:
        return core.paths.data_dir, [p.scripted for p in (await core.configured()).providers]

    with running(engine):
        data_dir, scripted = engine.run(look)
    assert scripted == [True, True, True]
    assert not data_dir.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_cannot_be_closed_is_logged_and_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def cannot(_client: LiteLLMClient) -> None:
        raise RuntimeError("the pool is stuck")

    monkeypatch.setattr(LiteLLMClient, "aclose", cannot)
    engine = Engine(options(tmp_path, offline=True))
    ended: list[str] = []

    async def wait(_core: Core) -> None:
        await asyncio.sleep(60)

    def call() -> None:
        try:
            engine.run(wait)
        except CancelledError:
            ended.append("told")

    with running(engine):
        engine.run(name_of_thread)
        caller = threading.Thread(target=call, daemon=True)
        caller.start()
    caller.join(5)
    assert ended == ["told"]
    assert "the pool is stuck" in (tmp_path / "state" / "workbench.log").read_text()
    assert capsys.readouterr() == ("", "")


def test_over_a_newer_database_the_breakers_of_other_processes_are_still_known(tmp_path: Path) -> None:
    paths = resolve_paths(tmp_path, {})
    paths.config_dir.mkdir(parents=True)
    paths.config_file.write_text("providers:\n  down: {kind: ollama, models: [m]}\n")
    engine = Engine(options(tmp_path, offline=True))
    with running(engine):
        engine.run(lambda core: core.configured())
    soon_ms = int(time.time() * 1000) + 60_000
    record = f'{{"opened_at_ms": {soon_ms - 90_000}, "probe_at_ms": {soon_ms}, "reason": "5 failures"}}'
    with closing(sqlite3.connect(paths.database)) as connection, connection:
        connection.execute("insert into breakers values ('down', 'open', ?, 0)", (record,))
        connection.execute("pragma user_version=99")
    later = Engine(options(tmp_path, offline=True))
    with running(later):
        assert later.run(lambda core: core.providers.detail("down")).status.breaker.state is BreakerState.OPEN
