"""Whether a database is sound: its pages, its references, its index, and its trees of messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from workbench.storage.failures import damaged
from workbench.storage.upkeep.hands import Hand, StoppedError
from workbench.storage.upkeep.values import Checked, Finding, Soundness

_SHOWN = 5

_TREE = (
    (
        "messages hang under messages of their own conversation",
        "select count(*) from messages m join messages p on p.id = m.parent_id"
        " where p.conversation_id <> m.conversation_id",
    ),
    ("messages stand after those above them",
     "select count(*) from messages m join messages p on p.id = m.parent_id where p.n >= m.n"),
    (
        "what is in force belongs to its conversation",
        "select count(*) from conversations c left join messages m on m.id = c.active_leaf_id"
        " where c.active_leaf_id is not null and (m.id is null or m.conversation_id <> c.id)",
    ),
)  # fmt: skip


def check(database: Path, hand: Hand) -> Checked:
    """Look at every page, reference, index entry and tree of `database`, without writing; blocks for seconds per GB."""
    findings = [
        _found("pages", hand, lambda: _pages(database, hand)),
        _found("references", hand, lambda: _references(database, hand)),
        _found("full-text index", hand, lambda: _index(database, hand)),
        _found("conversations", hand, lambda: _trees(database, hand)),
    ]
    return Checked(findings=tuple(findings))


def _found(name: str, hand: Hand, look: Callable[[], tuple[Soundness, str]]) -> Finding:
    try:
        state, detail = look()
    except sqlite3.Error as error:
        if hand.stopped:
            raise StoppedError from error
        state, detail = Soundness.DAMAGED if damaged(error) else Soundness.WRONG, str(error)
    return Finding(check=name, state=state, detail=detail)


def _pages(database: Path, hand: Hand) -> tuple[Soundness, str]:
    with hand.looking(database) as connection:
        names = [
            str(row[0])
            for row in connection.execute("select name from sqlite_master where type = 'table' and rootpage > 0")
        ]
        problems: list[str] = []
        for done, name in enumerate(names):
            hand.tell("checking pages", done, len(names) + 1)
            problems += [str(row[0]) for row in connection.execute(f'pragma integrity_check("{name}")')]
        hand.tell("checking pages", len(names), len(names) + 1)
        # Of the file as a whole: pages that belong to nobody, or to two.
        problems += [str(row[0]) for row in connection.execute(f"pragma quick_check({_SHOWN})")]
    found = [problem for problem in problems if problem != "ok"]
    return (Soundness.DAMAGED, "; ".join(found[:_SHOWN])) if found else (Soundness.OK, f"{len(names)} tables")


def _references(database: Path, hand: Hand) -> tuple[Soundness, str]:
    with hand.looking(database) as connection:
        hand.tell("checking references")
        broken = connection.execute("pragma foreign_key_check").fetchmany(_SHOWN)
    if broken:
        return Soundness.WRONG, "; ".join(f"row {row[1]} of {row[0]} names no {row[2]}" for row in broken)
    return Soundness.OK, ""


def _index(database: Path, hand: Hand) -> tuple[Soundness, str]:
    with hand.looking(database) as connection:
        hand.tell("checking the full-text index")
        # Walks through all of it. FTS5's own check is a statement that writes, and would hold up everybody.
        connection.execute("create virtual table temp.words using fts5vocab(main, messages_fts, 'row')")
        words = connection.execute("select count(*), sum(cnt) from temp.words").fetchone()[0]
        has, wanted = (
            int(connection.execute(sql).fetchone()[0])
            for sql in (
                "select count(*) from messages_fts_docsize",
                "select count(*) from messages where indexed = 1",
            )
        )
    if has != wanted:
        return Soundness.WRONG, f"it has {has:,} messages, {wanted:,} should be in it"
    return Soundness.OK, f"{words:,} words of {has:,} messages"


def _trees(database: Path, hand: Hand) -> tuple[Soundness, str]:
    with hand.looking(database) as connection:
        problems: list[str] = []
        for done, (rule, sql) in enumerate(_TREE):
            hand.tell("checking conversations", done, len(_TREE))
            count = int(connection.execute(sql).fetchone()[0])
            if count:
                problems.append(f"{count:,} times not so: {rule}")
    return (Soundness.WRONG, "; ".join(problems)) if problems else (Soundness.OK, "")
