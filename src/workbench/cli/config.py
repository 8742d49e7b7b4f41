"""`workbench config`: where the configuration is, what it amounts to, and what is wrong with it."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.failures import ExitCode
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag
from workbench.cli.session import warn_of_problems
from workbench.core.errors import NotFoundError

if TYPE_CHECKING:
    from workbench.config.values import Configuration

app = typer.Typer(help="The configuration: its places, its values, its problems.", no_args_is_help=False)


@app.command()
def path(context: typer.Context, json: JsonFlag = False) -> None:
    """Where the configuration file is; with --json all folders and files."""
    paths = cast("Invocation", context.obj).paths()
    if json:
        names = ("config_file", "env_file", "themes_dir", "keymap_file", "database", "backups_dir", "log_file")
        folders = ("config_dir", "data_dir", "state_dir", "cache_dir")
        output.write_json({name: getattr(paths, name) for name in (*folders, *names)})
    else:
        output.write_line(str(paths.config_file))


@app.command()
def show(context: typer.Context, json: JsonFlag = False) -> None:
    """The values in force, keys masked."""
    from workbench.config.loading import effective_document, load_configuration

    invocation = cast("Invocation", context.obj)
    configuration = load_configuration(invocation.paths(), profile=invocation.profile)
    warn_of_problems(configuration)
    if json:
        output.write_json(configuration_document(configuration))
    else:
        output.write(effective_document(invocation.paths(), profile=invocation.profile))


def configuration_document(configuration: Configuration) -> dict[str, object]:
    """The values in force; of keys only how many there are and which are missing."""
    providers: dict[str, object] = {}
    for provider in configuration.providers:
        values = {field.name: getattr(provider, field.name) for field in fields(provider)}
        del values["name"], values["api_keys"], values["scripted"]
        values["timeout"] = values.pop("timeout_s")
        providers[provider.name] = values | {"keys": len(provider.api_keys)}
    return {
        "profile": configuration.profile,
        "files": configuration.files,
        "settings": asdict(configuration.settings),
        "providers": providers,
    }


@app.command()
def validate(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Instead of the configuration in use.")] = None,
    json: JsonFlag = False,
) -> None:
    """Check the configuration and the key map; one line per problem, exit code 2 when there is any."""
    from workbench.config.loading import load_configuration, validate_file

    invocation = cast("Invocation", context.obj)
    if file is not None:
        if not file.is_file():
            raise NotFoundError(f"There is no file {file}")
        is_keymap = file.name == invocation.paths().keymap_file.name
        problems, warnings = invocation.told_of_keymap(file) if is_keymap else (validate_file(file), ())
        checked: tuple[Path, ...] = (file,)
    else:
        configuration = load_configuration(invocation.paths(), profile=invocation.profile)
        keymap = invocation.paths().keymap_file
        of_keymap, warnings = invocation.told_of_keymap(keymap)
        problems = (*configuration.problems, *of_keymap)
        checked = (*configuration.files, *([keymap] if keymap.exists() else []))
    for warning in warnings:
        output.note(f"Warning: {warning}", output.YELLOW)
    if json:
        output.write_json({"valid": not problems, "problems": [asdict(problem) for problem in problems]})
    for problem in () if json else problems:
        output.write_text_line(str(problem))
    if not problems and not json:
        output.note(f"valid: {', '.join(map(str, checked)) or 'there is no configuration file; the defaults apply'}")
    raise typer.Exit(ExitCode.USAGE if problems else ExitCode.DONE)
