"""Failures of LiteLLM over real HTTP: classified, sent once, without the key, and nowhere else."""

from __future__ import annotations

import gzip
import logging
import time

import pytest

from tests.support.calls import CANARY, FAULTS, call, everything_about, hear
from tests.support.doubles import (
    FaultyProvider,
    closed_port,
    garbage,
    hostile_error,
    redirect,
    server_error,
    status,
)
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.values import (
    ErrorKind,
    ModelCall,
)

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM: seconds of CPU, many more on a machine that does other things.
    pytest.mark.timeout(60),
]


@pytest.mark.parametrize("name", FAULTS)
async def test_faults(client: LiteLLMClient, name: str) -> None:
    """Classified, told in one harmless line, and exactly one request went out."""
    behaviour, kind, http_status = FAULTS[name]
    async with FaultyProvider(behaviour) as double:
        heard = await hear(client, call(double, total_s=0.5 if kind is ErrorKind.TIMEOUT else 5.0))
        failure = heard.failure
        assert failure is not None
        assert (failure.kind, failure.http_status) == (kind, http_status)
        assert failure.retry_after_s == (7.0 if name == "429" else None)
        assert 0 < len(failure.reason) <= 500
        assert not set(failure.reason) & set("\x1b\x07\x9b\x00\r\n\u202e")
        assert len(double.calls) == 1


@pytest.mark.parametrize("kind", ["ollama", "anthropic"])
@pytest.mark.parametrize("name", ["429", "500", "401", "context", "429 quota", "reset", "hostile"])
async def test_faults_of_kinds_with_a_format_of_their_own(client: LiteLLMClient, kind: str, name: str) -> None:
    behaviour, error_kind, http_status = FAULTS[name]
    async with FaultyProvider(behaviour) as double:
        failure = (await hear(client, call(double, kind=kind))).failure
        assert failure is not None
        assert (failure.kind, failure.http_status) == (error_kind, http_status)
        assert failure.retry_after_s == (7.0 if name == "429" else None)
        assert len(double.calls) == 1


@pytest.mark.parametrize("kind", ["groq", "mistral", "openrouter", "deepseek", "together_ai", "xai", "vllm"])
async def test_garbage_is_no_orderly_end_for_any_kind(client: LiteLLMClient, kind: str) -> None:
    async with FaultyProvider(garbage(2)) as double:
        failure = (await hear(client, call(double, kind=kind, model="m"))).failure
        assert failure is not None
        assert failure.kind is ErrorKind.BROKEN_STREAM


async def test_a_huge_error_text_stalls_nobody(client: LiteLLMClient) -> None:
    """LiteLLM's redaction of five megabytes would hold the loop for twenty seconds."""
    async with FaultyProvider(hostile_error(500, size=5_000_000)) as double:
        began = time.process_time()
        failure = (await hear(client, call(double))).failure
        assert failure is not None
        assert (failure.kind, len(failure.reason)) == (ErrorKind.SERVER_ERROR, 500)
        assert time.process_time() - began < 2.0


async def test_a_compressed_error_is_not_unpacked(client: LiteLLMClient) -> None:
    bomb = gzip.compress(b"A" * 10_000_000)
    async with FaultyProvider(status(500, bomb, content_encoding="gzip")) as double:
        failure = (await hear(client, call(double))).failure
        assert failure is not None
        assert failure.kind is ErrorKind.SERVER_ERROR
        assert double.calls[0].headers["accept-encoding"] == "identity"
        assert "AAAA" not in failure.reason


async def test_nobody_listens(client: LiteLLMClient) -> None:
    failure = (await hear(client, call(f"http://127.0.0.1:{closed_port()}/v1"))).failure
    assert failure is not None
    assert (failure.kind, failure.reason) == (ErrorKind.CONNECTION, "connection refused")


@pytest.mark.parametrize("kind", ["openai", "ollama", "anthropic"])
@pytest.mark.parametrize("code", [302, 307])
async def test_a_redirect_is_not_followed(client: LiteLLMClient, kind: str, code: int) -> None:
    """Neither key nor prompt go where the user did not send them."""
    async with FaultyProvider() as thief, FaultyProvider() as double:
        double.behave(redirect(f"{thief.base_url}/chat/completions", code))
        failure = (await hear(client, call(double, kind=kind))).failure
        assert failure is not None
        assert thief.requests == []
        assert len(double.calls) == 1


@pytest.mark.parametrize("kind", ["openai", "openai-compatible", "ollama", "anthropic", "groq"])
async def test_the_environment_has_no_say(client: LiteLLMClient, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FaultyProvider() as elsewhere, FaultyProvider(server_error()) as double:
        names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY")
        for name in names:
            monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.port}")
        for maker in ("OPENAI", "ANTHROPIC", "OLLAMA", "GROQ", "LITELLM"):
            monkeypatch.setenv(f"{maker}_API_BASE", elsewhere.base_url)
            monkeypatch.setenv(f"{maker}_BASE_URL", elsewhere.base_url)
            monkeypatch.setenv(f"{maker}_API_KEY", "from-the-environment")
        asked = call(double, kind=kind)
        keyless = ModelCall(provider=asked.provider, model=asked.model, api_key=None, messages=asked.messages)
        await hear(client, asked)
        await hear(client, keyless)
        assert elsewhere.requests == []
        assert [sent.key for sent in double.calls] == [CANARY, "none" if kind != "ollama" else double.calls[1].key]
        assert all("from-the-environment" not in str(sent.headers) for sent in double.calls)


@pytest.mark.parametrize("kind", ["openai", "anthropic", "ollama", "azure", "bedrock", "mistral"])
async def test_the_key_is_in_nothing_that_leaves_the_client(
    client: LiteLLMClient,
    kind: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    caplog.set_level(logging.DEBUG)
    for name, (behaviour, error_kind, _) in FAULTS.items():
        if error_kind is ErrorKind.TIMEOUT:
            continue
        async with FaultyProvider(behaviour) as double:
            heard = await hear(client, call(double, kind=kind))
            assert any(CANARY in str(sent.headers) for sent in double.calls), name
        if heard.failure is not None:
            assert heard.failure.__cause__ is None
            assert heard.failure.__context__ is None
            assert CANARY not in everything_about(heard.failure), name
    printed = capfd.readouterr()
    # The double's own log is not at stake, the libraries' are.
    assert CANARY not in caplog.text
    assert (printed.out, printed.err) == ("", "")
