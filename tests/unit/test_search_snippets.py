"""What the index finds is marked, and a snippet shows where."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.full_text import full_text, matching
from workbench.conversations.search.matching import match_of
from workbench.conversations.search.query import Query, parsed
from workbench.conversations.search.snippets import LENGTH, marks_in, snippet_of


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("He runs; running, and RUN. Prune!", "run", ["runs", "running", "RUN"]),
        ("Cafe\u0301 café CAFES", "Café", ["Cafe\u0301", "café", "CAFES"]),
        ("e-mail, E mail, email", '"e mail"', ["e-mail", "E mail"]),
        ("timeouts Timing untimely", "tim*", ["timeouts", "Timing"]),
        ("検索、検 索 abc検索", "検索", ["検索", "検索"]),
        ("abc検 xabc検", "abc検", ["abc検"]),
        ("検, 索", '"検, 索"', ["検, 索"]),
        ("กินข้าว", "กิน", ["กิน"]),
        ("retry retry budget", '"retry budget" retry', ["retry", "retry budget"]),
        ("snake_case_name", "case", ["case"]),
        (
            "hoping happy sensibility relational",
            "hope happies sensible relate",
            ["hoping", "happy", "sensibility", "relational"],
        ),
        ("nothing", "else", []),
    ],
)
def test_every_form_of_a_word_is_marked(text: str, query: str, marked: list[str]) -> None:
    words = [term.mark for term in parsed(query).terms]
    assert [text[start:end] for start, end in marks_in(text, words)] == marked


PARTS = st.lists(
    st.sampled_from(
        [
            "run",
            "Running",
            "café",
            "漢字",
            "字",
            " ",
            "-",
            "\n",
            "_",
            "s",
            "happy",
            "happies",
            "hoping",
            "hope",
            "1",
            "、",
            "é",
        ]
    ),
    max_size=8,
).map("".join)


@settings(deadline=None)
@given(PARTS, PARTS)
def test_a_text_has_marks_when_the_index_finds_it(text: str, word: str) -> None:
    query = Query(terms=parsed(f'"{word}"').terms)
    words = [term.mark for term in query.terms]
    if not words:
        return
    with full_text([text]) as index:
        assert bool(marks_in(text, words)) == bool(matching(index, match_of(query)))


@given(st.text(max_size=900), st.lists(PARTS, max_size=3), st.integers(0, 900))
def test_a_snippet_is_one_line_with_marks_inside_it(text: str, words: list[str], at: int) -> None:
    text = text[:at] + " ".join(words) + text[at:]
    marked = [term.mark for word in words for term in parsed(word).terms]
    snippet, marks = snippet_of(text, marked)
    assert len(snippet) <= LENGTH
    assert "\n" not in snippet
    assert all(0 <= start < end <= len(snippet) for start, end in marks)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(marks))


def test_a_snippet_shows_the_place_with_the_most_words() -> None:
    text = "needle " + "x " * 300 + "a needle in\nthe hay " + "y " * 300
    snippet, marks = snippet_of(text, ["needle", "hay"])
    assert [snippet[start:end] for start, end in marks] == ["needle", "hay"]
    assert snippet.startswith("…x x")
    assert "needle in the hay" in snippet
    assert snippet.endswith("…")
    assert snippet_of("  short\n text ", []) == ("short text", ())
