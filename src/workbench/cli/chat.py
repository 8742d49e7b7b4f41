"""`workbench chat`: line by line, for screen readers, dumb terminals and pipes."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.chat_changes import Changing, newest
from workbench.cli.chat_commands import COMMANDS, ELSEWHERE, Reading, help_lines
from workbench.cli.endings import ending_of, tell_ending_plainly
from workbench.cli.failures import ExitCode, exit_code_of, report
from workbench.cli.invocation import Invocation
from workbench.cli.linear import LinearView
from workbench.cli.options import (
    ContinueOption,
    DemoFlag,
    ModelOption,
    NoFallbackFlag,
    PrivateFlag,
    ProviderOption,
    SystemOption,
    TimeoutOption,
)
from workbench.cli.preparation import DEMONSTRATION, Preparation, broken_stream_policy, prepare
from workbench.cli.question import person_present
from workbench.cli.session import running_engine, warn_of_problems
from workbench.cli.signals import HANDLERS, Interrupted, Terminated
from workbench.cli.turns import carry_out
from workbench.core.errors import UsageError, WorkbenchError

if TYPE_CHECKING:
    from workbench.chat.values import Turn, TurnOptions
    from workbench.conversations.values import Conversation
    from workbench.engine.core import Core
    from workbench.engine.engine import Engine

PROMPT = "> "
_NAME = re.compile("[a-z]+(-[a-z]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    """Chat line by line.

    The conversations are the same as in the full screen.
    """

    provider: ProviderOption = None
    model: ModelOption = None
    system: SystemOption = None
    continue_: ContinueOption = None
    no_fallback: NoFallbackFlag = False
    private: PrivateFlag = False
    temporary: Annotated[
        bool, typer.Option("--temporary", "--no-store", help="Store nothing of it anywhere; it ends with the program.")
    ] = False
    timeout: TimeoutOption = None
    demo: DemoFlag = False


def run(context: typer.Context, options: ChatOptions) -> None:
    """Chat until the input ends; the exit code is that of the last answer when nobody types."""
    invocation = cast("Invocation", context.obj)
    if options.demo:
        output.note(DEMONSTRATION, output.YELLOW)
    if options.temporary:
        output.note("Temporary: nothing of this conversation is stored.")
    with running_engine(invocation, demo=options.demo, sends=True, stays=True, temporary=options.temporary) as engine:
        preparation = engine.run(
            lambda core: prepare(
                core, provider=options.provider, model=options.model, reference=options.continue_,
                temporary=options.temporary,
            )
        )  # fmt: skip
        warn_of_problems(preparation.configuration)
        chat = LineChat(engine, preparation, options)
        code = chat.carry_on()
    raise typer.Exit(code)


class LineChat:
    """A conversation in turns of a line and an answer."""

    def __init__(self, engine: Engine, preparation: Preparation, options: ChatOptions) -> None:
        """A person is there when standard input is a terminal."""
        self._engine = engine
        self._configuration = preparation.configuration
        self._options = options
        self._conversation_id = preparation.conversation_id
        self._private = preparation.private or options.private
        self._person = output.is_terminal(sys.stdin)
        self._last_code = ExitCode.DONE
        self._leaving = False
        self._reading = Reading(engine)
        self._changes = Changing(engine)

    def carry_on(self) -> ExitCode:
        """Read lines and answer them until the input ends or the user leaves."""
        if self._person:
            _prepare_line_editing()
            output.note("/help lists the commands, Ctrl-D leaves")
            if self._private:
                self._tell_boundary()
        while not self._leaving:
            try:
                text = self._read()
            except EOFError:
                break
            if text.strip():
                self._respond(text)
        return ExitCode.DONE if self._person else self._last_code

    def _read(self) -> str:
        lines: list[str] = []
        while True:
            try:
                line = self._read_line(PROMPT if not lines else ". ")
            except Interrupted as interrupt:
                if isinstance(interrupt, Terminated) or not self._person:
                    raise
                HANDLERS.rearm()
                output.write_line()
                output.note("Ctrl-D or /quit leaves")
                lines.clear()
                continue
            lines.append(line.removesuffix("\\"))
            if not line.endswith("\\"):
                return "\n".join(lines)

    def _read_line(self, prompt: str) -> str:
        if self._person and output.is_terminal(sys.stdout):
            return input(prompt)
        if self._person:
            output.prompt(prompt)
        raw = sys.stdin.buffer.readline()
        if not raw:
            raise EOFError
        return raw.decode("utf-8", "replace").rstrip("\r\n")

    def _respond(self, text: str) -> None:
        name, _, rest = text.strip().partition(" ")
        name, argument = name.removeprefix("/").lower(), rest.strip()
        if not text.strip().startswith("/") or not _NAME.fullmatch(name):
            self._ask(text)
            return
        command = next((each for each in COMMANDS if name in each.names), None)
        if command is None:
            self._refuse(UsageError(f"There is no command /{name} here", hint=ELSEWHERE.get(name, "/help lists them")))
            return
        try:
            self._obey(command.names[0], argument)
        except WorkbenchError as problem:
            self._refuse(problem)

    def _obey(self, name: str, argument: str) -> None:
        changing: dict[str, Callable[[str], None]] = {
            "quit": self._leave,
            "new": self._begin_anew,
            "open": self._open,
            "provider": self._choose_provider,
            "model": self._choose_model,
            "retry": self._ask_again,
            "continue": self._go_on,
            "reword": self._reword,
            "delete": lambda _: self._changes.delete_message(self._opened()),
            "delete-conversation": self._delete_conversation,
            "undo": self._undo,
            "rate": lambda word: self._changes.rate(self._opened(), word),
            "private": self._make_private,
            "reload": self._reload,
        }
        telling: dict[str, Callable[[str], None]] = {
            "help": lambda _: output.note_lines("\n".join(help_lines())),
            "list": self._reading.tell_conversations,
            "chat": lambda _: self._reading.tell_conversation(self._opened()),
            "trace": lambda _: self._reading.tell_trace(self._opened()),
            "providers": lambda _: self._reading.tell_providers(),
            "events": self._reading.tell_events,
            "export": lambda path: self._changes.export(self._opened(), path),
            "setup": self._tell_setup,
        }
        (changing | telling)[name](argument)

    def _leave(self, _: str) -> None:
        self._leaving = True

    def _begin_anew(self, _: str) -> None:
        self._conversation_id = None
        self._private = self._options.private
        output.note(f"New{' private' if self._private else ''} conversation")

    def _open(self, argument: str) -> None:
        if not argument:
            raise UsageError("Which conversation?", hint="/list numbers them, /open 1 opens the first")
        reference = self._reading.reference(argument)
        self._lay_open(self._engine.run(lambda core: core.conversations.get(reference)))

    def _lay_open(self, found: Conversation) -> None:
        self._conversation_id, self._private = found.id, found.private
        output.note(f"Open: {found.title}, {found.messages} messages. /chat reads it")
        if self._private:
            self._tell_boundary()

    def _delete_conversation(self, _: str) -> None:
        self._changes.delete_conversation(self._opened())
        self._begin_anew("")

    def _undo(self, _: str) -> None:
        found = self._changes.undo(self._conversation_id)
        if found is not None:
            self._lay_open(found)

    def _opened(self) -> str:
        if self._conversation_id is None:
            raise UsageError("Nothing has been asked yet", hint="Type a question, or /list and /open a conversation")
        return self._conversation_id

    def _choose_model(self, argument: str) -> None:
        self._options = replace(self._options, model=argument or None)
        output.note(f"Model: {self._options.model or 'the default'}")

    def _reload(self, _: str) -> None:
        self._configuration = self._engine.run(lambda core: core.reload_configuration())
        warn_of_problems(self._configuration)
        usable = ", ".join(p.name for p in self._configuration.providers if p.usable)
        output.note(f"Providers that can be asked: {usable or 'none'}")

    def _tell_setup(self, _: str) -> None:
        path = self._engine.run(_config_file)
        output.note(f"The configuration is {path}. /reload reads it again")
        warn_of_problems(self._configuration)

    def _choose_provider(self, name: str) -> None:
        if name == "next":
            name = self._next_provider()
        elif name == "auto":
            name = ""
        if self._knows(name):
            self._options = replace(self._options, provider=name or None)
            output.note(f"Provider: {name or 'as the strategy decides'}")

    def _next_provider(self) -> str:
        ordered = sorted(self._configuration.providers, key=lambda provider: provider.priority)
        names = [provider.name for provider in ordered if provider.usable]
        place = names.index(self._options.provider) + 1 if self._options.provider in names else 0
        return names[place % len(names)] if names else ""

    def _knows(self, name: str) -> bool:
        if not name or self._configuration.provider(name) is not None:
            return True
        known = ", ".join(p.name for p in self._configuration.providers)
        self._refuse(UsageError(f"There is no provider named {name}", hint=f"Known providers: {known}"))
        return False

    def _make_private(self, _: str) -> None:
        conversation_id = self._conversation_id
        if conversation_id is not None:
            self._engine.run(lambda core: core.conversations.make_private(conversation_id))
        self._private = True
        self._tell_boundary()

    def _tell_boundary(self) -> None:
        names = ", ".join(p.name for p in self._configuration.providers if p.private and p.usable)
        if names:
            output.note(f"Private: only {names}")
        else:
            output.note("Private, and no private provider can be used: nobody will be asked")

    def _refuse(self, problem: WorkbenchError) -> None:
        report(problem, as_json=False)
        self._last_code = exit_code_of(problem)

    def _ask(self, text: str) -> None:
        options = self._turn_options(self._options.provider)
        conversation_id = self._conversation_id
        self._carry_out(lambda core: core.chat.send(text, conversation_id=conversation_id, options=options))

    def _ask_again(self, name: str) -> None:
        conversation_id = self._opened()
        if not self._knows(name):
            return
        options = self._turn_options(name or self._options.provider)

        async def again(core: Core) -> Turn:
            conversation = await core.conversations.get(conversation_id)
            return await core.chat.ask_again(conversation.id, conversation.active_leaf_id or "", options=options)

        self._carry_out(again)

    def _go_on(self, _: str) -> None:
        conversation_id = self._opened()
        options = self._turn_options(self._options.provider)

        async def go_on(core: Core) -> Turn:
            reply = await newest(core, conversation_id)
            return await core.chat.go_on(conversation_id, reply.id, options=options)

        self._carry_out(go_on)

    def _reword(self, text: str) -> None:
        conversation_id = self._opened()
        if not text:
            raise UsageError("How is the last question to be worded?", hint="/reword and the new words")
        options = self._turn_options(self._options.provider)

        async def reword(core: Core) -> Turn:
            path = await core.conversations.path(conversation_id, newest=2)
            prompt = next((message.id for message in reversed(path) if message.role == "user"), None)
            return await core.chat.send(text, conversation_id=conversation_id, beside_id=prompt, options=options)

        self._carry_out(reword)

    def _turn_options(self, provider: str | None) -> TurnOptions:
        from workbench.chat.values import TurnOptions

        person = person_present()
        configured = self._configuration.settings.on_broken_stream
        return TurnOptions(
            provider=provider,
            model=self._options.model,
            system=self._options.system,
            fallback=not self._options.no_fallback,
            on_broken_stream=broken_stream_policy(configured, printed_for_good=False, person=person),
            timeout_s=self._options.timeout,
            private=self._private or None,
            ask_person=person,
        )

    def _carry_out(self, begin: Callable[[Core], Awaitable[Turn]]) -> None:
        live = output.is_terminal(sys.stdout)
        try:
            outcome = carry_out(self._engine, begin, view=LinearView(held=not live))
        except WorkbenchError as problem:
            self._refuse(problem)
            return
        result = outcome.result
        if result is None or (outcome.interrupted and not self._person):
            raise Interrupted
        HANDLERS.rearm()
        self._conversation_id = result.turn.conversation_id
        if not live and result.message.text:
            output.write_line(result.message.text.removesuffix("\n"))
        output.flush()
        ending = ending_of(result, interrupted=outcome.interrupted, kept=not self._options.demo)
        tell_ending_plainly(ending)
        self._last_code = ending.code


async def _config_file(core: Core) -> str:
    return str(core.paths.config_file)


def _prepare_line_editing() -> None:
    """Cursor keys and a history of this session; nothing is written to a file."""
    try:
        import readline
    except ImportError:
        return
    readline.set_auto_history(True)
