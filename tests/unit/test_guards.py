"""The rules of the house hold in this checkout; `test_guards_can_fail.py` proves that each could be seen broken."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import guards, markup_guard
from tests.support.imports import importing, loaded_by, running

FIRST_PAINT = (
    "workbench.main",
    "workbench.tui.app",
    "workbench.tui.launch",
    "workbench.tui.screens.chat",
    "workbench.engine.engine",
)
"""All that is loaded before a person sees the first screen."""

CORE = [f"workbench.core.{path.stem}" for path in sorted((guards.ROOT / "src/workbench/core").glob("[a-z]*.py"))]


@pytest.mark.parametrize(
    "rule",
    [
        guards.long_files,
        guards.large_classes,
        guards.suppressions,
        guards.evasions,
        guards.busy_package_roots,
        guards.foreign_imports_in_core,
        guards.careless_workers,
        guards.hidden_imports,
        guards.loose_locks,
        guards.lint_exemptions,
        guards.undocumented_dependencies,
        markup_guard.parsed_text,
        markup_guard.parsing_consoles,
    ],
    ids=lambda rule: rule.__name__,
)
def test_rule(rule: Callable[[Path], list[str]]) -> None:
    assert rule(guards.ROOT) == []


def test_import_contracts() -> None:
    ended = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=guards.ROOT,
        env={**os.environ, "PYTHONPATH": str(guards.ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert ended.returncode == 0, ended.stdout


def test_the_first_paint_loads_nothing_heavy() -> None:
    loaded = loaded_by(guards.ROOT, importing(*FIRST_PAINT))
    assert set(FIRST_PAINT) <= loaded.modules
    assert loaded.heavy == set()


def test_core_loads_only_the_standard_library() -> None:
    modules = loaded_by(guards.ROOT, importing(*CORE)).modules
    assert set(CORE) <= modules
    strangers = {
        module
        for module in modules
        if module.split(".", 1)[0] not in {*sys.stdlib_module_names, "workbench"}
        or (module.startswith("workbench.") and not module.startswith("workbench.core"))
    }
    assert strangers == set()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("history", "list", "--json"), 0),
        (("history", "show", "last"), 2),
        (("events", "--json"), 0),
        (("config", "path"), 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_reading_never_loads_litellm(arguments: tuple[str, ...], code: int) -> None:
    loaded = loaded_by(guards.ROOT, running(*arguments))
    assert loaded.code == code, loaded.said
    assert "workbench.cli.app" in loaded.modules
    assert loaded.heavy & {"litellm", "openai", "keyring"} == set()
    assert "textual" not in loaded.modules


def test_helping_loads_no_provider() -> None:
    loaded = loaded_by(guards.ROOT, running("--help"))
    assert loaded.code == 0
    assert loaded.heavy <= {"typer"}


def test_continuous_integration_can_start() -> None:
    for name in (".ci/run", "tools/set-up", "tools/lock"):
        assert os.access(guards.ROOT / name, os.X_OK), name
