"""The command line: parses, runs one command, and turns every way it can end into an exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from typer.exceptions import TyperException

from workbench import __version__
from workbench.cli import (
    ask,
    chat,
    config,
    doctor,
    drill,
    events,
    failures,
    history,
    history_import,
    history_search,
    output,
    providers,
    upkeep,
)
from workbench.cli.failures import ExitCode
from workbench.cli.invocation import Invocation, ToldOfKeymap, no_keymap
from workbench.cli.options import with_options
from workbench.cli.signals import HANDLERS, Interrupted
from workbench.core.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.config.paths import Paths

PROGRAM = "workbench"

app = typer.Typer(
    name=PROGRAM,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@dataclass(slots=True)
class Start:
    """What is known of the call, filled in while it is parsed; a crash report needs it too."""

    invocation: Invocation

    def paths(self) -> Paths:
        """Where a crash report goes."""
        return self.invocation.paths()


@app.callback()
def root(
    context: typer.Context,
    *,
    home: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep everything under DIR (or set WORKBENCH_HOME).")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Lay config.NAME.yaml over config.yaml (or set WORKBENCH_PROFILE)."),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="No network at all: review only.")] = False,
    conversation: Annotated[
        str | None, typer.Option(metavar="ID", help="Open this conversation in the full screen.")
    ] = None,
    theme: Annotated[str | None, typer.Option(metavar="NAME", help="Theme of the full screen.")] = None,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw the full screen with ASCII signs only.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """The terminal where LLM work does not stop. Without a command the full screen opens."""
    start = cast("Start", context.obj)
    invocation = replace(
        start.invocation,
        home=home,
        profile=profile,
        offline=offline,
        conversation=conversation,
        theme=theme,
        ascii_only=ascii_only,
    )
    start.invocation = context.obj = invocation
    if version:
        output.write_line(f"{PROGRAM} {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(invocation.open_screen(invocation))


@app.command()
def demo(context: typer.Context) -> None:
    """The full screen over scripted providers.

    Three of them, in a throw-away home: failover can be seen without a key.
    """
    invocation = cast("Invocation", context.obj)
    raise typer.Exit(invocation.open_screen(replace(invocation, demo=True)))


app.command("ask")(with_options(ask.AskOptions, ask.run))
app.command("chat")(with_options(chat.ChatOptions, chat.run))
app.command("events")(with_options(events.EventsOptions, events.run))
app.command("doctor")(doctor.doctor)
app.command("backup")(upkeep.backup)
app.command("restore")(upkeep.restore)
history.app.command("list")(history_search.list_conversations)
history.app.command("search", context_settings={"ignore_unknown_options": True})(history_search.search)
history.app.command("import")(history_import.import_file)
history.app.command("stats")(upkeep.stats)
history.app.command("prune")(upkeep.prune)
history.app.command("compact")(upkeep.compact)
app.command("test-llm")(providers.probe)
providers.app.command("drill")(drill.drill)
app.add_typer(history.app, name="history")
app.add_typer(providers.app, name="providers")
app.add_typer(config.app, name="config")


def _command_of(problem: TyperException) -> str:
    context = getattr(problem, "ctx", None)
    return str(getattr(context, "command_path", PROGRAM))


def run_command(
    arguments: Sequence[str], open_screen: Callable[[Invocation], int], told_of_keymap: ToldOfKeymap = no_keymap
) -> int:
    """Run one command line and return the exit code; nothing but SystemExit is raised."""
    start = Start(Invocation(open_screen=open_screen, told_of_keymap=told_of_keymap))
    output.prepare_streams()
    HANDLERS.install()
    as_json = failures.wants_json(arguments)
    try:
        code = _run(arguments, start, as_json=as_json)
        output.flush()
    except output.OutputFailed as problem:
        code = failures.report_lost_output(problem)
    except Interrupted:
        code = failures.report_interrupt(as_json=as_json)
    except BaseException as problem:
        if isinstance(problem, SystemExit):
            raise
        code = failures.report_crash(problem, start.paths, as_json=as_json)
    return code


def _run(arguments: Sequence[str], start: Start, *, as_json: bool) -> int:
    try:
        result = app(list(arguments), standalone_mode=False, prog_name=PROGRAM, obj=start)
    except WorkbenchError as problem:
        return failures.report(problem, as_json=as_json)
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        raise Interrupted from None
    except TyperException as problem:
        return failures.report_usage(problem.format_message(), command=_command_of(problem), as_json=as_json)
    return result if isinstance(result, int) else ExitCode.DONE
