"""The trail in the database, and the figures the directory makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.answering import Desk, request
from tests.support.doubles import (
    eventually,
)
from tests.support.scripted_model import ScriptedModel, provider
from tests.support.storage import opened
from workbench.core.clock import ManualClock
from workbench.core.errors import Cause
from workbench.core.events import AttemptEnded, FirstToken
from workbench.providers.answering import write_behind
from workbench.providers.answering.attempt_log import AttemptLog
from workbench.providers.values import AttemptFailure, ErrorKind, Finish, TextPart, Usage
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

BUSY = AttemptFailure(ErrorKind.RATE_LIMITED, "slow \0 down \ud800", cause=Cause.TRANSIENT, http_status=429)
PRICE = Usage(
    input_tokens=3, output_tokens=5, cost_nano=42, cache_read_tokens=2, reasoning_tokens=4, price_source="litellm"
)
PRICED = [TextPart(text="hi"), Finish(reason="stop", usage=PRICE, request_id="req-1", model="b-1-2026")]


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
    assert (rows[2]["price_source"], rows[2]["request_id"], rows[2]["answered_model"]) == (
        "litellm", "req-1", "b-1-2026",
    )  # fmt: skip
    assert (rows[2]["cache_read_tokens"], rows[2]["cache_write_tokens"], rows[2]["reasoning_tokens"]) == (2, None, 4)
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


async def test_what_follows_at_once_is_saved_together_when_the_turn_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_behind, "WRITE_BEHIND_S", 3600.0)
    desk = Desk(ScriptedModel({"a": [[BUSY]], "b": [PRICED]}))
    outcome = await desk.answer(request(provider("a"), provider("b", priority=2)))
    assert outcome.answered.complete
    assert desk.recorded.saved == [(0, 1)]
    assert [row.state for row in desk.recorded.rows.values()] == ["failed", "ok"]


async def test_an_attempt_that_takes_its_time_is_a_row_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_behind, "WRITE_BEHIND_S", 0.0)
    gate = asyncio.Event()
    desk = Desk(ScriptedModel({"a": [[gate, *PRICED]]}))
    turn = asyncio.create_task(desk.answer(request(provider("a"))))
    await eventually(lambda: desk.recorded.rows)
    assert [row.state for row in desk.recorded.rows.values()] == ["running"]
    gate.set()
    assert (await turn).answered.complete
    assert [row.state for row in desk.recorded.rows.values()] == ["ok"]
    assert desk.recorded.saved == [(0,), (0,)]


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
    assert "were not saved" in caplog.text
