"""kill -9 at random moments of upkeep: the database opens, is sound, and has everything that was acknowledged."""

from __future__ import annotations

from pathlib import Path

from tests.support.kills import WORKS, Killer

ROUNDS = 2
"""Of each work; `python -m benchmarks.kills` makes two hundred kills."""


def test_a_kill_at_any_moment_leaves_a_sound_home_with_everything_acknowledged(tmp_path: Path) -> None:
    acknowledged = 0
    with Killer(seed=5) as killer:
        for number in range(ROUNDS):
            for name in WORKS:
                acknowledged += killer.round(name, tmp_path / f"{name}-{number}")
    assert acknowledged, "something was done before it was killed"
