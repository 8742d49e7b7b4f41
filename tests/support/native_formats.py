"""Behaviours of a loopback provider that speaks Anthropic's or Ollama's own stream format."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import cast

from tests.support.exchange import Behaviour, Exchange
from tests.support.saying import PLAIN, SLOW_DOWN, Called, Say

ENDLESS_STEP_S = 0.02


async def pieces(say: Say) -> AsyncIterator[str]:
    """The text's pieces; of an endless one, some every moment."""
    for piece in itertools.cycle(say.text) if say.endless else say.text:
        yield piece
        if say.endless:
            await asyncio.sleep(ENDLESS_STEP_S)


Event = Mapping[str, object]


def _block(index: int, start: Event, deltas: list[Event]) -> Iterator[Event]:
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _tool_block(index: int, call: Called) -> Iterator[Event]:
    start = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
    # An empty piece comes first on the real wire too.
    deltas: list[Event] = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *call.pieces)]
    return _block(index, start, deltas)


async def anthropic_events(say: Say) -> AsyncIterator[Event]:
    """The Messages API's events: what Anthropic sends as server-sent events and Bedrock in binary frames."""
    counted = say.counted
    usage: dict[str, object] = {"input_tokens": 0, "output_tokens": 1}
    if counted is not None:
        cached, written = counted.cached or 0, counted.written or 0
        # Anthropic counts what came from or went to the cache apart.
        usage["input_tokens"] = counted.given - cached - written
        usage |= {"cache_read_input_tokens": cached, "cache_creation_input_tokens": written}
    message = {"id": say.id, "type": "message", "role": "assistant", "model": say.model, "content": []}
    yield {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}}
    yield {"type": "ping"}
    index = 0
    if say.reasoning:
        deltas: list[Event] = [{"type": "thinking_delta", "thinking": piece} for piece in say.reasoning]
        deltas.append({"type": "signature_delta", "signature": "c2ln"})
        for event in _block(index, {"type": "thinking", "thinking": "", "signature": ""}, deltas):
            yield event
        index += 1
    if say.text:
        yield {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}
        async for piece in pieces(say):
            yield {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": piece}}
        if say.broken:
            return
        yield {"type": "content_block_stop", "index": index}
        index += 1
    for place, call in enumerate(say.calls, start=index):
        for event in _tool_block(place, call):
            yield event
    if say.broken:
        return
    made = {"output_tokens": counted.made} if counted is not None else {}
    stop = "tool_use" if say.calls else "end_turn"
    yield {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": made}
    yield {"type": "message_stop"}


def anthropic(say: Say = PLAIN) -> Behaviour:
    """Messages API as server-sent events."""

    async def behave(exchange: Exchange) -> None:
        exchange.headers["request-id"] = "req-header-1"
        await exchange.open_stream()
        async for event in anthropic_events(say):
            await _named(exchange, event)
        if say.broken == "garbage":
            await exchange.stream(b"event: content_block_delta\ndata: {this is not json\n\n")
        if say.broken == "error":
            await _named(exchange, {"type": "error", "error": {"type": "overloaded_error", "message": SLOW_DOWN}})
        await exchange.close_stream(done=False)

    return behave


async def _named(exchange: Exchange, event: Event) -> None:
    await exchange.stream(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())


def ollama(say: Say = PLAIN) -> Behaviour:
    """/api/chat: one JSON object a line."""

    async def line(exchange: Exchange, message: Event | None, **more: object) -> None:
        head: dict[str, object] = {"model": say.model, "created_at": "2026-01-01T00:00:00.1Z"}
        if message is not None:
            head["message"] = {"role": "assistant", "content": "", **message}
        await exchange.stream(json.dumps({**head, "done": False, **more}).encode() + b"\n")

    async def behave(exchange: Exchange) -> None:
        if not exchange.request.path.endswith("/api/chat"):
            await exchange.reply(200, {"model_info": {}, "template": ""})
            return
        exchange.headers["content-type"] = "application/x-ndjson"
        await exchange.open_stream()
        for piece in say.reasoning:
            await line(exchange, {"thinking": piece})
        async for piece in pieces(say):
            await line(exchange, {"content": piece})
        for call in say.calls:
            # Ollama sends a call whole, its arguments as an object, without an id.
            arguments = cast("object", json.loads("".join(call.pieces)))
            await line(exchange, {"tool_calls": [{"function": {"name": call.name, "arguments": arguments}}]})
        if say.broken == "garbage":
            await exchange.stream(b"{this is not json\n")
        if say.broken == "error":
            await exchange.stream(json.dumps({"error": SLOW_DOWN}).encode() + b"\n")
        if not say.broken:
            counts: dict[str, object] = {}
            if say.counted is not None:
                counts = {"prompt_eval_count": say.counted.given, "eval_count": say.counted.made}
            await line(exchange, {}, done=True, done_reason="stop", total_duration=5, load_duration=1, **counts)
        await exchange.close_stream(done=False)

    return behave
