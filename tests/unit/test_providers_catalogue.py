"""What is known of models: the configuration before the list, a local server's price, nothing made up."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from workbench.config.values import Provider
from workbench.providers.calling import litellm_catalogue
from workbench.providers.calling.litellm_catalogue import LiteLLMCatalogue
from workbench.providers.calling.litellm_loader import Library
from workbench.providers.routing.catalogue import ModelFacts
from workbench.providers.values import PromptMessage

MODELS = {
    "gpt-x": {
        "litellm_provider": "openai", "max_input_tokens": 128_000, "max_output_tokens": 16_384,
        "input_cost_per_token": 0.5, "output_cost_per_token": 2.0,
    },
    "claude-x": {"litellm_provider": "anthropic", "supports_assistant_prefill": True, "max_input_tokens": "many"},
    "claude-y": {"litellm_provider": "anthropic", "supports_assistant_prefill": False, "input_cost_per_token": 0.0},
    "deepseek/d": {"litellm_provider": "deepseek", "max_input_tokens": 131_072},
}  # fmt: skip


class Module:
    """As much of LiteLLM as the catalogue uses."""

    def __init__(self) -> None:
        self.model_cost = MODELS
        self.counted: list[int] = []
        self.threads: list[str] = []
        self.broken = False

    def token_counter(self, *, model: str, messages: Sequence[Mapping[str, object]]) -> int:
        del model
        if self.broken:
            raise ValueError("no tokenizer")
        length = sum(len(str(message["content"])) for message in messages)
        self.counted.append(length)
        self.threads.append(threading.current_thread().name)
        return length


def catalogue(module: Module | None) -> LiteLLMCatalogue:
    library = None if module is None else cast("Library", SimpleNamespace(module=module))
    return LiteLLMCatalogue(lambda: library)


def provider(kind: str, **more: Any) -> Provider:
    return Provider(name="p", kind=kind, **more)


def test_what_the_list_says() -> None:
    assert catalogue(Module()).facts(provider("openai"), "gpt-x") == ModelFacts(
        context_window=128_000, max_output=16_384, input_nano=5e8, output_nano=2e9,
        source="litellm",
    )  # fmt: skip


def test_what_nobody_says_is_unknown() -> None:
    assert catalogue(Module()).facts(provider("openai"), "unheard-of") == ModelFacts()
    odd = catalogue(Module()).facts(provider("anthropic"), "claude-y")
    assert (odd.input_nano, odd.context_window) == (None, None)


def test_the_configuration_goes_before_the_list() -> None:
    facts = catalogue(Module()).facts(provider("openai", context_window=999), "gpt-x")
    assert (facts.context_window, facts.source) == (999, "litellm")
    facts = catalogue(Module()).facts(provider("openai", context_window=999), "unheard-of")
    assert (facts.context_window, facts.source) == (999, "configuration")


def test_before_the_library_is_loaded_the_configuration_is_all_there_is() -> None:
    facts = catalogue(None).facts(provider("openai", context_window=999), "gpt-x")
    assert facts == ModelFacts(context_window=999, source="configuration")


@pytest.mark.parametrize(
    ("asked", "local"),
    [
        (provider("ollama"), True),
        (provider("vllm", base_url="http://192.168.1.7:8000/v1"), True),
        (provider("vllm", base_url="https://gpu.example/v1"), False),
        (provider("openai-compatible", base_url="http://127.0.0.1:9/v1", private=True), True),
        (provider("openai-compatible", base_url="http://127.0.0.1:9/v1", scripted=True), True),
        (provider("openai-compatible", base_url="http://127.0.0.1:9/v1"), False),
        (provider("openai-compatible", base_url="https://far.example/v1", private=True), False),
        (provider("openai", base_url="http://127.0.0.1:9/v1", private=True), False),
    ],
)
def test_a_server_of_ones_own_costs_nothing(asked: Provider, local: bool) -> None:
    facts = catalogue(Module()).facts(asked, "m")
    assert (facts.input_nano, facts.output_nano, facts.source) == ((0.0, 0.0, "local") if local else (None, None, ""))


@pytest.mark.parametrize(
    ("kind", "model", "prefill"),
    [
        ("anthropic", "claude-x", True),
        ("anthropic", "claude-y", False),
        ("anthropic", "unheard-of", False),
        ("mistral", "m", True),
        ("deepseek", "d", True),
        ("vllm", "m", True),
        ("ollama", "m", True),
        ("openai", "gpt-x", False),
        ("gemini", "m", False),
        ("groq", "m", False),
        ("llama.cpp", "m", False),
        ("openai-compatible", "m", False),
        ("snowflake", "m", False),
    ],
)
def test_who_goes_on_from_a_beginning(kind: str, model: str, prefill: bool) -> None:
    assert catalogue(Module()).facts(provider(kind), model).prefill is prefill


def test_facts_are_looked_up_once_and_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm_catalogue, "MANY_FACTS", 3)
    module = Module()
    known = catalogue(module)
    first = known.facts(provider("openai"), "gpt-x")
    module.model_cost = {}
    assert known.facts(provider("openai"), "gpt-x") is first
    for number in range(5):
        known.facts(provider("openai"), f"m{number}")
    assert known.facts(provider("openai"), "gpt-x") == ModelFacts()


def prompt(length: int) -> list[PromptMessage]:
    return [PromptMessage(role="user", text="x" * length)]


async def test_the_first_count_and_long_ones_take_a_thread() -> None:
    module = Module()
    known = catalogue(module)
    assert await known.count_tokens(provider("openai"), "m", prompt(10)) == 10
    assert await known.count_tokens(provider("openai"), "m", prompt(20)) == 20
    assert await known.count_tokens(provider("openai"), "m", prompt(50_000)) == 50_000
    here = threading.current_thread().name
    assert [name == here for name in module.threads] == [False, True, False]


async def test_of_an_enormous_prompt_a_part_is_counted() -> None:
    module = Module()
    long = prompt(litellm_catalogue.LONGEST_COUNTED * 3)
    counted = await catalogue(module).count_tokens(provider("openai"), "m", long)
    assert counted == litellm_catalogue.LONGEST_COUNTED * 3
    assert module.counted == [litellm_catalogue.LONGEST_COUNTED]


async def test_without_a_tokenizer_it_is_estimated() -> None:
    module = Module()
    module.broken = True
    assert await catalogue(module).count_tokens(provider("openai"), "m", prompt(400)) == 104
    assert await catalogue(None).count_tokens(provider("openai"), "m", prompt(400)) == 104
