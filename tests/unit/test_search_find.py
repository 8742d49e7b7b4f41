"""Searching real conversations: what is found, in which order, page by page, and what is left out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.storage import opened, plain
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.search import index, statements
from workbench.conversations.search import search as searching
from workbench.conversations.search.query import parsed
from workbench.conversations.search.search import Search
from workbench.conversations.search.values import SearchHit, SearchOrder, SearchPage
from workbench.conversations.values import MessageState, Role
from workbench.core.clock import ManualClock
from workbench.core.text import folded
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

DAY = 86_400
OCTOBER_10 = 1_791_590_400_000
"""2026-10-10 in UTC."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db") as one:
        yield one


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(OCTOBER_10)


@pytest.fixture
def conversations(store: Store, clock: ManualClock) -> Conversations:
    return Conversations(store, clock, "0instance")


async def said(
    conversations: Conversations, prompt: str, answer: str, *, into: str | None = None, provider: str = "openai",
    model: str = "gpt-4o", state: MessageState = MessageState.DONE,
) -> str:  # fmt: skip
    """A turn; the id of its conversation."""
    begun = await conversations.begin_turn(prompt=prompt, conversation_id=into)
    await conversations.finish_reply(begun.reply.id, state=state, text=answer, provider=provider, model=model)
    return begun.conversation.id


async def change(store: Store, conversation_id: str, **columns: object) -> None:
    """Set columns of a conversation."""

    async def work(transaction: Transaction) -> None:
        for name, value in columns.items():
            sql = "update conversations set $name = ? where id = ?".replace("$name", name)
            await transaction.execute(sql, (value, conversation_id))

    await store.write(work)


def snippets(page: SearchPage) -> list[str]:
    return [hit.snippet for hit in page.hits]


async def test_messages_are_found_newest_first_with_marks_and_all_that_lists_show(
    store: Store, conversations: Conversations, clock: ManualClock
) -> None:
    search = Search(store)
    first = await said(conversations, "How do retries work?", "Retrying needs a budget")
    clock.advance(DAY)
    second = await said(conversations, "予算は？", "A budget caps retries", provider="anthropic", model="claude-opus")
    await conversations.make_private(second)
    page = await search.find("retry")
    assert snippets(page) == ["A budget caps retries", "Retrying needs a budget", "How do retries work?"]
    assert (page.total, page.capped, page.next, page.words) == (3, False, None, ("retry",))
    newest = page.hits[0]
    assert newest == SearchHit(
        conversation_id=second, message_id=newest.message_id, title="予算は？", role=Role.ASSISTANT,
        state=MessageState.DONE, provider="anthropic", model="claude-opus", snippet="A budget caps retries",
        marks=((14, 21),), created_at_ms=OCTOBER_10 + DAY * 1000, private=True,
    )  # fmt: skip
    assert snippets(await search.find("予算")) == ["予算は？"]
    assert snippets(await search.find("retry -budget")) == ["How do retries work?"]
    assert snippets(await search.find("budg", typing=True)) == ["A budget caps retries", "Retrying needs a budget"]
    assert (await search.find("budg")).total == 0
    assert snippets(await search.find("retry role:you")) == ["How do retries work?"]
    assert snippets(await search.find("retry model:claude")) == ["A budget caps retries"]
    assert snippets(await search.find("retry after:2026-10-11")) == ["A budget caps retries"]
    assert [hit.conversation_id for hit in (await search.find("retry before:2026-10-11")).hits] == [first, first]


async def test_messages_that_stand_long_after_their_time_are_found_in_it(
    store: Store, conversations: Conversations, clock: ManualClock
) -> None:
    clock.advance(30 * DAY)
    late = await said(conversations, "a budget", "in November")
    # The clock is set back by a month: the place goes on from the one before, the time does not.
    clock.advance(-30 * DAY)
    begun = await conversations.begin_turn(prompt="another budget", conversation_id=late)
    (plan,) = await store.read(f"explain query plan {statements.LATE}")
    assert "messages_late" in plan["detail"]
    found = await Search(store).find("budget before:2026-10-12")
    assert [hit.message_id for hit in found.hits] == [begun.user_message.id]


async def test_what_streams_is_not_found_and_what_was_interrupted_may_still_change(
    store: Store, conversations: Conversations
) -> None:
    search = Search(store)
    begun = await conversations.begin_turn(prompt="question", conversation_id=None, system="be brief")
    await conversations.save_reply(begun.reply.id, text="half a draft")
    assert snippets(await search.find("brief")) == ["be brief"]
    assert (await search.find("draft")).total == 0
    other = Conversations(store, ManualClock(OCTOBER_10), "0other")
    await other.mark_interrupted(lambda _owner: False)
    assert snippets(await search.find("draft has:error")) == ["half a draft"]
    # The program was only thought to be dead.
    await conversations.save_reply(begun.reply.id, text="half a sentence")
    assert (await search.find("draft")).total == (await search.find("sentence")).total == 0
    await conversations.finish_reply(begun.reply.id, state=MessageState.DONE, text="a whole sentence", provider="p")
    assert snippets(await search.find("sentence -has:error provider:p")) == ["a whole sentence"]
    assert (await search.find("draft")).total == (await search.find("half")).total == 0


async def test_nothing_is_left_in_the_index_of_what_was_taken_out(
    tmp_path: Path, store: Store, conversations: Conversations
) -> None:
    await said(conversations, "漢字、and ```code```", "an answer", state=MessageState.FAILED)

    async def purge(transaction: Transaction) -> int:
        everything = "select $columns from messages".replace("$columns", index.COLUMNS)
        return await index.take_out(transaction, await transaction.fetch(everything))

    assert await store.write(purge) == 2
    assert await store.write(purge) == 0, "once is enough"
    with plain(tmp_path / "workbench.db") as connection:
        connection.execute("create virtual table temp.left_over using fts5vocab(main, 'messages_fts', 'row')")
        assert connection.execute("select term from temp.left_over").fetchall() == []


async def test_pages_follow_each_other_and_the_count_is_kept(
    store: Store, conversations: Conversations, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "COUNTED", 5)
    search = Search(store)
    for number in range(4):
        clock.advance(60)
        await said(conversations, f"needle {number}", f"needle needle {number}")
    for order in SearchOrder:
        whole = await search.find("needle", order=order)
        assert (len(whole.hits), whole.total, whole.capped, whole.next) == (8, 5, True, None)
        pages = [await search.find("needle", order=order, limit=3)]
        while (after := pages[-1].next) is not None:
            pages.append(await search.find("needle", order=order, limit=3, after=after))
        assert [len(page.hits) for page in pages] == [3, 3, 2]
        assert {(page.total, page.capped) for page in pages} == {(5, True)}
        assert [hit for page in pages for hit in page.hits] == list(whole.hits)
    best = await search.find("needle", order=SearchOrder.BEST)
    assert all("needle needle" in snippet for snippet in snippets(best)[:4])
    listed = [await search.find("", limit=3)]
    listed.append(await search.find("", limit=3, after=listed[0].next))
    assert snippets(listed[0]) + snippets(listed[1]) == [f"needle {number}" for number in (3, 2, 1, 0)]
    assert (listed[1].total, listed[1].next) == (4, None)
    assert (await search.find("needle", after="nonsense", limit=3)).hits == (await search.find("needle", limit=3)).hits


async def test_filters_of_conversations_and_what_they_hide(
    store: Store, conversations: Conversations, clock: ManualClock
) -> None:
    search = Search(store)
    ids: dict[str, str] = {}
    for name in ("plain", "tagged", "filed", "pinned", "archived", "trash"):
        clock.advance(60)
        ids[name] = await said(conversations, f"needle {name}", "hay", model=f"model-{name}")
    await change(store, ids["tagged"], tags='["To do", "x"]')
    await change(store, ids["filed"], folder="Work/rust")
    await change(store, ids["pinned"], pinned=1)
    await change(store, ids["archived"], archived_at=1)
    await change(store, ids["trash"], deleted_at=1)
    visible = ["needle pinned", "needle filed", "needle tagged", "needle plain"]
    for words in ("needle ", ""):
        found = {
            query: snippets(await search.find(words + query))
            for query in ("", "tag:x", 'tag:"to do"', "-tag:x", "folder:work", "folder:wor", "-folder:work/rust",
                          "is:pinned", "-is:pinned", "is:archived", "is:trash", "is:private", "model:model-filed")
        }  # fmt: skip
        assert found == {
            "": visible, "tag:x": ["needle tagged"], 'tag:"to do"': ["needle tagged"],
            "-tag:x": ["needle pinned", "needle filed", "needle plain"],
            "folder:work": ["needle filed"], "folder:wor": [],
            "-folder:work/rust": ["needle pinned", "needle tagged", "needle plain"],
            "is:pinned": ["needle pinned"], "-is:pinned": ["needle filed", "needle tagged", "needle plain"],
            "is:archived": ["needle archived"], "is:trash": ["needle trash"], "is:private": [],
            # A prompt is nobody's answer, but a conversation has one.
            "model:model-filed": [] if words else ["needle filed"],
        }  # fmt: skip
    assert snippets(await search.find("-model:filed -model:plain")) == ["needle pinned", "needle tagged"]
    assert [c.id for c in await search.conversations((await search.find("is:trash")).hits)] == [ids["trash"]]
    assert snippets(await search.find("in:title needle -plain -filed")) == ["needle pinned", "needle tagged"]


async def test_a_title_is_found_when_no_message_has_its_words(store: Store, conversations: Conversations) -> None:
    search = Search(store)
    named = await said(conversations, "how often?", "thrice")
    both = await said(conversations, "a budget?", "yes")
    for id_, title in ((named, "Budgets of retries"), (both, "Budget")):
        await change(store, id_, title=title, title_folded=folded(title), titled_by="user")
    page = await search.find("budget")
    assert [(hit.title, hit.message_id is None, hit.role) for hit in page.hits] == [
        ("Budgets of retries", True, None), ("Budget", False, Role.USER),
    ]  # fmt: skip
    assert page.hits[0].marks == ((0, 7),)
    assert page.total == 2
    assert snippets(await search.find("retr", typing=True)) == ["Budgets of retries"]
    for without in ("budget role:you", "budget after:2020", "budget -retries"):
        assert snippets(await search.find(without)) == ["a budget?"], "a title has no role and no time"


async def test_both_ways_lead_to_the_same_messages(
    store: Store, conversations: Conversations, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        clock.advance(60)
        id_ = await said(conversations, f"needle {number}", "needle " * (number + 1))
        await change(store, id_, tags=json.dumps(["odd" if number % 2 else "even"]))
    made = statements.of_messages(parsed("needle tag:odd"))
    values = {**made.values, "match": made.match, "low": 0, "before": statements.LATEST, "limit": 4, "most": 5,
              "most_text": 100, "ranked": 100, "offset": 0}  # fmt: skip
    rows = [[tuple(row) for row in await store.read(made.newest(within=within), values)] for within in (True, False)]
    assert rows[0] == rows[1]
    assert {row[0] for row in rows[0]} == {5}, "up to five of six were counted"
    best = [[row["id"] for row in await store.read(made.best(within=within), values)] for within in (True, False)]
    assert best[0] == best[1]
    # The service chooses by figures.
    search = Search(store)
    expected = (await search.find("needle tag:odd")).hits
    monkeypatch.setattr(searching, "_MANY_HITS", 1)
    assert (await search.find("needle tag:odd")).hits == expected
    monkeypatch.setattr(searching, "_FEW", 1)
    assert (await search.find("needle tag:odd")).hits == expected
    monkeypatch.setattr(searching, "_RANKED_ALL", 2)
    monkeypatch.setattr(searching, "_RANKED_NEWEST", 2)
    page = await search.find("needle", order=SearchOrder.BEST)
    assert len(page.hits) == 3
    assert page.notes == ("More than 2 messages match: the best of the newest 2 are shown",)
    monkeypatch.setattr(searching, "_MANY_ANSWERS", 1)
    assert (await search.find("model:gpt provider:openai tag:odd")).total == 3


async def test_a_store_that_cannot_be_written_is_searched_too(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    async with opened(path) as store:
        await said(Conversations(store, ManualClock(), "0instance"), "needle", "hay")
    reading = await Store.open(path, read_only=True)
    try:
        assert (await Search(reading).find("needle")).total == 1
    finally:
        await reading.close()


async def test_a_message_without_a_place_in_the_index_is_told_of(store: Store, conversations: Conversations) -> None:
    await said(conversations, "needle", "hay")

    async def forget(transaction: Transaction) -> None:
        await index.take_out_message(transaction, (await transaction.fetch("select id from messages limit 1"))[0]["id"])

    await store.write(forget)
    assert (await Search(store).find("hay")).notes == ("Still indexing: 1 of 2 messages can be found",)
