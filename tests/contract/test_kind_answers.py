"""Each kind of provider over real HTTP, in its own wire format: one shape of answer, whatever the provider."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

import pytest

from tests.support.calls import CANARY, hear
from tests.support.doubles import FaultyProvider, eventually, rate_limited, reset_at_once, server_error, silence
from tests.support.kinds import SPOKEN, spoken_call
from tests.support.saying import SLOW_DOWN, TOOLS, Counted, Say
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.values import ErrorKind, PromptMessage, ToolCall, ToolSpec, Usage

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM: seconds of CPU, many more on a machine that does other things.
    pytest.mark.timeout(60),
    pytest.mark.parametrize("name", SPOKEN),
]

SAID = Say(reasoning=("hm, ", "well"), counted=Counted(given=100, made=20, cached=60, thought=12))


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bedrock wants one; the double's address does not say it."""
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


async def test_text_reasoning_usage_and_finish_reason_are_whole(client: LiteLLMClient, name: str) -> None:
    spoken = SPOKEN[name]
    async with FaultyProvider(spoken.speak(SAID)) as double:
        heard = await hear(client, spoken_call(spoken, double))
    assert heard.failure is None
    assert (heard.text, heard.reasoning) == ("Hello from the double.", "hm, well")
    finish = heard.finish
    assert finish is not None
    assert finish.reason == "stop"
    assert finish.tool_calls == ()
    usage = finish.usage
    assert (usage.input_tokens, usage.output_tokens) == (100, 20)
    assert usage.cache_read_tokens == (60 if spoken.counts_cache else None)
    assert usage.reasoning_tokens == (12 if spoken.counts_reasoning else None)
    assert finish.request_id == spoken.request_id
    assert finish.model == ("double-2026-01-01" if spoken.names_model else None)


async def test_the_key_the_model_and_the_limit_arrive_where_they_belong(client: LiteLLMClient, name: str) -> None:
    spoken = SPOKEN[name]
    async with FaultyProvider(spoken.speak(Say())) as double:
        await hear(client, spoken_call(spoken, double))
        (sent,) = double.requests
    assert sent.path.partition("?")[0] == spoken.path
    assert sent.headers[spoken.key_header] == spoken.key_prefix + CANARY
    assert [header for header, value in sent.headers.items() if CANARY in value] == [spoken.key_header]
    assert "64" in json.dumps(sent.json)


async def test_a_cut_stream_is_not_complete(client: LiteLLMClient, name: str) -> None:
    spoken = SPOKEN[name]
    async with FaultyProvider(spoken.speak(Say(broken="cut"))) as double:
        heard = await hear(client, spoken_call(spoken, double))
    assert heard.text == "Hello from the double."
    assert heard.failure is not None or (heard.finish is not None and heard.finish.reason is None)
    if heard.finish is not None:
        assert heard.finish.usage == Usage()


async def test_garbage_in_the_stream_is_no_orderly_end(client: LiteLLMClient, name: str) -> None:
    spoken = SPOKEN[name]
    async with FaultyProvider(spoken.speak(Say(broken="garbage"))) as double:
        heard = await hear(client, spoken_call(spoken, double))
    assert heard.text == "Hello from the double."
    if heard.failure is None:
        assert heard.finish is not None
        assert heard.finish.reason is None
    else:
        assert heard.failure.kind is ErrorKind.BROKEN_STREAM


async def test_an_error_inside_a_stream_is_an_error_in_the_providers_words(client: LiteLLMClient, name: str) -> None:
    spoken = SPOKEN[name]
    async with FaultyProvider(spoken.speak(Say(broken="error"))) as double:
        heard = await hear(client, spoken_call(spoken, double))
    assert heard.failure is not None
    assert heard.failure.kind == spoken.broken_by_error
    assert heard.failure.reason == SLOW_DOWN


async def test_an_error_status_is_classified_with_its_text_and_sent_once(client: LiteLLMClient, name: str) -> None:
    spoken = SPOKEN[name]
    async with FaultyProvider(rate_limited("7"), server_error(503), reset_at_once()) as double:
        limited = (await hear(client, spoken_call(spoken, double))).failure
        broken = (await hear(client, spoken_call(spoken, double))).failure
        reset = (await hear(client, spoken_call(spoken, double))).failure
        assert len(double.calls) == 3
    assert limited is not None
    assert (limited.kind, limited.http_status, limited.retry_after_s) == (ErrorKind.RATE_LIMITED, 429, 7.0)
    assert limited.reason == "Rate limit reached for requests"
    assert broken is not None
    assert (broken.kind, broken.http_status) == (ErrorKind.SERVER_ERROR, 503)
    assert reset is not None
    assert (reset.kind, reset.http_status) == (ErrorKind.CONNECTION, None)


async def test_a_silent_provider_times_out_by_itself(client: LiteLLMClient, name: str) -> None:
    spoken = SPOKEN[name]
    async with FaultyProvider(silence()) as double:
        failure = (await hear(client, spoken_call(spoken, double, total_s=0.3))).failure
    assert failure is not None
    assert failure.kind is ErrorKind.TIMEOUT


async def test_cancelling_closes_the_connection(client: LiteLLMClient, name: str) -> None:
    spoken = SPOKEN[name]
    async with FaultyProvider(spoken.speak(Say(endless=True))) as double:
        stream = client.stream(spoken_call(spoken, double))
        await anext(stream)
        more = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        ended = time.monotonic()
        more.cancel()
        await asyncio.gather(more, return_exceptions=True)
        await stream.aclose()
        await eventually(lambda: double.calls[0].closed_at, within_s=2.0)
        closed = double.calls[0].closed_at
    assert closed is not None
    assert closed - ended < 0.5


async def test_tool_calls_come_whole_and_in_order(client: LiteLLMClient, name: str) -> None:
    spoken = SPOKEN[name]
    tool = ToolSpec(
        name="lookup", description="Finds", parameters={"type": "object", "properties": {"city": {"type": "string"}}}
    )
    async with FaultyProvider(spoken.speak(TOOLS)) as double:
        call = replace(spoken_call(spoken, double), tools=(tool, ToolSpec(name="clock", description="Tells")))
        heard = await hear(client, call)
        sent = json.dumps(double.calls[0].json["tools" if spoken.path.find("converse") < 0 else "toolConfig"])
    finish = heard.finish
    assert finish is not None
    assert finish.reason == "tool_calls"
    assert finish.tool_call
    assert heard.tool_pieces > 0, "while a call comes the model is not silent"
    said = [(called.name, json.loads(called.arguments)) for called in finish.tool_calls]
    assert said == [("lookup", {"city": "Ulm"}), ("clock", {"zone": 7})]
    ids = [called.id for called in finish.tool_calls]
    assert len(set(ids)) == 2
    if spoken.kind != "ollama":
        assert ids == ["call-aaa01", "call-bbb02"]
    assert "lookup" in sent and "Finds" in sent and "city" in sent and "clock" in sent


async def test_what_a_tool_answered_goes_back(client: LiteLLMClient, name: str) -> None:
    spoken = SPOKEN[name]
    asked = ToolCall(id="call-aaa01", name="lookup", arguments='{"city": "Ulm"}')
    broken = ToolCall(id="call-bbb02", name="lookup", arguments='{"city": "U')
    history = (
        PromptMessage(role="user", text="hi"),
        PromptMessage(role="assistant", text="", tool_calls=(asked, broken)),
        PromptMessage(role="tool", text="forty-two", tool_call_id="call-aaa01"),
        PromptMessage(role="tool", text="no such city", tool_call_id="call-bbb02"),
    )
    tool = ToolSpec(name="lookup", description="Finds")
    async with FaultyProvider(spoken.speak(Say())) as double:
        heard = await hear(client, replace(spoken_call(spoken, double), messages=history, tools=(tool,)))
        sent = json.dumps(double.calls[0].json["messages"])
    assert heard.text == "Hello from the double."
    assert "Ulm" in sent and "forty-two" in sent and "no such city" in sent
    if spoken.kind != "ollama":
        assert sent.count("call-aaa01") == 2
