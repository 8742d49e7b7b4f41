"""Processes that die at a chosen step: forked from the test's helper process, ended without a word.

`python -m tests.support.dying FOLDER BACKUP` restores BACKUP into copies of FOLDER, dying before each operation on
files in turn, and sets a database aside in the same way; it says how each ended.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from workbench.storage import swapping
from workbench.storage.upkeep import backups, restoring
from workbench.storage.upkeep.hands import Hand

DIED = 9
_LONGEST = 60


def _die_at(step: int) -> None:
    """Let the process die before its operation number `step` (from 0) that changes names or waits for the disk."""
    left = [step]

    def dying(operation: Callable[..., object]) -> Callable[..., object]:
        def perform(*arguments: object, **named: object) -> object:
            if left[0] == 0:
                os._exit(DIED)
            left[0] -= 1
            return operation(*arguments, **named)

        return perform

    for name in ("replace", "unlink", "rename"):
        setattr(Path, name, dying(getattr(Path, name)))
    for module in (swapping, backups):
        vars(module)["sync_path"] = dying(vars(module)["sync_path"])


def in_a_fork(work: Callable[[], object]) -> int:
    """Run `work` in a process of its own; its exit code."""
    number = os.fork()
    if number == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def main() -> None:
    folder, backup = Path(sys.argv[1]), Path(sys.argv[2])
    works: dict[str, Callable[[Path], object]] = {
        "restore": lambda path: restoring.restore(path, backup, now_ms=1_790_000_000_000, hand=Hand()),
        "aside": lambda path: restoring.set_aside(path, 1_790_000_000_000, restoring.inode_of(path)),
    }
    for name, work in works.items():
        for step in range(_LONGEST):
            home = folder.with_name(f"{name}-{step:02}")
            shutil.copytree(folder, home)

            def die(step: int = step, work: Callable[[Path], object] = work, home: Path = home) -> None:
                _die_at(step)
                work(home / "workbench.db")

            code = in_a_fork(die)
            sys.stdout.write(json.dumps({"work": name, "home": str(home), "code": code}) + "\n")
            if code != DIED:
                break


if __name__ == "__main__":
    main()
