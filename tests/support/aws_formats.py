"""Behaviours of a loopback provider that speaks Bedrock's binary event streams.

A frame, by the AWS event stream encoding: total length, length of the headers and the CRC-32 of these two (the
prelude); the headers, each a name, a type (7 is text) and a value; the payload; the CRC-32 of all that.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import AsyncIterator, Mapping

from tests.support.exchange import Behaviour, Exchange
from tests.support.native_formats import anthropic_events, pieces
from tests.support.saying import PLAIN, SLOW_DOWN, Say

_TEXT = 7


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message of an event stream."""
    head = b"".join(
        bytes([len(name)]) + name.encode() + struct.pack(">BH", _TEXT, len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 12 + len(head) + len(payload) + 4, len(head))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack(">I", zlib.crc32(message))


def event(name: str, value: Mapping[str, object]) -> bytes:
    """An event with a JSON payload."""
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(value).encode())


def exception(name: str, message: str) -> bytes:
    """An error inside a stream."""
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": message}).encode())


async def _open(exchange: Exchange) -> None:
    exchange.headers |= {"content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "req-header-1"}
    await exchange.open_stream()


async def _close(exchange: Exchange, say: Say) -> None:
    if say.broken == "garbage":
        whole = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "damaged"}})
        await exchange.stream(whole[:-4] + b"\0\0\0\0")
    if say.broken == "half":
        await exchange.stream(event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "half"}})[:-9])
    if say.broken == "error":
        await exchange.stream(exception("throttlingException", SLOW_DOWN))
    await exchange.close_stream(done=False)


async def _converse_events(say: Say) -> AsyncIterator[tuple[str, dict[str, object]]]:
    # `p` is padding, so that the length of a frame tells nothing.
    yield "messageStart", {"role": "assistant", "p": "abcdef"}
    index = 0
    for piece in say.reasoning:
        delta = {"reasoningContent": {"text": piece}}
        yield "contentBlockDelta", {"contentBlockIndex": index, "delta": delta, "p": "ab"}
    if say.reasoning:
        yield "contentBlockDelta", {"contentBlockIndex": index, "delta": {"reasoningContent": {"signature": "c2ln"}}}
        yield "contentBlockStop", {"contentBlockIndex": index}
        index += 1
    async for piece in pieces(say):
        yield "contentBlockDelta", {"contentBlockIndex": index, "delta": {"text": piece}, "p": "abcd"}
    if say.broken:
        return
    if say.text:
        yield "contentBlockStop", {"contentBlockIndex": index, "p": "abc"}
        index += 1
    for place, call in enumerate(say.calls, start=index):
        start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
        yield "contentBlockStart", {"contentBlockIndex": place, "start": start, "p": "a"}
        for piece in call.pieces:
            yield "contentBlockDelta", {"contentBlockIndex": place, "delta": {"toolUse": {"input": piece}}}
        yield "contentBlockStop", {"contentBlockIndex": place}
    yield "messageStop", {"stopReason": "tool_use" if say.calls else "end_turn", "p": "abcdefgh"}
    counted = say.counted
    if counted is not None:
        cached, written = counted.cached or 0, counted.written or 0
        usage = {
            "inputTokens": counted.given - cached - written,
            "outputTokens": counted.made,
            "totalTokens": counted.given + counted.made,
            "cacheReadInputTokens": cached,
            "cacheWriteInputTokens": written,
        }
        yield "metadata", {"usage": usage, "metrics": {"latencyMs": 300}, "p": "abcd"}


def converse(say: Say = PLAIN) -> Behaviour:
    """ConverseStream."""

    async def behave(exchange: Exchange) -> None:
        await _open(exchange)
        async for name, value in _converse_events(say):
            await exchange.stream(event(name, value))
        await _close(exchange, say)

    return behave


def invoke(say: Say = PLAIN) -> Behaviour:
    """InvokeModelWithResponseStream of an Anthropic model: its events in base64 in `chunk` frames."""

    async def behave(exchange: Exchange) -> None:
        await _open(exchange)
        async for value in anthropic_events(say):
            content = base64.b64encode(json.dumps(value).encode()).decode()
            await exchange.stream(event("chunk", {"bytes": content, "p": "abcdefghij"}))
        await _close(exchange, say)

    return behave


def aws_error(code: int, name: str, message: str) -> Behaviour:
    """An error as AWS words it: its class in a header, its text in `message`."""

    async def behave(exchange: Exchange) -> None:
        head = {"x-amzn-errortype": f"{name}:http://internal.amazon.com/coral/", "x-amzn-requestid": "req-header-1"}
        await exchange.reply(code, {"message": message}, head)

    return behave
