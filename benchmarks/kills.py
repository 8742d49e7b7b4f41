"""Two hundred kill -9 at random moments of what rewrites a home: `python -m benchmarks.kills [KILLS] [SEED]`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.support.kills import WORKS, Killer

LONGEST_S = 1.0
"""Long enough for each work to be done at least once, so that kills fall into all of it."""


def main() -> None:
    """Kill, verify, and print how many things had been acknowledged; ends with a traceback at the first loss."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    rounds, acknowledged = Counter[str](), Counter[str]()
    begun = time.monotonic()
    names = list(WORKS)
    with tempfile.TemporaryDirectory() as folder, Killer(seed=seed, longest_s=LONGEST_S) as killer:
        for number in range(kills):
            name = names[number % len(names)]
            acknowledged[name] += killer.round(name, Path(folder) / str(number))
            rounds[name] += 1
    print(f"{kills} kills in {time.monotonic() - begun:.0f} s, seed {seed}")
    for name in names:
        print(f"  {name:10} {rounds[name]:4} kills  {acknowledged[name]:6} acknowledged  0 lost, 0 damaged")


if __name__ == "__main__":
    main()
