"""History at full size: search, lists, opening, start and memory, each beside what SQLite alone takes.

200 mixed queries, always the same: rare and common words, two words, phrases, beginnings while typing, filters of
messages, dates and conversations, Chinese and Japanese. The floor of each is the shortest statement that gives the same
rows of the same database. Start and memory are compared with an empty database.

    python -m benchmarks.search [FOLDER] [--messages N]

FOLDER keeps the database from one run to the next; making 1,000,000 messages takes two minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import corpus
from benchmarks.startup import CONFIGURATION, OURS, Start, median, start
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.search.matching import match_of
from workbench.conversations.search.query import parsed
from workbench.conversations.search.search import Search
from workbench.conversations.search.values import SearchOrder
from workbench.core.clock import SystemClock
from workbench.storage.store import Store

QUERIES = 200
STARTS = 5
READABLE = 60
"""Messages of a conversation that are read before the first are shown."""

_FLOOR = """
    select f.rowid, m.id, m.role, m.created_at, c.title, substr(m.text, 1, 1000000) from messages_fts f
    cross join messages m on m.n = f.rowid cross join conversations c on c.id = m.conversation_id
    where messages_fts match ? order by f.rowid desc limit 51
"""
_FLOOR_BEST = _FLOOR.replace("f.rowid desc", "rank")
_FLOOR_LIST = "select id, title, updated_at from conversations order by updated_at desc limit 50"
_FLOOR_OPEN = "select id, parent_id, role, text from messages where conversation_id = ? order by n desc limit 60"
_FLOOR_WHOLE = "select id, parent_id, role, text from messages where conversation_id = ? order by n"
_LONGEST = "select conversation_id from messages group by conversation_id order by count(*) desc limit 1"


def queries(connection: sqlite3.Connection) -> list[tuple[str, bool]]:
    """Mixed queries about what is in the database, and whether each is still being typed."""
    chance = random.Random(9)
    newest = connection.execute("select max(n) from messages").fetchone()[0]
    words: list[str] = []
    phrases: list[str] = []
    while len(words) < 2_000:
        n = chance.randrange(newest - corpus.SPAN_S * 60, newest)
        (text,) = connection.execute("select text from messages where n >= ? order by n limit 1", (n,)).fetchone()
        found = re.findall(r"[a-z]{3,}", text)
        if len(found) > 3:
            words += chance.sample(found, 3)
            place = chance.randrange(len(found) - 2)
            phrases += re.findall(rf"\b{found[place]} {found[place + 1]}\b", text)[:1]
    different = sorted(set(words))
    filters = (
        "role:user", "role:assistant", "has:code", "has:error", "provider:ollama", "model:sonnet", "-role:user",
        "after:2026", "before:2025", "after:2025-06 before:2025-07", "tag:work", "tag:rare", "folder:work/rust",
        "is:pinned", "is:archived", "-tag:work",
    )  # fmt: skip
    alone = ("重试", "数据库", "检索", "検索", "タイムアウト", "の", "검색", "시간 예산")
    made: list[tuple[str, bool]] = []
    for _ in range(QUERIES):
        # Half of them as frequent as in the texts, half of them whatever there is.
        word, other = chance.sample(chance.choice((words, different)), 2)
        kind = chance.random()
        if kind < 0.35:
            made.append((word, False))
        elif kind < 0.47:
            made.append((f"{word} {other}", False))
        elif kind < 0.55:
            made.append((f'"{chance.choice(phrases)}"', False))
        elif kind < 0.70:
            made.append((word[: chance.randrange(3, 7)], True))
        elif kind < 0.75:
            made.append((f"{word} -{other}", False))
        elif kind < 0.93:
            made.append((f"{word} {chance.choice(filters)}", False))
        else:
            made.append((chance.choice(alone), False))
    return made


async def timed(work: Callable[[], Awaitable[object]], rounds: int = 1) -> tuple[float, float]:
    """The median milliseconds on the wall and of the processor."""
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        await work()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    return statistics.median(walls), statistics.median(cpus)


def line(title: str, floor: Sequence[tuple[float, float]], ours: Sequence[tuple[float, float]]) -> None:
    """Median, 95th percentile and worst of both, on the wall; and two of the processor's time."""

    def figures(measured: Sequence[tuple[float, float]]) -> str:
        walls = sorted(wall for wall, _ in measured)
        cpus = sorted(cpu for _, cpu in measured)
        at = int(len(walls) * 0.95) if len(walls) > 1 else 0
        walled = f"{statistics.median(walls):7.1f} {walls[at]:7.1f} {walls[-1]:7.1f}"
        return f"{walled} {statistics.median(cpus):7.1f} {cpus[at]:7.1f}"

    print(f"{title:<34} {figures(floor)}   {figures(ours)}")


async def measure(database: Path) -> None:
    """Search, list and open."""
    names = f"{'p50':>7} {'p95':>7} {'max':>7} {'cpu50':>7} {'cpu95':>7}"
    print(f"{'milliseconds':<34} {'SQLite alone':^39}   {'workbench':^39}")
    print(f"{'':<34} {names}   {names}")
    store = await Store.open(database)
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as raw:
            raw.execute("pragma cache_size=-16000")
            await _searches(raw, Search(store))
            await _reading(raw, Conversations(store, SystemClock(), ""), Search(store))
    finally:
        await store.close()


async def _searches(raw: sqlite3.Connection, search: Search) -> None:
    asked = queries(raw)
    for title, sql, order in (
        (f"{QUERIES} queries, newest first", _FLOOR, SearchOrder.NEWEST),
        (f"{QUERIES} queries, best match", _FLOOR_BEST, SearchOrder.BEST),
    ):  # fmt: skip
        floor: list[tuple[float, float]] = []
        ours: list[tuple[float, float]] = []
        worst: list[tuple[float, str]] = []
        for text, typing in asked:
            match = match_of(parsed(text, typing=typing))
            floor.append(await timed(lambda sql=sql, match=match: _raw(raw, sql, (match,))))
            ours.append(
                await timed(lambda text=text, typing=typing, order=order: search.find(text, typing=typing, order=order))
            )
            worst.append((ours[-1][0], text + ("…" if typing else "")))
        line(title, floor, ours)
        slowest = ", ".join(f"{text} {wall:.0f}" for wall, text in sorted(worst, reverse=True)[:6])
        print(f"    slowest: {slowest}")


async def _reading(raw: sqlite3.Connection, conversations: Conversations, search: Search) -> None:
    (longest,) = raw.execute(_LONGEST).fetchone()
    floor_list = [await timed(lambda: _raw(raw, _FLOOR_LIST, ()), 5)]
    line("list of 50 conversations", floor_list, [await timed(lambda: conversations.list(limit=50), 5)])
    line("the same, by a search without words", floor_list, [await timed(lambda: search.find(""), 5)])

    async def open_one() -> None:
        await conversations.get(longest)
        await conversations.path(longest, newest=READABLE)

    line(
        f"open 1,000 messages, {READABLE} of them",
        [await timed(lambda: _raw(raw, _FLOOR_OPEN, (longest,)), 5)],
        [await timed(open_one, 5)],
    )
    line(
        "all of them",
        [await timed(lambda: _raw(raw, _FLOOR_WHOLE, (longest,)), 5)],
        [await timed(lambda: conversations.tree(longest), 5)],
    )


async def _raw(raw: sqlite3.Connection, sql: str, values: Sequence[object]) -> list[Any]:
    return raw.execute(sql, values).fetchall()


def resident_mb() -> float:
    """Megabytes of memory this process has now."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6


async def resident(database: Path) -> float:
    """Megabytes of this process after it has listed, searched and read."""
    store = await Store.open(database)
    try:
        conversations, search = Conversations(store, SystemClock(), ""), Search(store)
        _, listed = await conversations.list(limit=50)
        for conversation in listed[:10]:
            await conversations.tree(conversation.id)
        for text in ("self", "timeout", "import tag:work", "con", "検索", '"thread pool"', "", "in:title test"):
            for order in SearchOrder:
                await search.find(text, typing=True, order=order)
        return resident_mb()
    finally:
        await store.close()


def memory_of(home: Path) -> float:
    """`resident` of a process of its own."""
    command = [sys.executable, "-m", "benchmarks.search", str(home), "--resident"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare_with_empty(home: Path, empty: Path) -> None:
    """Start and memory, with this database and with an empty one."""
    asyncio.run(_made(empty / "data" / "workbench.db"))
    for each in (home, empty):
        config = each / "config" / "config.yaml"
        config.parent.mkdir(exist_ok=True)
        config.write_text(CONFIGURATION, encoding="utf-8")
    starts: dict[Path, list[Start]] = {home: [], empty: []}
    with tempfile.TemporaryDirectory() as cache:
        for turn in range(STARTS + 1):
            for each, measured in starts.items():
                one = start(OURS, ["--home", str(each)], b"ype a message", cache)
                if turn:  # the first ones only fill caches
                    measured.append(one)
    print(f"\n{STARTS} starts each, medians in ms       empty      full   ratio")
    for name, title in (
        ("paint_s", "first paint, wall"), ("paint_cpu_s", "first paint, processor"),
        ("usable_s", "usable composer, wall"), ("usable_cpu_s", "usable composer, processor"),
    ):  # fmt: skip
        low, high = median(starts[empty], name) * 1000, median(starts[home], name) * 1000
        print(f"{title:<34} {low:7.0f}   {high:7.0f}    {high / low:.2f}")
    low, high = memory_of(empty), memory_of(home)
    print(f"{'memory after reading, MB':<34} {low:7.0f}   {high:7.0f}    {high - low:+.0f} MB")


async def _made(database: Path) -> None:
    database.parent.mkdir(parents=True, exist_ok=True)
    store = await Store.open(database)
    await store.close()


def main() -> None:
    """Make the database where it is not there yet, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--messages", type=int, default=corpus.MESSAGES)
    parser.add_argument("--resident", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.resident:
        print(asyncio.run(resident(options.folder / "data" / "workbench.db")))
        return
    with tempfile.TemporaryDirectory() as temporary:
        home = options.folder or Path(temporary) / "home"
        database = corpus.make(home.absolute(), options.messages)
        with closing(sqlite3.connect(database)) as raw:
            messages, conversations = raw.execute(
                "select (select count(*) from messages), (select count(*) from conversations)"
            ).fetchone()
        print(f"{messages:,} messages, {conversations:,} conversations, {database.stat().st_size / 1e6:,.0f} MB\n")
        asyncio.run(measure(database))
        compare_with_empty(home.absolute(), Path(temporary) / "empty")


if __name__ == "__main__":
    main()
