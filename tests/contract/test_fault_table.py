"""Every fault of the table through the whole chain over real HTTP: its kind, the next step, the prompt, the text."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.support.doubles import FaultyProvider, closed_port, ok, redirect
from tests.support.fault_table import TABLE, After, Place, Row, Step
from tests.support.provider_room import QUICK, ProviderRoom, at, key_of, provider_room
from tests.support.tls_double import TlsProvider, authority_trusted
from workbench.chat.values import TurnResult
from workbench.config.values import Provider, Settings
from workbench.conversations.values import MessageState
from workbench.core.clock import SystemClock
from workbench.core.events import AttemptEnded
from workbench.providers.calling import requests
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.resilience.values import BreakerState, KeyCondition
from workbench.providers.values import Attempt

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM.
    pytest.mark.timeout(60),
]

PROMPT = "What is this?\n\nIt has two paragraphs, and a 😀."
ANSWER = "The second one answers."
PIECES = ("The second ", "one answers.")
NAME = "provider.test"
ENDLESS = 19

FAILING = [row for row in TABLE if row.kind is not None]


def named(row: Row) -> str:
    return f"FP{row.fp} {row.name}"


@contextmanager
def no_such_name(*, hang: bool) -> Iterator[None]:
    """Looking `NAME` up fails, or hangs until the end of the block."""
    look_up, end = socket.getaddrinfo, threading.Event()

    def stand_in(host: Any, *more: Any, **named: Any) -> Any:
        if host != NAME:
            return look_up(host, *more, **named)
        if hang:
            end.wait(30)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with mock.patch.object(socket, "getaddrinfo", stand_in):
        try:
            yield
        finally:
            end.set()


@contextmanager
def full_port() -> Iterator[int]:
    """A port whose queue of connections is full, so that the next one is neither made nor refused."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def settings_for(row: Row) -> Settings:
    """Limits that the fault meets soon, unless it is much work."""
    if row.patient:
        return replace(QUICK, first_token_timeout=50.0, stall_timeout=50.0, request_timeout=50.0)
    return replace(QUICK, request_timeout=row.total_s)


@asynccontextmanager
async def faulty(
    row: Row, client: LiteLLMClient, healthy: FaultyProvider
) -> AsyncIterator[tuple[Provider, FaultyProvider | None]]:
    """The faulty provider `a` as it is configured, and the double behind it when requests arrive there."""
    # A connection that does not come about has five seconds; the test need not.
    with mock.patch.object(requests, "CONNECT_TIMEOUT_S", 0.15):
        match row.place:
            case Place.CLOSED_PORT:
                yield at("a", f"http://127.0.0.1:{closed_port()}/v1"), None
            case Place.NO_NAME | Place.SILENT_NAME:
                with no_such_name(hang=row.place is Place.SILENT_NAME):
                    yield at("a", f"http://{NAME}/v1"), None
            case Place.FULL_PORT:
                with full_port() as port:
                    yield at("a", f"http://127.0.0.1:{port}/v1"), None
            case Place.TLS_SILENT:
                async with FaultyProvider() as double:
                    yield at("a", f"https://127.0.0.1:{double.port}/v1"), None
            case Place.TLS_EXPIRED | Place.TLS_WRONG_HOST | Place.TLS_SELF_SIGNED:
                async with TlsProvider(row.place.value) as double:
                    with authority_trusted(client):
                        yield at("a", double), None
            case Place.ELSEWHERE:
                elsewhere = redirect(f"{healthy.base_url}/chat/completions", row.http_status or 302)
                async with FaultyProvider(elsewhere) as double:
                    yield at("a", double), double
            case Place.DOUBLE:
                assert row.behave is not None
                async with FaultyProvider(row.behave) as double:
                    yield at("a", double), double


def stands_as(row: Row, room: ProviderRoom, provider: Provider, began_ms: int) -> None:
    """Breaker and key are as the row says."""
    breaker, (key,) = room.admission.breaker(provider), room.admission.keys(provider)
    counted = {After.COUNTED: 1, After.OPEN: 1}.get(row.after, 0)
    state = BreakerState.OPEN if row.after in (After.OPEN, After.KEY_REFUSED) else BreakerState.CLOSED
    condition = {After.KEY_RESTS: KeyCondition.LIMITED, After.KEY_REFUSED: KeyCondition.BAD}
    assert (breaker.state, breaker.failures) == (state, counted)
    assert key.condition is condition.get(row.after, KeyCondition.OK)
    if row.rests_s is not None:
        assert key.until_ms is not None
        # A date has whole seconds.
        assert row.rests_s - 1 <= (key.until_ms - began_ms) / 1000 <= row.rests_s + 3
    if row.after is After.KEY_REFUSED:
        assert "A_KEY" in breaker.reason


def failed_as(row: Row, attempt: Attempt) -> None:
    """The attempt's row holds what the table says."""
    found = (attempt.provider, attempt.state, attempt.error_kind, attempt.http_status)
    assert found == ("a", "failed", row.kind, row.http_status), attempt.reason
    assert row.says in attempt.reason
    assert 0 < len(attempt.reason) <= 500
    assert not set(attempt.reason) & set("\x1b\x07\x9b\x00\r\n\u202e")
    assert (attempt.first_token_ms is not None) == bool(row.text)
    assert attempt.key_ref == "A_KEY"


def next_steps(room: ProviderRoom) -> list[str]:
    """What the attempts' events said would follow."""
    drained = room.events.drain()
    assert key_of("a") not in repr(drained)
    return [event.next_step for event in drained if isinstance(event, AttemptEnded)]


def came(row: Row, text: str) -> bool:
    """Whether this is what came before the fault; of an endless answer nobody knows how much comes."""
    return set(text) == {row.text} if row.fp == ENDLESS else text == row.text


async def prompt_is_kept(room: ProviderRoom, result: TurnResult) -> None:
    """It stands in its conversation as it was typed, and the reply beneath it."""
    prompt, reply = await room.conversations.path(result.turn.conversation_id)
    assert (prompt.id, prompt.text, prompt.state) == (result.turn.user_message_id, PROMPT, MessageState.DONE)
    assert reply.id == result.turn.message_id


@pytest.mark.parametrize("row", TABLE, ids=named)
async def test_the_next_provider_answers_and_nothing_is_lost_doubled_or_cut(
    row: Row, client: LiteLLMClient, tmp_path: Path
) -> None:
    async with (
        FaultyProvider(ok(PIECES)) as healthy,
        faulty(row, client, healthy) as (first, double),
        provider_room(tmp_path, client, first, at("b", healthy, 2), settings=settings_for(row)) as room,
    ):
        began_ms = SystemClock().now_ms()
        result = await room.ask(PROMPT)
        stored = await room.conversations.message(result.turn.message_id)
        await prompt_is_kept(room, result)
        assert (stored.state, result.complete) == (MessageState.DONE, True)
        assert key_of("a") not in repr(stored) + repr(room.overheard.answered)
        if double is not None:
            assert len(double.calls) == 1
        if row.kind is None:
            assert (stored.text, stored.provider, stored.broken) == (row.text, "a", ())
            assert [attempt.state for attempt in stored.attempts] == ["ok"]
            assert next_steps(room) == [row.step]
            assert healthy.calls == []
        else:
            assert (stored.text, stored.provider) == (ANSWER, "b")
            assert [broken.provider for broken in stored.broken] == ["a"] * bool(row.text)
            assert all(came(row, broken.text) for broken in stored.broken)
            failed, other = stored.attempts
            failed_as(row, failed)
            assert (other.provider, other.state, other.error_kind) == ("b", "ok", None)
            assert next_steps(room) == [row.step, ""]
            # Its own prompt, with its own key: nothing of the first provider's text, and no redirected request.
            (sent,) = healthy.calls
            assert (sent.json["messages"], sent.key) == ([{"role": "user", "content": PROMPT}], key_of("b"))
        stands_as(row, room, first, began_ms)


@pytest.mark.parametrize("row", FAILING, ids=named)
async def test_alone_it_ends_in_a_clear_error_and_the_prompt_can_be_sent_again(
    row: Row, client: LiteLLMClient, tmp_path: Path
) -> None:
    async with (
        FaultyProvider(ok(PIECES)) as healthy,
        faulty(row, client, healthy) as (only, double),
        provider_room(tmp_path, client, only, settings=settings_for(row)) as room,
    ):
        began_ms = SystemClock().now_ms()
        result = await room.ask(PROMPT)
        stored = await room.conversations.message(result.turn.message_id)
        await prompt_is_kept(room, result)
        state = MessageState.STOPPED if row.text else MessageState.FAILED
        assert (stored.state, stored.finish_reason, result.complete) == (state, None, False)
        assert came(row, stored.text)
        assert stored.reason.startswith("a broke off in mid-answer" if row.text else "no provider answered")
        assert f"a: {row.http_status or row.kind}" in stored.reason and row.says in stored.reason
        assert key_of("a") not in repr(stored) + repr(room.overheard.answered)
        failed_as(row, *stored.attempts)
        assert next_steps(room) == ["stop: what came is kept" if row.text else "stop"]
        stands_as(row, room, only, began_ms)
        if double is not None:
            assert len(double.calls) == 1

        room.configuration = replace(room.configuration, providers=(only, at("b", healthy, 2)))
        again = await room.chat.ask_again(result.turn.conversation_id, result.turn.message_id)
        whole = await room.chat.wait(again.id)
        assert (whole.message.text, whole.message.state) == (ANSWER, MessageState.DONE)
        (sent,) = healthy.calls
        assert sent.json["messages"] == [{"role": "user", "content": PROMPT}]
        kept = await room.conversations.message(result.turn.message_id)
        assert (kept.state, kept.text) == (stored.state, stored.text)


async def test_a_good_certificate_is_accepted(client: LiteLLMClient, tmp_path: Path) -> None:
    """So those that are refused are refused for what is wrong with them."""
    async with TlsProvider("valid", ok(PIECES)) as double:
        with authority_trusted(client):
            async with provider_room(tmp_path, client, at("a", double)) as room:
                assert (await room.ask(PROMPT)).message.text == ANSWER


def test_a_connection_that_does_not_come_about_has_five_seconds_at_most() -> None:
    assert requests.timeout_of(60.0)["connect"] <= 5.0


def test_the_table_holds_every_fault_of_the_catalogue() -> None:
    assert {row.fp for row in TABLE} == set(range(1, 26))
    assert len({named(row) for row in TABLE}) == len(TABLE) >= 36
    assert all((row.kind is None) == (row.after is After.WELL and row.step is Step.NONE) for row in TABLE)
