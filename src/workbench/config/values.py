"""A configuration as the rest of the program sees it: resolved, frozen, without any library."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from workbench.core.secret import Secret


class FallbackStrategy(StrEnum):
    """How the order of providers is found."""

    PRIORITY = "priority"
    ROUND_ROBIN = "round-robin"
    RANDOM = "random"
    FASTEST = "fastest"
    CHEAPEST = "cheapest"


class OnBrokenStream(StrEnum):
    """What to do when a provider fails after its first token."""

    ASK = "ask"
    CONTINUE = "continue"
    RESTART = "restart"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A configured provider, resolved: what routing and the client need to know of it."""

    name: str
    kind: str
    """LiteLLM's provider name, `openai-compatible` among them."""
    models: tuple[str, ...] = ()
    """The first is the default; empty when none is configured or known."""
    api_keys: tuple[Secret, ...] = ()
    key_refs: tuple[str, ...] = ()
    """What each key is called: the name of its variable, or `keyring:LABEL`; beside `api_keys`, one for one."""
    missing_keys: tuple[str, ...] = ()
    """Names of variables or keyring labels its keys refer to that are not there."""
    needs_key: bool = True
    base_url: str | None = None
    priority: int = 1
    weight: float = 1.0
    timeout_s: float | None = None
    max_retries: int = 2
    rate_limit: int | None = None
    """Requests a minute."""
    token_limit: int | None = None
    """Tokens a minute, of prompts and answers together."""
    max_concurrent: int | None = None
    key_rate_limit: int | None = None
    """Requests a minute with each of its keys."""
    key_token_limit: int | None = None
    """Tokens a minute with each of its keys."""
    key_max_concurrent: int | None = None
    """Requests at once with each of its keys."""
    context_window: int | None = None
    """Tokens that its models hold, where the model catalogue does not know or is wrong."""
    api_version: str | None = None
    """Version of its interface, where a kind has several at one address (Azure)."""
    enabled: bool = True
    private: bool = False
    scripted: bool = False
    """A demonstration provider, labelled as scripted wherever it appears."""

    @property
    def usable(self) -> bool:
        """Whether it can be asked at all."""
        return self.enabled and bool(self.models) and (bool(self.api_keys) or not self.needs_key)

    def key_ref(self, place: int) -> str:
        """What its key at `place` is called."""
        return self.key_refs[place] if place < len(self.key_refs) else f"key-{place + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The `settings:` section; times in seconds."""

    default_provider: str | None = None
    fallback_strategy: FallbackStrategy = FallbackStrategy.PRIORITY
    on_broken_stream: OnBrokenStream = OnBrokenStream.ASK
    request_timeout: float = 60.0
    first_token_timeout: float = 15.0
    stall_timeout: float = 20.0
    max_tokens: int = 4096
    temperature: float = 0.7
    max_concurrent_requests: int = 10
    health_check_interval: float = 30.0
    model_titles: bool = False
    """Whether the cheapest provider is asked for a title after a conversation's first answer."""
    trash_days: int = 0
    """After so many days what was deleted is removed for good; 0 keeps it until the user purges it."""
    event_days: int = 0
    """After so many days events are removed, warnings and errors after six times as many; 0 keeps them all."""
    context_window_fallback: tuple[str, ...] = ()
    """`provider` or `provider/model` names to go to when a context window is too small."""
    content_policy_fallback: tuple[str, ...] = ()
    """The same for what a content policy refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong in a configuration; line and column count from 1, 0 when unknown."""

    file: str
    line: int
    column: int
    key: str
    """Path of the key, e.g. `providers.openai.priority`."""
    problem: str
    expected: str

    def __str__(self) -> str:
        """`file:line:column: key: problem, expected ...`; no position where there is none."""
        expected = f", expected {self.expected}" if self.expected else ""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.key}: {self.problem}{expected}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One consistent snapshot; a turn keeps the one it began with."""

    settings: Settings = Settings()
    providers: tuple[Provider, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: tuple[Path, ...] = ()
    """The files it was read from, base first."""
    profile: str | None = None
    discovered: bool = False
    """Whether the providers were found rather than configured."""
    notes: tuple[str, ...] = field(default=())
    """Plain sentences for `doctor` and the first screen, e.g. which variable a provider lacks."""

    def provider(self, name: str) -> Provider | None:
        """The provider of that name, or None."""
        return next((p for p in self.providers if p.name == name), None)
