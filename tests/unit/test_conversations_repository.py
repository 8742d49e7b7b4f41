from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.storage import opened
from workbench.conversations.keeping import rows
from workbench.conversations.keeping.drafts import Drafts
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.telling.documents import message_document
from workbench.conversations.values import BrokenPart, MessageState, Role
from workbench.core.clock import ManualClock
from workbench.core.errors import NotFoundError, StorageError, UsageError
from workbench.core.ids import new_id
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

ME = "0instance"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db") as one:
        yield one


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def conversations(store: Store, clock: ManualClock) -> Conversations:
    return Conversations(store, clock, ME)


async def finish(conversations: Conversations, message_id: str, text: str = "answer", **more: Any) -> None:
    values = {"state": MessageState.DONE, "provider": "main", "model": "m-1", "finish_reason": "stop"} | more
    await conversations.finish_reply(message_id, text=text, **values)


async def attempt(store: Store, message_id: str, ord_: int, state: str, *, run: str = "run", at: int = 1000) -> None:
    sql = """
        insert into attempts(id, run_id, ord, message_id, provider, model, state, error_kind, error_text, http_status,
          started_at, first_token_at, ended_at, in_tokens, out_tokens, cost_nano)
        values (?, ?, ?, ?, 'main', 'm-1', ?, 'timeout', 'too slow', 504, ?, ?, ?, 7, 9, 1500)
    """
    values = (new_id(), run, ord_, message_id, state, at, at + 120, None if state == "running" else at + 800)
    await store.write(lambda t: t.execute(sql, values))


async def test_a_turn_is_stored_before_anybody_is_asked(conversations: Conversations, clock: ManualClock) -> None:
    begun = await conversations.begin_turn(
        prompt="\n  What is\ta  leaf?\nand more", conversation_id=None, system="be brief", provider="main", model="m-1"
    )
    conversation = begun.conversation
    assert (conversation.title, conversation.provider, conversation.model) == ("What is a leaf?", "main", "m-1")
    assert (conversation.messages, conversation.active_leaf_id) == (3, begun.reply.id)
    assert conversation.created_at_ms == clock.now_ms()
    assert begun.user_message.text == "\n  What is\ta  leaf?\nand more"
    assert (begun.user_message.role, begun.user_message.state) == (Role.USER, MessageState.DONE)
    assert (begun.reply.role, begun.reply.state, begun.reply.text) == (Role.ASSISTANT, MessageState.STREAMING, "")
    path = await conversations.path(conversation.id)
    assert [m.role for m in path] == [Role.SYSTEM, Role.USER, Role.ASSISTANT]
    assert [m.parent_id for m in path] == [None, path[0].id, path[1].id]
    assert path[0].text == "be brief"


async def test_the_next_turn_hangs_under_the_active_leaf_and_keeps_title_and_pin(conversations: Conversations) -> None:
    first = await conversations.begin_turn(prompt="one", conversation_id=None, system="s", provider="main")
    await finish(conversations, first.reply.id)
    id_ = first.conversation.id
    second = await conversations.begin_turn(prompt="two", conversation_id=id_, system="s", provider="x")
    assert second.user_message.parent_id == first.reply.id
    assert (second.conversation.title, second.conversation.provider) == ("one", "main")
    third = await conversations.begin_turn(prompt="three", conversation_id=first.conversation.id, system="other")
    texts = [m.text for m in await conversations.path(first.conversation.id)]
    assert texts == ["s", "one", "answer", "two", "", "other", "three", ""]
    beside = await conversations.begin_turn(prompt="1", conversation_id=id_, beside_id=first.user_message.id)
    assert beside.user_message.parent_id == first.user_message.parent_id
    with pytest.raises(UsageError):
        await conversations.begin_turn(prompt="1", conversation_id=id_, beside_id=first.reply.id)
    under = await conversations.begin_turn(
        prompt="2b", conversation_id=first.conversation.id, parent_id=first.reply.id
    )  # fmt: skip
    assert under.user_message.parent_id == first.reply.id
    assert (await conversations.get(third.conversation.id)).active_leaf_id == under.reply.id


async def test_a_turn_that_cannot_be_stored_leaves_nothing(conversations: Conversations, store: Store) -> None:
    other = await conversations.begin_turn(prompt="other", conversation_id=None)
    mine = await conversations.begin_turn(prompt="mine", conversation_id=None)
    before = (await store.read("select count(*) from messages"))[0][0]
    for conversation, parent in [("nobody", None), (mine.conversation.id, other.reply.id), (mine.conversation.id, "x")]:
        with pytest.raises(NotFoundError):
            await conversations.begin_turn(prompt="no", conversation_id=conversation, parent_id=parent, system="s")
    assert (await store.read("select count(*) from messages"))[0][0] == before


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("x" * 80, "x" * 59 + "…"),
        ("", ""),
        (" \n\t", ""),
        ("a\0b", "a�b"),
        ("\x1b[2Jhi", "␛[2Jhi"),
        ("\r\nline", "line"),
    ],
)
async def test_titles(conversations: Conversations, prompt: str, title: str) -> None:
    begun = await conversations.begin_turn(prompt=prompt, conversation_id=None)
    assert begun.conversation.title == title


async def test_a_reply_grows_ends_and_then_never_changes(conversations: Conversations, store: Store) -> None:
    begun = await conversations.begin_turn(prompt="q", conversation_id=None)
    await conversations.save_reply(begun.reply.id, text="once", reasoning="hm")
    partial = await conversations.message(begun.reply.id)
    assert (partial.text, partial.reasoning, partial.state) == ("once", "hm", MessageState.STREAMING)
    broken = (BrokenPart(provider="first", model="m-0", text="upon"),)
    await finish(conversations, begun.reply.id, "once more", reasoning="hm, hm", broken=broken)
    await attempt(store, begun.reply.id, 1, "ok")
    await attempt(store, begun.reply.id, 0, "failed")
    done = await conversations.message(begun.reply.id)
    assert (done.text, done.reasoning, done.broken, done.state) == ("once more", "hm, hm", broken, MessageState.DONE)
    assert (done.provider, done.model, done.finish_reason, done.reason) == ("main", "m-1", "stop", "")
    assert [(a.ord, a.state, a.first_token_ms, a.duration_ms) for a in done.attempts] == [
        (0, "failed", 120, 800), (1, "ok", 120, 800),
    ]  # fmt: skip
    first = done.attempts[0]
    assert (first.error_kind, first.reason, first.http_status) == ("timeout", "too slow", 504)
    assert (first.input_tokens, first.output_tokens, first.cost_nano) == (7, 9, 1500)
    with pytest.raises(StorageError, match="does not change"):
        await conversations.save_reply(begun.reply.id, text="forged")
    with pytest.raises(StorageError, match="does not change"):
        await finish(conversations, begun.reply.id, "forged")
    with pytest.raises(NotFoundError):
        await finish(conversations, "nobody")
    for sql in ["update messages set text = 'forged'", "update messages set state = 'failed'"]:
        with pytest.raises(StorageError, match="finished message"):
            await store.write(lambda t, sql=sql: t.execute(sql))
    assert await conversations.message(begun.reply.id) == done


async def test_attempts_of_a_continued_reply_stay_in_the_order_they_were_made(
    conversations: Conversations, store: Store
) -> None:
    begun = await conversations.begin_turn(prompt="q", conversation_id=None)
    for run, ord_, at in [("z-first", 0, 1000), ("z-first", 1, 1000), ("a-second", 0, 2000), ("a-second", 1, 2000)]:
        await attempt(store, begun.reply.id, ord_, "failed", run=run, at=at)
    found = (await conversations.path(begun.conversation.id))[-1].attempts
    assert [a.ord for a in found] == [0, 1, 0, 1]


HOSTILE = [
    "nul \0 inside", "alone \ud800", "\udfff\ud800", "\r\n\t\x1b]52;c;x\x07", "é" * 1_000_000, "x" * 2_000_000, "",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
async def test_whatever_a_model_or_a_person_sends_is_kept(conversations: Conversations, text: str) -> None:
    begun = await conversations.begin_turn(prompt=text, conversation_id=None, system=text)
    await conversations.save_reply(begun.reply.id, text=text, reasoning=text)
    await finish(
        conversations, begun.reply.id, text, reasoning=text, reason=text, provider=text, model=text,
        broken=[BrokenPart(provider=text, model=text, text=text)],
    )  # fmt: skip
    reply = await conversations.message(begun.reply.id)
    kept = [begun.user_message.text, reply.text, reply.reasoning, reply.broken[0].text]
    assert {len(one) for one in kept} == {len(text)}
    assert len(set(kept)) == 1
    for ours, theirs in zip(kept[0], text, strict=True):
        assert ours == theirs or theirs in "\0\ud800\udfff"
    json.dumps(message_document(reply)).encode()


async def put(store: Store, id_: str) -> None:
    sql = "insert into conversations(id, title, created_at, updated_at) values (?, ?, 1, 1)"
    await store.write(lambda t: t.execute(sql, (id_, f"put {id_}")))


async def test_get_takes_an_id_its_beginning_or_last(
    conversations: Conversations, clock: ManualClock, store: Store
) -> None:  # fmt: skip
    with pytest.raises(NotFoundError):
        await conversations.get("last")
    made = []
    for n in range(3):
        made.append((await conversations.begin_turn(prompt=str(n), conversation_id=None)).conversation)
        clock.advance(1)
    await put(store, "abc1")
    for reference in ["abc1", "abc", "a", " ABC "]:
        # Ids made now begin with a digit.
        assert (await conversations.get(reference)).title == "put abc1"
    assert (await conversations.get(made[1].id)).title == "1"
    assert (await conversations.get("last")).title == "2"
    await conversations.begin_turn(prompt="again", conversation_id=made[1].id)
    assert (await conversations.get("last")).title == "1"
    with pytest.raises(NotFoundError, match=r"[Ss]everal"):
        await conversations.get(made[1].id[:3])
    for reference in ["", "zzz", "%", "a'b", "\0", "\ud800", "x" * 100_000]:
        with pytest.raises(NotFoundError):
            await conversations.get(reference)
    await put(store, "abc")
    assert (await conversations.get("abc")).title == "put abc", "a whole id is itself, though another begins with it"


def count_reads(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that are made from now on."""
    made: list[str] = []
    read = store.read

    async def counted(sql: str, params: Any = ()) -> Any:
        made.append(sql)
        return await read(sql, params)

    monkeypatch.setattr(store, "read", counted)
    return made


async def many(store: Store, count: int) -> None:
    rows = [(f"{n:05}", str(n), n, n // 3) for n in range(count)]

    async def work(transaction: Transaction) -> None:
        sql = "insert into conversations(id, title, created_at, updated_at) values (?, ?, ?, ?)"
        await transaction.executemany(sql, rows)
        sql = "insert into messages(id, conversation_id, role, model, created_at) values (?, ?, 'user', ?, 1)"
        for message in "abc":
            await transaction.executemany(sql, [(f"{row[0]}{message}", row[0], f"m-{message}") for row in rows])

    await store.write(work)


async def test_list_is_newest_first_in_two_queries(
    conversations: Conversations, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many(store, 60)
    queries = count_reads(store, monkeypatch)
    total, found = await conversations.list()
    assert (total, len(found), len(queries)) == (60, 50, 2)
    assert [c.id for c in found] == [f"{n:05}" for n in range(59, 9, -1)]
    assert {(c.messages, c.models) for c in found} == {(3, ("m-a", "m-b", "m-c"))}
    _, rest = await conversations.list(limit=50, offset=50)
    assert [c.id for c in rest] == [f"{n:05}" for n in range(9, -1, -1)]
    assert (await conversations.list(limit=0)) == (60, [])
    await store.write(lambda t: t.execute("update conversations set archived_at = 1 where id = '00059'"))
    total, found = await conversations.list(limit=1)
    assert (total, found[0].id) == (59, "00058")


async def test_long_lists_and_trees_are_paged_inside(
    conversations: Conversations, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many(store, 1203)
    _, found = await conversations.list(limit=5000)
    assert [c.id for c in found] == [f"{n:05}" for n in range(1202, -1, -1)]
    chain = [(f"m{n:05}", f"m{n - 1:05}" if n else None, str(n)) for n in range(1203)]

    async def work(transaction: Transaction) -> None:
        sql = """
            insert into messages(id, conversation_id, parent_id, role, created_at, text)
            values (?, 'long', ?, 'user', 1, ?)
        """
        await transaction.execute("insert into conversations(id, created_at, updated_at) values ('long', 1, 1)")
        await transaction.executemany(sql, chain)
        await transaction.execute("update conversations set active_leaf_id = 'm01202' where id = 'long'")

    await store.write(work)
    numbers = [str(n) for n in range(1203)]
    assert [m.text for m in await conversations.tree("long")] == numbers
    assert [m.text for m in await conversations.path("long")] == numbers
    for newest in (0, 1, 30, 500, 501, 1000, 1203, 5000):
        expected = numbers[-newest:] if newest else []
        assert [m.text for m in await conversations.path("long", newest=newest)] == expected
    queries = count_reads(store, monkeypatch)
    await conversations.path("long", newest=30)
    assert len(queries) == 2


@pytest.mark.parametrize("index", ["conversations_recent", "messages_conv", "messages_models"])
async def test_lists_use_their_indexes(store: Store, index: str) -> None:
    found = await store.read(f"explain query plan {rows.RECENT}", {"limit": 50, "offset": 0})
    plan = [str(tuple(row)) for row in found]
    assert any(index in line for line in plan), plan
    assert not any("SCAN m" in line for line in plan)


async def test_unknown_conversations_and_messages(conversations: Conversations) -> None:
    begun = await conversations.begin_turn(prompt="q", conversation_id=None)
    other = await conversations.begin_turn(prompt="q", conversation_id=None)
    for call in (
        conversations.tree("nobody"), conversations.path("nobody"), conversations.message("nobody"),
        conversations.path(begun.conversation.id, leaf_id=other.reply.id),
        conversations.pin("nobody", provider="a", model=None), conversations.message("\ud800"),
    ):  # fmt: skip
        with pytest.raises(NotFoundError):
            await call


async def test_pin_to_a_provider(conversations: Conversations, store: Store) -> None:
    begun = await conversations.begin_turn(prompt="q", conversation_id=None)
    id_ = begun.conversation.id
    await store.write(lambda t: t.execute("""update conversations set settings = '{"other": 1}'"""))
    await conversations.pin(id_, provider="main", model="m-1")
    found = await conversations.get(id_)
    assert (found.provider, found.model) == ("main", "m-1")
    await conversations.pin(id_, provider="main", model=None)
    assert (await conversations.get(id_)).model is None
    await conversations.pin(id_, provider=None, model=None)
    assert (await store.read("select settings from conversations"))[0][0] == '{"other": 1}'


async def test_interrupted_replies(conversations: Conversations, store: Store, clock: ManualClock) -> None:
    gone = Conversations(store, clock, "0gone")
    alive = Conversations(store, clock, "0alive")
    lost = await gone.begin_turn(prompt="q", conversation_id=None)
    await gone.save_reply(lost.reply.id, text="as far as it came", reasoning="r")
    await attempt(store, lost.reply.id, 0, "failed")
    await attempt(store, lost.reply.id, 1, "running")
    ended = await gone.begin_turn(prompt="q", conversation_id=None)
    await finish(gone, ended.reply.id)
    running = await alive.begin_turn(prompt="q", conversation_id=None)
    mine = await conversations.begin_turn(prompt="q", conversation_id=None)
    asked: list[str] = []

    def is_alive(owner: str) -> bool:
        asked.append(owner)
        return owner == "0alive"

    (marked,) = await conversations.mark_interrupted(is_alive)
    assert (marked.id, marked.state, marked.text, marked.reasoning) == (
        lost.reply.id, MessageState.INTERRUPTED, "as far as it came", "r",
    )  # fmt: skip
    assert marked.reason
    assert (marked.provider, marked.model) == ("main", "m-1"), "who was answering"
    assert [a.state for a in marked.attempts] == ["failed", "cancelled"]
    assert sorted(asked) == ["0alive", "0gone"], "once each, and never about ourselves"
    for one in (running, mine):
        assert (await conversations.message(one.reply.id)).state is MessageState.STREAMING
    assert await conversations.mark_interrupted(is_alive) == []
    # One that was taken for dead while it only slept can still end well: nothing is lost.
    await finish(gone, lost.reply.id, "the whole answer")
    assert (await conversations.message(lost.reply.id)).state is MessageState.DONE


async def test_more_interrupted_replies_than_a_page(conversations: Conversations, store: Store) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.execute("insert into conversations(id, created_at, updated_at) values ('c', 1, 1)")
        sql = """
            insert into messages(id, conversation_id, role, state, owner, created_at)
            values (?, 'c', 'assistant', 'streaming', ?, 1)
        """
        await transaction.executemany(sql, [(f"m{n}", None if n % 2 else "0gone") for n in range(1100)])

    await store.write(work)
    assert len(await conversations.mark_interrupted(lambda _: False)) == 1100


async def test_drafts_survive_and_follow_their_conversation(
    store: Store, clock: ManualClock, conversations: Conversations
) -> None:
    drafts = Drafts(store, clock)
    begun = await conversations.begin_turn(prompt="q", conversation_id=None)
    id_ = begun.conversation.id
    assert await drafts.load(None) == ""
    await drafts.save(None, "to come")
    await drafts.save(id_, "one")
    await drafts.save(id_, "two \0\ud800")
    assert await drafts.all() == {id_: "two ��", None: "to come"}
    assert await drafts.load(id_) == "two ��"
    await drafts.save(None, "")
    assert await drafts.all() == {id_: "two ��"}

    async def delete(transaction: Transaction) -> None:
        await transaction.execute("update conversations set active_leaf_id = null")
        await transaction.execute("delete from conversations")

    await store.write(delete)
    assert await drafts.all() == {}
    assert await store.read("select * from messages") == []
