"""Every failure becomes the right kind: status and code before class, the innermost class before LiteLLM's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import Cause
from workbench.providers.calling.classification import CAUSES, Signals, classify, parse_retry_after
from workbench.providers.values import ErrorKind

NOW_MS = 1_790_000_000_000  # 2026-09-21T14:13:20Z

TABLE: list[tuple[Signals, ErrorKind]] = [
    (Signals(status=401, classes=("AuthenticationError",)), ErrorKind.AUTH),
    (Signals(status=403, classes=("APIError",)), ErrorKind.AUTH),
    (Signals(status=403, classes=("PermissionDeniedError",)), ErrorKind.AUTH),
    (Signals(status=402, classes=("APIError",)), ErrorKind.QUOTA),
    (Signals(status=429, classes=("RateLimitError",)), ErrorKind.RATE_LIMITED),
    (Signals(status=429, codes=("insufficient_quota",), classes=("RateLimitError",)), ErrorKind.QUOTA),
    (Signals(status=429, text="You exceeded your current quota, please check your plan"), ErrorKind.QUOTA),
    (Signals(status=400, text="Your credit balance is too low to access the API"), ErrorKind.QUOTA),
    (Signals(status=408, classes=("Timeout",)), ErrorKind.TIMEOUT),
    (Signals(status=500, classes=("InternalServerError",)), ErrorKind.SERVER_ERROR),
    (Signals(status=502, text="<html>", classes=("BadGatewayError", "JSONDecodeError")), ErrorKind.SERVER_ERROR),
    (Signals(status=503, classes=("ServiceUnavailableError",)), ErrorKind.SERVER_ERROR),
    (Signals(status=529, classes=("APIError",)), ErrorKind.SERVER_ERROR),
    (Signals(status=400, classes=("BadRequestError",)), ErrorKind.BAD_REQUEST),
    (Signals(status=404, classes=("NotFoundError",)), ErrorKind.BAD_REQUEST),
    (Signals(status=422, classes=("UnprocessableEntityError",)), ErrorKind.BAD_REQUEST),
    (Signals(status=400, codes=("context_length_exceeded",)), ErrorKind.CONTEXT_WINDOW),
    (Signals(status=400, classes=("ContextWindowExceededError",)), ErrorKind.CONTEXT_WINDOW),
    (Signals(status=400, text="prompt is too long: 210000 tokens > 200000 maximum"), ErrorKind.CONTEXT_WINDOW),
    (Signals(status=413, text="Input is too long for requested model"), ErrorKind.CONTEXT_WINDOW),
    (Signals(status=400, codes=("content_policy_violation",)), ErrorKind.CONTENT_POLICY),
    (Signals(status=400, classes=("ContentPolicyViolationError",)), ErrorKind.CONTENT_POLICY),
    (Signals(status=400, text="The response was filtered due to content management policy"), ErrorKind.CONTENT_POLICY),
    (Signals(status=307, classes=("APIStatusError",)), ErrorKind.EMPTY),
    # Without a response: what lies deepest decides, whatever LiteLLM made of it.
    (Signals(classes=("InternalServerError", "APIConnectionError", "ConnectError")), ErrorKind.CONNECTION),
    (Signals(classes=("APIConnectionError", "ClientConnectorError", "ConnectionRefusedError")), ErrorKind.CONNECTION),
    (Signals(classes=("MidStreamFallbackError", "ReadError", "TransferEncodingError")), ErrorKind.CONNECTION),
    (Signals(classes=("Timeout", "APITimeoutError", "ConnectTimeout")), ErrorKind.CONNECTION),
    (Signals(classes=("ClientConnectorDNSError", "gaierror")), ErrorKind.CONNECTION),
    (Signals(classes=("Timeout", "APITimeoutError", "ReadTimeout", "SocketTimeoutError")), ErrorKind.TIMEOUT),
    (Signals(classes=("MidStreamFallbackError", "APIConnectionError", "JSONDecodeError")), ErrorKind.BROKEN_STREAM),
    (Signals(classes=("MidStreamFallbackError", "UnicodeDecodeError")), ErrorKind.BROKEN_STREAM),
    # An error object inside a stream.
    (Signals(codes=("500", "error"), classes=("MidStreamFallbackError", "APIError")), ErrorKind.SERVER_ERROR),
    (Signals(codes=("429",), classes=("MidStreamFallbackError", "APIError")), ErrorKind.RATE_LIMITED),
    (Signals(codes=("context_length_exceeded",), classes=("APIError",)), ErrorKind.CONTEXT_WINDOW),
    (Signals(codes=("rate_limit_exceeded",), classes=("APIError",)), ErrorKind.RATE_LIMITED),
    (Signals(classes=("MidStreamFallbackError", "APIConnectionError", "APIError")), ErrorKind.SERVER_ERROR),
    (Signals(codes=("throttlingexception",), classes=("APIConnectionError",)), ErrorKind.RATE_LIMITED),
    (Signals(status=424, codes=("modelerrorexception",)), ErrorKind.SERVER_ERROR),
    (Signals(classes=("APIConnectionError", "ChecksumMismatch")), ErrorKind.BROKEN_STREAM),
    (Signals(classes=("APIConnectionError", "NoCredentialsError")), ErrorKind.NO_KEY),
    (Signals(classes=("APIConnectionError", "UnauthorizedSSOTokenError")), ErrorKind.AUTH),
    # LiteLLM without an optional package looks like an outage.
    (Signals(classes=("APIConnectionError", "ModuleNotFoundError")), ErrorKind.INTERNAL),
    (Signals(classes=("KeyError",)), ErrorKind.INTERNAL),
]


@pytest.mark.parametrize(("signals", "kind"), TABLE)
def test_kind(signals: Signals, kind: ErrorKind) -> None:
    found = classify(signals, now_ms=NOW_MS)
    assert found.kind is kind
    assert found.cause is CAUSES[kind]


def test_a_certificate_that_is_not_accepted_is_no_transient_failure() -> None:
    signals = Signals(classes=("APIConnectionError", "ClientConnectorCertificateError", "SSLCertVerificationError"))
    found = classify(signals, now_ms=NOW_MS)
    assert (found.kind, found.cause) == (ErrorKind.CONNECTION, Cause.SECURITY)


def test_every_kind_has_a_cause() -> None:
    assert set(CAUSES) == set(ErrorKind)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("2", 2.0),
        (" 1.5 ", 1.5),
        ("600", 600.0),
        ("-3", 0.0),
        ("1e12", 86_400.0),
        ("nan", None),
        ("soon", None),
        ("Mon, 21 Sep 2026 14:13:50 GMT", 30.0),
        ("Mon, 21 Sep 2026 14:13:00 GMT", 0.0),
        ("Mon, 99 Foo 2026", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, now_ms=NOW_MS) == seconds


@given(st.text(max_size=40))
def test_retry_after_of_anything(header: str) -> None:
    seconds = parse_retry_after(header, now_ms=NOW_MS)
    assert seconds is None or 0.0 <= seconds <= 86_400.0


@given(
    status=st.none() | st.integers(-5, 700),
    codes=st.lists(st.text(max_size=12), max_size=3),
    classes=st.lists(st.text(max_size=12), max_size=4),
    text=st.text(max_size=80),
)
def test_anything_can_be_classified(status: int | None, codes: list[str], classes: list[str], text: str) -> None:
    signals = Signals(status=status, codes=tuple(codes), classes=tuple(classes), text=text)
    assert classify(signals, now_ms=NOW_MS).kind in ErrorKind
