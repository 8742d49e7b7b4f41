"""`workbench ask`: one prompt, one answer."""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.documents import answer_document, first_code_block
from workbench.cli.endings import ending_of, tell_ending, without_code
from workbench.cli.failures import ExitCode
from workbench.cli.invocation import Invocation
from workbench.cli.options import (
    ContinueOption,
    DemoFlag,
    JsonFlag,
    ModelOption,
    NdjsonFlag,
    NoFallbackFlag,
    PrivateFlag,
    ProviderOption,
    SystemOption,
    TimeoutOption,
)
from workbench.cli.preparation import DEMONSTRATION, Preparation, broken_stream_policy, prepare
from workbench.cli.question import person_present
from workbench.cli.session import running_engine, warn_of_problems
from workbench.cli.signals import Interrupted
from workbench.cli.turns import Outcome, TurnView, carry_out
from workbench.cli.views import EventLinesView, HeldView, LiveView
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.chat.values import TurnOptions

LONGEST_INPUT = 16_000_000
"""Bytes of standard input that are accepted; more than any model reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """One answer. Standard input, when it is not a terminal, is appended to the prompt."""

    prompt: Annotated[list[str] | None, typer.Argument(metavar="[PROMPT]", show_default=False)] = field(default=None)
    provider: ProviderOption = None
    model: ModelOption = None
    system: SystemOption = None
    continue_: ContinueOption = None
    no_fallback: NoFallbackFlag = False
    private: PrivateFlag = False
    no_store: Annotated[bool, typer.Option("--no-store", help="Store nothing of it anywhere.")] = False
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Accepted; there is no cache yet, so it changes nothing.")
    ] = False
    code: Annotated[bool, typer.Option("--code", help="Print the first fenced block only.")] = False
    json: JsonFlag = False
    ndjson: NdjsonFlag = False
    timeout: TimeoutOption = None
    demo: DemoFlag = False


def run(context: typer.Context, options: AskOptions) -> None:
    """Ask, print, and end with the exit code that fits."""
    invocation = cast("Invocation", context.obj)
    prompt = compose_prompt(options.prompt or [], read_standard_input())
    if not prompt.strip():
        raise UsageError("The prompt is empty", hint="workbench ask 'your question', or pipe text into it")
    if options.json and options.ndjson:
        raise UsageError("--json and --ndjson exclude each other")
    if options.timeout is not None and not math.isfinite(options.timeout):
        raise UsageError("--timeout takes a number of seconds")
    if options.demo:
        output.note(DEMONSTRATION, output.YELLOW)
    with running_engine(invocation, demo=options.demo, sends=True, temporary=options.no_store) as engine:
        preparation = engine.run(
            lambda core: prepare(
                core, provider=options.provider, model=options.model, reference=options.continue_,
                temporary=options.no_store,
            )
        )  # fmt: skip
        warn_of_problems(preparation.configuration)
        view, turn_options = _arrange(options, preparation)
        outcome = carry_out(
            engine,
            lambda core: core.chat.send(prompt, conversation_id=preparation.conversation_id, options=turn_options),
            view=view,
        )
        code = _finish(options, view, outcome)
    raise typer.Exit(code)


def compose_prompt(words: list[str], piped: str) -> str:
    """The words of the command line, a blank line, then what was piped in."""
    return "\n\n".join(part for part in (" ".join(words), piped.rstrip("\n")) if part.strip())


def read_standard_input() -> str:
    """All of standard input, unless a person sits at it. Raises UsageError when it is far too long."""
    if sys.stdin is None or output.is_terminal(sys.stdin):
        return ""
    try:
        data = sys.stdin.buffer.read(LONGEST_INPUT + 1)
    except (OSError, ValueError) as problem:
        raise UsageError("Standard input cannot be read", detail=_reason(problem)) from None
    if len(data) > LONGEST_INPUT:
        raise UsageError("Standard input is too long", detail=f"more than {LONGEST_INPUT // 1_000_000} MB")
    return data.decode("utf-8", "replace")


def _reason(problem: Exception) -> str:
    return os.strerror(problem.errno or 0) if isinstance(problem, OSError) else str(problem)


def _arrange(options: AskOptions, preparation: Preparation) -> tuple[TurnView, TurnOptions]:
    """How the answer is shown, and what a provider that breaks off means for that."""
    from workbench.chat.values import TurnOptions
    from workbench.config.values import OnBrokenStream

    configured = preparation.configuration.settings.on_broken_stream
    person = person_present() and not (options.json or options.ndjson)
    policy = broken_stream_policy(configured, printed_for_good=options.ndjson, person=person)
    view: TurnView
    if options.ndjson:
        view = EventLinesView()
    elif options.json or options.code:
        view = HeldView()
    elif output.is_terminal(sys.stdout) or policy is OnBrokenStream.STOP:
        view = LiveView()
    else:
        view = HeldView()
    return view, TurnOptions(
        provider=options.provider,
        model=options.model,
        system=options.system,
        fallback=not options.no_fallback,
        on_broken_stream=policy,
        timeout_s=options.timeout,
        private=options.private or None,
        ask_person=person,
    )


def _finish(options: AskOptions, view: TurnView, outcome: Outcome) -> ExitCode:
    result = outcome.result
    if result is None:
        raise Interrupted
    ending = ending_of(result, interrupted=outcome.interrupted, kept=not options.no_store and not options.demo)
    text = result.message.text
    if options.code:
        block = first_code_block(text, complete=result.complete)
        text = block or ""
        if block is None and ending.problem is None:
            ending = without_code(ending, result)
    if options.json or options.ndjson:
        document = answer_document(result, text=text, stored=not options.no_store)
        if ending.problem is not None:
            document["error"] = ending.problem
        if options.json:
            output.write_json(document)
        else:
            output.write_ndjson({"kind": "answer", **document})
    elif isinstance(view, HeldView) and text and not outcome.interrupted:
        output.write_line(text.removesuffix("\n"))
    output.flush()
    tell_ending(ending)
    return ending.code
