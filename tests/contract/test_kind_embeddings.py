"""Vectors over real HTTP: one for each text, in their order, counted; failures are ours and classified."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.calls import CANARY, everything_about
from tests.support.doubles import FaultyProvider, html, rate_limited, redirect, silence, unauthorized
from tests.support.embedding_formats import (
    cohere_embeddings,
    openai_embeddings,
    titan_embeddings,
    vector_of,
    vectors,
)
from tests.support.exchange import Behaviour
from workbench.config.values import Provider
from workbench.core.secret import Secret
from workbench.providers.calling.embeddings import BATCH, LiteLLMEmbeddings
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.values import AttemptFailure, ErrorKind, Usage

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM: seconds of CPU, many more on a machine that does other things.
    pytest.mark.timeout(60),
]

TEXTS = ("a", "bb", "ccc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A kind with embeddings."""

    kind: str
    model: str
    speak: Callable[[], Behaviour]
    path: str
    base: str = ""
    key: str = "authorization"
    requests: int = 1
    cost_nano: int | None = None
    names_model: bool = True


KINDS: dict[str, Kept] = {
    "openai": Kept(
        kind="openai", model="text-embedding-3-small", speak=openai_embeddings, base="/v1", path="/v1/embeddings",
        cost_nano=120,
    ),
    "out of order": Kept(
        kind="openai-compatible", model="m", speak=lambda: openai_embeddings(mixed=True), base="/v1",
        path="/v1/embeddings",
    ),
    "azure": Kept(
        kind="azure", model="ours", speak=openai_embeddings, key="api-key", path="/openai/deployments/ours/embeddings"
    ),
    "ollama": Kept(
        kind="ollama", model="nomic-embed-text", speak=openai_embeddings, path="/v1/embeddings", cost_nano=0
    ),
    "bedrock titan": Kept(
        kind="bedrock", model="amazon.titan-embed-text-v2:0", speak=titan_embeddings, requests=3, cost_nano=120,
        path="/model/amazon.titan-embed-text-v2%3A0/invoke", names_model=False,
    ),
    "bedrock cohere": Kept(
        kind="bedrock", model="cohere.embed-english-v3", speak=cohere_embeddings, cost_nano=600,
        path="/model/cohere.embed-english-v3/invoke", names_model=False,
    ),
}  # fmt: skip


@pytest.fixture
def embeddings(client: LiteLLMClient, monkeypatch: pytest.MonkeyPatch) -> LiteLLMEmbeddings:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    return LiteLLMEmbeddings(client)


def provider(double: FaultyProvider, *, kind: str = "openai", base: str = "/v1") -> Provider:
    return Provider(name="p", kind=kind, base_url=f"http://127.0.0.1:{double.port}{base}")


@pytest.mark.parametrize("name", KINDS)
async def test_one_vector_for_each_text_in_order(embeddings: LiteLLMEmbeddings, name: str) -> None:
    kept = KINDS[name]
    async with FaultyProvider(kept.speak()) as double:
        asked = provider(double, kind=kept.kind, base=kept.base)
        found = await embeddings.embed(asked, kept.model, TEXTS, api_key=Secret(CANARY))
        paths = [sent.path.partition("?")[0] for sent in double.requests]
        assert all(CANARY in sent.headers[kept.key] for sent in double.requests)
    assert found.vectors == tuple(tuple(vector_of(text)) for text in TEXTS)
    assert paths == [kept.path] * kept.requests
    source = {None: None, 0: "local"}.get(kept.cost_nano, "litellm")
    assert found.usage == Usage(input_tokens=6, cost_nano=kept.cost_nano, price_source=source)
    assert found.model == (kept.model if kept.names_model else None)


async def test_many_texts_go_in_batches_and_come_back_in_order(embeddings: LiteLLMEmbeddings) -> None:
    texts = [chr(ord("a") + number % 26) * (1 + number // 26) for number in range(BATCH * 2 + 1)]
    async with FaultyProvider(openai_embeddings()) as double:
        found = await embeddings.embed(provider(double), "m", texts, api_key=None)
        assert sorted(len(sent.json["input"]) for sent in double.requests) == [1, BATCH, BATCH]
    assert found.vectors == tuple(tuple(vector_of(text)) for text in texts)


async def test_no_texts_ask_nobody(embeddings: LiteLLMEmbeddings) -> None:
    async with FaultyProvider(openai_embeddings()) as double:
        assert (await embeddings.embed(provider(double), "m", (), api_key=None)).vectors == ()
        assert double.requests == []


WRONG: dict[str, Behaviour] = {
    "too few": vectors([1.0], [2.0]),
    "too many": vectors([1.0], [2.0], [3.0], [4.0]),
    "not a number": vectors([1.0], ["x"], [3.0]),
    "not finite": vectors([1.0], [math.inf], [3.0]),
    "empty vector": vectors([1.0], [], [3.0]),
    "different lengths": vectors([1.0], [2.0, 2.0], [3.0]),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_no_vector_for_each_text_is_refused(embeddings: LiteLLMEmbeddings, name: str) -> None:
    async with FaultyProvider(WRONG[name]) as double:
        with pytest.raises(AttemptFailure) as caught:
            await embeddings.embed(provider(double), "m", TEXTS, api_key=None)
    assert caught.value.kind is ErrorKind.EMPTY


FAILING: dict[str, tuple[Behaviour, ErrorKind, int | None]] = {
    "429": (rate_limited("7"), ErrorKind.RATE_LIMITED, 429),
    "401": (unauthorized(), ErrorKind.AUTH, 401),
    "redirect": (redirect("http://127.0.0.1:9/"), ErrorKind.EMPTY, 307),
    "silence": (silence(), ErrorKind.TIMEOUT, None),
}


@pytest.mark.parametrize("kind", ["openai", "azure", "ollama", "bedrock"])
@pytest.mark.parametrize("name", FAILING)
async def test_failures_are_classified_without_the_key(embeddings: LiteLLMEmbeddings, name: str, kind: str) -> None:
    behaviour, error_kind, status = FAILING[name]
    model = "amazon.titan-embed-text-v2:0" if kind == "bedrock" else "m"
    async with FaultyProvider(behaviour) as double:
        asked = provider(double, kind=kind, base="")
        with pytest.raises(AttemptFailure) as caught:
            await embeddings.embed(asked, model, ["a"], api_key=Secret(CANARY), timeout_s=0.5)
        assert len(double.requests) == 1
    failure = caught.value
    assert (failure.kind, failure.http_status) == (error_kind, status)
    assert CANARY not in failure.reason
    assert failure.__cause__ is None
    assert CANARY not in everything_about(failure)


@pytest.mark.parametrize("kind", ["openai", "azure", "ollama", "bedrock"])
async def test_a_web_page_is_no_answer(embeddings: LiteLLMEmbeddings, kind: str) -> None:
    async with FaultyProvider(html()) as double:
        model = "amazon.titan-embed-text-v2:0" if kind == "bedrock" else "m"
        with pytest.raises(AttemptFailure) as caught:
            await embeddings.embed(provider(double, kind=kind, base=""), model, ["a"], api_key=Secret(CANARY))
    assert caught.value.kind is ErrorKind.EMPTY
