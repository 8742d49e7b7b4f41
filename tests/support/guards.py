"""Rules of the house that no linter knows: each takes a tree and says where it breaks them."""

from __future__ import annotations

import ast
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""This checkout."""

MAX_LINES = 400
MAX_PUBLIC_METHODS = 25
CODE_FOLDERS = ("src", "tests", "benchmarks")

_SUPPRESSION = re.compile(
    r"\b(?:noqa|type:\s*ignore|pyright:|mypy:|pragma:|pylint:|nosec|TODO|FIXME|XXX|HACK)", re.IGNORECASE
)
_PINNED = re.compile(r"[A-Za-z0-9._\[\],-]+==\S+[^\n]*\\\n\s+--hash=sha256:[0-9a-f]{64}")
_TEST_EVASIONS = {"skip", "skipif", "xfail", "importorskip"}
_EVASIVE = re.compile("|".join(_TEST_EVASIONS))
_HIDDEN = re.compile("import_module|__import__")
_WORKER = re.compile(r"run_worker|thread|\bwork\b")
_THREAD_WORKERS_ALLOWED: frozenset[str] = frozenset()
"""Files under `tui/` that may start `thread=True` workers: none so far, the core has its own thread."""


def python_files(root: Path, *folders: str) -> Iterator[Path]:
    """All Python files of these folders, in a stable order."""
    for folder in folders:
        yield from sorted((root / folder).rglob("*.py"))


def parse(path: Path) -> ast.Module:
    """The file as a tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def nodes(path: Path, needed: re.Pattern[str]) -> Iterator[ast.AST]:
    """What the file consists of, if the words that are looked for are in it at all: parsing takes most of the time."""
    text = path.read_text(encoding="utf-8")
    return ast.walk(ast.parse(text, filename=str(path))) if needed.search(text) else iter(())


def _at(root: Path, path: Path, line: int, problem: str) -> str:
    return f"{path.relative_to(root)}:{line}: {problem}"


def long_files(root: Path) -> list[str]:
    """Files of more than `MAX_LINES` lines."""
    found: list[str] = []
    for path in python_files(root, *CODE_FOLDERS):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_LINES:
            found.append(_at(root, path, lines, f"more than {MAX_LINES} lines"))
    return found


def large_classes(root: Path) -> list[str]:
    """Classes of more than `MAX_PUBLIC_METHODS` public methods; a property counts once."""
    found: list[str] = []
    for path in python_files(root, *CODE_FOLDERS):
        # So many methods are so many definitions.
        if path.read_text(encoding="utf-8").count("def ") <= MAX_PUBLIC_METHODS:
            continue
        for node in ast.walk(parse(path)):
            if not isinstance(node, ast.ClassDef):
                continue
            methods = {
                child.name
                for child in node.body
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not child.name.startswith("_")
            }
            if len(methods) > MAX_PUBLIC_METHODS:
                found.append(_at(root, path, node.lineno, f"class {node.name} has {len(methods)} public methods"))
    return found


def suppressions(root: Path) -> list[str]:
    """Comments that switch a check off or point at unfinished work."""
    found: list[str] = []
    for path in python_files(root, *CODE_FOLDERS):
        if not _SUPPRESSION.search(path.read_text(encoding="utf-8")):
            continue
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type != tokenize.COMMENT or not _SUPPRESSION.search(token.string):
                    continue
                found.append(_at(root, path, token.start[0], token.string))
    return found


def evasions(root: Path) -> list[str]:
    """Tests that may be left out or may fail."""
    return [
        _at(root, path, node.lineno, f"pytest {node.attr}")
        for path in python_files(root, "tests")
        for node in nodes(path, _EVASIVE)
        if isinstance(node, ast.Attribute)
        and node.attr in _TEST_EVASIONS
        and ast.unparse(node.value) in {"pytest", "pytest.mark", "unittest", "self"}
    ]


def busy_package_roots(root: Path) -> list[str]:
    """`__init__.py` files that import something or do something."""
    found: list[str] = []
    for path in python_files(root, "src"):
        if path.name != "__init__.py":
            continue
        for node in parse(path).body:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                continue
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__":
                continue
            found.append(_at(root, path, node.lineno, "a package root holds its docstring and nothing else"))
    return found


def _imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _belongs_to_core(name: str) -> bool:
    own = name.startswith("workbench.core.") or name == "workbench.__version__"
    return own or name.split(".", 1)[0] in sys.stdlib_module_names


def foreign_imports_in_core(root: Path) -> list[str]:
    """Imports in `core/`, at any depth of the code, of anything but the standard library and `core/` itself."""
    return [
        _at(root, path, getattr(node, "lineno", 1), f"core imports {name}")
        for path in python_files(root, "src/workbench/core")
        for node in ast.walk(parse(path))
        for name in _imported_names(node)
        if not _belongs_to_core(name)
    ]


def hidden_imports(root: Path) -> list[str]:
    """Imports by name, which import-linter cannot see; only the loader of LiteLLM may make them."""
    loader = root / "src/workbench/providers/calling/litellm_loader.py"
    return [
        _at(root, path, getattr(node, "lineno", 1), "an import that the contracts cannot see")
        for path in python_files(root, "src")
        if path != loader
        for node in nodes(path, _HIDDEN)
        if (isinstance(node, ast.Attribute) and node.attr == "import_module")
        or (isinstance(node, ast.Name) and node.id in {"import_module", "__import__"})
        or "importlib.import_module" in _imported_names(node)
    ]


def _workers(node: ast.AST) -> list[ast.expr]:
    """Where this makes a worker: as a decorator, or with the method."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        named = [(each.func if isinstance(each, ast.Call) else each, each) for each in node.decorator_list]
        return [each for name, each in named if isinstance(name, ast.Name) and name.id == "work"]
    method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run_worker"
    return [node] if isinstance(node, ast.Call) and method else []


def _options(node: ast.AST) -> dict[str | None, str]:
    return {each.arg: ast.unparse(each.value) for each in node.keywords} if isinstance(node, ast.Call) else {}


def careless_workers(root: Path) -> list[str]:
    """Textual workers without a group, that may end the application, or that run in a thread of their own."""
    found: list[str] = []
    for path in python_files(root, "src/workbench/tui"):
        allowed = str(path.relative_to(root)) in _THREAD_WORKERS_ALLOWED
        for node in nodes(path, _WORKER):
            if isinstance(node, ast.Call) and _options(node).get("thread") == "True" and not allowed:
                found.append(_at(root, path, node.lineno, "a worker in a thread of its own"))
            for worker in _workers(node):
                options = _options(worker)
                if options.get("exit_on_error") != "False" or "group" not in options:
                    found.append(_at(root, path, worker.lineno, "a worker needs a group and exit_on_error=False"))
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(path: Path) -> dict[str, set[str]]:
    """Versions of every package in a lock file; platforms may differ."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", path.read_text(), re.MULTILINE):
        pins.setdefault(_normal(name), set()).add(version)
    return pins


def loose_locks(root: Path) -> list[str]:
    """Lock files that leave something open: no hash, an address, a dependency that is not in them, versions apart."""
    found: list[str] = []
    run, dev = root / "requirements/run.txt", root / "requirements/dev.txt"
    for path in (run, dev):
        text = path.read_text()
        found.extend(
            _at(root, path, number, "an address")
            for number, line in enumerate(text.splitlines(), 1)
            if "://" in line or line.startswith("-")
        )
        found.extend(
            _at(root, path, 1, f"not pinned with hashes: {entry.splitlines()[0]}")
            for entry in re.split(r"\n(?=\S)", text)
            if entry.strip() and not _PINNED.match(entry)
        )
    project = tomllib.loads((root / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = {run: [*project["project"]["dependencies"], *groups["build"]], dev: [*groups["dev"], *groups["build"]]}
    for path, requirements in wanted.items():
        names = {_normal(re.split(r"[\s\[<>=!~;]", requirement)[0]) for requirement in requirements}
        found.extend(_at(root, path, 1, f"{name} is missing") for name in sorted(names - _pins(path).keys()))
    development = _pins(dev)
    for name, versions in _pins(run).items():
        if development.get(name) != versions:
            found.append(_at(root, dev, 1, f"{name} differs from {run.name}"))
    return found


def lint_exemptions(root: Path) -> list[str]:
    """Rules that the configuration of the linters switches off for a part of `src`."""
    path = root / "pyproject.toml"
    tools = tomllib.loads(path.read_text())["tool"]
    ruff = tools["ruff"]
    found = [
        _at(root, path, 1, f"ruff leaves {pattern} alone")
        for pattern in ruff["lint"].get("per-file-ignores", {})
        if not pattern.startswith(("tests/", "benchmarks/"))
    ]
    found += [_at(root, path, 1, f"ruff {key}") for key in ("exclude", "extend-exclude") if key in ruff]
    if tools["pyright"].get("strict") != ["src"] or {"ignore", "exclude"} & tools["pyright"].keys():
        found.append(_at(root, path, 1, "pyright is not strict on all of src"))
    return found


def undocumented_dependencies(root: Path) -> list[str]:
    """Packages we depend on that ARCHITECTURE.md gives no reason for."""
    page = root / "ARCHITECTURE.md"
    text = page.read_text(encoding="utf-8").lower()
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[\s\[<>=!~;]", requirement)[0].lower() for requirement in project["dependencies"]]
    return [_at(root, page, 1, f"no word on {name}") for name in names if f"| {name} " not in text]
