"""One request to a loopback double, and the raw connection its answer is written to."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    """One request, and what became of its connection. Times are `time.monotonic()`."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    at: float
    answered_at: float | None = None
    """When the answer was complete on our side; None while it is not, or when it never was."""
    closed_at: float | None = None
    """When the client closed the connection before we were done."""

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        return json.loads(self.body or b"{}")

    @property
    def key(self) -> str:
        """The API key that was sent, bare."""
        return self.headers.get("authorization", "").removeprefix("Bearer ") or self.headers.get("x-api-key", "")

    @property
    def over(self) -> bool:
        """Whether the exchange has ended, by whichever side."""
        return self.answered_at is not None or self.closed_at is not None


@dataclass
class Exchange:
    """A request and the raw connection its answer is written to."""

    request: Received
    writer: asyncio.StreamWriter
    chunked: bool = True
    write_size: int | None = None
    """Split every write into pieces of that many bytes."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Sent with every answer."""

    async def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        step = self.write_size or len(data) or 1
        for start in range(0, len(data), step):
            self.writer.write(data[start : start + step])
            await self.writer.drain()
            if self.write_size:
                await asyncio.sleep(0)

    async def reply(
        self, status: int, body: bytes | Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole answer with a length; a mapping is sent as JSON."""
        kind = "application/json"
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        elif body.lstrip().startswith(b"<"):
            kind = "text/html; charset=utf-8"
        lines = {"content-type": kind, **self.headers, **(headers or {})}
        await self.raw(_head(status, {**lines, "content-length": str(len(body)), "connection": "close"}) + body)

    async def open_stream(self) -> None:
        """The head of an event stream."""
        framing = {"transfer-encoding": "chunked"} if self.chunked else {}
        await self.raw(
            _head(200, {"content-type": "text/event-stream", "connection": "close", **self.headers, **framing})
        )

    async def stream(self, data: bytes) -> None:
        """Bytes of the body, framed if it is chunked."""
        await self.raw(b"%x\r\n%s\r\n" % (len(data), data) if self.chunked else data)

    async def event(self, value: object) -> None:
        """One server-sent event with a JSON value."""
        await self.stream(b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n")

    async def delta(self, text: str, *, finish: str | None = None, **more: object) -> None:
        """One piece of text."""
        await self.event(chunk({"content": text, **more} if text or not finish else {**more}, finish))

    async def close_stream(self, *, done: bool = True) -> None:
        """`[DONE]` and the end of the framing."""
        if done:
            await self.stream(b"data: [DONE]\n\n")
        if self.chunked:
            await self.raw(b"0\r\n\r\n")

    def reset(self) -> None:
        """Cut the connection with a TCP RST."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Exchange], Awaitable[None]]
"""Answers one request."""


def chunk(delta: Mapping[str, object], finish: object = None) -> dict[str, object]:
    """A `chat.completion.chunk` object."""
    choice = {"index": 0, "delta": dict(delta), "finish_reason": finish}
    return {"id": "double", "object": "chat.completion.chunk", "created": 1, "model": "double", "choices": [choice]}


def error_body(message: str, *, code: str | int | None = None, kind: str = "error") -> dict[str, object]:
    """An error object as OpenAI words it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
