"""LiteLLM's list over its real copy: facts and counts, without a request to anybody, cheap when warm."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from workbench.config.values import Provider
from workbench.providers.calling.litellm_catalogue import LiteLLMCatalogue
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.values import PromptMessage, ToolCall

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM: seconds of CPU, many more on a machine that does other things.
    pytest.mark.timeout(60),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that was asked for, loopback included: LiteLLM would ask an Ollama server on this machine."""
    addresses: list[object] = []
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        addresses.append(address)
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return addresses


def provider(kind: str) -> Provider:
    return Provider(name="p", kind=kind)


async def test_facts_of_the_models_that_are_used_without_configuration(client: LiteLLMClient) -> None:
    known = LiteLLMCatalogue(lambda: client.library)
    facts = known.facts(provider("openai"), "gpt-4o-mini")
    assert (facts.context_window, facts.max_output, facts.source) == (128_000, 16_384, "litellm")
    assert facts.input_nano == pytest.approx(150)
    assert facts.output_nano == pytest.approx(600)
    assert known.facts(provider("anthropic"), "claude-sonnet-4-5").prefill
    assert not known.facts(provider("anthropic"), "claude-sonnet-5-5").prefill
    assert known.facts(provider("bedrock"), "invoke/anthropic.claude-3-5-sonnet-20240620-v1:0").context_window
    assert known.facts(provider("openrouter"), "openrouter/auto").input_nano is None


async def test_no_look_up_asks_anybody(client: LiteLLMClient, asked: list[object]) -> None:
    """LiteLLM's own look-up asks Ollama's and Hugging Face's servers, in the calling thread."""
    known = LiteLLMCatalogue(lambda: client.library)
    for kind in ("ollama", "vllm", "huggingface", "openai-compatible", "snowflake", "bedrock", "vertex_ai"):
        known.facts(provider(kind), "llama3.2")
    for model in ("meta-llama/Llama-3-8b", "command-r", "claude-2", "gpt-4o", "mistral/large"):
        await known.count_tokens(provider("vllm"), model, [PromptMessage(role="user", text="How many are these?")])
    assert asked == []


async def test_a_warm_look_up_takes_microseconds(client: LiteLLMClient) -> None:
    known = LiteLLMCatalogue(lambda: client.library)
    known.facts(provider("openai"), "gpt-4o-mini")
    began = time.process_time()
    for _ in range(10_000):
        known.facts(provider("openai"), "gpt-4o-mini")
    assert (time.process_time() - began) / 10_000 < 100e-6


async def test_a_prompt_is_counted_with_its_calls(client: LiteLLMClient) -> None:
    known = LiteLLMCatalogue(lambda: client.library)
    plain = [PromptMessage(role="user", text="hello world")]
    assert await known.count_tokens(provider("openai"), "gpt-4o", plain) == 9
    called = PromptMessage(role="assistant", text="", tool_calls=(ToolCall(id="a", name="look", arguments="{}"),))
    answered = PromptMessage(role="tool", text="forty-two", tool_call_id="a")
    assert await known.count_tokens(provider("openai"), "gpt-4o", [*plain, called, answered]) > 9


async def test_a_long_prompt_is_counted_in_time(client: LiteLLMClient) -> None:
    known = LiteLLMCatalogue(lambda: client.library)
    long = [PromptMessage(role="user", text="word " * 600_000)]
    began = time.process_time()
    counted = await known.count_tokens(provider("openai"), "gpt-4o", long)
    assert 590_000 < counted < 610_000
    assert time.process_time() - began < 3.0
