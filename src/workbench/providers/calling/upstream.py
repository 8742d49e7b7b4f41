"""What one call to a provider has sent and got so far; written by the HTTP layer, set around each call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

OPENING = 16 * 1024
"""Bytes of an answer's beginning that are kept: the whole of an error, and of a stream what names its model."""

REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-ds-trace-id")
LONGEST_NAME = 200

_MODEL = re.compile(rb'(?<!\\)"model"\s*:\s*"([^"\\]{1,200})"')


@dataclass(slots=True)
class Upstream:
    """The requests of one call, and the answer to the last."""

    timeout: Mapping[str, float | None] | None = None
    """Limits in seconds that every request gets: some of LiteLLM's routes forget theirs."""
    rewrite: Callable[[bytes], bytes] | None = None
    """Changes each line of the answer to what LiteLLM can read."""
    origin: tuple[str, str, int | None] | None = None
    """Scheme, host and port of the first."""
    sent: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Method and address of each."""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the answer, names in lower case."""
    opening: bytes = b""
    """The first bytes of the answer's body."""

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer begins."""
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.opening = b""

    def received(self, piece: bytes) -> None:
        """More of its body."""
        missing = OPENING - len(self.opening)
        if missing > 0:
            self.opening += piece[:missing]

    @property
    def request_id(self) -> str | None:
        """The provider's own id of the request, as its headers say."""
        found = (self.headers.get(name, "").strip() for name in REQUEST_ID_HEADERS)
        return next((value[:LONGEST_NAME] for value in found if value), None)

    @property
    def model(self) -> str | None:
        """The model that the answer names: LiteLLM tells only the one that was asked for."""
        found = _MODEL.search(self.opening)
        return found.group(1).decode("utf-8", "replace") if found else None


_upstream: ContextVar[Upstream | None] = ContextVar("workbench_upstream", default=None)


def begin_call(
    timeout: Mapping[str, float | None] | None = None, rewrite: Callable[[bytes], bytes] | None = None
) -> Upstream:
    """From here on, the current task makes one new call."""
    upstream = Upstream(timeout=timeout, rewrite=rewrite)
    _upstream.set(upstream)
    return upstream


def end_call() -> None:
    """The call has sent all it may; what the task sends from here on is not ours to limit."""
    _upstream.set(None)


def current_call() -> Upstream | None:
    """The call under way in this task, if any."""
    return _upstream.get()
