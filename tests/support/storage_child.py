"""What other processes do to a database in tests: `python -m tests.support.storage_child COMMAND ARGS`."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sqlite3
import sys
import time
from pathlib import Path

from tests.support.storage import NEXT, failing, opened
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.ordering.trash import Trash
from workbench.conversations.values import MessageState, Seam
from workbench.core.bus import EventBus
from workbench.core.clock import SystemClock
from workbench.core.errors import StorageError
from workbench.storage.instance import Instance
from workbench.storage.schema import STEPS
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction


def say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def count_up(path: Path, seconds: float) -> None:
    """Read a counter and write it back, one more, again and again."""
    async with opened(path) as store:

        async def more(transaction: Transaction) -> None:
            rows = await transaction.fetch("select text from drafts where conversation_id = 'counter'")
            value = str(int(rows[0][0]) + 1)
            await transaction.execute("update drafts set text = ? where conversation_id = 'counter'", (value,))

        done, errors, longest = 0, [], 0.0
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.monotonic()
            try:
                await store.write(more)
                done += 1
            except StorageError as error:
                errors.append(str(error))
            longest = max(longest, time.monotonic() - begun)
        say({"done": done, "errors": errors, "longest": longest})


def count_up_naively(path: Path, seconds: float) -> None:
    """The same with the driver's deferred transactions and no lock of ours."""
    connection = sqlite3.connect(path, timeout=5, isolation_level=None)
    connection.execute("pragma journal_mode=wal")
    done, errors = 0, 0
    say("ready")
    sys.stdin.readline()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            connection.execute("begin")
            (value,) = connection.execute("select text from drafts where conversation_id = 'counter'").fetchone()
            connection.execute("update drafts set text = ? where conversation_id = 'counter'", (str(int(value) + 1),))
            connection.execute("commit")
            done += 1
        except sqlite3.OperationalError:
            errors += 1
            connection.rollback()
    connection.close()
    say({"done": done, "errors": errors})


async def acknowledge(path: Path, name: str) -> None:
    """Write rows in pairs and say each number once it is committed, until killed."""
    async with opened(path) as store:
        number = 0
        while True:

            async def pair(transaction: Transaction, number: int = number) -> None:
                for half in "ab":
                    key = f"{name}-{number}-{half}"
                    await transaction.execute("insert into drafts values (?, ?, ?)", (key, "x" * 3000, number))

            await store.write(pair)
            say(number)
            number += 1


async def fill(path: Path, limit: int) -> None:
    """Write until files may not grow any more; say what was kept, what the error was, and whether reading works."""
    async with opened(path) as store:
        unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, unlimited[1]))
        kept = 0
        while True:

            async def row(transaction: Transaction, number: int = kept) -> None:
                await transaction.execute("insert into drafts values (?, ?, ?)", (f"row-{number}", "x" * 20_000, 1))

            try:
                await store.write(row)
            except StorageError as error:
                first = str(error)
                break
            kept += 1
        found = (await store.read("select count(*) from drafts"))[0][0]
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        await store.write(lambda t: t.execute("insert into drafts values ('afterwards', 'x', 1)"))
        say({"kept": kept, "found": found, "error": first})


async def stream(data_dir: Path) -> None:
    """Begin a reply, store a part of it, say its ids, then wait to be killed."""
    instance = Instance.claim(data_dir)
    async with opened(data_dir / "workbench.db") as store:
        conversations = Conversations(store, SystemClock(), instance.id)
        begun = await conversations.begin_turn(prompt="tell me", conversation_id=None)
        seam = Seam(at=4, after="alpha", provider="beta", model="model-b")
        await conversations.save_reply(begun.reply.id, text="once upon", seams=(seam,))
        say({"conversation": begun.conversation.id, "reply": begun.reply.id, "instance": instance.id})
        await asyncio.to_thread(sys.stdin.readline)


async def go_on(path: Path) -> None:
    """Go on with a reply that was stopped, store a part of it, say both ids, then wait to be killed."""
    async with opened(path) as store:
        conversations = Conversations(store, SystemClock(), "0dead")
        begun = await conversations.begin_turn(prompt="tell me", conversation_id=None)
        await conversations.finish_reply(
            begun.reply.id, state=MessageState.STOPPED, text="once", provider="alpha", model="model-a"
        )
        more = await conversations.begin_continuation(begun.conversation.id, begun.reply.id)
        seam = Seam(at=4, after="alpha", provider="beta", model="model-b", ended="was stopped")
        await conversations.save_reply(more.reply.id, text="once upon", seams=(seam,))
        say({"stopped": begun.reply.id, "reply": more.reply.id})
        await asyncio.to_thread(sys.stdin.readline)


async def delete_and_undo(path: Path) -> None:
    """Delete a prompt with its reply and bring both back, again and again, saying each round, until killed."""
    async with opened(path) as store:
        conversations = Conversations(store, SystemClock(), "0dead")
        trash = Trash(store, SystemClock(), EventBus(SystemClock()))
        begun = await conversations.begin_turn(prompt="tell me", conversation_id=None)
        await conversations.finish_reply(begun.reply.id, state=MessageState.DONE, text="once upon a time")
        while True:
            await trash.delete_message(begun.conversation.id, begun.user_message.id)
            await trash.restore_message(begun.conversation.id)
            say(begun.conversation.id)


async def die_in_step(path: Path, number: int) -> None:
    """End without a word at the N-th statement of an upgrade."""
    step = failing(NEXT, number, lambda: os._exit(9))
    await Store.open(path, steps=(*STEPS, step))


async def open_badly(path: Path) -> None:
    """Fail to open a database and just end: nothing may keep the process alive."""
    try:
        await Store.open(path, steps=(*STEPS, failing(NEXT, 1, lambda: (_ for _ in ()).throw(KeyError("x")))))
    except KeyError:
        say("failed")


async def leave_open(path: Path) -> None:
    """End with an open store."""
    vars(sys.modules[__name__])["kept"] = await Store.open(path)
    say("open")


def main() -> None:
    command, path, *rest = sys.argv[1:]
    match command:
        case "count-up":
            asyncio.run(count_up(Path(path), float(rest[0])))
        case "count-up-naively":
            count_up_naively(Path(path), float(rest[0]))
        case "acknowledge":
            asyncio.run(acknowledge(Path(path), rest[0]))
        case "fill":
            asyncio.run(fill(Path(path), int(rest[0])))
        case "go-on":
            asyncio.run(go_on(Path(path)))
        case "delete-and-undo":
            asyncio.run(delete_and_undo(Path(path)))
        case "stream":
            asyncio.run(stream(Path(path)))
        case "die-in-step":
            asyncio.run(die_in_step(Path(path), int(rest[0])))
        case "open-badly":
            asyncio.run(open_badly(Path(path)))
        case "leave-open":
            asyncio.run(leave_open(Path(path)))
        case _:
            raise SystemExit(f"no command {command}")


if __name__ == "__main__":
    main()
