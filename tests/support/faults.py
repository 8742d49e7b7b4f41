"""Behaviours of a loopback provider: what it does with a request. Each function makes one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from tests.support.exchange import Behaviour, Exchange, chunk, error_body

HELLO = ("Hello ", "from ", "the ", "double.")
"""The text of `ok()` unless another is given."""

HOSTILE_TEXT = (
    "[/] [@click=app.quit]x[/] \x1b]52;c;cm0gLXJmIH4=\x07 \x1b]2;owned\x07 \x1b[6n \x1b[?1049l \x1bc \x9b6n "
    "\x9d2;x\x9c \u202egnp.exe \u2066 \u200b \U000e0041 \x00\r\n"
)
"""Markup, terminal sequences, bidi and invisible characters in one line."""

LONG_WAIT_S = 60.0


def _pieces(text: str | Sequence[str]) -> Sequence[str]:
    return [text] if isinstance(text, str) else text


async def _some_text(exchange: Exchange, count: int, text: Sequence[str] = HELLO) -> None:
    for index in range(count):
        await exchange.delta(text[index % len(text)])


# What a healthy provider does.


def ok(
    text: str | Sequence[str] = HELLO,
    *,
    delay_s: float = 0.0,
    first_delay_s: float = 0.0,
    finish: str = "stop",
    usage: Mapping[str, object] | None = None,
    reasoning: Sequence[str] = (),
    chunked: bool = True,
    write_size: int | None = None,
) -> Behaviour:
    """A whole answer: reasoning first, then `text`, `delay_s` before each piece but the first.

    `usage` defaults to 7 prompt and 4 completion tokens.
    """
    counts = {"prompt_tokens": 7, "completion_tokens": 4, "total_tokens": 11} if usage is None else usage

    async def behave(exchange: Exchange) -> None:
        exchange.chunked, exchange.write_size = chunked, write_size
        await asyncio.sleep(first_delay_s)
        if not exchange.request.json.get("stream"):
            message = {"role": "assistant", "content": "".join(_pieces(text))}
            choice = {"index": 0, "message": message, "finish_reason": finish}
            body = {"id": "double", "object": "chat.completion", "created": 1, "model": "double", "choices": [choice]}
            await exchange.reply(200, {**body, "usage": dict(counts)})
            return
        await exchange.open_stream()
        for piece in reasoning:
            await exchange.event(chunk({"reasoning_content": piece}))
        for index, piece in enumerate(_pieces(text)):
            if index:
                await asyncio.sleep(delay_s)
            await exchange.delta(piece)
        await exchange.event(chunk({}, finish))
        if counts:
            await exchange.event({**chunk({}), "choices": [], "usage": dict(counts)})
        await exchange.close_stream()

    return behave


def seven_bytes(text: str = "naïve 😀 日本語 ünïcödé — ok") -> Behaviour:
    """A whole answer written seven bytes at a time, so that characters are cut in two."""
    return ok(list(text), write_size=7, chunked=False)


def tool_call(name: str = "lookup", arguments: str = '{"a": 1}') -> Behaviour:
    """A tool call instead of text."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        call = {"index": 0, "id": "call-1", "type": "function", "function": {"name": name, "arguments": arguments}}
        await exchange.event(chunk({"role": "assistant", "tool_calls": [call]}))
        await exchange.event(chunk({}, "tool_calls"))
        await exchange.close_stream()

    return behave


# Faults before any text.


def status(code: int, body: bytes | Mapping[str, object] | None = None, **headers: str) -> Behaviour:
    """Any status; header names are written with underscores."""
    content = error_body(f"the double says {code}") if body is None else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def behave(exchange: Exchange) -> None:
        await exchange.reply(code, content, named)

    return behave


def rate_limited(retry_after: str | None = "2") -> Behaviour:
    """429; `retry_after` as the header's text, None for no header."""
    body = error_body("Rate limit reached for requests", code="rate_limit_exceeded", kind="requests")
    return status(429, body, **({"retry_after": retry_after} if retry_after is not None else {}))


def server_error(code: int = 500) -> Behaviour:
    """500, or another of its family."""
    return status(code, error_body("The server had an error while processing your request", kind="server_error"))


def unauthorized(code: int = 401) -> Behaviour:
    """401 whose text echoes the key that was sent."""

    async def behave(exchange: Exchange) -> None:
        text = f"Incorrect API key provided: {exchange.request.key}. You can find your key in your account."
        await exchange.reply(code, error_body(text, code="invalid_api_key", kind="invalid_request_error"))

    return behave


def context_window() -> Behaviour:
    """400: the prompt is too long."""
    text = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
    return status(400, error_body(text, code="context_length_exceeded", kind="invalid_request_error"))


def content_policy() -> Behaviour:
    """400: the content filter."""
    text = "Your request was rejected as a result of our safety system. content_policy_violation"
    return status(400, error_body(text, code="content_policy_violation", kind="invalid_request_error"))


def quota(code: int = 402) -> Behaviour:
    """402, or a 429 that means an empty account rather than haste."""
    text = "You exceeded your current quota, please check your plan and billing details."
    return status(code, error_body(text, code="insufficient_quota", kind="insufficient_quota"))


def hostile_error(code: int = 400, *, size: int = 0) -> Behaviour:
    """An error whose text is an attack on terminals and markup, `size` characters longer if given."""
    return status(code, error_body(HOSTILE_TEXT + "A" * size, code="hostile"))


def html(code: int = 200) -> Behaviour:
    """A captive portal's page."""
    return status(code, b"<!doctype html><html><body>Please sign in to the network.</body></html>")


def redirect(location: str, code: int = 307) -> Behaviour:
    """A redirect to another place."""
    return status(code, b"", location=location)


def silence() -> Behaviour:
    """Accepts the request and sends nothing at all."""

    async def behave(exchange: Exchange) -> None:
        del exchange
        await asyncio.sleep(LONG_WAIT_S)

    return behave


def keep_alive_only(interval_s: float = 0.05) -> Behaviour:
    """Sends comments and empty deltas, never content."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.event(chunk({"role": "assistant", "content": ""}))
        for _ in range(round(LONG_WAIT_S / interval_s)):
            await exchange.stream(b": keep-alive\n\n")
            await asyncio.sleep(interval_s)

    return behave


def reset_at_once() -> Behaviour:
    """RST before any header."""

    async def behave(exchange: Exchange) -> None:
        exchange.reset()

    return behave


def empty_stop() -> Behaviour:
    """A finish reason without any text."""
    return ok(())


# Faults on the way; `after` pieces of text come first.


def garbage(after: int = 0) -> Behaviour:
    """Events that are not JSON."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        await _some_text(exchange, after)
        await exchange.stream(b"data: {this is not json\n\n")
        await exchange.close_stream()

    return behave


def stall(after: int = 2, *, chunked: bool = True) -> Behaviour:
    """Some text, then silence on an open connection."""

    async def behave(exchange: Exchange) -> None:
        exchange.chunked = chunked
        await exchange.open_stream()
        await _some_text(exchange, after)
        await asyncio.sleep(LONG_WAIT_S)

    return behave


def reset(after: int = 2, *, chunked: bool = True) -> Behaviour:
    """Some text, then a TCP RST."""

    async def behave(exchange: Exchange) -> None:
        exchange.chunked = chunked
        await exchange.open_stream()
        await _some_text(exchange, after)
        # An RST discards what the client has not read yet; let it read.
        await asyncio.sleep(0.05)
        exchange.reset()

    return behave


def cut(after: int = 2, *, chunked: bool = True, done: bool = False) -> Behaviour:
    """Some text, then an orderly end without a finish reason; `done` sends `[DONE]` all the same."""

    async def behave(exchange: Exchange) -> None:
        exchange.chunked = chunked
        await exchange.open_stream()
        await _some_text(exchange, after)
        await exchange.close_stream(done=done)

    return behave


def in_band_error(after: int = 2, message: str = "upstream exploded", code: int = 500) -> Behaviour:
    """Some text, then an error object as an event of the stream."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        await _some_text(exchange, after)
        await exchange.event(error_body(message, code=code))
        await exchange.close_stream()

    return behave


def endless(interval_s: float = 0.02, text: Sequence[str] = HELLO) -> Behaviour:
    """A slow stream that does not end by itself."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        for index in range(round(LONG_WAIT_S / interval_s)):
            await exchange.delta(text[index % len(text)])
            await asyncio.sleep(interval_s)

    return behave


def odd_shapes() -> Behaviour:
    """A whole answer among events with missing, null and unknown fields."""

    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.event({**chunk({}), "choices": []})
        await exchange.event(chunk({"role": "assistant", "content": None}))
        await exchange.event({**chunk({"content": "still ", "unheard_of": {"a": [1]}}), "extra": True})
        await exchange.delta("fine")
        await exchange.event(chunk({}, "stop"))
        await exchange.close_stream()

    return behave
