"""`workbench providers`: who could answer, who does, and what would happen now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.failures import ExitCode, error_document
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag, ModelOption, ProviderOption
from workbench.cli.preparation import nobody_to_ask
from workbench.cli.provider_views import HEADING, detail_lines, route_lines, seconds, status_row
from workbench.cli.session import running_engine, warn_of_problems

if TYPE_CHECKING:
    from workbench.config.values import Configuration
    from workbench.engine.core import Core
    from workbench.providers.health.probing import ProbeResult
    from workbench.providers.health.values import ProviderDetail, ProviderStatus, RouteNow

app = typer.Typer(help="Who could answer, who does, and what would happen now.")

UNREACHABLE_KINDS = frozenset({"connection", "timeout", "first_token_timeout"})
MODELS_SHOWN = 3

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A provider's name.", show_default=False)]


@app.command("list")
def list_providers(context: typer.Context, json: JsonFlag = False) -> None:
    """The providers in the order of their priority; nobody is contacted.

    Latency and errors are those of the last 15 minutes.
    """
    with running_engine(cast("Invocation", context.obj)) as engine:
        statuses = engine.run(lambda core: core.providers.list())
        configuration = engine.run(_configuration)
        config_file, now_ms = engine.run(_place_and_time)
    warn_of_problems(configuration)
    if json:
        from workbench.providers.health.documents import status_document

        output.write_json({"providers": [status_document(status) for status in statuses]})
        return
    if not statuses:
        output.note("No provider is configured, and none was found on this machine")
        output.note(f"  Describe one in {config_file}, or set a key such as OPENAI_API_KEY")
        return
    rows = [status_row(status, now_ms) for status in statuses]
    for number, line in enumerate(output.table([HEADING, *rows])):
        output.write_line(line, output.DIM if number == 0 else "")


@app.command()
def show(context: typer.Context, name: NameArgument, json: JsonFlag = False) -> None:
    """Everything known of one provider, its newest attempts, and what the router would do now; nobody is contacted."""

    async def look(core: Core) -> tuple[ProviderDetail, RouteNow]:
        return await core.providers.detail(name), await core.providers.route_now()

    with running_engine(cast("Invocation", context.obj)) as engine:
        detail, route = engine.run(look)
        configuration = engine.run(_configuration)
        _, now_ms = engine.run(_place_and_time)
    warn_of_problems(configuration)
    if json:
        from workbench.providers.health.documents import detail_document

        output.write_json(detail_document(detail, route))
        return
    for number, line in enumerate(detail_lines(detail, now_ms)):
        output.write_text_line(line, "" if number else output.BOLD)
    output.write_text_line("route now", output.BOLD)
    for line in route_lines(route):
        output.write_text_line(f"  {line}")


@app.command()
def route(
    context: typer.Context,
    provider: ProviderOption = None,
    model: ModelOption = None,
    private: Annotated[bool, typer.Option("--private", help="As for a private conversation.")] = False,
    json: JsonFlag = False,
) -> None:
    """What the router would do with a request that came now, and why; nobody is contacted."""

    async def look(core: Core) -> RouteNow:
        if provider is not None:
            from workbench.providers.health.directory import configured

            configured(await core.configured(), provider)
        return await core.providers.route_now(pinned_provider=provider, pinned_model=model, private=private)

    with running_engine(cast("Invocation", context.obj)) as engine:
        found = engine.run(look)
        configuration = engine.run(_configuration)
    warn_of_problems(configuration)
    if json:
        from workbench.providers.health.documents import route_document

        output.write_json(route_document(found))
        return
    for line in route_lines(found):
        output.write_text_line(line)


@app.command()
def enable(context: typer.Context, name: NameArgument, json: JsonFlag = False) -> None:
    """Switch a provider on, in the configuration file."""
    _change(context, name, lambda core: core.provider_control.enable(name, True), "is on", json=json)


@app.command()
def disable(context: typer.Context, name: NameArgument, json: JsonFlag = False) -> None:
    """Switch a provider off, in the configuration file."""
    _change(context, name, lambda core: core.provider_control.enable(name, False), "is off", json=json)


@app.command()
def reset(context: typer.Context, name: NameArgument, json: JsonFlag = False) -> None:
    """Close a provider's breaker and take its keys for good again, in all running workbenches of this home."""
    _change(context, name, lambda core: core.provider_control.reset(name), "is asked again", json=json)


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
    with running_engine(cast("Invocation", context.obj)) as engine:
        configuration = engine.run(_configuration)
        warn_of_problems(configuration)
        if not configuration.providers and not names:
            config_file, _ = engine.run(_place_and_time)
            raise nobody_to_ask(configuration, config_file=config_file)
        results = engine.run(lambda core: core.providers.test(names or ()))
    code = exit_code_of(results)
    if json:
        from workbench.providers.health.documents import probe_document

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
        text = f"ok       {result.name}  {seconds(result.latency_ms)}  {models}{more}"
    elif result.checked:
        text = f"problem  {result.name}  {result.error_kind}  {result.reason}"
    else:
        text = f"–        {result.name}  {result.reason}"
    output.write_text_line(text, output.GREEN if result.ok else output.RED if result.checked else output.DIM)


def _change(
    context: typer.Context, name: str, change: Callable[[Core], Awaitable[None]], told: str, *, json: bool
) -> None:
    """Change one provider and tell how it is then."""

    async def work(core: Core) -> ProviderStatus:
        await change(core)
        return (await core.providers.detail(name)).status

    with running_engine(cast("Invocation", context.obj)) as engine:
        status = engine.run(work)
    if json:
        from workbench.providers.health.documents import status_document

        output.write_json({"provider": status_document(status)})
    else:
        output.write_text_line(f"{status.name} {told}; its state is {status.state.replace('_', ' ')}")


async def _configuration(core: Core) -> Configuration:
    return await core.configured()


async def _place_and_time(core: Core) -> tuple[str, int]:
    return str(core.paths.config_file), core.clock.now_ms()
