"""What is known of each kind of provider: how LiteLLM is told to speak to it, where it lives, how it is probed.

Every kind that speaks OpenAI's format goes through LiteLLM's `openai/` route, which uses OpenAI's own client.
Measured on LiteLLM 1.105.2: its other route for such providers (`groq/`, `deepseek/`, `mistral/`, `openrouter/`,
`xai/`, `together_ai/`, `hosted_vllm/`) reports garbage in mid-stream as an orderly end and sends a request twice
when the connection is reset; for `gemini/` every answer looks cut, so Google's OpenAI-compatible address is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from workbench.config.kinds import KINDS as CONFIGURABLE
from workbench.config.kinds import find_kind, is_loopback, is_nearby
from workbench.config.values import Provider

NO_KEY = "none"
"""Sent where a server wants no key: an empty one would make the libraries look into the environment."""

AZURE_API_VERSION = "2025-02-01-preview"
"""Asked for unless configured: LiteLLM's own default, the first with everything that is sent."""

_DEPLOYMENTS = re.compile(r"/openai(/.*)?$")
"""What is left out of Azure's path; a host or a folder may begin with the same word."""


class Probe(StrEnum):
    """How to ask a provider, without cost, whether it is there."""

    MODELS = "models"
    """GET {base}/models with a bearer key, OpenAI's listing."""
    ANTHROPIC = "anthropic"
    """GET {base}/v1/models with `x-api-key`."""
    OLLAMA = "ollama"
    """GET {base}/api/tags."""
    AZURE = "azure"
    """GET {base}/openai/models with `api-key`; its newer interface is asked as OpenAI's."""
    OPENROUTER = "openrouter"
    """GET {base}/key: the listing there answers without a key, so it proves nothing."""
    NONE = "none"
    """There is no free request."""


class Prefill(StrEnum):
    """How a kind is asked to go on from the beginning of its own answer."""

    NONE = "none"
    """It is not known to do it: it would begin again."""
    PLAIN = "plain"
    """The last message is the assistant's."""
    LISTED = "listed"
    """The same, for the models that LiteLLM's catalogue lists as capable of it."""
    PREFIX = "prefix"
    """The last message is the assistant's and says `"prefix": true` (Mistral, DeepSeek)."""
    CONTINUE = "continue"
    """The request says `continue_final_message` (vLLM)."""


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
    prefill: Prefill = Prefill.NONE
    local: bool = False
    """Whether it is a server that people run themselves, which costs nothing a token."""


def _openai_format(base_url: str, priced_as: str) -> Kind:
    return Kind(base_url=base_url, priced_as=priced_as)


KINDS: dict[str, Kind] = {
    "openai": _openai_format("https://api.openai.com/v1", "openai"),
    "openai-compatible": Kind(),
    "lm_studio": Kind(base_url=CONFIGURABLE["lm_studio"].base_url, local=True),
    "llama.cpp": Kind(base_url=CONFIGURABLE["llama.cpp"].base_url, local=True),
    "vllm": Kind(base_url=CONFIGURABLE["vllm"].base_url, prefill=Prefill.CONTINUE, local=True),
    "ollama": Kind(
        route="ollama_chat", base_url=CONFIGURABLE["ollama"].base_url, probe=Probe.OLLAMA, own_client=True,
        prefill=Prefill.PLAIN, local=True,
    ),
    "anthropic": Kind(
        route="anthropic", base_url="https://api.anthropic.com", probe=Probe.ANTHROPIC, priced_as="anthropic",
        own_client=True, prefill=Prefill.LISTED,
    ),
    "gemini": _openai_format("https://generativelanguage.googleapis.com/v1beta/openai", "gemini"),
    "openrouter": Kind(
        base_url="https://openrouter.ai/api/v1", probe=Probe.OPENROUTER, priced_as="openrouter", prefill=Prefill.LISTED
    ),
    "mistral": Kind(
        base_url="https://api.mistral.ai/v1", priced_as="mistral", usage_option=False, prefill=Prefill.PREFIX
    ),
    "groq": _openai_format("https://api.groq.com/openai/v1", "groq"),
    "deepseek": Kind(base_url="https://api.deepseek.com/v1", priced_as="deepseek", prefill=Prefill.PREFIX),
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
        route="bedrock/converse", probe=Probe.NONE, priced_as="bedrock", without_key=None, own_client=True,
        usage_option=False, prefill=Prefill.LISTED,
    ),
}  # fmt: skip

_ALIASES = {
    "ollama_chat": "ollama",
    "llamafile": "llama.cpp",
    "hosted_vllm": "vllm",
}
"""Kinds of the configuration that are spoken to like another one."""


def known_as(kind: str) -> str:
    """The name under which a kind is known here, for whatever name people or LiteLLM have for it."""
    found = find_kind(kind)
    name = kind if found is None else found.name
    return _ALIASES.get(name, name)


def kind_of(name: str) -> Kind:
    """The facts of a kind; one we know nothing of is left to LiteLLM under its own name."""
    known = KINDS.get(known_as(name))
    return known or Kind(route=name, probe=Probe.NONE, priced_as=name, without_key=None)


def base_url_of(provider: Provider) -> str | None:
    """Where to send this provider's requests: always explicit, so that no environment variable decides.

    None for Bedrock without a configured address: it depends on the region.
    """
    if not provider.base_url:
        return kind_of(provider.kind).base_url
    base_url = provider.base_url.rstrip("/")
    path = urlsplit(base_url).path.strip("/")
    match known_as(provider.kind):
        case "gemini" if path in ("", "v1beta"):
            return f"{base_url.removesuffix('/v1beta')}/v1beta/openai"
        case "ollama" | "anthropic":
            return base_url.removesuffix("/v1")
        case "lm_studio" | "llama.cpp" | "vllm" if not path:
            return f"{base_url}/v1"
        case "azure" if not speaks_plain_openai(provider):
            # LiteLLM adds the path of a deployment itself.
            return urlsplit(base_url)._replace(path=_DEPLOYMENTS.sub("", f"/{path}")).geturl().rstrip("/")
        case _:
            return base_url


def speaks_plain_openai(provider: Provider) -> bool:
    """Azure's newer interface, `.../openai/v1`, is OpenAI's: no deployments in the path, no version in the query."""
    return known_as(provider.kind) == "azure" and (provider.base_url or "").rstrip("/").endswith("/openai/v1")


def api_version_of(provider: Provider) -> str:
    """The version of Azure's interface to ask for."""
    return provider.api_version or AZURE_API_VERSION


def routed_model(provider: Provider, model: str) -> str:
    """The model's name as LiteLLM wants it: with the route in front, once."""
    kind = known_as(provider.kind)
    if kind == "fireworks_ai" and "/" not in model:
        model = f"accounts/fireworks/models/{model}"
    if kind == "bedrock":
        name = model.removeprefix("bedrock/")
        # Converse speaks to every model; `invoke/MODEL` asks for the model's own format.
        return f"bedrock/{name}" if name.startswith(("invoke/", "converse/")) else f"bedrock/converse/{name}"
    if speaks_plain_openai(provider):
        return f"openai/{model}"
    # OpenRouter and its like have models named `openai/...`; that part belongs to the name.
    return f"{kind_of(provider.kind).route}/{model}"


def plain_model(provider: Provider, model: str) -> str:
    """The model's name without anything that only says how to ask for it."""
    if known_as(provider.kind) != "bedrock":
        return model
    return model.removeprefix("bedrock/").removeprefix("invoke/").removeprefix("converse/")


def is_local(provider: Provider) -> bool:
    """Whether its tokens cost nothing: a server of one's own, on this machine or in the same private network."""
    base_url = base_url_of(provider) or ""
    kind = kind_of(provider.kind)
    if kind.local:
        return is_nearby(base_url)
    return kind.priced_as is None and (provider.private or provider.scripted) and is_loopback(base_url)
