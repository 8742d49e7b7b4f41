"""How each kind is reached and paid: AWS credentials and regions, Azure's versions, prefill, prices."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.aws_formats import aws_error, converse
from tests.support.calls import CANARY, Heard, everything_about, hear
from tests.support.doubles import FaultyProvider, ok
from tests.support.exchange import Behaviour, Exchange, chunk
from tests.support.kinds import CLAUDE_ON_BEDROCK, SPOKEN, spoken_call
from tests.support.openai_formats import VENDORS, speaking
from tests.support.saying import Counted, Say
from workbench.config.values import Provider
from workbench.core.errors import Cause
from workbench.providers.calling.kinds import AZURE_API_VERSION
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.calling.litellm_loader import ENVIRONMENT
from workbench.providers.values import ErrorKind, ModelCall, PromptMessage, Usage

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM: seconds of CPU, many more on a machine that does other things.
    pytest.mark.timeout(60),
]

SECRET = "canary-aws-secret-5d3c"
AWS_NAMES = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_REGION_NAME", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
)  # fmt: skip


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user without any AWS setting; returns the folder of AWS's own files."""
    for name in AWS_NAMES:
        monkeypatch.delenv(name, raising=False)
    # What the loader sets for the process, each test's own environment does not have.
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def keyless(double: FaultyProvider) -> ModelCall:
    return replace(spoken_call(SPOKEN["bedrock converse"], double), api_key=None)


def scope_of(authorization: str) -> str:
    """Whose key signed, and for which region."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=(\w+)/\d{8}/([a-z0-9-]+)/bedrock/aws4_request, "
        r"SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}",
        authorization,
    )
    assert found is not None, authorization
    return f"{found.group(1)} {found.group(2)}"


@pytest.mark.parametrize("name", ["bedrock converse", "bedrock invoke"])
async def test_bedrock_signs_with_the_keys_of_the_environment(
    client: LiteLLMClient, aws: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"{SECRET}-session")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    async with FaultyProvider(SPOKEN[name].speak(Say())) as double:
        heard = await hear(client, replace(spoken_call(SPOKEN[name], double), api_key=None))
        (sent,) = double.requests
    assert heard.text == "Hello from the double."
    assert scope_of(sent.headers["authorization"]) == "AKIDENVIRONMENT eu-west-3"
    assert sent.headers["x-amz-security-token"] == f"{SECRET}-session"
    assert SECRET not in sent.headers["authorization"]


async def test_bedrock_signs_with_a_profile_of_awss_own_files(
    client: LiteLLMClient, aws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (aws / "credentials").write_text(f"[work]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = {SECRET}\n")
    (aws / "config").write_text("[profile work]\nregion = ap-southeast-2\n")
    monkeypatch.setenv("AWS_PROFILE", "work")
    async with FaultyProvider(converse()) as double:
        heard = await hear(client, keyless(double))
        assert scope_of(double.requests[0].headers["authorization"]) == "AKIDPROFILE ap-southeast-2"
    assert heard.text == "Hello from the double."


async def test_bedrock_takes_a_bearer_key_of_the_environment(
    client: LiteLLMClient, aws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", CANARY)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    async with FaultyProvider(converse()) as double:
        await hear(client, keyless(double))
        assert double.requests[0].headers["authorization"] == f"Bearer {CANARY}"


async def test_credentials_that_take_their_time_do_not_hold_the_loop(
    client: LiteLLMClient, aws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile may run a program, or sign on, for its credentials."""
    told = {"Version": 1, "AccessKeyId": "AKIDSLOW", "SecretAccessKey": SECRET}
    script = aws / "credentials.sh"
    script.write_text(f"sleep 0.6; echo '{json.dumps(told)}'")
    (aws / "config").write_text(f"[profile slow]\nregion = eu-west-1\ncredential_process = sh {script}\n")
    monkeypatch.setenv("AWS_PROFILE", "slow")
    gaps: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.01)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    async with FaultyProvider(converse()) as double:
        ticking = asyncio.create_task(tick())
        heard = await hear(client, keyless(double))
        ticking.cancel()
        assert scope_of(double.requests[0].headers["authorization"]) == "AKIDSLOW eu-west-1"
    assert heard.text == "Hello from the double."
    assert max(gaps) < 0.5


async def test_bedrock_without_credentials_says_so_and_asks_nobody(
    client: LiteLLMClient, aws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    async with FaultyProvider(converse()) as double:
        failure = (await hear(client, keyless(double))).failure
        assert double.requests == []
    assert failure is not None
    assert (failure.kind, failure.reason) == (ErrorKind.NO_KEY, "no AWS credentials are found")
    assert failure.cause is Cause.SECURITY


async def test_bedrock_without_a_region_says_so_and_asks_nobody(client: LiteLLMClient, aws: Path) -> None:
    async with FaultyProvider(converse()) as double:
        failure = (await hear(client, spoken_call(SPOKEN["bedrock converse"], double))).failure
        assert double.requests == []
    assert failure is not None
    assert failure.kind is ErrorKind.BAD_REQUEST
    assert failure.reason.startswith("no AWS region: set AWS_REGION")


AWS_ERRORS: dict[str, tuple[int, str, ErrorKind]] = {
    "ThrottlingException": (429, "Too many tokens, please wait before trying again.", ErrorKind.RATE_LIMITED),
    "AccessDeniedException": (403, "You don't have access to the model.", ErrorKind.AUTH),
    "ValidationException": (400, "Input is too long for requested model.", ErrorKind.CONTEXT_WINDOW),
    "ModelErrorException": (424, "The model failed.", ErrorKind.SERVER_ERROR),
    "ModelTimeoutException": (408, "The model took too long.", ErrorKind.TIMEOUT),
    "ServiceUnavailableException": (503, "Try again.", ErrorKind.SERVER_ERROR),
    "ResourceNotFoundException": (404, "No such model.", ErrorKind.BAD_REQUEST),
}


@pytest.mark.parametrize("route", ["converse", "invoke"])
@pytest.mark.parametrize("name", AWS_ERRORS)
async def test_bedrock_errors_keep_their_status_and_text(
    client: LiteLLMClient, aws: Path, monkeypatch: pytest.MonkeyPatch, name: str, route: str
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    code, text, kind = AWS_ERRORS[name]
    async with FaultyProvider(aws_error(code, name, text)) as double:
        failure = (await hear(client, spoken_call(SPOKEN[f"bedrock {route}"], double))).failure
    assert failure is not None
    assert (failure.kind, failure.http_status, failure.reason) == (kind, code, text)
    assert CANARY not in everything_about(failure)


async def test_a_bedrock_stream_that_ends_in_a_frame_is_broken(
    client: LiteLLMClient, aws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    async with FaultyProvider(converse(Say(broken="half"))) as double:
        heard = await hear(client, spoken_call(SPOKEN["bedrock converse"], double))
    assert heard.text == "Hello from the double."
    assert heard.failure is not None
    assert heard.failure.kind is ErrorKind.BROKEN_STREAM


async def azure_path(client: LiteLLMClient, provider: Provider, double: FaultyProvider) -> str:
    call = replace(spoken_call(SPOKEN["azure"], double), provider=provider)
    assert (await hear(client, call)).text == "Hello from the double."
    return double.calls[-1].path


async def test_azure_asks_for_the_configured_version(client: LiteLLMClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_API_VERSION", "AZURE_API_BASE", "AZURE_AD_TOKEN"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/from-the-environment")
    path = "/openai/deployments/our-deployment/chat/completions?api-version="
    async with FaultyProvider(speaking(VENDORS["azure"])) as double:
        host = f"http://127.0.0.1:{double.port}"
        provider = Provider(name="p", kind="azure", base_url=host)
        assert await azure_path(client, provider, double) == path + AZURE_API_VERSION
        assert await azure_path(client, replace(provider, api_version="2024-10-21"), double) == path + "2024-10-21"
        assert (
            await azure_path(client, replace(provider, base_url=f"{host}/openai"), double) == path + AZURE_API_VERSION
        )
        assert "from-the-environment" not in str([sent.headers for sent in double.calls])
        assert [sent.headers["api-key"] for sent in double.calls] == [CANARY] * 3


async def test_azures_newer_interface_has_neither_deployments_nor_versions(client: LiteLLMClient) -> None:
    async with FaultyProvider(speaking(VENDORS["azure"])) as double:
        provider = Provider(name="p", kind="azure", base_url=f"http://127.0.0.1:{double.port}/openai/v1/")
        assert await azure_path(client, provider, double) == "/openai/v1/chat/completions"
        assert double.calls[0].json["model"] == "our-deployment"


async def test_openrouter_says_the_cost_itself(client: LiteLLMClient) -> None:
    said = Say(counted=Counted(given=100, made=20, cached=60, thought=12))
    async with FaultyProvider(SPOKEN["openrouter"].speak(said)) as double:
        finish = (await hear(client, spoken_call(SPOKEN["openrouter"], double))).finish
    assert finish is not None
    assert finish.usage == Usage(
        input_tokens=100, output_tokens=20, cost_nano=1_230_000, price_source="provider",
        cache_read_tokens=60, reasoning_tokens=12,
    )  # fmt: skip


async def test_what_a_cache_saves_and_costs_is_in_the_price(client: LiteLLMClient) -> None:
    said = Say(counted=Counted(given=1000, made=10, cached=600, written=300))
    async with FaultyProvider(SPOKEN["anthropic"].speak(said)) as double:
        finish = (await hear(client, spoken_call(SPOKEN["anthropic"], double))).finish
    assert finish is not None
    # 100 tokens at 3 dollars a million, 600 read at 0.30, 300 written at 3.75, and 10 made at 15.
    assert finish.usage == Usage(
        input_tokens=1000, output_tokens=10, cost_nano=300_000 + 180_000 + 1_125_000 + 150_000,
        cache_read_tokens=600, cache_write_tokens=300, price_source="litellm",
    )  # fmt: skip


async def test_the_price_of_a_deployment_is_that_of_the_model_that_answered(client: LiteLLMClient) -> None:
    async with FaultyProvider(SPOKEN["azure"].speak(Say(model="gpt-4o-2024-08-06"))) as double:
        finish = (await hear(client, spoken_call(SPOKEN["azure"], double))).finish
    assert finish is not None
    assert (finish.model, finish.usage.price_source) == ("gpt-4o-2024-08-06", "litellm")


async def test_a_finish_reason_of_error_is_an_error(client: LiteLLMClient) -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.open_stream()
        await exchange.delta("Hello")
        await exchange.event(chunk({}, "error"))
        await exchange.close_stream()

    async with FaultyProvider(behave) as double:
        heard = await hear(client, spoken_call(SPOKEN["openrouter"], double))
    assert heard.failure is not None
    assert (heard.failure.kind, heard.failure.reason) == (
        ErrorKind.SERVER_ERROR,
        "its answer ended with an error and no reason",
    )


COUNTS = {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}


@pytest.mark.parametrize(
    ("usage", "known"),
    [
        # LiteLLM drops a usage with a field that it cannot read.
        ({"cost": "free"}, Usage()),
        ({"cost": -1.0}, Usage(input_tokens=5, output_tokens=4)),
        ({"cost": 1e300}, Usage(input_tokens=5, output_tokens=4)),
        ({"prompt_tokens_details": None}, Usage(input_tokens=5, output_tokens=4)),
        ({"prompt_tokens_details": {"cached_tokens": -3}}, Usage(input_tokens=5, output_tokens=4)),
    ],
)
async def test_odd_usage_is_unknown_not_wrong(client: LiteLLMClient, usage: Mapping[str, object], known: Usage) -> None:
    async with FaultyProvider(ok(usage={**COUNTS, **usage})) as double:
        finish = (await hear(client, spoken_call(SPOKEN["openai-compatible"], double))).finish
    assert finish is not None
    assert finish.usage == known


BEGUN = (PromptMessage(role="user", text="hi"), PromptMessage(role="assistant", text="Once upon a \n"))


async def prefilled(
    client: LiteLLMClient, name: str, double: FaultyProvider, monkeypatch: pytest.MonkeyPatch
) -> tuple[Heard, dict[str, object], str]:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    call = replace(spoken_call(SPOKEN[name], double), messages=BEGUN, prefill=True)
    heard = await hear(client, call)
    return heard, double.calls[0].json, double.calls[0].path


@pytest.mark.parametrize("name", ["anthropic", "ollama", "openrouter", "bedrock converse", "bedrock invoke"])
async def test_a_beginning_is_the_last_message(
    client: LiteLLMClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FaultyProvider(SPOKEN[name].speak(Say(text=("time",)))) as double:
        heard, body, _ = await prefilled(client, name, double, monkeypatch)
    messages = body["messages"]
    assert isinstance(messages, list)
    assert messages[-1]["role"] == "assistant"
    assert "Once upon a" in json.dumps(messages[-1])
    assert len(messages) == 2
    assert heard.text == "time"


@pytest.mark.parametrize(
    ("name", "path"), [("mistral", "/v1/chat/completions"), ("deepseek", "/beta/chat/completions")]
)
async def test_mistral_and_deepseek_are_told_of_a_prefix(
    client: LiteLLMClient, name: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FaultyProvider(SPOKEN[name].speak(Say())) as double:
        _, body, reached = await prefilled(client, name, double, monkeypatch)
    messages = body["messages"]
    assert isinstance(messages, list)
    assert messages[-1] == {"role": "assistant", "content": "Once upon a \n", "prefix": True}
    assert "prefix" not in messages[0]
    assert reached == path


async def test_vllm_is_told_to_continue_the_final_message(
    client: LiteLLMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FaultyProvider(SPOKEN["vllm"].speak(Say())) as double:
        _, body, _ = await prefilled(client, "vllm", double, monkeypatch)
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


async def _told(client: LiteLLMClient, behaviour: Behaviour, kind: str) -> None:
    async with FaultyProvider(behaviour) as double:
        provider = Provider(name="p", kind=kind, base_url=f"http://127.0.0.1:{double.port}")
        call = replace(spoken_call(SPOKEN["openai"], double), provider=provider, model=CLAUDE_ON_BEDROCK)
        await hear(client, call)
        assert [sent.method for sent in double.requests] == ["POST"]


@pytest.mark.parametrize("kind", ["github", "hyperbolic", "lambda_ai"])
async def test_a_kind_that_is_only_litellms_is_asked_where_it_is_configured(client: LiteLLMClient, kind: str) -> None:
    await _told(client, ok(), kind)
