"""What is read off a library's exceptions, and how little of them is told."""

from __future__ import annotations

import httpx
import pytest

from workbench.core.secret import MASK, Secret
from workbench.providers.calling.classification import Signals, classify
from workbench.providers.calling.library_errors import (
    chain_of,
    failure_of,
    message_in,
    presentable,
    reason_of,
    signals_of,
    with_answer,
)
from workbench.providers.calling.upstream import Upstream
from workbench.providers.values import ErrorKind

CANARY = Secret("canary-9f8e7d6c5b4a")


def _raised(outer: Exception, inner: Exception) -> Exception:
    try:
        try:
            raise inner
        except Exception as problem:
            raise outer from problem
    except Exception as problem:
        return problem


def test_only_a_response_that_came_over_the_wire_gives_a_status() -> None:
    made_up = RuntimeError("litellm.InternalServerError: Connection error.")
    vars(made_up)["response"] = httpx.Response(500)
    assert signals_of(made_up).status is None
    request = httpx.Request("POST", "http://127.0.0.1/v1")
    real = httpx.HTTPStatusError("x", request=request, response=httpx.Response(429, headers={"Retry-After": "7"}))
    signals = signals_of(_raised(made_up, real))
    assert (signals.status, signals.retry_after) == (429, "7")
    assert signals.classes == ("RuntimeError", "HTTPStatusError")


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert list(chain_of(first)) == [first, second]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached", "Rate limit reached"),
        ('litellm.BadRequestError: AnthropicException - b\'{"error": {"message": "no such model"}}\'', "no such model"),
        ('{"error": "model \\"x\\" not found"}', 'model "x" not found'),
        ("boom Original exception: APIConnectionError: litellm.x", "boom"),
        ("{not json", "{not json"),
    ],
)
def test_the_providers_own_words(text: str, said: str) -> None:
    assert signals_of(RuntimeError(text)).text == said


@pytest.mark.parametrize(
    ("text", "said", "kind"),
    [
        (
            "litellm.MidStreamFallbackError: litellm.RateLimitError: BedrockException: Rate Limit Error - "
            'throttlingException {"message": "slow down"} Original exception: RateLimitError: x',
            "slow down",
            ErrorKind.RATE_LIMITED,
        ),
        ('validationException {"message": "Input is too long."}', "Input is too long.", ErrorKind.CONTEXT_WINDOW),
        ("oddException {not json", "oddException {not json", ErrorKind.INTERNAL),
        (
            "KeyError: 'message', Got unexpected response from Ollama: {'error': 'model runner has stopped'}",
            "model runner has stopped",
            ErrorKind.SERVER_ERROR,
        ),
        (
            "openai raised a streaming error - finish_reason: error, no content string given. Received Chunk={}",
            "its answer ended with an error and no reason",
            ErrorKind.SERVER_ERROR,
        ),
        (
            "Bedrock stream ended with 40 undecoded bytes after 3 events",
            "Bedrock stream ended with 40 undecoded bytes after 3 events",
            ErrorKind.BROKEN_STREAM,
        ),
    ],
)
def test_errors_inside_a_stream(text: str, said: str, kind: ErrorKind) -> None:
    signals = signals_of(RuntimeError(text))
    assert signals.text == said
    assert classify(signals, now_ms=0).kind is kind


def answered(status: int, body: bytes, **headers: str) -> Upstream:
    upstream = Upstream()
    upstream.answered(status, {name.replace("_", "-"): value for name, value in headers.items()})
    upstream.received(body)
    return upstream


def test_what_came_over_the_wire_goes_before_what_a_library_makes_of_it() -> None:
    made_up = Signals(status=None, codes=("x",), classes=("InternalServerError",), text="litellm says")
    body = b'{"error": {"message": "no such deployment", "code": "DeploymentNotFound", "type": null}}'
    signals = with_answer(made_up, answered(404, body, Retry_After="3"))
    assert signals == Signals(
        status=404, codes=("x", "deploymentnotfound"), classes=("InternalServerError",), text="no such deployment",
        retry_after="3",
    )  # fmt: skip


def test_of_an_answer_that_is_not_readable_the_status_stays() -> None:
    signals = with_answer(Signals(text="litellm says"), answered(502, b"<html>"))
    assert (signals.status, signals.text) == (502, "litellm says")
    listed = with_answer(Signals(), answered(400, b'[{"error": {"message": "bad", "status": "INVALID_ARGUMENT"}}]'))
    assert (listed.text, listed.codes) == ("bad", ("invalid_argument",))


def test_an_error_in_a_good_answer_is_not_that_of_its_status() -> None:
    signals = Signals(classes=("APIError",), text="x")
    assert with_answer(signals, answered(200, b"{}")) == signals
    assert with_answer(signals, Upstream()) == signals


def test_aws_says_the_class_of_an_error_in_a_header() -> None:
    upstream = answered(400, b'{"message": "busy"}', x_amzn_errortype="ThrottlingException:http://x")
    failure = failure_of(RuntimeError("x"), upstream, key=CANARY, now_ms=0)
    assert (failure.kind, failure.http_status, failure.reason) == (ErrorKind.RATE_LIMITED, 400, "busy")


def test_the_innermost_words_win() -> None:
    inner = ValueError("x")
    vars(inner)["body"] = {"error": {"message": "quota for today is used up"}}
    assert signals_of(_raised(RuntimeError("litellm.APIError: something"), inner)).text == "quota for today is used up"


@pytest.mark.parametrize(
    ("signals", "reason"),
    [
        (Signals(status=502, text="<!doctype html><html>"), "an HTML page instead of an answer of its API"),
        (Signals(classes=("X", "ConnectionRefusedError"), text="ssl:<ssl.SSLContext>"), "connection refused"),
        (Signals(classes=("ClientConnectorDNSError",), text="x"), "its host name cannot be resolved"),
        (Signals(status=307), "it redirects elsewhere, and redirects are not followed"),
        (Signals(status=500, text=""), "no reason given"),
    ],
)
def test_reasons(signals: Signals, reason: str) -> None:
    assert reason_of(signals, key=None) == reason


def test_a_reason_is_one_harmless_line_without_the_key() -> None:
    text = f"bad key {CANARY.reveal()}\r\n\x1b]52;c;eA==\x07 \u202e [/] " + "A" * 5_000_000
    reason = presentable(text, key=CANARY)
    assert CANARY.reveal() not in reason
    assert len(reason) <= 500
    assert not set(reason) & set("\x1b\x07\u202e\r\n")
    assert "[/]" in reason


def test_a_key_that_is_broken_up_by_invisible_characters_leaves_no_half() -> None:
    key = Secret("sk-Canary7Q-AAAA1111-BBBB2222")
    reason = presentable(f"bad key {key.reveal().replace('B', chr(0x200C) + 'B')}", key=key)
    assert reason == f"bad key {MASK}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "no model"}}, "no model"),
        ({"error": "no model"}, "no model"),
        ([{"error": {"message": "no model"}}], "no model"),
        ("no model", "no model"),
        ({"detail": "Not Found"}, ""),
        ({"error": {"message": ["odd"]}}, ""),
        ([], ""),
        (7, ""),
    ],
)
def test_the_message_of_an_error_body(body: object, message: str) -> None:
    assert message_in(body) == message


def test_an_exception_that_cannot_be_printed_is_still_one() -> None:
    class Sulky(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert signals_of(Sulky()).text == "Sulky"
