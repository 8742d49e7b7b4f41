"""A home full of conversations, made quickly and always the same, for measuring search and lists.

The texts are pieces of Python's own library, so words are as frequent as they are in real text and code; one message
in fifty is Chinese, Japanese or Korean. Nothing of it is made twice: the database stays in the folder.

    python -m benchmarks.corpus FOLDER [--messages N]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final

from workbench.conversations.keeping.writes import title_of
from workbench.conversations.search import index
from workbench.conversations.search.terms import facets_of, spaced
from workbench.core.ids import ALPHABET
from workbench.core.text import folded
from workbench.storage.schema import PLACES_A_SECOND
from workbench.storage.store import Store

MESSAGES: Final = 100_000
A_CONVERSATION: Final = 20
"""Messages of a conversation, on average."""
LONG: Final = 1_000
"""Messages of the long conversations, of which there is one in five thousand."""
SPAN_S: Final = 3 * 365 * 86_400
END_S: Final = 1_790_000_000
"""The newest message is said about here (September 2026)."""
BATCH: Final = 5_000
BYTES_OF_LIBRARY: Final = 12_000_000

_MODELS: Final = (
    ("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-opus-4"),
    ("gemini", "gemini-2.5-pro"), ("ollama", "qwen3:8b"), ("openrouter", "deepseek/deepseek-r1"),
)  # fmt: skip
_HAN: Final = "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后"
_KANA: Final = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをんアカサタナ"
_HANGUL: Final = "가나다라마바사아자차카타파하고노도로모보소오조초코토포호구누두루무부수우주추쿠투푸후는은이을를에서"
_WORDS: Final = ("重试", "数据库", "搜索", "検索", "データ", "タイムアウト", "시간", "검색", "예산", "超时")

_CONVERSATION = """
    insert into conversations(
      id, title, title_folded, titled_by, settings, tags, folder, pinned, archived_at, deleted_at, created_at,
      updated_at
    ) values (:id, :title, :folded, :by, :settings, :tags, :folder, :pinned, :archived, :deleted, :first, :last)
"""
_MESSAGE = """
    insert into messages(
      n, id, conversation_id, parent_id, role, state, provider, model, reason, indexed, created_at, text
    ) values (:n, :id, :conversation, :parent, :role, :state, :provider, :model, '', 1, :at, :text)
"""
_LEAVES = """
    update conversations set active_leaf_id =
      (select id from messages where conversation_id = conversations.id order by n desc limit 1)
"""


class Texts:
    """Texts of messages, cut out of Python's library."""

    def __init__(self, chance: random.Random) -> None:
        """Reads the library once."""
        files = sorted(Path(os.__file__).parent.glob("[a-z]*/*.py")) + sorted(Path(os.__file__).parent.glob("*.py"))
        pieces: list[str] = []
        size = 0
        for file in files:
            if "site-packages" not in file.parts and size < BYTES_OF_LIBRARY:
                pieces.append(file.read_text("utf-8", "replace"))
                size += len(pieces[-1])
        self._library = "".join(pieces)
        self._chance = chance

    def of(self, role: str) -> str:
        """A text as long as those of `role` are."""
        chance = self._chance
        length = int(chance.lognormvariate(4.6, 0.9) if role == "user" else chance.lognormvariate(6.6, 0.9))
        if chance.random() < 0.02:
            return self._without_spaces(length // 3)
        start = chance.randrange(len(self._library) - 60_000)
        text = self._library[start : start + min(max(length, 12), 50_000)]
        if chance.random() < 0.15:
            text = f"Like this:\n\n```python\n{text}\n```\n"
        if chance.random() < 0.05:
            text += f"\nTicket {chance.randrange(100_000)}, caf\u00e9 na\u00efve"
        return text

    def _without_spaces(self, length: int) -> str:
        chance = self._chance
        letters = chance.choice((_HAN, _HAN, _KANA + _HAN, _HANGUL))
        words = ["".join(chance.choices(letters, k=chance.randrange(2, 9))) for _ in range(max(length // 5, 1))]
        words[chance.randrange(len(words))] = chance.choice(_WORDS)
        return chance.choice(("\u3002", " ", "\u3001")).join(words)


def make(folder: Path, messages: int = MESSAGES) -> Path:
    """The database of `messages` messages in `folder`, a home; made when it is not there yet."""
    database = folder / "data" / "workbench.db"
    if not database.exists():
        unfinished = folder / "making" / "workbench.db"
        unfinished.unlink(missing_ok=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        asyncio.run(_schema(unfinished))
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            connection.execute("pragma synchronous=off")
            connection.execute("pragma cache_size=-200000")
            _fill(connection, messages)
            connection.execute("pragma wal_checkpoint(truncate)")
        database.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(database)
    return database


async def _schema(database: Path) -> None:
    store = await Store.open(database)
    await store.close()


def _fill(connection: sqlite3.Connection, messages: int) -> None:
    chance = random.Random(5)
    ids = Ids()
    conversations, plan = _planned(chance, ids, messages)
    texts = Texts(chance)
    said = _messages(chance, ids, texts, conversations, plan)
    while batch := list(islice(said, BATCH)):
        connection.execute("begin")
        connection.executemany(_MESSAGE, batch)
        connection.executemany(
            index.PUT,
            [(row["n"], spaced(row["text"]), facets_of(row | {"reason": "", "parts": None})) for row in batch],
        )
        connection.execute("commit")
    connection.execute("begin")
    connection.executemany(_CONVERSATION, conversations)
    connection.execute(_LEAVES)
    connection.execute("commit")


class Ids:
    """Ids of the usual shape, in order of time, always the same."""

    def __init__(self) -> None:
        """Counts from 0."""
        self._count = 0

    def at(self, ms: int) -> str:
        """A new one for a moment."""
        self._count += 1
        value = ms << 80 | self._count
        return "".join(ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def _planned(chance: random.Random, ids: Ids, messages: int) -> tuple[list[dict[str, Any]], list[tuple[int, int]]]:
    """The conversations, and who speaks when: second and number of the conversation, in order of time."""
    conversations: list[dict[str, Any]] = []
    plan: list[tuple[int, int]] = []
    while len(plan) < messages:
        number = len(conversations)
        length = LONG if number % 5_000 == 7 else min(2 * int(chance.lognormvariate(1.95, 0.8)) + 2, 400)
        first = second = END_S - chance.randrange(SPAN_S)
        for _ in range(min(length, messages - len(plan))):
            plan.append((second, number))
            second += chance.choice((4, 15, 40, 90, 300)) if chance.random() < 0.97 else 40_000
        archived, deleted = chance.random() < 0.05, chance.random() < 0.01
        conversations.append({
            "id": ids.at(first * 1000),
            "settings": '{"private": true}' if chance.random() < 0.01 else "{}",
            "tags": '["work"]' if chance.random() < 0.05 else '["rare"]' if number % 2_500 == 11 else "[]",
            "folder": chance.choice(("work", "work/rust", "home")) if chance.random() < 0.1 else None,
            "by": chance.choice(("prompt", "model")),
            "pinned": int(number % 1_000 == 3),
            "archived": second * 1000 if archived else None,
            "deleted": second * 1000 if deleted else None,
            "first": first * 1000,
            "last": second * 1000,
        })  # fmt: skip
    plan.sort()
    return conversations, plan


def _messages(
    chance: random.Random, ids: Ids, texts: Texts, conversations: list[dict[str, Any]], plan: list[tuple[int, int]]
) -> Iterator[dict[str, Any]]:
    place = 0
    leaves: dict[int, tuple[str, str]] = {}
    for second, number in plan:
        place = max(place + 1, second * PLACES_A_SECOND)
        conversation = conversations[number]
        parent, before = leaves.get(number, (None, "assistant"))
        role = "user" if before == "assistant" else "assistant"
        text = texts.of(role)
        if parent is None:
            conversation["title"] = title_of(text)
            conversation["folded"] = folded(conversation["title"])
        provider, model = chance.choice(_MODELS) if role == "assistant" else (None, None)
        id_ = ids.at(second * 1000)
        leaves[number] = (id_, role)
        state = "done" if role == "user" or chance.random() > 0.02 else chance.choice(("stopped", "failed"))
        yield {
            "n": place, "id": id_, "conversation": conversation["id"], "parent": parent, "role": role, "state": state,
            "provider": provider, "model": model, "at": second * 1000, "reason": "", "parts": None,
            "text": text,
        }  # fmt: skip


def main() -> None:
    """Make one and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    options = parser.parse_args()
    began = time.perf_counter()
    database = make(options.folder, options.messages)
    size = database.stat().st_size / 1e6
    print(f"{database}: {size:,.0f} MB, {time.perf_counter() - began:,.0f} s")


if __name__ == "__main__":
    main()
