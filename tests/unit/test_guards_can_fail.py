"""Every guard is shown a copied tree in which its rule is broken, and must see it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import guards, markup_guard
from tests.support.imports import importing, loaded_by

IGNORED = shutil.ignore_patterns("__pycache__")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what describes the program, with empty folders for code: `add` brings the files it changes."""
    copy = tmp_path / "checkout"
    shutil.copytree(guards.ROOT / "requirements", copy / "requirements")
    for folder in ("src", "tests/unit", "benchmarks"):
        (copy / folder).mkdir(parents=True)
    for name in ("pyproject.toml", "ARCHITECTURE.md"):
        shutil.copy(guards.ROOT / name, copy / name)
    return copy


@pytest.fixture
def whole_tree(tree: Path) -> Path:
    """The same with the whole program, for what looks at all of it together."""
    shutil.copytree(guards.ROOT / "src", tree / "src", ignore=IGNORED, dirs_exist_ok=True)
    return tree


def add(tree: Path, name: str, text: str) -> None:
    """Append to a file of the copy, bringing it if it is not there yet; or make it."""
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() and (guards.ROOT / name).exists():
        shutil.copy(guards.ROOT / name, path)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")


def replace(tree: Path, name: str, pattern: str, by: str) -> None:
    """Change a file of the copy; the pattern must be there."""
    path = tree / name
    text, count = re.subn(pattern, by, path.read_text(encoding="utf-8"), count=1)
    assert count == 1, f"{pattern} is not in {name}"
    path.write_text(text, encoding="utf-8")


def test_long_file(tree: Path) -> None:
    for folder in guards.CODE_FOLDERS:
        (tree / folder).joinpath("long.py").write_text("x = 1\n" * (guards.MAX_LINES + 1))
    seen = guards.long_files(tree)
    assert {line.split(":")[0] for line in seen} >= {f"{folder}/long.py" for folder in guards.CODE_FOLDERS}
    (tree / "src/long.py").write_text("x = 1\n" * guards.MAX_LINES)
    assert len(guards.long_files(tree)) == len(seen) - 1


def methods(count: int) -> str:
    """A class with so many public methods and a private one."""
    body = "".join(f"    def do_{number}(self) -> None: ...\n" for number in range(count))
    return f"class Large:\n    def _private(self) -> None: ...\n{body}"


def test_large_class(tree: Path) -> None:
    add(tree, "src/workbench/chat/large.py", methods(guards.MAX_PUBLIC_METHODS))
    before = guards.large_classes(tree)
    add(tree, "src/workbench/chat/larger.py", methods(guards.MAX_PUBLIC_METHODS + 1))
    (seen,) = set(guards.large_classes(tree)) - set(before)
    assert "class Large has 26 public methods" in seen


@pytest.mark.parametrize(
    "comment",
    ["# noqa: S101", "# type: ignore[arg-type]", "# pyright: ignore", "# pragma: no cover", "# TO" + "DO: later"],
)
def test_suppression(tree: Path, comment: str) -> None:
    add(tree, "src/workbench/core/clock.py", f"VALUE = 1  {comment}")
    seen = [line for line in guards.suppressions(tree) if line.startswith("src/workbench/core/clock.py:")]
    assert len(seen) == 1
    assert seen[0].endswith(comment)


@pytest.mark.parametrize("evasion", ["@pytest.mark.skipif(True)", "@pytest.mark.xfail", "@pytest.mark.skip"])
def test_evasion(tree: Path, evasion: str) -> None:
    add(tree, "tests/unit/test_evasive.py", f"import pytest\n\n{evasion}\ndef test_nothing() -> None: ...")
    assert len(guards.evasions(tree)) == 1


def test_evasion_inside_a_test(tree: Path) -> None:
    add(tree, "tests/unit/test_evasive.py", "import pytest\n\ndef test_nothing() -> None:\n    pytest.skip('later')")
    assert len(guards.evasions(tree)) == 1


@pytest.mark.parametrize("statement", ["from workbench.chat.service import ChatService", "import os", "x = 1"])
def test_busy_package_root(tree: Path, statement: str) -> None:
    add(tree, "src/workbench/chat/__init__.py", statement)
    assert guards.busy_package_roots(tree)[0].startswith("src/workbench/chat/__init__.py:")


@pytest.mark.parametrize("statement", ["import httpx", "from workbench.config import values", "import workbench.main"])
def test_foreign_import_in_core(tree: Path, statement: str) -> None:
    add(tree, "src/workbench/core/clock.py", f"def deep() -> None:\n    {statement}")
    assert guards.foreign_imports_in_core(tree)[0].startswith("src/workbench/core/clock.py:")


@pytest.mark.parametrize(
    "statement", ["importlib.import_module('litellm')", "__import__('litellm')", "from importlib import import_module"]
)
def test_hidden_import(tree: Path, statement: str) -> None:
    add(tree, "src/workbench/tui/launch.py", f"def deep() -> None:\n    {statement}")
    assert guards.hidden_imports(tree)[0].startswith("src/workbench/tui/launch.py:")


@pytest.mark.parametrize(
    "code",
    [
        "self.run_worker(job(), exclusive=True, group='load')",
        "self.run_worker(job(), exit_on_error=False)",
        "self.run_worker(job, thread=True, group='load', exit_on_error=False)",
    ],
)
def test_careless_worker(tree: Path, code: str) -> None:
    add(tree, "src/workbench/tui/careless.py", f"def start(self) -> None:\n    {code}")
    assert guards.careless_workers(tree)[0].startswith("src/workbench/tui/careless.py:")


@pytest.mark.parametrize("decorator", ["@work", "@work(thread=True)", "@work(group='load')"])
def test_careless_work(tree: Path, decorator: str) -> None:
    add(tree, "src/workbench/tui/careless.py", f"{decorator}\nasync def load(self) -> None: ...")
    assert guards.careless_workers(tree)[0].startswith("src/workbench/tui/careless.py:")


def test_a_function_that_is_called_work_is_no_worker(tree: Path) -> None:
    add(tree, "src/workbench/tui/careful.py", "async def run(work) -> None:\n    await work()")
    assert guards.careless_workers(tree) == []


@pytest.mark.parametrize(
    ("name", "pattern", "by"),
    [
        ("run", r"textual==8\.2\.8", "textual>=8.2.8"),
        ("run", r"rich==", "rich @ https://example.org/rich-"),
        ("run", r"(?m)^aiosqlite==\S+ \\\n(    --hash=\S+( \\)?\n)+", ""),
        ("run", r"(?m)^(aiosqlite==\S+) \\\n(    --hash=\S+( \\)?\n)+", r"\1\n"),
        ("dev", r"\nruff==", "\nrough=="),
        ("dev", r"litellm==\S+", "litellm==1.82.7"),
        ("run", r"^", "--index-url https://example.org/simple\n"),
    ],
)
def test_loose_lock(tree: Path, name: str, pattern: str, by: str) -> None:
    replace(tree, f"requirements/{name}.txt", pattern, by)
    assert guards.loose_locks(tree) != []


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (r'"tests/\*\*" = \[', '"src/workbench/tui/app.py" = ["PLR0904"]\n"tests/**" = ['),
        (r"\[tool\.ruff\]", '[tool.ruff]\nexclude = ["src/workbench/tui"]'),
        (r'strict = \["src"\]', 'strict = ["src/workbench/core"]'),
        (r"\[tool\.pyright\]", '[tool.pyright]\nignore = ["src/workbench/tui"]'),
    ],
)
def test_lint_exemption(tree: Path, pattern: str, by: str) -> None:
    replace(tree, "pyproject.toml", pattern, by)
    assert len(guards.lint_exemptions(tree)) == 1


def test_undocumented_dependency(tree: Path) -> None:
    replace(tree, "pyproject.toml", r'"textual==8\.2\.8",', '"textual==8.2.8",\n    "left-pad>=1",')
    assert guards.undocumented_dependencies(tree) == ["ARCHITECTURE.md:1: no word on left-pad"]


RUFF = {
    "from __future__": ("I002", "VALUE = 1"),
    "public methods": ("PLR0904", "from __future__ import annotations\n\n" + methods(26)),
    "relative import": ("TID252", "from __future__ import annotations\n\nfrom . import clock"),
    "annotations": ("ANN001", "from __future__ import annotations\n\ndef add(a):\n    return a"),
    "docstrings": ("D103", "from __future__ import annotations\n\ndef add() -> None: ..."),
    "branches": (
        "PLR0912",
        "from __future__ import annotations\n\ndef f(x: int) -> None:\n"
        + "".join(f"    if x == {number}:\n        print(x)\n" for number in range(13)),
    ),
    "shell": ("S602", "from __future__ import annotations\n\nimport subprocess\nsubprocess.run('ls', shell=True)"),
}


@pytest.mark.parametrize("rule", RUFF)
def test_ruff(tree: Path, rule: str) -> None:
    code, text = RUFF[rule]
    add(tree, "src/workbench/tui/app_like.py", text)
    ended = subprocess.run(
        [tool("ruff"), "check", "--no-cache", "--output-format", "concise", "src/workbench/tui/app_like.py"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "RUFF_OUTPUT_FORMAT": "concise"},
    )
    assert ended.returncode == 1
    names = {line.split()[1].rstrip(":") for line in ended.stdout.splitlines() if line.startswith("src/")}
    assert names & {code, RUFF_NAMES[code]}, ended.stdout


RUFF_NAMES = {
    "I002": "missing-required-import",
    "PLR0904": "too-many-public-methods",
    "TID252": "relative-imports",
    "ANN001": "missing-type-function-argument",
    "D103": "undocumented-public-function",
    "PLR0912": "too-many-branches",
    "S602": "subprocess-popen-with-shell-equals-true",
}
"""Ruff shows names instead of codes in some of its releases."""


def tool(name: str) -> str:
    """A program of the environment the tests run in."""
    return str(Path(sys.executable).parent / name)


CONTRACTS: dict[str, list[tuple[str, str]]] = {
    "floors": [
        ("core/clock.py", "import workbench.chat.service"),
        ("chat/service.py", "import workbench.engine.engine"),
        ("cli/app.py", "import workbench.tui.launch"),
        ("tui/launch.py", "import workbench.cli.app"),
        ("storage/store.py", "import workbench.config.values"),
        ("config/values.py", "import workbench.storage.store"),
        ("engine/engine.py", "import workbench.main"),
        ("stray.py", "VALUE = 1"),
    ],
    "screen": [("cli/app.py", "import textual"), ("core/clock.py", "def deep() -> None:\n    import textual.app")],
    "rich": [
        ("chat/service.py", "import rich.text"),
        ("cli/app.py", "import pygments"),
        ("engine/engine.py", "import markdown_it"),
    ],
    "typer": [("chat/service.py", "import typer"), ("tui/launch.py", "import click")],
    "litellm": [("providers/answering/failover.py", "import litellm"), ("chat/service.py", "import openai.types")],
    "sqlite": [("conversations/values.py", "import sqlite3"), ("engine/engine.py", "import aiosqlite")],
    "yaml": [
        ("tui/launch.py", "import ruamel.yaml"),
        ("core/clock.py", "import yaml"),
        ("providers/calling/kinds.py", "import dotenv"),
    ],
    "pydantic": [("providers/values.py", "import pydantic"), ("chat/service.py", "import pydantic_settings")],
    "regex": [("tui/events/filters.py", "import regex"), ("core/text.py", "import regex")],
    "keyring": [("config/values.py", "import keyring"), ("cli/app.py", "import keyring.errors")],
    "policy": [
        ("providers/resilience/retry.py", "import time"),
        ("providers/routing/order.py", "import workbench.storage.store"),
        ("tui/state/badges.py", "import textual.widgets"),
        ("tui/state/badges.py", "import asyncio"),
    ],
    "aiohttp": [("providers/answering/failover.py", "import aiohttp"), ("engine/engine.py", "import aiohttp.web")],
}
"""By the id of a contract: places and lines that break it."""


def broken_contracts(tree: Path) -> dict[str, str]:
    """What import-linter says about each contract that it finds broken in the copy, by the contract's name."""
    ended = subprocess.run(
        [tool("lint-imports"), "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "PYTHONPATH": str(tree / "src")},
    )
    told = ended.stdout.partition("Broken contracts\n----------------\n")[2]
    assert told, ended.stdout + ended.stderr
    return dict(re.findall(r"^(\S[^\n]+)\n-{3,}\n\n(.+?)(?:\n\n\n|\Z)", told, re.MULTILINE | re.DOTALL))


def contract_names() -> dict[str, str]:
    """Names of the contracts by their ids."""
    project = tomllib.loads((guards.ROOT / "pyproject.toml").read_text())
    return {contract["id"]: contract["name"] for contract in project["tool"]["importlinter"]["contracts"]}


def test_every_contract_is_broken_here() -> None:
    assert CONTRACTS.keys() == contract_names().keys()


@pytest.mark.parametrize("number", range(max(len(breaks) for breaks in CONTRACTS.values())))
def test_import_contracts(whole_tree: Path, number: int) -> None:
    """One place of each contract at a time, and each is told under its own contract and no other."""
    breaks = {contract: places[number] for contract, places in CONTRACTS.items() if number < len(places)}
    for place, line in breaks.values():
        add(whole_tree, f"src/workbench/{place}", line)
    told = broken_contracts(whole_tree)
    names = contract_names()
    assert told.keys() == {names[contract] for contract in breaks}
    for contract, (place, line) in breaks.items():
        module = "workbench." + place.removesuffix(".py").replace("/", ".")
        imported = line.partition("import ")[2]
        # Of packages from outside only the root is told.
        seen = imported if imported.startswith("workbench.") else imported.split(".")[0]
        assert re.search(rf"{module}\b.* -> {seen} " if imported else module, told[names[contract]]), told


def test_heavy_import_at_the_top_is_seen(whole_tree: Path) -> None:
    add(whole_tree, "src/workbench/engine/options.py", "import aiohttp")
    assert "aiohttp" in loaded_by(whole_tree, importing("workbench.engine.engine")).heavy


@pytest.mark.parametrize("call", ["Console()", "Console(markup=True)", "rich.console.Console(stderr=True)"])
def test_parsing_console(tree: Path, call: str) -> None:
    add(tree, "src/workbench/cli/console_like.py", f"CONSOLE = {call}")
    assert len(markup_guard.parsing_consoles(tree)) == 1


def test_a_rule_that_holds_finds_nothing_in_an_untouched_copy(whole_tree: Path) -> None:
    rules: list[Callable[[Path], list[str]]] = [guards.evasions, guards.lint_exemptions, guards.busy_package_roots]
    assert [rule(whole_tree) for rule in rules] == [[], [], []]
