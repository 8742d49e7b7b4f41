"""What an import or a command really loads, seen from a fresh interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HEAVY = frozenset(
    {
        "litellm",
        "openai",
        "keyring",
        "pydantic",
        "pydantic_settings",
        "ruamel",
        "aiosqlite",
        "typer",
        "httpx",
        "aiohttp",
    }
)
"""Packages that nothing may load before the first paint."""

_PROBE = """
import json, os, sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
answer = os.dup(1)
os.dup2(2, 1)
code = 0
try:
    exec(sys.argv[2])
except SystemExit as ending:
    code = ending.code or 0
os.write(answer, json.dumps({"code": code, "modules": sorted(set(sys.modules) - before)}).encode())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a fresh interpreter came to."""

    modules: set[str]
    """Everything that was imported."""
    code: int
    """The exit code that was asked for."""
    said: str
    """Standard output and error together."""

    @property
    def heavy(self) -> set[str]:
        """Those of `HEAVY` that were imported."""
        return {module.split(".", 1)[0] for module in self.modules} & HEAVY


def loaded_by(root: Path, statements: str) -> Loaded:
    """Run `statements` in a new interpreter with `root/src` on its path.

    Raises RuntimeError with the traceback when they fail.
    """
    ended = subprocess.run(
        [sys.executable, "-c", _PROBE, str(root / "src"), statements],
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if ended.returncode != 0:
        raise RuntimeError(ended.stderr)
    answer = json.loads(ended.stdout)
    return Loaded(modules=set(answer["modules"]), code=answer["code"], said=ended.stderr)


def importing(*modules: str) -> str:
    """Statements that import these modules."""
    return "; ".join(f"import {module}" for module in modules)


def running(*arguments: str) -> str:
    """Statements that run the command with these arguments, as its console script does."""
    return f"sys.argv = {['workbench', *arguments]!r}\nfrom workbench.main import main\nsys.exit(main())"
