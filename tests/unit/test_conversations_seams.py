"""Seams in a reply and what is kept of its attempts."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import astuple, fields
from pathlib import Path

import pytest

from tests.support.storage import child, end, opened
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.telling.documents import message_document
from workbench.conversations.values import BrokenPart, MessageState, Seam
from workbench.core.clock import ManualClock
from workbench.core.ids import new_id
from workbench.providers.values import Attempt
from workbench.storage.store import Store

SEAMS = (
    Seam(at=5, after="alpha", provider="beta", model="b-1"),
    Seam(at=9, after="beta", provider="gamma", model="g-1"),
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db") as one:
        yield one


@pytest.fixture
def conversations(store: Store) -> Conversations:
    return Conversations(store, ManualClock(), "0instance")


async def test_seams_are_kept_while_the_reply_streams_and_at_its_end(conversations: Conversations) -> None:
    begun = await conversations.begin_turn(prompt="q", conversation_id=None)
    await conversations.save_reply(begun.reply.id, text="once upon", seams=SEAMS[:1])
    assert (await conversations.message(begun.reply.id)).seams == SEAMS[:1]
    broken = (BrokenPart(provider="zero", model="z", text="void"),)
    await conversations.finish_reply(
        begun.reply.id, state=MessageState.DONE, text="once upon a time", reasoning="hm", broken=broken, seams=SEAMS
    )
    done = await conversations.message(begun.reply.id)
    assert (done.seams, done.broken, done.reasoning, done.text) == (SEAMS, broken, "hm", "once upon a time")
    document = json.loads(json.dumps(message_document(done)))
    assert document["seams"] == [
        {"at": 5, "after": "alpha", "provider": "beta", "model": "b-1", "ended": "broke off"},
        {"at": 9, "after": "beta", "provider": "gamma", "model": "g-1", "ended": "broke off"},
    ]


async def test_a_reply_without_seams_has_none(conversations: Conversations) -> None:
    begun = await conversations.begin_turn(prompt="q", conversation_id=None)
    await conversations.save_reply(begun.reply.id, text="x")
    assert (await conversations.message(begun.reply.id)).seams == ()


async def test_a_seam_stays_at_its_place_when_the_text_is_made_storable(conversations: Conversations) -> None:
    pair = "\ud83d\ude80"
    begun = await conversations.begin_turn(prompt="q", conversation_id=None)
    hostile = Seam(at=len(f"a{pair}\0"), after="al\0pha", provider="be\ud800ta", model="m\x1b[2J")
    await conversations.save_reply(begun.reply.id, text=f"a{pair}\0{pair}z", seams=(hostile,))
    stored = await conversations.message(begun.reply.id)
    (seam,) = stored.seams
    assert (stored.text[: seam.at], stored.text[seam.at :]) == ("a🚀�", "🚀z")
    assert (seam.after, seam.provider, seam.model) == ("al�pha", "be�ta", "m\x1b[2J")


def test_a_continuation_survives_kill_9_with_who_went_on(tmp_path: Path) -> None:
    process = child("go-on", tmp_path / "workbench.db")
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    finally:
        end(process)

    async def read() -> None:
        async with opened(tmp_path / "workbench.db") as store:
            conversations = Conversations(store, ManualClock(), "0other")
            (marked,) = await conversations.mark_interrupted(lambda _owner: False)
            assert (marked.id, marked.state, marked.text) == (said["reply"], MessageState.INTERRUPTED, "once upon")
            assert (marked.provider, marked.model, marked.seams[0].ended) == ("beta", "model-b", "was stopped")
            stopped = await conversations.message(said["stopped"])
            assert (stopped.state, stopped.text, stopped.provider) == (MessageState.STOPPED, "once", "alpha")

    asyncio.run(read())


def test_a_seam_survives_kill_9(tmp_path: Path) -> None:
    process = child("stream", tmp_path)
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    finally:
        end(process)

    async def read() -> None:
        async with opened(tmp_path / "workbench.db") as store:
            conversations = Conversations(store, ManualClock(), "0other")
            (marked,) = await conversations.mark_interrupted(lambda _owner: False)
            assert (marked.id, marked.state, marked.text) == (said["reply"], MessageState.INTERRUPTED, "once upon")
            assert marked.seams == (Seam(at=4, after="alpha", provider="beta", model="model-b"),)

    asyncio.run(read())


async def test_everything_that_is_known_of_an_attempt_is_read_back(conversations: Conversations, store: Store) -> None:
    begun = await conversations.begin_turn(prompt="q", conversation_id=None)
    sql = """
        insert into attempts(id, run_id, ord, message_id, provider, model, state, error_kind, error_text, http_status,
          started_at, first_token_at, ended_at, in_tokens, out_tokens, cost_nano, cache_read_tokens,
          cache_write_tokens, reasoning_tokens, price_source, key_ref, request_id, answered_model, hint)
        values (?, 'run', 0, ?, 'main', 'm-1', 'ok', 'timeout', 'why', 504, 1000, 1120, 1800, 7, 9, 1500, 3, 2, 4,
          'litellm', 'MAIN_KEY_2', 'req-7', 'm-1-2026', 'wait')
    """
    await store.write(lambda t: t.execute(sql, (new_id(), begun.reply.id)))
    (attempt,) = (await conversations.message(begun.reply.id)).attempts
    expected = Attempt(
        ord=0, provider="main", model="m-1", state="ok", error_kind="timeout", http_status=504, reason="why",
        first_token_ms=120, duration_ms=800, input_tokens=7, output_tokens=9, cost_nano=1500, cache_read_tokens=3,
        cache_write_tokens=2, reasoning_tokens=4, price_source="litellm", key_ref="MAIN_KEY_2", request_id="req-7",
        answered_model="m-1-2026", hint="wait", run_id="run", started_at_ms=1000,
    )  # fmt: skip
    assert astuple(attempt) == astuple(expected)
    assert all(getattr(expected, field.name) != field.default for field in fields(Attempt)), "no field left out here"
