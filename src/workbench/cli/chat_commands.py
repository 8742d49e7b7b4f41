"""The commands of `workbench chat`: the names of the full screen's own, for what makes sense without a screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.cli import output
from workbench.core.text import clean_line
from workbench.providers.values import Attempt

if TYPE_CHECKING:
    from workbench.conversations.values import Conversation, Message
    from workbench.engine.core import Core
    from workbench.engine.engine import Engine
    from workbench.providers.health.values import ProviderStatus

LISTED = 20
"""Conversations and events told at once unless another number is given."""
_TITLE_LIMIT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One slash command."""

    names: tuple[str, ...]
    """Without the slash; the first is shown."""
    argument: str = ""
    """What it takes, for people."""
    help: str


COMMANDS: tuple[Command, ...] = (
    Command(names=("help",), help="List these commands."),
    Command(names=("new",), help="Begin a new conversation."),
    Command(names=("list",), argument="[N]", help="The newest conversations, numbered."),
    Command(names=("open",), argument="NUMBER or ID", help="Go on with a conversation of the list."),
    Command(names=("chat",), help="Read the open conversation again from its beginning."),
    Command(
        names=("provider",), argument="[NAME, auto or next]",
        help="Ask this provider first; auto or nothing lets the strategy decide.",
    ),
    Command(names=("model",), argument="[NAME]", help="Use this model; without a name the provider's default."),
    Command(
        names=("retry",), argument="[NAME]",
        help="Ask the last question again, this provider first if one is named; both answers are kept.",
    ),
    Command(names=("continue",), help="Go on with the last reply if it was stopped, interrupted or cut to length."),
    Command(
        names=("reword",), argument="TEXT",
        help="Put the last question in other words: a new branch, the old one stays.",
    ),
    Command(names=("delete",), help="Delete the last message."),
    Command(names=("delete-conversation",), help="Delete the open conversation."),
    Command(names=("undo",), help="Bring back what was deleted last."),
    Command(names=("rate",), argument="good, bad or none", help="Judge the last reply."),
    Command(
        names=("export",), argument="[PATH]",
        help="Write the open conversation to a new file, as Markdown, or as JSON if its name ends so.",
    ),
    Command(names=("private",), help="Ask private providers only; a conversation stays private for good."),
    Command(names=("trace",), help="Everybody who was asked for the last answer, and what became of it."),
    Command(names=("providers",), help="How each provider is."),
    Command(names=("events",), argument="[N]", help="What has just happened."),
    Command(names=("setup",), help="Where the configuration is, and what is wrong in it."),
    Command(names=("reload",), help="Read the configuration again."),
    Command(names=("quit", "exit"), help="Leave; so does Ctrl-D."),
)  # fmt: skip

ELSEWHERE = {
    "stop": "Ctrl-C stops an answer; what had arrived is kept",
    "demo": "Leave, and start `workbench chat --demo`",
    "drill": "Leave, and start `workbench providers drill`",
    "theme": "There are no colours here; the full screen is `workbench`",
    "compact": "There is no layout here; the full screen is `workbench`",
    "motion": "Nothing moves here",
    "find": "/chat reads the whole conversation, and the search of your terminal finds words in it",
    "view": "/chat reads the whole conversation, /export writes it to a file",
    "links": "Addresses are told where they stand in the text; /chat reads it again",
    "copy": "/export writes the conversation to a file",
    "edit": "A backslash at the end of a line begins another one; the full screen, `workbench`, opens an editor",
    "prompts": "The up key brings back what was typed before",
    "keymap": "There are no keys here but those of your terminal",
    "keys": "There are no keys here but those of your terminal",
    "notify": "The end of every answer is told here",
    "key": "`workbench` adds keys with a dialog; or put them into the environment",
}
"""Commands of the full screen that people may look for here, with what to do instead."""

FOOTER = "A line that ends in a backslash goes on in the next one. Ctrl-C stops an answer; what had arrived is kept."


def help_lines() -> Iterator[str]:
    """A line for each command."""
    for command in COMMANDS:
        names = " or ".join(f"/{name}" for name in command.names)
        yield f"{names}{' ' if command.argument else ''}{command.argument}: {command.help}"
    yield FOOTER


class Reading:
    """The commands that only tell something; all of them contact nobody."""

    def __init__(self, engine: Engine) -> None:
        """Nothing is listed yet."""
        self._engine = engine
        self._listed: list[str] = []

    def tell_conversations(self, argument: str) -> None:
        """The newest ones; their numbers are good for `reference`."""
        limit = _number(argument, LISTED)
        total, found = self._engine.run(lambda core: core.conversations.list(limit=limit))
        self._listed = [conversation.id for conversation in found]
        for number, conversation in enumerate(found, 1):
            output.note(_conversation_line(number, conversation))
        more = total - len(found)
        output.note(f"{more} more; /list {len(found) + LISTED} lists them" if more > 0 else "End of the list")

    def reference(self, argument: str) -> str:
        """The id of what was listed under a number; anything else as it is."""
        if argument.isdigit() and 0 < int(argument) <= len(self._listed):
            return self._listed[int(argument) - 1]
        return argument

    def tell_conversation(self, conversation_id: str) -> None:
        """All messages of the active branch."""
        from workbench.cli.history import speaker, state_line

        for message in self._engine.run(lambda core: core.conversations.path(conversation_id)):
            output.note(f"{speaker(message)}:")
            output.write_line(message.text.removesuffix("\n"))
            output.flush()
            if (state := state_line(message)) is not None:
                output.note(state)
        output.note("End of the conversation")

    def tell_trace(self, conversation_id: str) -> None:
        """The attempts of the last answer."""

        async def last(core: Core) -> Message | None:
            path = await core.conversations.path(conversation_id, newest=1)
            return path[-1] if path else None

        message = self._engine.run(last)
        attempts = message.attempts if message is not None else ()
        for number, attempt in enumerate(attempts, 1):
            output.note(f"{number}. {attempt_text(attempt)}")
        output.note("End of the trace" if attempts else "Nobody was asked yet")

    def tell_providers(self) -> None:
        """One line each, in the order in which they are asked."""
        for number, status in enumerate(self._engine.run(lambda core: core.providers.list()), 1):
            output.note(f"{number}. {provider_text(status)}")
        output.note("End of the list")

    def tell_events(self, argument: str) -> None:
        """The newest ones, oldest first."""
        limit = _number(argument, LISTED)
        for event in self._engine.run(lambda core: core.events.page(limit=limit)):
            output.note(f"{event.level.name.lower()}, {event.source}: {event.text}")
        output.note("End of the events")


def attempt_text(attempt: Attempt) -> str:
    """`openai/gpt: failed, rate limited, HTTP 429, 0.4 s, slow down`."""
    parts = [attempt.state, (attempt.error_kind or "").replace("_", " ")]
    parts.append(f"HTTP {attempt.http_status}" if attempt.http_status else "")
    parts.append(f"{attempt.duration_ms / 1000:.1f} s" if attempt.duration_ms is not None else "")
    parts.append(attempt.reason)
    return f"{attempt.provider}/{attempt.model}: {', '.join(dict.fromkeys(part for part in parts if part))}"


def provider_text(status: ProviderStatus) -> str:
    """`openai: ok, model gpt, half of the answers within 1.1 s`."""
    marks = [status.state.replace("_", " "), f"model {status.model}" if status.model else "no model"]
    if status.recent.p50_ms is not None:
        marks.append(f"half of the answers within {status.recent.p50_ms / 1000:.1f} s")
    marks += [word for word, on in (("private", status.private), ("scripted", status.scripted)) if on]
    return f"{status.name}: {', '.join(marks)}"


def _conversation_line(number: int, conversation: Conversation) -> str:
    count = f"{conversation.messages} message{'' if conversation.messages == 1 else 's'}"
    private = ", private" if conversation.private else ""
    return f"{number}. {clean_line(conversation.title, _TITLE_LIMIT)}, {count}{private}"


def _number(argument: str, otherwise: int) -> int:
    return min(max(int(argument), 1), 500) if argument.isdigit() else otherwise
