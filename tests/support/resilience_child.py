"""Another process of the same home with an admission: `python -m tests.support.resilience_child DATABASE`.

Reads one command a line (`fail`, `admit`, `look`, `limit`, `reset`, `rotate`, `quit`) and answers each with one
line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.support.admitting import Door, candidate, configured, failed
from tests.support.storage import opened
from workbench.core.clock import SystemClock
from workbench.providers.resilience.admission import Admitted
from workbench.providers.routing.rotation import Rotation

PROVIDER = configured()


def say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def obey(door: Door, rotation: Rotation, command: str) -> object:
    """What came of a command."""
    await door.admission.refresh([PROVIDER])
    match command:
        case "fail":
            await door.call(PROVIDER, failed("connection", "connection refused"))
        case "limit":
            await door.call(PROVIDER, failed("rate_limited", retry_after_s=50))
        case "admit":
            found = await door.admit(PROVIDER, early_probe=True)
            return found.probe if isinstance(found, Admitted) else found.reason
        case "rotate":
            return await rotation.take()
        case "reset":
            await door.admission.reset_breaker(PROVIDER.name)
        case _:
            found = door.admission.look(candidate(PROVIDER))
            return None if found is None else found.reason
    await door.admission.aclose()
    return door.moves()


async def main() -> None:
    async with opened(Path(sys.argv[1])) as store:
        door = Door(store, owner=sys.argv[2], clock=SystemClock())
        rotation = Rotation(store)
        say("ready")
        while (command := (await asyncio.to_thread(sys.stdin.readline)).strip()) not in ("", "quit"):
            say(await obey(door, rotation, command))
        await door.admission.aclose()


if __name__ == "__main__":
    asyncio.run(main())
