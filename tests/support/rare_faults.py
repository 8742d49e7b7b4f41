"""More behaviours of a loopback provider: bytes, shapes and sizes that no healthy one sends."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Mapping, Sequence
from email.utils import formatdate

from tests.support.exchange import Behaviour, Exchange, chunk
from tests.support.faults import HELLO, LONG_WAIT_S, rate_limited, status

CALL = {"index": 0, "id": "call-1", "type": "function", "function": {"name": "lookup", "arguments": '{"a": 1}'}}
"""A tool call in order."""


def events(*values: object, after: int = 0, finish: str | None = "stop", done: bool = True) -> Behaviour:
    """Some text, then `values` as they are: bytes raw, anything else as JSON events; then a finish reason."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        for piece in HELLO[:after]:
            await exchange.delta(piece)
        for value in values:
            if isinstance(value, bytes):
                await exchange.stream(value)
            else:
                await exchange.event(value)
        if finish is not None:
            await exchange.event(chunk({}, finish))
        await exchange.close_stream(done=done)

    return behave


def invalid_utf8(after: int = 2) -> Behaviour:
    """An event whose text holds bytes that are no UTF-8."""
    whole = json.dumps(chunk({"content": "@"})).encode()
    return events(b"data: " + whole.replace(b"@", b"caf\xe9 \xff\xfe") + b"\n\n", after=after)


def wrong_types() -> Behaviour:
    """A whole answer among fields that hold something of another type than they should."""
    return events(
        {**chunk({}), "choices": None},
        {**chunk({}), "id": 7, "created": "yesterday", "model": None},
        chunk({"role": 3, "content": "still "}),
        chunk({"content": "fine", "reasoning_content": None, "tool_calls": None}),
    )  # fmt: skip


def nonsense(value: object, after: int = 2) -> Behaviour:
    """Some text, then an event of JSON that is no chunk at all."""
    return events(value, after=after)


def tool_calls(calls: Sequence[Mapping[str, object]]) -> Behaviour:
    """These tool calls, one an event, instead of text."""
    return events(*(chunk({"tool_calls": [dict(call)]}) for call in calls), finish="tool_calls")


def one_line(size: int, piece: int = 1 << 20) -> Behaviour:
    """A line of `size` letters that is never ended: the event never comes to be."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.stream(b'data: {"choices": [{"index": 0, "delta": {"content": "')
        for _ in range(size // piece):
            await exchange.stream(b"a" * piece)
        await exchange.close_stream(done=False)

    return behave


def compressed_answer(size: int) -> Behaviour:
    """An event of `size` letters, packed to a thousandth of that although nobody asked for it."""

    async def behave(exchange: Exchange) -> None:
        body = gzip.compress(b'data: {"choices": [{"index": 0, "delta": {"content": "' + b"a" * size, compresslevel=1)
        exchange.headers["content-encoding"] = "gzip"
        await exchange.open_stream()
        await exchange.stream(body)
        await exchange.close_stream(done=False)

    return behave


def compressed_error(size: int, code: int = 500) -> Behaviour:
    """An error whose body is packed likewise."""

    async def behave(exchange: Exchange) -> None:
        await status(code, gzip.compress(b"A" * size, compresslevel=1), content_encoding="gzip")(exchange)

    return behave


def torn(after: int = 2) -> Behaviour:
    """Some text, then the end of the connection in the middle of the framing."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        for piece in HELLO[:after]:
            await exchange.delta(piece)

    return behave


def headers_only() -> Behaviour:
    """The head of an answer, and nothing after it."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        await asyncio.sleep(LONG_WAIT_S)

    return behave


def limited_until(seconds: float) -> Behaviour:
    """429 whose Retry-After is a date so far ahead, in whole seconds."""

    async def behave(exchange: Exchange) -> None:
        await rate_limited(formatdate(time.time() + seconds, usegmt=True))(exchange)

    return behave
