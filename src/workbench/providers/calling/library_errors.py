"""From an exception of LiteLLM, or of what it is built on, to plain signals and one readable line.

Nothing of the exception itself survives: its chain holds the request with its key.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import cast

from workbench.core.redaction import REDACTOR
from workbench.core.secret import MASK, Secret
from workbench.core.text import clean, clean_line
from workbench.providers.calling.classification import Signals

LONGEST_CHAIN = 12
LONGEST_TEXT = 20_000
"""Characters of a foreign error that are looked at; the shown line is far shorter."""

_PREFIX = re.compile(r"^(?:litellm\.)?[A-Za-z_]*(?:Error|Exception|Timeout)\s*(?::|-)\s*")
_SUFFIX = re.compile(r"\s*(?:Original exception: |Handle with `litellm\.|LiteLLM Retried: ).*\Z", re.DOTALL)
_REAL_RESPONSE = ("HTTPStatusError", "MaskedHTTPStatusError", "ClientResponseError")

_PHRASES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("SSLCertVerificationError", "ClientConnectorCertificateError"), "its TLS certificate is not accepted"),
    (("SSLError", "ClientConnectorSSLError"), "no TLS connection could be made"),
    (("gaierror", "ClientConnectorDNSError"), "its host name cannot be resolved"),
    (("ConnectionRefusedError",), "connection refused"),
    (("ConnectTimeout", "ConnectionTimeoutError"), "no connection within the time limit"),
    (("SocketTimeoutError", "ReadTimeout", "APITimeoutError"), "no data within the time limit"),
    (("TransferEncodingError", "ClientPayloadError"), "the connection broke off in mid-answer"),
    (("ConnectionResetError", "BrokenPipeError"), "connection reset"),
    (("ServerDisconnectedError", "RemoteProtocolError"), "the connection was closed without an answer"),
    (("JSONDecodeError", "UnicodeDecodeError"), "the stream holds something that is not an API event"),
    (("ClientOSError", "ConnectError", "ClientConnectorError", "ReadError"), "the connection failed"),
)


def chain_of(problem: BaseException) -> Iterator[BaseException]:
    """The exception and those behind it, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = problem
    while current is not None and id(current) not in seen and len(seen) < LONGEST_CHAIN:
        seen.add(id(current))
        yield current
        inner = getattr(current, "original_exception", None)
        current = inner if isinstance(inner, BaseException) else current.__cause__ or current.__context__


def signals_of(problem: BaseException) -> Signals:
    """Everything classification needs, read off the whole chain."""
    status: int | None = None
    retry_after: str | None = None
    codes: list[str] = []
    classes: list[str] = []
    for link in chain_of(problem):
        name = type(link).__name__
        classes.append(name)
        module = type(link).__module__.partition(".")[0]
        response = getattr(link, "response", None)
        # LiteLLM makes up responses with status 500; only those of the HTTP and OpenAI clients came over the wire.
        if response is not None and (name in _REAL_RESPONSE or module in ("openai", "httpx")):
            found = getattr(response, "status_code", None)
            status = found if isinstance(found, int) else status
            retry_after = retry_after or _header(getattr(response, "headers", None), "retry-after")
        retry_after = retry_after or _header(getattr(link, "litellm_response_headers", None), "retry-after")
        if module == "openai":
            said: tuple[object, ...] = (getattr(link, "code", None), getattr(link, "type", None))
            codes.extend(str(value).lower() for value in said if isinstance(value, str | int))
    text = _innermost_text(problem)
    return Signals(
        status=status, codes=tuple(codes), classes=tuple(classes), text=text[:LONGEST_TEXT], retry_after=retry_after
    )


def _header(headers: object, name: str) -> str | None:
    if headers is None:
        return None
    with suppress(Exception):
        for key, value in cast("Mapping[object, object]", headers).items():
            if str(key).lower() == name:
                return str(value)
    return None


def _innermost_text(problem: BaseException) -> str:
    """The provider's own words, wherever a library keeps them."""
    for link in reversed(list(chain_of(problem))):
        body = getattr(link, "body", None)
        if body is not None and (message := message_in(body)):
            return message
    with suppress(Exception):
        return _unwrapped(str(problem)[:LONGEST_TEXT])
    return type(problem).__name__


def _unwrapped(text: str) -> str:
    text = _SUFFIX.sub("", text).strip()
    for _ in range(6):
        shorter = _PREFIX.sub("", text, count=1)
        if shorter == text:
            break
        text = shorter
    if text.startswith(("b'", 'b"')):
        with suppress(ValueError, SyntaxError):
            raw = ast.literal_eval(text)
            text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else text
    if text.startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            return message_in(json.loads(text)) or text
    return text


def message_in(body: object) -> str:
    """The message of an error body in any of the usual shapes."""
    if isinstance(body, list) and body:
        body = cast("list[object]", body)[0]
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    fields = cast("dict[str, object]", body)
    inner = fields.get("error", fields)
    if isinstance(inner, str):
        return inner
    if isinstance(inner, dict):
        message = cast("dict[str, object]", inner).get("message")
        return message if isinstance(message, str) else ""
    return ""


def reason_of(signals: Signals, *, key: Secret | None) -> str:
    """One line for people: what happened, in the provider's words where it used any; no key, no control characters."""
    text = signals.text
    if "<html" in text[:500].lower() or "<!doctype" in text[:500].lower():
        text = "an HTML page instead of an answer of its API"
    elif signals.status is not None and 300 <= signals.status < 400:
        text = "it redirects elsewhere, and redirects are not followed"
    elif signals.status is None:
        for names, phrase in _PHRASES:
            if any(name in names for name in signals.classes):
                text = phrase
                break
    return presentable(text, key=key) or "no reason given"


def presentable(text: str, *, key: Secret | None) -> str:
    """`text` redacted, cleaned, in one line of at most 500 characters."""
    text = text[:LONGEST_TEXT]
    value = key.reveal() if key is not None else ""
    if len(value) >= 4:
        # Cleaned before key-like text is masked: half of a key that invisible characters break up looks like a whole
        # one, and masking it would leave the other half.
        text = clean(text.replace(value, MASK)).replace(value, MASK)
    return clean_line(REDACTOR.scrub(text).strip())
