"""What is known of each kind of provider: how LiteLLM is told to speak to it, where it lives, how it is probed.

Every kind that speaks OpenAI's format goes through LiteLLM's `openai/` route, which uses OpenAI's own client.
Measured on LiteLLM 1.105.2: its other route for such providers (`groq/`, `deepseek/`, `mistral/`, `openrouter/`,
`xai/`, `together_ai/`, `hosted_vllm/`) reports garbage in mid-stream as an orderly end and sends a request twice
when the connection is reset; for `gemini/` every answer looks cut, so Google's OpenAI-compatible address is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from workbench.config.values import Provider

NO_KEY = "none"
"""Sent where a server wants no key: an empty one would make the libraries look into the environment."""


class Probe(StrEnum):
    """How to ask a provider, without cost, whether it is there."""

    MODELS = "models"
    """GET {base}/models with a bearer key, OpenAI's listing."""
    ANTHROPIC = "anthropic"
    """GET {host}/v1/models with `x-api-key`."""
    OLLAMA = "ollama"
    """GET {host}/api/tags."""
    AZURE = "azure"
    """GET {host}/openai/models with `api-key`."""
    OPENROUTER = "openrouter"
    """GET {base}/key: the listing there answers without a key, so it proves nothing."""
    NONE = "none"
    """There is no free request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Facts of one kind of provider."""

    route: str = "openai"
    """LiteLLM's prefix of the model's name."""
    base_url: str | None = None
    """Where it lives unless configured; None when there is no usual place."""
    probe: Probe = Probe.MODELS
    priced_as: str | None = None
    """The name under which LiteLLM knows its prices; None when they cannot be known."""
    usage_option: bool = True
    """Whether it takes `stream_options`; without it, it sends the usage anyway."""
    without_key: str | None = NO_KEY
    """Sent when the provider has no key; None where the library signs with credentials of its own."""
    own_client: bool = False
    """Whether LiteLLM speaks to it with its own HTTP handler rather than OpenAI's client."""


def _openai_format(base_url: str, priced_as: str) -> Kind:
    return Kind(base_url=base_url, priced_as=priced_as)


KINDS: dict[str, Kind] = {
    "openai": _openai_format("https://api.openai.com/v1", "openai"),
    "openai-compatible": Kind(),
    "lm_studio": Kind(base_url="http://127.0.0.1:1234/v1"),
    "llama.cpp": Kind(base_url="http://127.0.0.1:8080/v1"),
    "vllm": Kind(base_url="http://127.0.0.1:8000/v1"),
    "ollama": Kind(route="ollama_chat", base_url="http://127.0.0.1:11434", probe=Probe.OLLAMA, own_client=True),
    "anthropic": Kind(
        route="anthropic", base_url="https://api.anthropic.com", probe=Probe.ANTHROPIC, priced_as="anthropic",
        own_client=True,
    ),
    "gemini": _openai_format("https://generativelanguage.googleapis.com/v1beta/openai", "gemini"),
    "openrouter": Kind(base_url="https://openrouter.ai/api/v1", probe=Probe.OPENROUTER, priced_as="openrouter"),
    "mistral": Kind(base_url="https://api.mistral.ai/v1", priced_as="mistral", usage_option=False),
    "groq": _openai_format("https://api.groq.com/openai/v1", "groq"),
    "deepseek": _openai_format("https://api.deepseek.com/v1", "deepseek"),
    "xai": _openai_format("https://api.x.ai/v1", "xai"),
    "together_ai": _openai_format("https://api.together.xyz/v1", "together_ai"),
    "fireworks_ai": _openai_format("https://api.fireworks.ai/inference/v1", "fireworks_ai"),
    "cerebras": _openai_format("https://api.cerebras.ai/v1", "cerebras"),
    "deepinfra": _openai_format("https://api.deepinfra.com/v1/openai", "deepinfra"),
    "nvidia_nim": _openai_format("https://integrate.api.nvidia.com/v1", "nvidia_nim"),
    "sambanova": _openai_format("https://api.sambanova.ai/v1", "sambanova"),
    "perplexity": Kind(base_url="https://api.perplexity.ai", probe=Probe.NONE, priced_as="perplexity"),
    "dashscope": _openai_format("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "dashscope"),
    "zai": _openai_format("https://api.z.ai/api/paas/v4", "zai"),
    "moonshot": _openai_format("https://api.moonshot.ai/v1", "moonshot"),
    "azure": Kind(route="azure", probe=Probe.AZURE, priced_as="azure"),
    "bedrock": Kind(
        route="bedrock/converse", probe=Probe.NONE, priced_as="bedrock", without_key=None, own_client=True
    ),
}  # fmt: skip

_ALIASES = {
    "openai_compatible": "openai-compatible",
    "openai_like": "openai-compatible",
    "custom_openai": "openai-compatible",
    "ollama_chat": "ollama",
    "lm-studio": "lm_studio",
    "lmstudio": "lm_studio",
    "llamacpp": "llama.cpp",
    "llama-cpp": "llama.cpp",
    "llama_cpp": "llama.cpp",
    "llamafile": "llama.cpp",
    "hosted_vllm": "vllm",
    "google": "gemini",
    "together": "together_ai",
    "fireworks": "fireworks_ai",
    "anthropic_text": "anthropic",
}


def kind_of(name: str) -> Kind:
    """The facts of a kind; one we know nothing of is left to LiteLLM under its own name."""
    known = KINDS.get(_ALIASES.get(name, name))
    return known or Kind(route=name, probe=Probe.NONE, priced_as=name, without_key=None)


def base_url_of(provider: Provider) -> str | None:
    """Where to send this provider's requests: always explicit, so that no environment variable decides."""
    if not provider.base_url:
        return kind_of(provider.kind).base_url
    base_url = provider.base_url.rstrip("/")
    path = urlsplit(base_url).path.strip("/")
    match _ALIASES.get(provider.kind, provider.kind):
        case "gemini" if path in ("", "v1beta"):
            return f"{base_url.removesuffix('/v1beta')}/v1beta/openai"
        case "ollama" | "anthropic":
            return base_url.removesuffix("/v1")
        case "lm_studio" | "llama.cpp" | "vllm" if not path:
            return f"{base_url}/v1"
        case _:
            return base_url


def routed_model(provider: Provider, model: str) -> str:
    """The model's name as LiteLLM wants it: with the route in front, once."""
    if _ALIASES.get(provider.kind, provider.kind) == "fireworks_ai" and "/" not in model:
        model = f"accounts/fireworks/models/{model}"
    # OpenRouter and its like have models named `openai/...`; that part belongs to the name.
    return f"{kind_of(provider.kind).route}/{model}"
