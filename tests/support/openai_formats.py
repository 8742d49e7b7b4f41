"""Behaviours of a loopback provider that speaks OpenAI's stream format with a vendor's own peculiarities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.support.exchange import Behaviour, Exchange
from tests.support.native_formats import pieces
from tests.support.saying import PLAIN, SLOW_DOWN, Counted, Say

Fields = dict[str, object]


def _plain_usage(counted: Counted) -> Fields:
    usage: Fields = {
        "prompt_tokens": counted.given,
        "completion_tokens": counted.made,
        "total_tokens": counted.given + counted.made,
    }
    if counted.cached is not None:
        usage["prompt_tokens_details"] = {"cached_tokens": counted.cached, "audio_tokens": 0}
    if counted.thought is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": counted.thought, "audio_tokens": 0}
    return usage


def _openrouter_usage(counted: Counted) -> Fields:
    return {**_plain_usage(counted), "cost": 0.00123, "is_byok": False, "cost_details": {}}


def _deepseek_usage(counted: Counted) -> Fields:
    hit = counted.cached or 0
    return {
        **_plain_usage(counted),
        "prompt_cache_hit_tokens": hit,
        "prompt_cache_miss_tokens": counted.given - hit,
    }


def _error(message: str) -> Fields:
    return {"error": {"message": message, "type": "rate_limit_error", "param": None, "code": "429"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """How a vendor's stream differs from OpenAI's."""

    opening: tuple[bytes, ...] = ()
    """Sent before the first event."""
    chunk: Mapping[str, object] | None = None
    """Fields of every chunk."""
    choice: Mapping[str, object] | None = None
    """Fields of every choice."""
    first: Mapping[str, object] | None = None
    """A whole event of its own before the first."""
    reasoning: str = "reasoning_content"
    """The field that reasoning is in; `parts`: reasoning and text are lists of parts in `content`."""
    usage: Callable[[Counted], Fields] = _plain_usage
    usage_at: str = "own"
    """`own`: in a last event without choices, when asked for; `finish`: in the event with the finish reason;
    `every`: in every event; `content`: in a last event with an empty choice."""
    whole_calls: bool = False
    """Each tool call comes in one piece, all with the same index."""
    error: Callable[[str], Fields] = _error
    headers: Mapping[str, str] | None = None


def _thought(vendor: Vendor, piece: str) -> Fields:
    if vendor.reasoning != "parts":
        return {vendor.reasoning: piece}
    return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}


class _Stream:
    def __init__(self, exchange: Exchange, vendor: Vendor, say: Say) -> None:
        self._exchange = exchange
        self._vendor = vendor
        self._say = say

    def chunk(self, delta: Mapping[str, object], finish: str | None = None) -> Fields:
        """One event."""
        choice = {"index": 0, "delta": dict(delta), "finish_reason": finish, **(self._vendor.choice or {})}
        head: Fields = {"id": self._say.id, "object": "chat.completion.chunk", "created": 1, "model": self._say.model}
        event = {**head, **(self._vendor.chunk or {}), "choices": [choice]}
        if self._vendor.usage_at == "every" and self._say.counted is not None:
            event["usage"] = self._vendor.usage(self._say.counted)
        return event

    async def send(self, delta: Mapping[str, object], finish: str | None = None) -> None:
        await self._exchange.event(self.chunk(delta, finish))

    async def calls(self) -> None:
        for place, call in enumerate(self._say.calls):
            head = {"id": call.id, "type": "function"}
            if self._vendor.whole_calls:
                function = {"name": call.name, "arguments": "".join(call.pieces)}
                await self.send({"role": "assistant", "tool_calls": [{"index": 0, **head, "function": function}]})
                continue
            function = {"name": call.name, "arguments": ""}
            await self.send({"tool_calls": [{"index": place, **head, "function": function}]})
            for piece in call.pieces:
                await self.send({"tool_calls": [{"index": place, "function": {"arguments": piece}}]})

    async def finish(self) -> None:
        event = self.chunk({}, "tool_calls" if self._say.calls else "stop")
        counted, vendor = self._say.counted, self._vendor
        if counted is not None and vendor.usage_at == "finish":
            event["usage"] = vendor.usage(counted)
        await self._exchange.event(event)
        if counted is None:
            return
        if vendor.usage_at == "content":
            last = self.chunk({"role": "assistant", "content": ""})
            await self._exchange.event({**last, "usage": vendor.usage(counted)})
        asked = self._exchange.request.json.get("stream_options") == {"include_usage": True}
        if vendor.usage_at == "own" and asked:
            await self._exchange.event({**self.chunk({}), "choices": [], "usage": vendor.usage(counted)})


def speaking(vendor: Vendor, say: Say = PLAIN) -> Behaviour:
    """An answer in that vendor's dialect."""

    async def behave(exchange: Exchange) -> None:
        stream = _Stream(exchange, vendor, say)
        exchange.headers |= {"x-request-id": "req-header-1", **(vendor.headers or {})}
        await exchange.open_stream()
        for line in vendor.opening:
            await exchange.stream(line)
        if vendor.first is not None:
            await exchange.event(vendor.first)
        await stream.send({"role": "assistant", "content": ""})
        for piece in say.reasoning:
            await stream.send(_thought(vendor, piece))
        async for piece in pieces(say):
            await stream.send({"content": piece})
        await stream.calls()
        if say.broken == "garbage":
            await exchange.stream(b"data: {this is not json\n\n")
        if say.broken == "error":
            await exchange.event({**stream.chunk({"content": ""}, "error"), **vendor.error(SLOW_DOWN)})
        if not say.broken:
            await stream.finish()
        await exchange.close_stream(done=not say.broken)

    return behave


VENDORS: dict[str, Vendor] = {
    "openai": Vendor(chunk={"service_tier": "default", "system_fingerprint": "fp_1", "obfuscation": "aB3"}),
    "azure": Vendor(
        first={
            "choices": [], "created": 0, "id": "", "model": "", "object": "",
            "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}],
        },
        choice={"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}, "logprobs": None},
        headers={"apim-request-id": "apim-1", "x-ms-region": "Sweden Central"},
    ),
    "openrouter": Vendor(
        opening=(b": OPENROUTER PROCESSING\n\n", b": OPENROUTER PROCESSING\n\n"),
        chunk={"provider": "SomeHost"},
        choice={"native_finish_reason": None, "logprobs": None},
        reasoning="reasoning",
        usage=_openrouter_usage,
        usage_at="content",
        error=lambda message: {"error": {"code": 429, "message": message, "metadata": {"provider_name": "SomeHost"}}},
    ),
    "gemini": Vendor(usage_at="every", whole_calls=True),
    "mistral": Vendor(usage_at="finish", whole_calls=True, reasoning="parts"),
    "groq": Vendor(chunk={"x_groq": {"id": "req_1"}}, reasoning="reasoning"),
    "deepseek": Vendor(opening=(b": keep-alive\n\n",), usage=_deepseek_usage, usage_at="finish"),
    "lm_studio": Vendor(chunk={"system_fingerprint": "double", "stats": {}}),
    "llama.cpp": Vendor(chunk={"system_fingerprint": "b6000", "timings": {"prompt_n": 7}}),
    "vllm": Vendor(choice={"stop_reason": None, "token_ids": None}, reasoning="reasoning"),
    "openai-compatible": Vendor(),
}  # fmt: skip
"""Every kind that speaks OpenAI's format, as its servers really send it."""
