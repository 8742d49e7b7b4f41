"""What a failure is: from its HTTP status, codes and exception classes to our kinds. Pure.

Status and code decide before classes, because LiteLLM's class for one failure differs between providers and
releases (a 403 is `PermissionDeniedError` or a bare `APIError`, an empty account is the same class as a 429).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from workbench.core.errors import Cause
from workbench.providers.values import AttemptFailure, ErrorKind

LONGEST_RETRY_AFTER_S = 86_400.0
"""A longer Retry-After is nonsense and taken as this."""

CAUSES: dict[ErrorKind, Cause] = {
    ErrorKind.RATE_LIMITED: Cause.TRANSIENT,
    ErrorKind.TIMEOUT: Cause.TRANSIENT,
    ErrorKind.FIRST_TOKEN_TIMEOUT: Cause.TRANSIENT,
    ErrorKind.STALLED: Cause.TRANSIENT,
    ErrorKind.CONNECTION: Cause.TRANSIENT,
    ErrorKind.SERVER_ERROR: Cause.TRANSIENT,
    ErrorKind.BROKEN_STREAM: Cause.TRANSIENT,
    ErrorKind.EMPTY: Cause.TRANSIENT,
    ErrorKind.AUTH: Cause.SECURITY,
    ErrorKind.BAD_REQUEST: Cause.PERMANENT,
    ErrorKind.CONTEXT_WINDOW: Cause.RESOURCE,
    ErrorKind.CONTENT_POLICY: Cause.PERMANENT,
    ErrorKind.QUOTA: Cause.RESOURCE,
    ErrorKind.BREAKER_OPEN: Cause.TRANSIENT,
    ErrorKind.NO_KEY: Cause.SECURITY,
    ErrorKind.DISABLED: Cause.PERMANENT,
    ErrorKind.CANCELLED: Cause.PERMANENT,
    ErrorKind.INTERNAL: Cause.PERMANENT,
}
"""The class of each kind: only transient ones are worth asking the same provider again."""


def failure(kind: ErrorKind, reason: str) -> AttemptFailure:
    """A failure that we found ourselves."""
    return AttemptFailure(kind, reason, cause=CAUSES[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What an exception tells, in plain values."""

    status: int | None = None
    """Of a response that really came; None when there was none."""
    codes: tuple[str, ...] = ()
    """Codes and types out of the error's body, lower case."""
    classes: tuple[str, ...] = ()
    """Names of the exception's class and of those behind it, outermost first."""
    text: str = ""
    retry_after: str | None = None
    """The header as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """A failure in our terms."""

    kind: ErrorKind
    cause: Cause
    retry_after_s: float | None = None


_QUOTA = re.compile(
    r"insufficient[_ ](quota|funds|balance|credit)|exceeded your current quota|credit balance is too low"
    r"|billing_hard_limit|billing details", re.IGNORECASE,
)  # fmt: skip
_CONTEXT = re.compile(
    r"context_length_exceeded|context[_ ]window|maximum context length|prompt is too long|exceeds? the (available )?"
    r"context|input is too long|too many (input )?tokens|input token count", re.IGNORECASE,
)  # fmt: skip
_POLICY = re.compile(
    r"content_policy_violation|content_filter|content management policy|responsible.?ai|safety system", re.IGNORECASE
)
_THROTTLED = re.compile(r"rate[_ ]limit|throttl|too many requests|resource_exhausted", re.IGNORECASE)
_UNFINISHED = re.compile(r"undecoded bytes|decoded to no events")
"""LiteLLM's words for a binary event stream that ends in the middle of a frame, or holds none."""
_STATUS = re.compile(r"[45][0-9][0-9]")
_TLS = ("SSLError", "SSLCertVerificationError", "ClientConnectorCertificateError", "ClientConnectorSSLError")
# Not `APIConnectionError`: LiteLLM wraps in-band errors and garbage in it too.
_CONNECTION = (
    "ConnectError", "ConnectTimeout", "ConnectionTimeoutError", "ClientConnectorError",
    "ClientConnectorDNSError", "ClientOSError", "ServerDisconnectedError", "ConnectionRefusedError",
    "ConnectionResetError", "BrokenPipeError", "gaierror", "ReadError", "WriteError", "RemoteProtocolError",
    "ClientPayloadError", "TransferEncodingError",
)  # fmt: skip
_TIMEOUT = (
    "ReadTimeout", "WriteTimeout", "PoolTimeout", "SocketTimeoutError", "APITimeoutError", "TimeoutError", "Timeout",
)  # fmt: skip
_GARBAGE = (
    "JSONDecodeError", "UnicodeDecodeError", "ValidationError", "APIResponseValidationError",
    # Of AWS's binary event streams.
    "ChecksumMismatch", "InvalidHeadersLength", "InvalidPayloadLength", "DuplicateHeader",
)  # fmt: skip
_BY_CLASS: tuple[tuple[tuple[str, ...], ErrorKind], ...] = (
    (("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"), ErrorKind.NO_KEY),
    (
        ("UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "CredentialRetrievalError"),
        ErrorKind.AUTH,
    ),
    (("AuthenticationError", "PermissionDeniedError"), ErrorKind.AUTH),
    (("RateLimitError",), ErrorKind.RATE_LIMITED),
    (("BadRequestError", "UnsupportedParamsError", "NotFoundError"), ErrorKind.BAD_REQUEST),
    (("ImportError", "ModuleNotFoundError", "TypeError", "AttributeError"), ErrorKind.INTERNAL),
    (("APIError", "InternalServerError", "ServiceUnavailableError", "MidStreamFallbackError"), ErrorKind.SERVER_ERROR),
)


def classify(signals: Signals, *, now_ms: int) -> Classified:
    """The kind of a failure, its cause, and when the provider wants to be asked again."""
    kind = _by_status(signals) if signals.status is not None else _by_class(signals)
    cause = CAUSES[kind]
    if kind is ErrorKind.CONNECTION and any(name in _TLS for name in signals.classes):
        cause = Cause.SECURITY
    return Classified(kind=kind, cause=cause, retry_after_s=parse_retry_after(signals.retry_after, now_ms=now_ms))


def _by_status(signals: Signals) -> ErrorKind:
    status = signals.status or 0
    about = " ".join((*signals.codes, signals.text))
    match status:
        case 401 | 403:
            return ErrorKind.AUTH
        case 402:
            return ErrorKind.QUOTA
        case 429:
            return ErrorKind.QUOTA if _QUOTA.search(about) else ErrorKind.RATE_LIMITED
        case 408:
            return ErrorKind.TIMEOUT
        case 424:
            # Bedrock's word for a model that failed.
            return ErrorKind.SERVER_ERROR
        case 400 if "throttlingexception" in signals.codes:
            return ErrorKind.RATE_LIMITED
        case _ if status >= 500:
            return ErrorKind.SERVER_ERROR
        case _ if status < 400:
            # A success or redirect that could not be read: it is no answer of the interface we asked for.
            return ErrorKind.EMPTY if status >= 300 else _by_class(signals)
        case _:
            return _bad_request(signals, about)


def _bad_request(signals: Signals, about: str) -> ErrorKind:
    if "ContextWindowExceededError" in signals.classes or _CONTEXT.search(about):
        return ErrorKind.CONTEXT_WINDOW
    if "ContentPolicyViolationError" in signals.classes or _POLICY.search(about):
        return ErrorKind.CONTENT_POLICY
    if _QUOTA.search(about):
        return ErrorKind.QUOTA
    return ErrorKind.BAD_REQUEST


def _by_class(signals: Signals) -> ErrorKind:
    """Without a status: by what went wrong deepest down, which is nearest to the cause."""
    about = " ".join((*signals.codes, signals.text))
    for name in reversed(signals.classes):
        if name in _GARBAGE:
            return ErrorKind.BROKEN_STREAM
        if name in _TLS or name in _CONNECTION:
            return _timeout_or(ErrorKind.CONNECTION, signals)
        if name in _TIMEOUT:
            return ErrorKind.TIMEOUT
    return _in_band(signals, about)


def _timeout_or(kind: ErrorKind, signals: Signals) -> ErrorKind:
    """A read that ran out of time also looks like a read that failed."""
    connecting = any("Connect" in name for name in signals.classes)
    return ErrorKind.TIMEOUT if not connecting and any(name in _TIMEOUT for name in signals.classes) else kind


def _in_band(signals: Signals, about: str) -> ErrorKind:
    """An error object inside a stream has no status of its own; its code often is one."""
    status = next((int(code) for code in signals.codes if _STATUS.fullmatch(code)), None)
    if status is not None:
        return _by_status(Signals(status=status, codes=signals.codes, classes=signals.classes, text=signals.text))
    found = _bad_request(signals, about)
    if found is not ErrorKind.BAD_REQUEST:
        return found
    if _UNFINISHED.search(about):
        return ErrorKind.BROKEN_STREAM
    if _THROTTLED.search(about):
        return ErrorKind.RATE_LIMITED
    known = (kind for names, kind in _BY_CLASS if any(name in names for name in signals.classes))
    return next(known, ErrorKind.INTERNAL)


def parse_retry_after(header: str | None, *, now_ms: int) -> float | None:
    """Seconds to wait, from a number or an HTTP date; None for nothing or nonsense, never negative."""
    if header is None or not header.strip():
        return None
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now_ms / 1000
    if seconds != seconds:
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)
