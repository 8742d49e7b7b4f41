"""kill -9 at random moments of everything that rewrites a home; and whether all that was acknowledged is still there.

A helper process imports everything once and forks for each round: `python -m tests.support.kills`. Another part of the
program that must survive a kill is added to `WORKS` with what it does and what must hold afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from tests.support.storage import ROOT, integrity, opened
from tests.support.upkept import kept
from workbench.conversations.importing.importer import Importer
from workbench.core.clock import ManualClock, SystemClock
from workbench.storage.schema import STEPS
from workbench.storage.swapping import salvaged, unsalvaged
from workbench.storage.upkeep.hands import Hand
from workbench.storage.upkeep.recovery import open_store
from workbench.storage.upkeep.restoring import restore
from workbench.storage.upkeep.salvaging import salvage
from workbench.storage.upkeep.values import Prunable, Pruning

Say = Callable[[object], None]
LONGEST_S = 0.25
"""How long something runs, at most, before it is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Something that is killed."""

    prepare: Callable[[Path], Coroutine[Any, Any, None]]
    """Makes the database, before the clock of the kill runs."""
    run: Callable[[Path, Say], Coroutine[Any, Any, None]]
    """Works for ever, and says each thing that it has done and that must stay."""
    verify: Callable[[Path, list[Any]], Coroutine[Any, Any, None]]
    """Checks a home after a kill, given what was said."""


async def _nothing(_: Path) -> None:
    pass


async def _delete(path: Path, say: Say) -> None:
    async with kept(path, _clock()) as home:
        while True:
            begun = await home.talk("stays", "there")
            gone = await home.talk("goes", "away", conversation_id=begun.conversation.id)
            say(begun.reply.id)
            await home.trash.delete_message(begun.conversation.id, gone.user_message.id)
            await home.trash.restore_message(begun.conversation.id)
            await home.trash.delete_conversation(begun.conversation.id)
            await home.trash.restore_conversation()


async def _prune(path: Path, say: Say) -> None:
    async with kept(path, _clock()) as home:
        while True:
            begun = await home.talk("stays", "there")
            say(begun.reply.id)
            gone = await home.talk("goes", "away " * 2_000)
            await home.trash.delete_conversation(gone.conversation.id)
            await home.upkeep.prune(Pruning(what=Prunable.TRASH))


async def _compact(path: Path, say: Say) -> None:
    async with kept(path, _clock()) as home:
        for turn in range(1_000_000):
            begun = await home.talk("stays", "there")
            say(begun.reply.id)
            gone = await home.talk("goes", "away " * 5_000)
            await home.upkeep.purge([gone.conversation.id])
            await home.upkeep.compact(whole=turn % 3 == 2)


async def _back_up(path: Path, say: Say) -> None:
    async with kept(path, _clock()) as home:
        while True:
            begun = await home.talk("stays", "there " * 500)
            say(begun.reply.id)
            await home.upkeep.back_up()


async def _messages_stay(path: Path, said: list[Any]) -> None:
    async with kept(path) as home:
        assert (await home.upkeep.check()).sound
        rows = await home.store.read("select json_group_array(id) from messages where state = 'done'")
        assert set(said) <= set(cast("list[str]", json.loads(rows[0][0]))), "what was acknowledged is there"
        for backup in await home.upkeep.backups():
            assert integrity(backup.path) == "ok"
    assert integrity(path) == "ok"


_ROWS = 200


async def _generation(path: Path, number: int) -> None:
    async with opened(path) as store:
        rows = [(f"{n}", str(number) * 50, number) for n in range(_ROWS)]
        await store.write(lambda t: t.executemany("insert or replace into drafts values (?, ?, ?)", rows))


async def _two_generations(path: Path) -> None:
    for number in (1, 2):
        await _generation(path, number)
        restore(path.with_name(f"{number}.db"), path, now_ms=number, hand=Hand())


async def _restore(path: Path, say: Say) -> None:
    for turn in range(1_000_000):
        restore(path, path.with_name(f"{turn % 2 + 1}.db"), now_ms=int(time.time() * 1000), hand=Hand())
        say(turn)
        await asyncio.sleep(0)


async def _one_generation(path: Path, _: list[Any]) -> None:
    async with opened(path) as store:
        rows = await store.read("select count(*), min(updated_at), max(updated_at) from drafts")
        assert rows[0][0] == _ROWS
        assert rows[0][1] == rows[0][2], "one of the two, whole"
    assert integrity(path) == "ok"
    for backup in (path.parent / "backups").glob("*.db"):
        assert integrity(backup) == "ok"


async def _old(path: Path) -> None:
    async with opened(path, steps=STEPS[:3]) as store:

        async def some(transaction: Any) -> None:
            for number in range(300):
                await transaction.execute(
                    "insert into conversations(id, created_at, updated_at) values (?, 1, 1)", (f"c{number}",)
                )
                await transaction.execute(
                    "insert into messages(id, conversation_id, role, text, created_at) values (?, ?, 'user', 'x', ?)",
                    (f"m{number}", f"c{number}", number * 1000),
                )

        await store.write(some)
    shutil.copy(path, path.with_name("old.db"))


async def _migrate(path: Path, say: Say) -> None:
    for turn in range(1_000_000):
        async with opened(path):
            pass
        say(turn)
        # Back to the old one, for the next turn.
        restore(path, path.with_name("old.db"), now_ms=int(time.time() * 1000), hand=Hand())


async def _all_migrated(path: Path, _: list[Any]) -> None:
    async with opened(path) as store:
        assert (await store.read("select count(*), count(distinct n) from messages"))[0][0] == 300
        assert (await store.read("pragma user_version"))[0][0] == STEPS[-1].number
    assert integrity(path) == "ok"


async def _damaged(path: Path) -> None:
    async with kept(path, _clock()) as home:
        for number in range(60):
            await home.talk(f"prompt {number}", "answer")
    with path.open("r+b") as file:
        file.write(bytes(4096))
    shutil.copy(path, path.with_name("damaged.bin"))


async def _salvage(path: Path, say: Say) -> None:
    for turn in range(1_000_000):
        await _recover(path)
        say(turn)
        shutil.copy(path.with_name("damaged.bin"), path)


async def _recover(path: Path) -> int:
    store = await open_store(path, _clock(), salvage=True)
    try:
        for pending in unsalvaged(path):
            await salvage(store, pending, lambda _: None)
        salvaged(path)
        return int((await store.read("select count(*) from messages"))[0][0])
    finally:
        await store.close()


async def _all_salvaged(path: Path, _: list[Any]) -> None:
    content = path.read_bytes()[:16] if path.exists() else b""
    assert await _recover(path) == 120, content
    assert integrity(path) == "ok"


_IMPORTED = 40


async def _export(path: Path) -> None:
    turns = [{"from": who, "value": f"{who} says {n}"} for n in range(3) for who in ("human", "gpt")]
    talks = [{"id": f"talk-{number}", "conversations": turns} for number in range(_IMPORTED)]
    path.with_name("talks.json").write_text(json.dumps(talks), encoding="utf-8")


async def _import(path: Path, say: Say) -> None:
    for turn in range(1_000_000):
        async with kept(path, _clock()) as home:
            await Importer(home.store, home.clock, home.bus).run(path.with_name("talks.json"))
            say(turn)
            rows = await home.store.read("select id from conversations")
            await home.upkeep.purge([row["id"] for row in rows])


async def _all_imported(path: Path, _: list[Any]) -> None:
    async with kept(path) as home:
        # A kill while one was purged has left a part of it in the trash.
        await home.upkeep.prune(Pruning(what=Prunable.TRASH))
        for _again in range(2):
            report = await Importer(home.store, home.clock, home.bus).run(path.with_name("talks.json"))
            assert not report.problems
            rows = await home.store.read("select count(*), count(distinct source_id) from conversations")
            assert tuple(rows[0]) == (_IMPORTED, _IMPORTED), "it ends as one that was not killed"
            assert (await home.store.read("select count(*) from messages"))[0][0] == 6 * _IMPORTED
        assert await home.found("says") == 6 * _IMPORTED
        assert (await home.upkeep.check()).sound


WORKS: dict[str, Work] = {
    "delete": Work(prepare=_nothing, run=_delete, verify=_messages_stay),
    "prune": Work(prepare=_nothing, run=_prune, verify=_messages_stay),
    "compact": Work(prepare=_nothing, run=_compact, verify=_messages_stay),
    "backup": Work(prepare=_nothing, run=_back_up, verify=_messages_stay),
    "restore": Work(prepare=_two_generations, run=_restore, verify=_one_generation),
    "migration": Work(prepare=_old, run=_migrate, verify=_all_migrated),
    "import": Work(prepare=_export, run=_import, verify=_all_imported),
    "salvage": Work(prepare=_damaged, run=_salvage, verify=_all_salvaged),
}
"""What is killed, by name."""


def _clock() -> ManualClock:
    return ManualClock(SystemClock().now_ms())


class Killer(AbstractContextManager["Killer"]):
    """Kills forks of a helper process at moments of a seeded chance."""

    def __init__(self, seed: int, longest_s: float = LONGEST_S) -> None:
        self._chance = random.Random(seed)
        self._longest_s = longest_s
        environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
        self._helper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.kills"],
            cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._helper.kill()
        self._helper.communicate()

    def round(self, name: str, folder: Path) -> int:
        """Prepare, kill and verify once, in a new `folder`; how many things had been acknowledged."""
        work = WORKS[name]
        folder.mkdir(parents=True)
        path = folder / "workbench.db"
        asyncio.run(work.prepare(path))
        said = self._kill(name, path)
        asyncio.run(work.verify(path, said))
        return len(said)

    def _kill(self, name: str, path: Path) -> list[Any]:
        stdin, stdout = self._helper.stdin, self._helper.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps([name, str(path)]) + "\n")
        stdin.flush()
        process = json.loads(stdout.readline())["process"]
        time.sleep(self._chance.random() * self._longest_s)
        os.kill(process, signal.SIGKILL)
        said: list[Any] = []
        while True:
            line = stdout.readline()
            # A cut last line was not said; the helper's own begins anew.
            text = line.rpartition("\x00")[2]
            try:
                value = json.loads(text)
            except ValueError:
                continue
            if isinstance(value, dict) and "ended" in value:
                assert value["ended"] == -signal.SIGKILL, f"{name} ended by itself"
                return said
            said.append(value["said"])


def _serve() -> None:
    for line in sys.stdin:
        name, path = json.loads(line)
        number = os.fork()
        if number == 0:
            _work(name, Path(path))
        code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
        _write(f"\n\x00{json.dumps({'ended': code})}\n")


def _work(name: str, path: Path) -> None:
    _write(json.dumps({"process": os.getpid()}) + "\n")
    try:
        asyncio.run(WORKS[name].run(path, lambda value: _write(json.dumps({"said": value}) + "\n")))
    finally:
        os._exit(1)


def _write(text: str) -> None:
    os.write(1, text.encode())


if __name__ == "__main__":
    _serve()
