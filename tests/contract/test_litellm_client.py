"""LiteLLM over real HTTP on loopback: what any release of it must do before it may be used."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

import pytest

from tests.support.calls import CANARY, call, hear
from tests.support.doubles import (
    Behaviour,
    FaultyProvider,
    cut,
    empty_stop,
    endless,
    eventually,
    html,
    odd_shapes,
    ok,
    reset,
    reset_at_once,
    seven_bytes,
    silence,
    tool_call,
)
from tests.support.native_formats import anthropic, ollama
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.calling.litellm_loader import load_litellm
from workbench.providers.values import ToolCall, Usage

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM: seconds of CPU, many more on a machine that does other things.
    pytest.mark.timeout(60),
]


async def test_a_whole_answer(client: LiteLLMClient) -> None:
    async with FaultyProvider(ok(reasoning=["hm, ", "well"])) as double:
        heard = await hear(client, call(double))
        assert (heard.text, heard.reasoning) == ("Hello from the double.", "hm, well")
        # 7 tokens at 0.15 and 4 at 0.60 dollars a million.
        finish = heard.finish
        assert finish is not None
        assert finish.reason == "stop"
        assert finish.usage == Usage(input_tokens=7, output_tokens=4, cost_nano=3450, price_source="litellm")
        assert (finish.request_id, finish.model) == ("double", "double")
        sent = double.calls[0]
        assert (sent.path, sent.key) == ("/v1/chat/completions", CANARY)
        body = sent.json
        assert (body["model"], body["stream"], body["max_tokens"], body["temperature"]) == (
            "gpt-4o-mini",
            True,
            64,
            0.5,
        )
        assert body["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
        assert body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("kind", "model", "behaviour", "path", "cost_nano"),
    [
        ("openai-compatible", "some/model", ok(), "/v1/chat/completions", None),
        ("openrouter", "openai/gpt-4o", ok(), "/v1/chat/completions", 57_500),
        ("groq", "unheard-of", ok(), "/v1/chat/completions", None),
        ("vllm", "meta-llama/Llama-3-8b", ok(), "/v1/chat/completions", 0),
        ("mistral", "mistral-unheard-of", ok(), "/v1/chat/completions", None),
        ("ollama", "llama3.2", ollama(), "/api/chat", 0),
        ("anthropic", "claude-unheard-of", anthropic(), "/v1/messages", None),
    ],
)
async def test_kinds(
    client: LiteLLMClient, kind: str, model: str, behaviour: Behaviour, path: str, cost_nano: int | None
) -> None:
    """Each kind reaches its own path with the model's own name.

    An unknown price is unknown, not nothing; only a server of one's own costs nothing.
    """
    async with FaultyProvider(behaviour) as double:
        heard = await hear(client, call(double, kind=kind, model=model))
        assert heard.text == "Hello from the double."
        assert heard.finish is not None
        usage = heard.finish.usage
        assert (usage.input_tokens, usage.output_tokens, usage.cost_nano) == (7, 4, cost_nano)
        source = {None: None, 0: "local"}.get(cost_nano, "litellm")
        assert usage.price_source == source
        assert [(sent.path, sent.json["model"]) for sent in double.calls] == [(path, model)]
        if kind == "mistral":
            assert "stream_options" not in double.calls[0].json


CUTS: dict[str, tuple[str, Behaviour, str]] = {
    "chunked": ("openai", cut(2), "Hello from "),
    "close-delimited": ("openai", cut(2, chunked=False), "Hello from "),
    "done without finish": ("openai", cut(2, done=True), "Hello from "),
    "rst, close-delimited": ("openai", reset(2, chunked=False), "Hello from "),
    "nothing": ("openai", cut(0), ""),
    "html": ("openai", html(), ""),
    "groq, done without finish": ("groq", cut(2, done=True), "Hello from "),
    "vllm": ("vllm", cut(2), "Hello from "),
    "gemini, done without finish": ("gemini", cut(2, done=True), "Hello from "),
}


@pytest.mark.parametrize("name", CUTS)
async def test_a_cut_stream_has_no_finish_reason(client: LiteLLMClient, name: str) -> None:
    """LiteLLM makes one up, and a usage with it."""
    kind, behaviour, text = CUTS[name]
    async with FaultyProvider(behaviour) as double:
        double_call = call(double, kind=kind, model="m")
        if kind == "gemini":
            double_call = call(double.base_url, kind=kind, model="m")
        heard = await hear(client, double_call)
        assert heard.text == text
        assert heard.finish is not None
        assert heard.finish.reason is None
        assert heard.finish.usage == Usage()


async def test_finish_reasons_are_the_providers_own(client: LiteLLMClient) -> None:
    for reason in ("length", "content_filter"):
        async with FaultyProvider(ok(finish=reason)) as double:
            finish = (await hear(client, call(double))).finish
            assert finish is not None
            assert finish.reason == reason
    async with FaultyProvider(empty_stop()) as double:
        heard = await hear(client, call(double))
        assert heard.text == ""
        assert heard.finish is not None
        assert heard.finish.reason == "stop"


async def test_text_is_exact(client: LiteLLMClient) -> None:
    async with FaultyProvider(seven_bytes()) as double:
        assert (await hear(client, call(double))).text == "naïve 😀 日本語 ünïcödé — ok"
    async with FaultyProvider(odd_shapes()) as double:
        assert (await hear(client, call(double))).text == "still fine"


@pytest.mark.parametrize(
    "usage", [{}, {"prompt_tokens": -5, "completion_tokens": 4}, {"prompt_tokens": 3, "completion_tokens": "x"}]
)
async def test_what_the_provider_did_not_count_is_unknown(client: LiteLLMClient, usage: dict[str, object]) -> None:
    async with FaultyProvider(ok(usage=usage)) as double:
        heard = await hear(client, call(double))
        assert heard.text == "Hello from the double."
        assert heard.finish is not None
        assert heard.finish.reason == "stop"
        assert heard.finish.usage.input_tokens is None
        assert heard.finish.usage.cost_nano is None


async def test_tools_without_surprises() -> None:
    """Several releases need an optional package for it, and fail as if the provider were down."""
    library = await asyncio.to_thread(load_litellm)
    tool = {"type": "function", "function": {"name": "lookup", "parameters": {"type": "object", "properties": {}}}}
    async with FaultyProvider(tool_call("lookup", '{"a": 1}')) as double:
        stream = await library.module.acompletion(
            model="openai/m", api_base=double.base_url, api_key="x", messages=[{"role": "user", "content": "hi"}],
            tools=[tool], stream=True, max_retries=0,
        )  # fmt: skip
        calls: list[tuple[str, str]] = []
        async with aclosing(stream):
            async for chunk in stream:
                for each in (getattr(chunk.choices[0].delta, "tool_calls", None) or ()) if chunk.choices else ():
                    function = vars(each)["function"]
                    calls.append((function.name, function.arguments))
        assert calls == [("lookup", '{"a": 1}')]
        assert double.calls[0].json["tools"] == [tool]
    await library.transport.close_connections()


async def test_an_answer_that_is_a_tool_call_says_so(client: LiteLLMClient) -> None:
    async with FaultyProvider(tool_call()) as double:
        finish = (await hear(client, call(double))).finish
        assert finish is not None
        assert (finish.reason, finish.tool_call) == ("tool_calls", True)
        assert finish.tool_calls == (ToolCall(id="call-1", name="lookup", arguments='{"a": 1}'),)


@pytest.mark.parametrize("kind", ["openai", "ollama", "anthropic"])
@pytest.mark.parametrize("behaviour", [silence(), endless()])
@pytest.mark.parametrize("how", ["cancel", "close"])
async def test_ending_it_closes_the_socket(client: LiteLLMClient, behaviour: Behaviour, how: str, kind: str) -> None:
    async with FaultyProvider(behaviour) as double:
        stream = client.stream(call(double, kind=kind))
        first = asyncio.ensure_future(anext(stream))
        await eventually(lambda: double.calls)
        if how == "close":
            await asyncio.wait([first], timeout=0.2)
        ended = time.monotonic()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await stream.aclose()
        await eventually(lambda: double.calls[0].closed_at, within_s=2.0)
        closed = double.calls[0].closed_at
        assert closed is not None
        assert closed - ended < 0.5


async def test_many_at_once(client: LiteLLMClient) -> None:
    async with FaultyProvider(ok(delay_s=0.01)) as double:
        heard = await asyncio.gather(*(hear(client, call(double)) for _ in range(24)))
        assert [each.text for each in heard] == ["Hello from the double."] * 24
        assert len(double.calls) == 24


async def test_a_stream_does_not_end_another(client: LiteLLMClient) -> None:
    """A reset makes LiteLLM throw its HTTP client away; whoever else streams must not notice."""
    async with (
        FaultyProvider(ok([f"{n} " for n in range(40)], delay_s=0.01)) as long,
        FaultyProvider(reset_at_once()) as broken,
    ):
        whole = asyncio.create_task(hear(client, call(long, kind="openai")))
        for kind in ("anthropic", "ollama", "openai"):
            assert (await hear(client, call(broken, kind=kind))).failure is not None
        assert (await whole).finish is not None
