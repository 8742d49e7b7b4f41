"""From an exception of LiteLLM, or of what it is built on, to plain signals and one readable line.

Nothing of the exception itself survives: its chain holds the request with its key.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import cast

from workbench.core.redaction import REDACTOR
from workbench.core.secret import MASK, Secret
from workbench.core.text import clean, clean_line
from workbench.providers.calling.classification import Signals, classify
from workbench.providers.calling.upstream import Upstream
from workbench.providers.values import AttemptFailure

LONGEST_CHAIN = 12
LONGEST_TEXT = 20_000
"""Characters of a foreign error that are looked at; the shown line is far shorter."""

_PREFIX = re.compile(r"^(?:litellm\.)?[A-Za-z_]*(?:Error|Exception|Timeout)\s*(?::|-)\s*")
_SUFFIX = re.compile(r"(?:\s*Original exception: |\.?\s*Handle with `litellm\.|\s*LiteLLM Retried: ).*\Z", re.DOTALL)
_AWS_EXCEPTION = re.compile(r"\b(\w+Exception) (\{.*)", re.DOTALL)
_FROM_OLLAMA = re.compile(r"Got unexpected response from Ollama: (\{.*\})", re.DOTALL)
_ERROR_AS_FINISH = re.compile(r"raised a streaming error - finish_reason: error")
_REAL_RESPONSE = ("HTTPStatusError", "MaskedHTTPStatusError", "ClientResponseError")

NOT_AN_EVENT = "the stream holds something that is not an API event"

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
    (("JSONDecodeError", "UnicodeDecodeError"), NOT_AN_EVENT),
    (("NoCredentialsError", "PartialCredentialsError"), "no AWS credentials are found"),
    (("ProfileNotFound",), "the AWS profile is not found"),
    (("ChecksumMismatch", "InvalidHeadersLength", "InvalidPayloadLength"), "the stream holds a damaged event"),
    (("ClientOSError", "ConnectError", "ClientConnectorError", "ReadError"), "the connection failed"),
)


def failure_of(problem: Exception, upstream: Upstream, *, key: Secret | None, now_ms: int) -> AttemptFailure:
    """Why a call failed, in our terms, out of an exception and what came over the wire."""
    signals = with_answer(signals_of(problem), upstream)
    classified = classify(signals, now_ms=now_ms)
    return AttemptFailure(
        classified.kind,
        reason_of(signals, key=key),
        cause=classified.cause,
        http_status=signals.status,
        retry_after_s=classified.retry_after_s,
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
    signals = Signals(
        status=status, codes=tuple(codes), classes=tuple(classes), text=text[:LONGEST_TEXT], retry_after=retry_after
    )
    return _in_band(signals)


def _in_band(signals: Signals) -> Signals:
    """Errors inside a stream, out of what LiteLLM makes of them."""
    text = signals.text
    if (found := _AWS_EXCEPTION.search(text)) is not None:
        with suppress(ValueError, RecursionError):
            body: object = json.JSONDecoder().raw_decode(found.group(2))[0]
            return replace(signals, text=message_in(body) or text, codes=(*signals.codes, found.group(1).lower()))
    if (found := _FROM_OLLAMA.search(text)) is not None:
        with suppress(ValueError, SyntaxError, RecursionError):
            return replace(signals, text=message_in(ast.literal_eval(found.group(1))) or text, classes=("APIError",))
    if _ERROR_AS_FINISH.search(text):
        return replace(signals, text="its answer ended with an error and no reason", classes=("APIError",))
    return signals


def with_answer(signals: Signals, upstream: Upstream) -> Signals:
    """The same with what really came over the wire, which LiteLLM keeps of some providers only."""
    status = upstream.status
    if status is None or status < 300:
        return signals
    body: object = None
    with suppress(ValueError, RecursionError):
        body = json.loads(upstream.opening)
    codes = [*_codes_in(body), upstream.headers.get("x-amzn-errortype", "").partition(":")[0]]
    return Signals(
        status=status,
        codes=(*signals.codes, *(code.lower() for code in codes if code)),
        classes=signals.classes,
        text=(message_in(body) or signals.text)[:LONGEST_TEXT],
        retry_after=upstream.headers.get("retry-after") or signals.retry_after,
    )


def _codes_in(body: object) -> list[str]:
    if isinstance(body, list) and body:
        body = cast("list[object]", body)[0]
    error = cast("dict[str, object]", body).get("error") if isinstance(body, dict) else None
    fields = cast("dict[str, object]", error) if isinstance(error, dict) else {}
    said = (fields.get(name) for name in ("code", "type", "status"))
    return [str(value) for value in said if isinstance(value, str | int)]


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
