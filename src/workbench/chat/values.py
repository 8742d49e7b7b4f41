"""What callers of the chat service hold."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.config.values import OnBrokenStream
from workbench.conversations.values import Message
from workbench.providers.values import Urgency, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOptions:
    """How one prompt is to be answered; None leaves it to the conversation and the configuration."""

    provider: str | None = None
    model: str | None = None
    system: str | None = None
    fallback: bool = True
    on_broken_stream: OnBrokenStream | None = None
    timeout_s: float | None = None
    """Limit of one whole answer of one provider."""
    private: bool | None = None
    """True: only private providers are asked, and the conversation stays private for good. A private conversation
    is private whatever stands here."""
    urgency: Urgency = Urgency.INTERACTIVE
    ask_person: bool = False
    """Whether somebody watches `ReplyBroken` and answers it with `ChatService.decide`. Without, a policy of `ask` does
    what it does where nobody can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A prompt whose reply is under way."""

    id: str
    conversation_id: str
    user_message_id: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnResult:
    """How a turn ended."""

    turn: Turn
    message: Message
    """The reply, with its attempts; `message.state` says whether it is whole."""
    usage: Usage
    unreachable: bool
    """Nothing could be reached at all: worth trying again later."""

    @property
    def complete(self) -> bool:
        """Whether the reply is a provider's whole answer."""
        return self.message.state.value == "done"
