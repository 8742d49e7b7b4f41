"""`workbench doctor`: what is well, what is not, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.doctor_checks import (
    Check,
    CheckState,
    check_dependencies,
    check_keyring,
    check_permissions,
    check_python,
    check_terminal,
    loose_files,
)
from workbench.cli.doctor_database import check_database
from workbench.cli.failures import ExitCode
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag
from workbench.cli.preparation import what_is_missing
from workbench.cli.progress import ProgressLine
from workbench.cli.session import running_engine
from workbench.core.errors import ConfigurationError, WorkbenchError

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.engine.core import Core
    from workbench.engine.engine import Engine
    from workbench.providers.health.probing import ProbeResult
    from workbench.providers.health.values import ProviderStatus

_STYLES = {CheckState.OK: output.GREEN, CheckState.WARNING: output.YELLOW, CheckState.PROBLEM: output.RED}


def doctor(
    context: typer.Context,
    deep: Annotated[
        bool, typer.Option("--deep", help="Look at every page, reference and index entry of the database too.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Check what workbench stands on.

    Exit code 1 when there is a problem.
    """
    invocation = cast("Invocation", context.obj)
    checks = examine(invocation, deep=deep)
    if json:
        output.write_json(
            {"checks": [{"name": c.name, "state": c.state, "detail": c.detail, "hint": c.hint} for c in checks]}
        )
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            output.write_text_line(f"{check.state:8} {check.name:{width}}  {check.detail}", _STYLES[check.state])
            if check.hint:
                output.write_text_line(f"{'':9}{'':{width}}  → {check.hint}")
    raise typer.Exit(ExitCode.FAILED if any(c.state is CheckState.PROBLEM for c in checks) else ExitCode.DONE)


def examine(invocation: Invocation, *, deep: bool = False) -> list[Check]:
    """Every check, in a fixed order; none of them raises."""
    paths = invocation.paths()
    loose_before = loose_files(paths)
    with running_engine(invocation) as engine:
        of_the_core = _checks_of_core(engine, offline=invocation.offline, deep=deep)
    return [
        check_python(),
        check_terminal(),
        *of_the_core[:2],
        check_keys(paths.keymap_file, invocation),
        check_keyring(),
        *of_the_core[2:],
        check_permissions(loose_before, loose_files(paths)),
        check_dependencies(),
    ]


def _checks_of_core(engine: Engine, *, offline: bool, deep: bool) -> list[Check]:
    """Configuration, database and providers."""
    try:
        with ProgressLine() as shown:
            database = engine.run(lambda core: check_database(core, shown, deep=deep))
        return [
            engine.run(_check_configuration),
            database,
            engine.run(lambda core: _check_providers(core, offline=offline)),
        ]
    except WorkbenchError as problem:
        culprit = "configuration" if isinstance(problem, ConfigurationError) else "database"
        return [
            Check(name=name, state=CheckState.PROBLEM, detail=_words(problem), hint=problem.hint)
            if name == culprit
            else Check(
                name=name, state=CheckState.WARNING, detail=f"not checked: the {culprit} has to be repaired first"
            )
            for name in ("configuration", "database", "providers")
        ]


def _words(problem: WorkbenchError) -> str:
    return f"{problem.title}: {problem.detail}" if problem.detail else problem.title


def check_keys(file: Path, invocation: Invocation) -> Check:
    """The user's own keys."""
    problems, warnings = invocation.told_of_keymap(file)
    told = [*problems, *warnings]
    if told:
        more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
        hint = "workbench config validate lists them all; the right entries are in use"
        return Check(name="keys", state=CheckState.WARNING, detail=f"{told[0]}{more}", hint=hint)
    detail = str(file) if file.exists() else f"there is no {file}; every action has its own keys"
    return Check(name="keys", state=CheckState.OK, detail=detail)


async def _check_configuration(core: Core) -> Check:
    configuration = await core.configured()
    files = ", ".join(map(str, configuration.files))
    if configuration.problems:
        first = str(configuration.problems[0])
        more = f" (and {len(configuration.problems) - 1} more)" if len(configuration.problems) > 1 else ""
        return Check(
            name="configuration",
            state=CheckState.PROBLEM,
            detail=first + more,
            hint="workbench config validate lists them all; the right parts are in use",
        )
    detail = files or f"there is no {core.paths.config_file}; the defaults apply"
    return Check(name="configuration", state=CheckState.OK, detail=detail)


async def _check_providers(core: Core, *, offline: bool) -> Check:
    configuration = await core.configured()
    usable = [provider.name for provider in configuration.providers if not what_is_missing(provider)]
    lacking = [f"{p.name}: {what}" for p in configuration.providers if p.enabled and (what := what_is_missing(p))]
    if not usable:
        hint = f"Describe one in {core.paths.config_file}, or try `workbench demo`"
        detail = "; ".join(lacking) or "none is configured, and none was found on this machine"
        return Check(name="providers", state=CheckState.WARNING, detail=detail, hint=hint)
    results = [] if offline else await core.providers.test(usable)
    resting = [told for status in await core.providers.list() if status.name in usable for told in _resting(status)]
    detail = ", ".join(map(_told, results)) or f"{', '.join(usable)} (offline: not contacted)"
    return _judged(detail, lacking, resting, results)


def _judged(detail: str, lacking: Sequence[str], resting: Sequence[str], results: Sequence[ProbeResult]) -> Check:
    asked = [result for result in results if result.checked]
    failed = [result for result in asked if not result.ok]
    detail = "; ".join([detail, *lacking, *resting])
    if failed and len(failed) == len(asked):
        hint = "None of them answers: check the network, base_url and keys"
        return Check(name="providers", state=CheckState.PROBLEM, detail=detail, hint=hint)
    if failed or lacking:
        hint = "`workbench providers test` shows more" if failed else "Set what is missing, or disable the provider"
        return Check(name="providers", state=CheckState.WARNING, detail=detail, hint=hint)
    if resting:
        hint = "`workbench providers show NAME` says since when, `workbench providers reset NAME` forgets it"
        return Check(name="providers", state=CheckState.WARNING, detail=detail, hint=hint)
    return Check(name="providers", state=CheckState.OK, detail=detail)


def _resting(status: ProviderStatus) -> Iterator[str]:
    """What earlier requests have shown of it: why it, or one of its keys, is not asked now."""
    if status.breaker.state != "closed":
        why = f" after {status.breaker.reason}" if status.breaker.reason else ""
        yield f"{status.name}: its breaker is {status.breaker.state.replace('_', '-')}{why}"
    for key in status.keys:
        # When all of them are, the breaker says so.
        if key.condition == "bad" and status.key_state != "bad":
            yield f"{status.name}: key {key.ref} was {key.reason}"


def _told(result: ProbeResult) -> str:
    if result.ok:
        return f"{result.name} answers in {result.latency_ms} ms"
    if not result.checked:
        return f"{result.name} {result.reason}"
    return f"{result.name} does not answer ({result.error_kind}: {result.reason})"
