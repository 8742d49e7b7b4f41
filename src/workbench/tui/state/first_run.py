"""What a new user is told before the first message and when somebody can answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.config.values import Configuration

NO_MESSAGES = "No messages yet. Type and press enter; ctrl+l picks the model."
_NAMES_TOLD = 4


def names_told(configuration: Configuration) -> str:
    """Who can be asked, in order: `openai, ollama and 2 more`."""
    ordered = sorted(configuration.providers, key=lambda provider: provider.priority)
    names = [provider.name for provider in ordered if provider.usable]
    more = len(names) - _NAMES_TOLD
    return ", ".join(names[:_NAMES_TOLD]) + (f" and {more} more" if more > 0 else "")


def empty_text(configuration: Configuration | None) -> str:
    """What stands in an empty conversation; the first time also where its providers were found."""
    if configuration is None or not configuration.discovered:
        return NO_MESSAGES
    found = "\n".join(configuration.notes[:_NAMES_TOLD])
    return f"{NO_MESSAGES}\n\nFound without a configuration file:\n{found}"


def ready_text(configuration: Configuration) -> str:
    """What is said when somebody can be asked who could not before."""
    return f"Ready: {names_told(configuration)} can be asked. Type a message and press enter."
