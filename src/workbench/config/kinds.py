"""What is known of each kind of provider: its key's variable, its usual model, whether it is local."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

OPENAI_COMPATIBLE = "openai-compatible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of provider; `name` is LiteLLM's, but for `openai-compatible`, `llama.cpp` and `vllm`."""

    name: str
    key_variables: tuple[str, ...] = ()
    """Environment variables its key is usually in, the usual one first."""
    models: tuple[str, ...] = ()
    """Models to use when none is configured, the default first."""
    needs_key: bool = True
    base_url: str | None = None
    """Where it listens when nothing else is said; only local kinds have one."""
    usual_address: str = ""
    """What its `base_url` looks like, where it must be given because nobody knows where it lives."""


def _table(*kinds: Kind) -> Mapping[str, Kind]:
    return MappingProxyType({kind.name: kind for kind in kinds})


KINDS: Mapping[str, Kind] = _table(
    Kind(name="openai", key_variables=("OPENAI_API_KEY",), models=("gpt-6-sol", "gpt-6-luna")),
    Kind(name="anthropic", key_variables=("ANTHROPIC_API_KEY",), models=("claude-sonnet-5-5", "claude-haiku-4-5")),
    Kind(name="gemini", key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"), models=("gemini-flash-latest",)),
    Kind(name="mistral", key_variables=("MISTRAL_API_KEY",), models=("mistral-large-latest", "mistral-small-latest")),
    Kind(name="groq", key_variables=("GROQ_API_KEY",), models=("openai/gpt-oss-120b", "openai/gpt-oss-20b")),
    Kind(name="deepseek", key_variables=("DEEPSEEK_API_KEY",), models=("deepseek-v4-flash", "deepseek-v4-pro")),
    Kind(name="xai", key_variables=("XAI_API_KEY",), models=("grok-4.7",)),
    Kind(name="cohere_chat", key_variables=("COHERE_API_KEY", "CO_API_KEY"), models=("command-a-03-2025",)),
    Kind(name="cerebras", key_variables=("CEREBRAS_API_KEY",), models=("gpt-oss-120b",)),
    Kind(name="together_ai", key_variables=("TOGETHERAI_API_KEY", "TOGETHER_API_KEY"), models=("openai/gpt-oss-120b",)),
    Kind(name="fireworks_ai", key_variables=("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"), models=("gpt-oss-120b",)),
    Kind(name="perplexity", key_variables=("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"), models=("sonar",)),
    Kind(name="moonshot", key_variables=("MOONSHOT_API_KEY",), models=("kimi-k2.6",)),
    Kind(name="dashscope", key_variables=("DASHSCOPE_API_KEY",), models=("qwen-plus",)),
    Kind(name="zai", key_variables=("ZAI_API_KEY",), models=("glm-5.3",)),
    Kind(name="openrouter", key_variables=("OPENROUTER_API_KEY",), models=("openrouter/auto",)),
    Kind(name="azure", key_variables=("AZURE_API_KEY",), usual_address="https://NAME.openai.azure.com"),
    # Cloud accounts bring their own credentials.
    Kind(name="bedrock", key_variables=("AWS_BEARER_TOKEN_BEDROCK",), needs_key=False),
    Kind(name="sagemaker", needs_key=False),
    Kind(name="sagemaker_chat", needs_key=False),
    Kind(name="vertex_ai", needs_key=False),
    # Servers on this machine.
    Kind(name="ollama", needs_key=False, base_url="http://127.0.0.1:11434"),
    Kind(name="ollama_chat", needs_key=False, base_url="http://127.0.0.1:11434"),
    Kind(name="lm_studio", needs_key=False, base_url="http://127.0.0.1:1234/v1"),
    Kind(name="llama.cpp", needs_key=False, base_url="http://127.0.0.1:8080/v1"),
    Kind(name="llamafile", needs_key=False, base_url="http://127.0.0.1:8080/v1"),
    Kind(name="vllm", needs_key=False, base_url="http://127.0.0.1:8000/v1"),
    Kind(name="hosted_vllm", needs_key=False, base_url="http://127.0.0.1:8000/v1"),
    Kind(name=OPENAI_COMPATIBLE, usual_address="http://127.0.0.1:8000/v1"),
    *(
        Kind(name=name)
        for name in (
            "ai21", "ai21_chat", "aiml", "aiohttp_openai", "amazon_nova", "azure_ai", "azure_text", "baseten", "bytez",
            "chutes", "clarifai", "cloudflare", "codestral", "cohere", "cometapi", "compactifai", "custom",
            "databricks", "datarobot", "deepinfra", "docker_model_runner", "empower",
            "featherless_ai", "friendliai", "galadriel", "gigachat", "github", "github_copilot", "gradient_ai",
            "helicone", "heroku", "huggingface", "hyperbolic", "inception", "lambda_ai", "lemonade", "litellm_proxy",
            "maritalk", "meta_llama", "minimax", "modelscope", "morph", "nano-gpt", "nebius", "nlp_cloud", "novita",
            "nscale", "nvidia_nim", "oci", "oobabooga", "ovhcloud", "petals", "poe", "predibase",
            "publicai", "replicate", "sambanova", "sap", "scaleway", "snowflake", "synthetic",
            "text-completion-codestral", "text-completion-openai", "triton", "v0", "vercel_ai_gateway",
            "vertex_ai_beta", "volcengine", "wandb", "watsonx", "watsonx_text", "xinference",
        )
    ),
)  # fmt: skip
"""All kinds, by name."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "claude": "anthropic",
        "google": "gemini",
        "grok": "xai",
        "lm-studio": "lm_studio",
        "lmstudio": "lm_studio",
        "llama-cpp": "llama.cpp",
        "llama_cpp": "llama.cpp",
        "llamacpp": "llama.cpp",
        "openai_compatible": OPENAI_COMPATIBLE,
        "openai_like": OPENAI_COMPATIBLE,
        "custom_openai": OPENAI_COMPATIBLE,
        "together": "together_ai",
        "fireworks": "fireworks_ai",
    }
)
"""Other names people write."""


def find_kind(name: str) -> Kind | None:
    """The kind of that name, whatever its case, or None."""
    lowered = name.strip().lower()
    return KINDS.get(ALIASES.get(lowered, lowered))


def host_of(url: str) -> str:
    """The host of a URL in lower case, empty when there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = host_of(url)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_nearby(url: str) -> bool:
    """Whether the URL's host is this machine or, by its address, in the same private network."""
    if is_loopback(url):
        return True
    try:
        address = ipaddress.ip_address(host_of(url))
    except ValueError:
        return False
    return address.is_private and not address.is_unspecified
