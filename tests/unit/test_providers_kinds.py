"""Where each kind lives and under which name LiteLLM is asked."""

from __future__ import annotations

import pytest

from workbench.config.kinds import KINDS as CONFIGURABLE
from workbench.config.values import Provider
from workbench.providers.calling.kinds import KINDS, Probe, base_url_of, kind_of, routed_model


@pytest.mark.parametrize(
    ("kind", "base_url", "expected"),
    [
        ("openai", None, "https://api.openai.com/v1"),
        ("openai", "https://gateway.example/v1/", "https://gateway.example/v1"),
        ("ollama", "http://127.0.0.1:11434/v1", "http://127.0.0.1:11434"),
        ("ollama_chat", None, "http://127.0.0.1:11434"),
        ("anthropic", None, "https://api.anthropic.com"),
        ("lm_studio", "http://127.0.0.1:1234", "http://127.0.0.1:1234/v1"),
        ("hosted_vllm", None, "http://127.0.0.1:8000/v1"),
        ("gemini", None, "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("gemini", "https://proxy.example", "https://proxy.example/v1beta/openai"),
        ("gemini", "https://proxy.example/v1beta", "https://proxy.example/v1beta/openai"),
        ("openai-compatible", None, None),
        ("bedrock", None, None),
    ],
)
def test_base_url(kind: str, base_url: str | None, expected: str | None) -> None:
    assert base_url_of(Provider(name="p", kind=kind, base_url=base_url)) == expected


@pytest.mark.parametrize(
    ("kind", "model", "expected"),
    [
        ("openai", "gpt-4o", "openai/gpt-4o"),
        ("openrouter", "openai/gpt-4o", "openai/openai/gpt-4o"),
        ("vllm", "meta-llama/Llama-3", "openai/meta-llama/Llama-3"),
        ("ollama", "llama3.2", "ollama_chat/llama3.2"),
        ("anthropic", "claude-x", "anthropic/claude-x"),
        ("bedrock", "anthropic.claude", "bedrock/converse/anthropic.claude"),
        ("fireworks_ai", "gpt-oss-120b", "openai/accounts/fireworks/models/gpt-oss-120b"),
        ("snowflake", "m", "snowflake/m"),
    ],
)
def test_routed_model(kind: str, model: str, expected: str) -> None:
    assert routed_model(Provider(name="p", kind=kind), model) == expected


def test_local_kinds_live_where_the_configuration_looks_for_them() -> None:
    for name, kind in CONFIGURABLE.items():
        if kind.base_url is not None:
            assert base_url_of(Provider(name="p", kind=name)) == kind.base_url


def test_no_kind_in_openai_format_takes_the_route_that_hides_garbage() -> None:
    assert {kind.route for kind in KINDS.values()} == {
        "openai",
        "ollama_chat",
        "anthropic",
        "azure",
        "bedrock/converse",
    }


def test_an_unknown_kind_is_left_to_litellm() -> None:
    assert kind_of("snowflake").route == "snowflake"
    assert kind_of("snowflake").probe is Probe.NONE
