"""The trail in the database, and the figures the directory makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.answering import Desk, request
from tests.support.doubles import (
    FaultyProvider,
    closed_port,
    eventually,
    html,
    providers,
    redirect,
    server_error,
    silence,
    unauthorized,
)
from tests.support.scripted_model import ScriptedModel, provider
from tests.support.storage import opened
from workbench.config.values import Configuration, Provider
from workbench.core.clock import ManualClock
from workbench.core.errors import Cause, NotFoundError
from workbench.core.events import AttemptEnded, FirstToken
from workbench.core.secret import Secret
from workbench.providers.answering.attempt_log import AttemptLog, NoAttemptLog
from workbench.providers.health.directory import ProviderDirectory, ProviderStatus, probe_document, status_document
from workbench.providers.values import Attempt, AttemptFailure, ErrorKind, Finish, TextPart, Usage
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

BUSY = AttemptFailure(ErrorKind.RATE_LIMITED, "slow \0 down \ud800", cause=Cause.TRANSIENT, http_status=429)
PRICED = [TextPart(text="hi"), Finish(reason="stop", usage=Usage(input_tokens=3, output_tokens=5, cost_nano=42))]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db", clock=ManualClock()) as store:

        async def a_message(transaction: Transaction) -> None:
            await transaction.execute(
                "insert into conversations(id, created_at, updated_at) values ('conversation-1', 1, 1)"
            )
            await transaction.execute(
                "insert into messages(id, conversation_id, role, state, created_at) "
                "values ('message-1', 'conversation-1', 'assistant', 'streaming', 1)"
            )

        await store.write(a_message)
        yield store


async def test_every_attempt_is_a_row(store: Store) -> None:
    clock = ManualClock()
    model = ScriptedModel({"a": [[BUSY]], "b": [PRICED]})
    desk = Desk(model, clock=clock, recorder=AttemptLog(store))
    off = replace(provider("off"), enabled=False)
    await desk.answer(request(off, provider("a"), provider("b", priority=2)))
    rows = [dict(row) for row in await store.read("select * from attempts order by ord")]
    told = [(row["ord"], row["provider"], row["model"], row["state"], row["error_kind"]) for row in rows]
    assert told == [
        (0, "off", "off-1", "skipped", "disabled"),
        (1, "a", "a-1", "failed", "rate_limited"),
        (2, "b", "b-1", "ok", None),
    ]
    assert {row["run_id"] for row in rows} == {"turn-1"}
    assert {row["message_id"] for row in rows} == {"message-1"}
    assert (rows[1]["http_status"], rows[1]["key_ref"]) == (429, "key-1")
    assert rows[1]["error_text"] == "slow \N{REPLACEMENT CHARACTER} down \N{REPLACEMENT CHARACTER}"
    assert (rows[2]["in_tokens"], rows[2]["out_tokens"], rows[2]["cost_nano"]) == (3, 5, 42)
    assert rows[2]["price_source"] == "litellm"
    assert rows[2]["started_at"] <= rows[2]["first_token_at"] <= rows[2]["ended_at"]
    assert all("key-of-" not in str(row) for row in rows)


async def test_a_turn_cancelled_twice_leaves_no_running_row(store: Store) -> None:
    model = ScriptedModel({"a": [[TextPart(text="hi"), 10.0]]})
    desk = Desk(model, recorder=AttemptLog(store))
    turn = asyncio.create_task(desk.answer(request(provider("a"))))
    await eventually(lambda: desk.events(FirstToken))
    turn.cancel()
    await asyncio.sleep(0)
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    states: list[str] = []
    while states != ["cancelled"]:
        states = [row["state"] for row in await store.read("select state from attempts")]
    assert [event.data()["state"] for event in desk.events(AttemptEnded)] == ["cancelled"]


async def test_an_answer_that_is_not_stored_leaves_no_row(store: Store) -> None:
    desk = Desk(ScriptedModel({"a": [PRICED]}), recorder=AttemptLog(store))
    off = replace(provider("off"), enabled=False)
    assert (await desk.answer(request(off, provider("a"), message_id=None))).answered.complete
    assert await store.read("select * from attempts") == []


async def test_a_disk_that_refuses_costs_the_row_not_the_answer(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    await store.close()
    desk = Desk(ScriptedModel({"a": [PRICED]}), recorder=AttemptLog(store))
    outcome = await desk.answer(request(replace(provider("off"), enabled=False), provider("a")))
    assert outcome.answered.complete
    assert "was not saved" in caplog.text


async def test_nothing_is_kept_without_a_log() -> None:
    desk = Desk(ScriptedModel({"a": [PRICED]}), recorder=NoAttemptLog())
    outcome = await desk.answer(request(replace(provider("off"), enabled=False), provider("a")))
    assert outcome.trail == [("off", "skipped", "disabled"), ("a", "ok", None)]


def directory(store: Store | None, clock: ManualClock, *all_providers: Provider) -> ProviderDirectory:

    async def configured() -> Configuration:
        return Configuration(providers=all_providers)

    return ProviderDirectory(configured, store, clock)


async def attempts_of(
    store: Store, name: str, figures: Sequence[tuple[str, int, int | None, int]], start_ms: int
) -> None:
    """Rows for `name`: state, start after `start_ms`, milliseconds to the first token, milliseconds in all."""
    log = AttemptLog(store)
    for place, (state, after_ms, first_ms, took_ms) in enumerate(figures):
        attempt = Attempt(ord=place, provider=name, model="m", state="running")
        run, began = f"run-{name}", start_ms + after_ms
        await log.begin(run_id=run, message_id="message-1", attempt=attempt, key_ref=None, started_ms=began)
        ended = replace(attempt, state=state, first_token_ms=first_ms, duration_ms=took_ms)
        await log.end(
            run_id=run, message_id="message-1", attempt=ended, started_ms=began, ended_ms=began + took_ms
        )  # fmt: skip


async def test_figures_of_the_last_minutes(store: Store) -> None:
    clock = ManualClock()
    old = clock.now_ms()
    await attempts_of(store, "a", [("ok", 0, 1, 99_999)], old)
    clock.advance(16 * 60)
    now = clock.now_ms()
    await attempts_of(store, "b", [("ok", place, 100 + place, 1000 * place) for place in range(1, 21)], now)
    await attempts_of(store, "c", [("ok", 0, 9_000, 10_000), ("failed", 1, None, 50), ("ok", 2, 8_000, 9_000)], now)
    await attempts_of(store, "d", [("ok", 0, 10, 20), ("failed", 1, None, 50), ("cancelled", 2, None, 50)], now)
    listed = await directory(store, clock, *(provider(name) for name in "abcd")).list()
    by_name = {status.name: status for status in listed}
    assert by_name["a"] == ProviderStatus(
        name="a", kind="openai", model="a-1", models=("a-1",), enabled=True, state="unknown"
    )  # fmt: skip
    b = by_name["b"]
    assert (b.state, b.p50_ms, b.p95_ms, b.error_rate) == ("ok", 10_000, 19_000, 0.0)
    assert b.first_token_ms in (110, 111)
    c = by_name["c"]
    assert (c.state, c.first_token_ms, c.error_rate) == ("slow", 8_500, 0.333)
    d = by_name["d"]
    assert (d.state, d.error_rate, d.p50_ms, d.checked_at_ms) == ("unknown", 0.5, 20, now + 51)


async def test_states_without_figures() -> None:
    clock = ManualClock()
    keyless = replace(provider("keyless", priority=2), api_keys=())
    off = replace(provider("off", priority=1), enabled=False, api_keys=())
    local = Provider(name="local", kind="ollama", models=("m",), needs_key=False, priority=3)
    listed = await directory(None, clock, local, keyless, off).list()
    assert [(status.name, status.state, status.key_state) for status in listed] == [
        ("off", "disabled", "missing"),
        ("keyless", "no_key", "missing"),
        ("local", "unknown", "not_needed"),
    ]
    document = status_document(listed[2])
    assert set(document) >= {
        "name", "kind", "model", "models", "enabled", "state", "breaker", "key_state", "p50_ms", "p95_ms",
        "first_token_ms", "error_rate", "checked_at",
    }  # fmt: skip
    assert (document["breaker"], document["checked_at"], document["p50_ms"]) == ("closed", None, None)


KEY = Secret("canary-11aa22bb33cc44dd")


def at(name: str, double: FaultyProvider | str, kind: str = "openai") -> Provider:
    base_url = double if isinstance(double, str) else double.base_url
    return Provider(name=name, kind=kind, base_url=base_url, models=("m",), api_keys=(KEY,))


async def test_probes_are_free_requests_and_tell_what_is_there() -> None:
    async with providers((), (), ()) as (openai, ollama, anthropic):
        openai.models = ("m-1", "m-2\x1b[2J")
        clock = ManualClock()
        book = directory(
            None, clock, at("openai", openai), at("ollama", ollama, "ollama"), at("claude", anthropic, "anthropic")
        )
        results = await book.test()
        assert [(result.name, result.ok) for result in results] == [
            ("openai", True),
            ("ollama", True),
            ("claude", True),
        ]
        assert results[0].models == ("m-1",)
        seen = [(double.requests[0].method, double.requests[0].path) for double in (openai, ollama, anthropic)]
        assert seen == [("GET", "/v1/models"), ("GET", "/api/tags"), ("GET", "/v1/models")]
        assert [double.requests[0].key for double in (openai, ollama, anthropic)] == [KEY.reveal()] * 3
        status = (await book.list())[0]
        assert (status.state, status.checked_at_ms) == ("ok", clock.now_ms())
        assert set(probe_document(results[0])) == {"name", "ok", "latency_ms", "models", "error_kind", "reason"}


async def test_probe_failures_have_the_attempts_kinds() -> None:
    async with (
        FaultyProvider(probe=unauthorized()) as wrong_key,
        FaultyProvider(probe=server_error(503)) as ill,
        FaultyProvider(probe=html()) as portal,
        FaultyProvider(probe=silence()) as silent,
        FaultyProvider() as elsewhere,
    ):
        refused = f"http://127.0.0.1:{closed_port()}/v1"
        keyless = replace(at("keyless", portal), api_keys=(), missing_keys=("X_KEY",))
        off = replace(at("off", portal), enabled=False)
        book = directory(
            None, ManualClock(), at("wrong", wrong_key), at("ill", ill), at("portal", portal), at("silent", silent),
            at("refused", refused), at("cloud", elsewhere, "bedrock"), keyless, off,
        )  # fmt: skip
        results = {result.name: result for result in await book.test(deadline_s=0.5)}
        assert {name: result.error_kind for name, result in results.items()} == {
            "wrong": "auth", "ill": "server_error", "portal": "empty", "silent": "timeout", "refused": "connection",
            "cloud": None, "keyless": "no_key", "off": "disabled",
        }  # fmt: skip
        assert not any(result.ok for result in results.values())
        assert KEY.reveal() not in str(results)
        assert "X_KEY" in results["keyless"].reason
        assert elsewhere.requests == []
        assert (await book.test(["off"]))[0].error_kind == "empty"
        with pytest.raises(NotFoundError, match="nobody"):
            await book.test(["nobody"])


async def test_a_redirect_does_not_carry_the_key_away() -> None:
    async with FaultyProvider() as thief, FaultyProvider() as double:
        double.probe = redirect(thief.base_url + "/models", 302)
        result = (await directory(None, ManualClock(), at("a", double)).test())[0]
        assert not result.ok
        assert thief.requests == []


async def test_the_proxy_variables_have_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FaultyProvider() as proxy, FaultyProvider() as double:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await directory(None, ManualClock(), at("a", double)).test())[0].ok
        assert proxy.requests == []
