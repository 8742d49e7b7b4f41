"""Every kind of provider that is proved against a double, and how its double speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.support.aws_formats import converse, invoke
from tests.support.calls import CANARY
from tests.support.doubles import FaultyProvider
from tests.support.exchange import Behaviour
from tests.support.native_formats import anthropic, ollama
from tests.support.openai_formats import VENDORS, speaking
from tests.support.saying import Say
from workbench.config.values import Provider
from workbench.core.secret import Secret
from workbench.providers.values import ModelCall, PromptMessage, Timeouts

CLAUDE_ON_BEDROCK = "anthropic.claude-3-5-sonnet-20240620-v1:0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A kind, and the double that speaks its wire format."""

    kind: str
    model: str
    speak: Callable[[Say], Behaviour]
    path: str
    """Where its request arrives."""
    base: str = "/v1"
    """Path of the base URL it is configured with."""
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    names_model: bool = True
    """Whether its stream names the model that answers."""
    request_id: str | None = "req-header-1"
    counts_reasoning: bool = True
    counts_cache: bool = True
    broken_by_error: str = "rate_limited"
    """What its own error inside a stream is: some formats tell no more than that there is one."""


def _openai_format(kind: str, model: str, *, base: str = "/v1", path: str | None = None) -> Spoken:
    vendor = VENDORS[kind]
    return Spoken(
        kind=kind,
        model=model,
        speak=lambda say: speaking(vendor, say),
        path=path or f"{base}/chat/completions",
        base=base,
    )


SPOKEN: dict[str, Spoken] = {
    "openai": _openai_format("openai", "gpt-4o-mini"),
    "openrouter": _openai_format("openrouter", "openai/gpt-4o", base="/api/v1"),
    "gemini": _openai_format("gemini", "gemini-flash-latest", base="", path="/v1beta/openai/chat/completions"),
    "mistral": _openai_format("mistral", "mistral-large-latest"),
    "groq": _openai_format("groq", "openai/gpt-oss-120b", base="/openai/v1"),
    "deepseek": _openai_format("deepseek", "deepseek-chat"),
    "lm_studio": _openai_format("lm_studio", "qwen3-8b"),
    "llama.cpp": _openai_format("llama.cpp", "default"),
    "vllm": _openai_format("vllm", "meta-llama/Llama-3-8b"),
    "openai-compatible": _openai_format("openai-compatible", "some/model"),
    "azure": replace(
        _openai_format("azure", "our-deployment", base="", path="/openai/deployments/our-deployment/chat/completions"),
        key_header="api-key", key_prefix="",
    ),
    "anthropic": Spoken(
        kind="anthropic", model="claude-sonnet-4-5", speak=anthropic, path="/v1/messages", base="",
        key_header="x-api-key", key_prefix="", counts_reasoning=False, broken_by_error="server_error",
    ),
    "ollama": Spoken(
        kind="ollama", model="llama3.2", speak=ollama, path="/api/chat", base="", request_id=None,
        counts_reasoning=False, counts_cache=False, broken_by_error="server_error",
    ),
    "bedrock converse": Spoken(
        kind="bedrock", model=CLAUDE_ON_BEDROCK, speak=converse, base="",
        path="/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse-stream", names_model=False,
        counts_reasoning=False,
    ),
    "bedrock invoke": Spoken(
        kind="bedrock", model=f"invoke/{CLAUDE_ON_BEDROCK}", speak=invoke, base="",
        path=f"/model/{CLAUDE_ON_BEDROCK}/invoke-with-response-stream", names_model=False, counts_reasoning=False,
    ),
}  # fmt: skip
"""By a name for tests: a kind may speak several formats."""


def spoken_call(spoken: Spoken, double: FaultyProvider, *, total_s: float = 5.0) -> ModelCall:
    """A call of that kind to `double`."""
    base_url = f"http://127.0.0.1:{double.port}{spoken.base}"
    return ModelCall(
        provider=Provider(name="p", kind=spoken.kind, base_url=base_url, models=(spoken.model,)),
        model=spoken.model,
        api_key=Secret(CANARY),
        messages=(PromptMessage(role="system", text="be brief"), PromptMessage(role="user", text="hi")),
        max_tokens=64,
        timeouts=Timeouts(total_s=total_s),
    )
