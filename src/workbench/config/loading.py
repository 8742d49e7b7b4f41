"""Loads the configuration: whatever is right in it is used, whatever is wrong is told with its place."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from workbench.config.gathering import gather
from workbench.config.keyring_secrets import KeyringAnswer, KeyringSecrets, Secrets
from workbench.config.paths import Paths, resolve_paths
from workbench.config.rendering import render
from workbench.config.resolving import resolve
from workbench.config.tree import Place, problem_at
from workbench.config.values import Configuration, Problem

_OVERLAY = re.compile(r"config\.([A-Za-z0-9][A-Za-z0-9_-]{0,39})\.yaml")


def load_configuration(
    paths: Paths,
    *,
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
    secrets: Secrets | None = None,
) -> Configuration:
    """The configuration of command line, environment, profile overlay, file and defaults, in this order.

    Never raises for what is in the files; see `Configuration.problems`. `overrides` is nested or has dotted keys
    (`settings.request_timeout`); None in it overrides nothing. `secrets` answers `keyring:` references, each within
    a few seconds, so call this off any loop that must not wait.
    """
    gathered = gather(
        paths, profile=profile, environ=os.environ if environ is None else environ, overrides=overrides
    )  # fmt: skip
    return resolve(gathered, KeyringSecrets() if secrets is None else secrets)


class _NoSecrets:
    """Answers nothing: checking a file needs no key."""

    def get(self, label: str) -> KeyringAnswer:
        """No secret."""
        return KeyringAnswer(reason=f"keyring:{label} was not asked")


def validate_file(path: Path, *, environ: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
    """Everything wrong with one file; an overlay is read on top of the `config.yaml` beside it."""
    path = path.absolute()
    if not path.exists() and not path.is_symlink():
        return (problem_at(Place(file=str(path)), (), "there is no such file", "a configuration file"),)
    variables = {
        name: value
        for name, value in (os.environ if environ is None else environ).items()
        if not name.upper().startswith("WORKBENCH_")
    }
    paths = replace(resolve_paths(path.parent, {}), config_dir=path.parent)
    overlay = _OVERLAY.fullmatch(path.name)
    if overlay is not None and paths.config_file.exists():
        gathered = gather(paths, profile=overlay[1], environ=variables)
    else:
        gathered = gather(paths, environ=variables, file=path)
    problems = resolve(gathered, _NoSecrets()).problems
    return tuple(problem for problem in problems if problem.file == str(path))


def problems_with(
    paths: Paths, texts: Mapping[Path, str], *, profile: str | None, environ: Mapping[str, str]
) -> tuple[Problem, ...]:
    """Everything that would be wrong if `texts` were in these files; no keyring is asked."""
    return resolve(gather(paths, profile=profile, environ=environ, texts=texts), _NoSecrets()).problems


def effective_document(
    paths: Paths,
    *,
    profile: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> str:
    """What `config show` prints: YAML of all layers and defaults, keys as references, never as values."""
    gathered = gather(paths, profile=profile, environ=os.environ if environ is None else environ, overrides=overrides)
    return render(resolve(gathered, _NoSecrets()), gathered)
