"""Hits by conversation, and the lines that the list draws of them."""

from __future__ import annotations

from typing import Any

from workbench.conversations.search.values import SearchHit, SearchPage
from workbench.conversations.values import Conversation, MessageState, Role
from workbench.tui.history.results import HIT, Results, counted, snippet_runs, title_runs
from workbench.tui.history.telling import day, reader_title
from workbench.tui.markdown.textlines import Run, cells


def hit(
    conversation: int, message: int | None, snippet: str = "…a retry budget caps retries…", **more: Any
) -> SearchHit:
    found = snippet.find("retry budget")
    values: dict[str, Any] = {
        "conversation_id": f"c{conversation}", "message_id": None if message is None else f"m{message}",
        "title": f"Title {conversation}", "role": Role.ASSISTANT, "state": MessageState.DONE, "provider": "p",
        "model": "m", "snippet": snippet, "marks": ((found, found + 12),) if found >= 0 else (),
        "created_at_ms": 1_790_000_000_000,
    }  # fmt: skip
    return SearchHit(**(values | more))


def page(*hits: SearchHit, total: int | None = None, capped: bool = False, more: str | None = None) -> SearchPage:
    return SearchPage(
        hits=hits, total=len(hits) if total is None else total, capped=capped, next=more, words=("retry",)
    )


def text(runs: list[Run]) -> str:
    return "".join(part for part, _ in runs)


def test_hits_stand_under_their_conversation_also_when_a_later_page_brings_them() -> None:
    results = Results(page(hit(1, 1), hit(2, 2), hit(1, 3), total=6, more="x"))
    assert [row.key for row in results.rows] == [("c1", None), ("c1", "m1"), ("c1", "m3"), ("c2", None), ("c2", "m2")]
    results.add(page(hit(1, 4), hit(3, None), total=6))
    assert [row.key for row in results.rows[:4]] == [("c1", None), ("c1", "m1"), ("c1", "m3"), ("c2", None)]
    assert results.rows[-1].target.message_id is None
    assert results.rows[0].target.message_id == "m1", "a conversation is read at its first hit"
    results.unfold(results.groups[0])
    assert [row.key for row in results.rows[:4]] == [("c1", None), ("c1", "m1"), ("c1", "m3"), ("c1", "m4")]
    assert results.place(("c1", "m4")) == 3
    results.unfold(results.groups[0])
    assert results.place(("c1", "m4")) == 0, "what is folded away is where its conversation is"
    assert results.place(("gone", None)) is None


def test_the_next_hit_beyond_a_branch_is_one_that_was_not_on_it() -> None:
    results = Results(page(hit(1, 1), hit(1, 2), hit(1, 3), hit(2, 4)))
    first = results.rows[0]
    other = results.beyond(first, {"m1", "m2"}, 1)
    assert other is not None
    assert other.key == ("c1", "m3")
    following = results.beyond(other, {"m1", "m3"}, 1)
    assert following is not None
    assert following.key == ("c2", "m4")
    assert results.beyond(following, {"m4"}, 1) is None
    before = results.beyond(following, {"m4"}, -1)
    assert before is not None
    assert before.key == ("c1", "m3")
    assert results.beyond(first, (), -1) is None


def test_conversations_that_were_unfolded_are_so_when_the_same_is_found_again() -> None:
    before = Results(page(hit(1, 1), hit(1, 2), hit(1, 3), hit(2, 4), hit(2, 5), hit(2, 6)))
    before.unfold(before.groups[0])
    after = Results(page(hit(3, 9), hit(2, 4), hit(2, 5), hit(2, 6), hit(1, 1), hit(1, 2), hit(1, 3)))
    after.unfold_like(before)
    assert [group.unfolded for group in after.groups] == [False, False, True]
    assert len(after.rows) == 2 + 3 + 4


def test_days_of_any_time_can_be_told() -> None:
    now = 1_790_000_000_000
    assert day(now, now) == "today"
    assert day(253_402_300_799_999, now).endswith("99")
    assert day(-(10**18), now)
    assert day(10**18, now)


def test_a_long_title_leaves_room_for_what_must_be_known() -> None:
    one = Conversation(
        id="c", title="a long title " * 20, created_at_ms=0, updated_at_ms=0, messages=1, private=True, deleted_at_ms=1
    )
    told = reader_title(one, 60)
    assert cells(told) <= 60
    assert told.endswith("private · in the trash · read only")


def test_counts_say_when_there_are_more() -> None:
    assert counted(Results(page(hit(1, 1), hit(1, 2), hit(2, 3))), 14) == "3 hits in 2 chats · 14 ms"
    assert counted(Results(page(hit(1, 1), total=10_000, capped=True, more="x")), 9) == "10,000+ hits in 1+ chat · 9 ms"
    assert counted(Results(page(hit(1, None), total=1)), 2) == "1 chat · 2 ms"


def test_a_line_fits_and_shows_the_words_that_were_found() -> None:
    for width in (3, 12, 20, 42, 90):
        for snippet in (
            "…a retry budget caps retries…",
            f"{'long ' * 30}retry budget{' more' * 30}",
            "前" * 60 + " retry budget",
        ):
            runs = snippet_runs(hit(1, 1, snippet), width)
            assert cells(text(runs)) <= width + 6 if width < 8 else cells(text(runs)) <= width
            if width >= 42:
                assert ("retry budget", HIT) in runs, (width, runs)
        assert cells(text(title_runs(Results(page(hit(1, 1))).groups[0], "12 Nov", width))) <= max(width, 16)


def test_foreign_text_is_cleaned_and_stays_on_its_line() -> None:
    runs = snippet_runs(hit(1, 1, "\x1b[31mred\nretry budget\u202e"), 60)
    assert "\x1b" not in text(runs)
    assert "\n" not in text(runs)
    assert "\u202e" not in text(runs)
    assert ("retry budget", HIT) in runs
