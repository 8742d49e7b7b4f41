"""Real processes of one home: they agree on breakers, keys and whose turn it is; one that dies with the probe blocks
nobody for long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.admitting import Door, configured
from tests.support.storage import ROOT, end, opened
from workbench.core.clock import ManualClock, SystemClock
from workbench.providers.resilience.admission import Admitted
from workbench.providers.resilience.breaker import PROBE_LEASE_MS
from workbench.storage.store import Store

P = configured()
OPEN = "its breaker is open after 5 failures (connection refused)"


class Child:
    """A process with an admission of its own."""

    def __init__(self, path: Path, owner: str) -> None:
        environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.resilience_child", str(path), owner],
            cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def said(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def begin(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def does(self, command: str) -> Any:
        self.begin(command)
        return self.said()


@contextmanager
def processes(path: Path, number: int = 2) -> Iterator[list[Child]]:
    children = [Child(path, f"child-{place}") for place in range(number)]
    try:
        assert [child.said() for child in children] == ["ready"] * number
        yield children
    finally:
        for child in children:
            end(child.process)


async def made(path: Path) -> Path:
    await (await Store.open(path)).close()
    return path


async def test_five_failures_of_two_processes_open_the_breaker_for_both(tmp_path: Path) -> None:
    with processes(await made(tmp_path / "workbench.db")) as (one, other):
        assert [child.does("fail") for child in (one, other, one, other)] == [[], [], [], []]
        assert one.does("fail") == ["closed open"]
        for child in (one, other):
            assert child.does("look").startswith(OPEN)
        # A reset by one is seen by the other.
        assert other.does("reset") == ["open closed"]
        assert one.does("look") is None


async def test_failures_at_the_same_moment_add_up(tmp_path: Path) -> None:
    with processes(await made(tmp_path / "workbench.db")) as (one, other):
        for _ in range(2):
            for child in (one, other):
                child.begin("fail")
            assert [child.said() for child in (one, other)] == [[], []]
        assert other.does("fail") == ["closed open"]


async def test_one_probe_goes_and_a_process_that_dies_with_it_blocks_for_its_lease(tmp_path: Path) -> None:
    path = await made(tmp_path / "workbench.db")
    with processes(path, 3) as children:
        for _ in range(5):
            children[0].does("fail")
        for child in children:
            child.begin("admit")
        said = [child.said() for child in children]
        assert said.count(True) == 1
        assert all("one probe" in reason for reason in said if reason is not True)
        holder = children[said.index(True)]
        holder.process.kill()
        holder.process.wait()
        survivor = children[said.index(True) - 1]
        assert "one probe is out" in survivor.does("admit")
    async with opened(path) as store:
        # The lease is over for a process whose clock is so much later.
        later = ManualClock(SystemClock().now_ms() + PROBE_LEASE_MS)
        door = Door(store, clock=later)
        await door.admission.refresh([P])
        found = await door.admit(P)
        assert isinstance(found, Admitted) and found.probe
        await door.admission.aclose()


async def test_a_key_that_rests_for_one_rests_for_the_other(tmp_path: Path) -> None:
    with processes(await made(tmp_path / "workbench.db")) as (one, other):
        one.does("limit")
        assert other.does("look").startswith("its key KEY_A rests until")


async def test_the_rotation_gives_each_position_to_one_of_them(tmp_path: Path) -> None:
    with processes(await made(tmp_path / "workbench.db")) as children:
        assert [child.does("rotate") for child in (*children, *children)] == [0, 1, 2, 3]
        for child in children:
            child.begin("rotate")
        assert sorted(child.said() for child in children) == [4, 5]
