"""Behaviours of a loopback provider that speaks Anthropic's, Ollama's or Gemini's own stream format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from tests.support.exchange import Behaviour, Exchange
from tests.support.faults import HELLO


async def _named(exchange: Exchange, name: str, value: Mapping[str, object]) -> None:
    await exchange.stream(f"event: {name}\ndata: {json.dumps({'type': name, **value})}\n\n".encode())


def anthropic(text: Sequence[str] = HELLO, *, cut: bool = False, garbage: bool = False) -> Behaviour:
    """Messages API events; `cut` ends before `message_delta`, `garbage` sends a line that is not JSON there."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        message = {"id": "m", "type": "message", "role": "assistant", "model": "double", "content": []}
        usage = {"input_tokens": 7, "output_tokens": 1}
        await _named(exchange, "message_start", {"message": {**message, "stop_reason": None, "usage": usage}})
        await _named(exchange, "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
        for piece in text:
            delta = {"type": "text_delta", "text": piece}
            await _named(exchange, "content_block_delta", {"index": 0, "delta": delta})
        if garbage:
            await exchange.stream(b"data: {this is not json\n\n")
        if not cut:
            await _named(exchange, "content_block_stop", {"index": 0})
            delta = {"stop_reason": "end_turn", "stop_sequence": None}
            await _named(exchange, "message_delta", {"delta": delta, "usage": {"output_tokens": 4}})
            await _named(exchange, "message_stop", {})
        await exchange.close_stream(done=False)

    return behave


def ollama(text: Sequence[str] = HELLO, *, cut: bool = False, garbage: bool = False) -> Behaviour:
    """/api/chat lines; `cut` ends before `done: true`, `garbage` sends a line that is not JSON there."""

    async def behave(exchange: Exchange) -> None:
        if not exchange.request.path.endswith("/api/chat"):
            await exchange.reply(200, {"model_info": {}, "template": ""})
            return
        exchange.headers["content-type"] = "application/x-ndjson"
        await exchange.open_stream()
        line = {"model": "double", "created_at": "2026-01-01T00:00:00Z"}
        for piece in text:
            message = {"role": "assistant", "content": piece}
            await exchange.stream(json.dumps({**line, "message": message, "done": False}).encode() + b"\n")
        if garbage:
            await exchange.stream(b"{this is not json\n")
        if not cut:
            counts = {"prompt_eval_count": 7, "eval_count": 4}
            message = {"role": "assistant", "content": ""}
            last = {**line, "message": message, "done": True, "done_reason": "stop", **counts}
            await exchange.stream(json.dumps(last).encode() + b"\n")
        await exchange.close_stream(done=False)

    return behave


def gemini(text: Sequence[str] = HELLO, *, cut: bool = False, garbage: bool = False) -> Behaviour:
    """streamGenerateContent events; `cut` ends before a finish reason, `garbage` sends a line that is no JSON."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        for index, piece in enumerate(text):
            candidate: dict[str, object] = {"content": {"parts": [{"text": piece}], "role": "model"}, "index": 0}
            value: dict[str, object] = {"candidates": [candidate]}
            if index == len(text) - 1 and not cut and not garbage:
                candidate["finishReason"] = "STOP"
                value["usageMetadata"] = {"promptTokenCount": 7, "candidatesTokenCount": 4, "totalTokenCount": 11}
            await exchange.event(value)
        if garbage:
            await exchange.stream(b"data: {this is not json\n\n")
        await exchange.close_stream(done=False)

    return behave
