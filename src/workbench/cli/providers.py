"""`workbench providers`: who could answer, and who does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.failures import ExitCode, error_document
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag
from workbench.cli.preparation import nobody_to_ask
from workbench.cli.session import running_engine, warn_of_problems
from workbench.core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.config.values import Configuration
    from workbench.engine.core import Core
    from workbench.providers.health.directory import ProbeResult, ProviderStatus

app = typer.Typer(help="Who could answer, and who does.")

UNREACHABLE_KINDS = frozenset({"connection", "timeout", "first_token_timeout"})
MODELS_SHOWN = 3


@app.command("list")
def list_providers(context: typer.Context, json: JsonFlag = False) -> None:
    """The providers in the order of their priority; nobody is contacted."""
    with running_engine(cast("Invocation", context.obj)) as engine:
        statuses = engine.run(lambda core: core.providers.list())
        configuration = engine.run(_configuration)
        config_file = str(engine.run(_config_file))
    warn_of_problems(configuration)
    if json:
        from workbench.providers.health.directory import status_document

        output.write_json({"providers": [status_document(status) for status in statuses]})
        return
    if not statuses:
        output.note("No provider is configured, and none was found on this machine")
        output.note(f"  Describe one in {config_file}, or set a key such as OPENAI_API_KEY")
        return
    heading = ("NAME", "STATE", "KIND", "MODEL", "KEY", "P50", "P95", "FIRST TOKEN", "ERRORS")
    for number, line in enumerate(output.table([heading, *(_row(status) for status in statuses)])):
        output.write_line(line, output.DIM if number == 0 else "")


def _row(status: ProviderStatus) -> tuple[str, ...]:
    errors = "–" if status.error_rate is None else f"{status.error_rate:.0%}"
    times = (_seconds(ms) for ms in (status.p50_ms, status.p95_ms, status.first_token_ms))
    return (status.name, str(status.state), status.kind, status.model or "–", str(status.key_state), *times, errors)


def _seconds(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else f"{milliseconds / 1000:.2f} s"


@app.command("test")
def probe(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Only these.", show_default=False)
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Ask each provider for its models.

    That costs nothing. Exit code 0 when all that can be checked answer, 3 when none can be reached.
    """
    invocation = cast("Invocation", context.obj)
    if invocation.offline:
        raise UsageError("Offline: nobody is contacted", hint="Leave --offline out")
    with running_engine(invocation) as engine:
        configuration = engine.run(_configuration)
        warn_of_problems(configuration)
        unknown = [name for name in names or () if configuration.provider(name) is None]
        if unknown:
            known = ", ".join(provider.name for provider in configuration.providers) or "none"
            raise NotFoundError(f"There is no provider named {unknown[0]}", hint=f"Known providers: {known}")
        if not configuration.providers:
            raise nobody_to_ask(configuration, config_file=str(engine.run(_config_file)))
        results = engine.run(lambda core: core.providers.test(names or ()))
    code = exit_code_of(results)
    if json:
        from workbench.providers.health.directory import probe_document

        document: dict[str, object] = {"providers": [probe_document(result) for result in results]}
        if code is not ExitCode.DONE:
            failed = ", ".join(result.name for result in results if result.checked and not result.ok)
            document["error"] = error_document("providers", "Not every provider answers", failed, "workbench doctor")
        output.write_json(document)
    else:
        for result in results:
            _print_result(result)
    raise typer.Exit(code)


def exit_code_of(results: Sequence[ProbeResult]) -> ExitCode:
    """0 when all answered, 3 when none could be reached, else 1; one that was not checked does not count."""
    asked = [result for result in results if result.checked]
    failed = [result for result in asked if not result.ok]
    if not failed:
        return ExitCode.DONE
    if len(failed) == len(asked) and all(result.error_kind in UNREACHABLE_KINDS for result in failed):
        return ExitCode.UNREACHABLE
    return ExitCode.FAILED


def _print_result(result: ProbeResult) -> None:
    if result.ok:
        models = ", ".join(result.models[:MODELS_SHOWN])
        more = f" and {len(result.models) - MODELS_SHOWN} more" if len(result.models) > MODELS_SHOWN else ""
        text = f"ok       {result.name}  {_seconds(result.latency_ms)}  {models}{more}"
    elif result.checked:
        text = f"problem  {result.name}  {result.error_kind}  {result.reason}"
    else:
        text = f"–        {result.name}  {result.reason}"
    output.write_text_line(text, output.GREEN if result.ok else output.RED if result.checked else output.DIM)


async def _configuration(core: Core) -> Configuration:
    return await core.configured()


async def _config_file(core: Core) -> Path:
    return core.paths.config_file
