"""Where each kind lives and under which name LiteLLM is asked."""

from __future__ import annotations

import pytest

from workbench.config.kinds import ALIASES
from workbench.config.kinds import KINDS as CONFIGURABLE
from workbench.config.values import Provider
from workbench.providers.calling.kinds import KINDS, Probe, base_url_of, kind_of, known_as, plain_model, routed_model


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
        ("azure", "https://ours.openai.azure.com/", "https://ours.openai.azure.com"),
        ("azure", "https://ours.openai.azure.com/openai", "https://ours.openai.azure.com"),
        ("azure", "https://openai-ours.openai.azure.com", "https://openai-ours.openai.azure.com"),
        ("azure", "https://openai/openai-eu/openai/deployments/d", "https://openai/openai-eu"),
        ("azure", "https://ours.openai.azure.com/openai/deployments/d", "https://ours.openai.azure.com"),
        ("azure", "https://ours.openai.azure.com/openai/v1/", "https://ours.openai.azure.com/openai/v1"),
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
        ("bedrock", "invoke/anthropic.claude", "bedrock/invoke/anthropic.claude"),
        ("bedrock", "bedrock/converse/anthropic.claude", "bedrock/converse/anthropic.claude"),
        ("azure", "our-deployment", "azure/our-deployment"),
        ("fireworks_ai", "gpt-oss-120b", "openai/accounts/fireworks/models/gpt-oss-120b"),
        ("snowflake", "m", "snowflake/m"),
    ],
)
def test_routed_model(kind: str, model: str, expected: str) -> None:
    assert routed_model(Provider(name="p", kind=kind), model) == expected


def test_azures_newer_interface_is_asked_as_openais() -> None:
    provider = Provider(name="p", kind="azure", base_url="https://ours.openai.azure.com/openai/v1")
    assert routed_model(provider, "our-deployment") == "openai/our-deployment"


def test_a_models_own_name_says_nothing_of_the_way() -> None:
    assert plain_model(Provider(name="p", kind="bedrock"), "bedrock/invoke/a.b") == "a.b"
    assert plain_model(Provider(name="p", kind="openrouter"), "invoke/a.b") == "invoke/a.b"


def test_local_kinds_live_where_the_configuration_looks_for_them() -> None:
    for name, kind in CONFIGURABLE.items():
        if kind.base_url is not None:
            assert base_url_of(Provider(name="p", kind=name)) == kind.base_url


def test_what_is_known_of_a_kind_is_known_to_the_configuration_too() -> None:
    """Both tables are written by hand: what the one knows to speak to, the other lets people write."""
    assert set(KINDS) <= set(CONFIGURABLE)
    for name, kind in KINDS.items():
        assert known_as(name) == name
        assert kind.local is (CONFIGURABLE[name].base_url is not None)
    for alias, name in ALIASES.items():
        assert kind_of(alias) == kind_of(name)


def test_no_variable_of_the_environment_says_where_a_key_goes() -> None:
    """LiteLLM would look for one where it is not told an address."""
    for name, kind in CONFIGURABLE.items():
        if known_as(name) in KINDS and known_as(name) != "bedrock":
            assert (base_url_of(Provider(name="p", kind=name)) is None) is bool(kind.usual_address), name


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
