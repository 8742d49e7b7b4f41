"""What `ask` and `chat` settle before they send anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.config.values import Configuration, OnBrokenStream, Provider
from workbench.core.errors import ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from workbench.engine.core import Core

DEMONSTRATION = "Demonstration: scripted providers answer, no model is involved, nothing is kept."


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """Where the prompt goes."""

    configuration: Configuration
    conversation_id: str | None
    """None begins a new conversation."""
    private: bool = False
    """Whether that conversation is private already."""


async def prepare(
    core: Core, *, provider: str | None, model: str | None, reference: str | None, temporary: bool = False
) -> Preparation:  # fmt: skip
    """Look the conversation and the provider up; a `model` makes do for providers that have none configured.

    A `temporary` one goes on with a copy of the conversation, in memory.

    Raises NotFoundError for either, ConfigurationError when nobody can be asked at all.
    """
    configuration = await core.configured()
    if provider is not None and configuration.provider(provider) is None:
        known = ", ".join(p.name for p in configuration.providers) or "none"
        raise NotFoundError(f"There is no provider named {provider}", hint=f"Known providers: {known}")
    # A model given on the command line stands in for one in the configuration.
    if not any(p.usable or (model and p.enabled and (p.api_keys or not p.needs_key)) for p in configuration.providers):
        raise nobody_to_ask(configuration, config_file=str(core.paths.config_file))
    if reference is None:
        return Preparation(configuration=configuration, conversation_id=None)
    if temporary:
        reference = await core.temporary.borrow(reference)
    conversation = await core.conversations.get(reference)
    return Preparation(configuration=configuration, conversation_id=conversation.id, private=conversation.private)


def nobody_to_ask(configuration: Configuration, *, config_file: str) -> ConfigurationError:
    """The error for a configuration without any usable provider, saying what it lacks."""
    if configuration.problems:
        return ConfigurationError(
            "The configuration leaves no usable provider",
            detail=str(configuration.problems[0]),
            hint="workbench config validate",
        )
    if configuration.providers:
        return ConfigurationError(
            "No provider can be used",
            detail="; ".join(f"{p.name}: {what_is_missing(p)}" for p in configuration.providers),
            hint="workbench providers list",
        )
    return ConfigurationError(
        "No provider is configured",
        hint=f"Set OPENAI_API_KEY, or describe a provider in {config_file}; `workbench ask --demo hello` works without",
    )


def what_is_missing(provider: Provider) -> str:
    """Why a provider cannot be asked; empty when it can."""
    if not provider.enabled:
        return "disabled"
    if provider.needs_key and not provider.api_keys:
        names = ", ".join(provider.missing_keys)
        return f"no key ({names} is not set)" if names else "no key"
    return "" if provider.models else "no model is configured"


def broken_stream_policy(configured: OnBrokenStream, *, printed_for_good: bool, person: bool) -> OnBrokenStream:
    """What a provider that fails after its first token means for a command.

    Without a `person` to ask, `ask` restarts: on a terminal the broken part is struck out, elsewhere nothing has been
    printed yet. Where text was `printed_for_good` it stops instead.
    """
    if configured is not OnBrokenStream.ASK or person:
        return configured
    return OnBrokenStream.STOP if printed_for_good else OnBrokenStream.RESTART
