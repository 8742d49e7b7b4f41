"""A process forked from the warm server is what a process started from nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Finished, configure, run_cli

pytestmark = pytest.mark.timeout(60)
"""The first starts the server, which loads the model library: seconds of CPU."""


@pytest.mark.parametrize(
    "arguments", [("config", "path"), ("config", "show"), ("history", "show", "nothing"), ("no-such",)]
)
def test_it_says_the_same_and_ends_the_same(arguments: tuple[str, ...], isolation: Path, tmp_path: Path) -> None:
    configure(isolation, ["http://127.0.0.1:9/v1"])
    where = {"WORKBENCH_HOME": str(isolation), "ONLY_HERE": "1"}

    def told(done: Finished) -> tuple[int, bytes, bytes]:
        return done.code, done.raw_out, done.raw_err

    cold = told(run_cli(*arguments, env=where, cwd=tmp_path))
    assert told(run_cli(*arguments, env=where, cwd=tmp_path, warm=True)) == cold
