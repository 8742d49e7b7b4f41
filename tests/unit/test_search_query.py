"""Any text is a query, what it means is told, and SQLite takes what becomes of it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.full_text import full_text, matching
from workbench.conversations.search import statements
from workbench.conversations.search.matching import facets_match, match_of, stem_endings
from workbench.conversations.search.query import ConversationFilter, FacetFilter, Flag, Query, Term, parsed, start_of
from workbench.conversations.search.terms import facets_of

OCTOBER = 1_790_812_800_000
"""2026-10-01 in UTC, in which the tests run."""
NO_DATE = "is a year, a month or a day, e.g. 2026-10 - it was searched for as words"


def test_words_phrases_exclusions_and_filters_are_told_apart() -> None:
    query = parsed(
        'retry "a phrase" -not -"no phrase" role:ai -role:user provider:openai model:gpt-4 has:code -has:error'
        ' after:2026-10 before:2027 tag:"to do" -tag:done folder:/job/ is:pinned'
    )
    assert query.terms == (Term(text="retry"), Term(text="a phrase"))
    assert query.without == (Term(text="not"), Term(text="no phrase"))
    assert query.facets == (
        FacetFilter(name="role", values=("assistant",)),
        FacetFilter(name="role", values=("user",), negated=True),
        FacetFilter(name="provider", values=("openai",)),
        FacetFilter(name="model", values=("gpt-4",)),
        FacetFilter(name="has", values=("code",)),
        FacetFilter(name="has", values=("error",), negated=True),
    )
    assert query.after_ms == OCTOBER
    assert query.before_ms == start_of("2027")
    assert query.filters == (
        ConversationFilter(name="tag", value="to do"),
        ConversationFilter(name="tag", value="done", negated=True),
        ConversationFilter(name="folder", value="job"),
        ConversationFilter(name="is", value="pinned"),
    )
    assert (query.notes, query.for_conversations, query.flag(Flag.PINNED)) == ((), False, True)


@pytest.mark.parametrize(
    ("text", "words", "note"),
    [
        ("foo:bar", ["foo:bar"], "There is no filter foo: - it was searched for as words"),
        ("role:nobody", ["role:nobody"], "role: is user, assistant, system or tool - it was searched for as words"),
        ("is:odd", ["is:odd"], "is: is pinned, archived, trash or private - it was searched for as words"),
        ("in:body", ["in:body"], "in: is title - it was searched for as words"),
        ("has:wings", ["has:wings"], "has: is code, error or attachment - it was searched for as words"),
        ("after:soon", ["after:soon"], f"after: {NO_DATE}"),
        ("before:2026-13", ["before:2026-13"], f"before: {NO_DATE}"),
        ("tag:", [], "tag: needs a value"),
        ("🙂 word", ["word"], "Nothing can be searched for in 🙂"),
        ("https://a.b/c", ["https://a.b/c"], None),
        ('"never closed', ["never closed"], None),
        ('- -- "" \t', [], None),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_searched_for_and_told(text: str, words: list[str], note: str | None) -> None:
    query = parsed(text)
    assert [term.text for term in query.terms] == words
    assert query.notes == (() if note is None else (note,))


def test_while_typing_the_last_word_is_a_beginning_and_half_a_filter_is_none() -> None:
    assert parsed("retry bud", typing=True).terms == (Term(text="retry"), Term(text="bud", beginning=True))
    assert parsed("retry bud ", typing=True).terms[-1] == Term(text="bud"), "the word is whole"
    assert parsed("re", typing=True).terms == (Term(text="re"),), "two letters begin too many words"
    assert parsed("-ret", typing=True).without == (Term(text="ret"),), "half a word excludes only itself"
    assert parsed("予算", typing=True).terms == (Term(text="予算"),)
    assert parsed("bud* x").terms == (Term(text="bud", beginning=True), Term(text="x"))
    for half in ("role:ass", "is:pin", "tag:", "has:", "in:ti"):
        assert parsed(half, typing=True) == Query()
    assert parsed("foo:bar", typing=True).notes == ()


def test_a_long_query_is_read_up_to_a_limit_and_that_is_told() -> None:
    query = parsed(" ".join(f"w{number}" for number in range(50)))
    assert len(query.terms) == 32
    assert query.notes == ("Only the first 32 words and filters are used",)
    assert len(parsed("x" * 5_000).terms[0].text) == 1_000


@pytest.mark.parametrize(
    ("text", "conversations"),
    [
        ("", True), ("tag:a is:pinned after:2026", True), ("model:gpt provider:x", True), ("in:title word", True),
        ("word", False), ("-word", False), ("role:user", False), ("has:code tag:a", False),
    ],
)  # fmt: skip
def test_what_asks_for_nothing_of_messages_lists_conversations(text: str, conversations: bool) -> None:
    assert parsed(text).for_conversations is conversations


ROW = {
    "role": "assistant", "state": "failed", "reason": "", "provider": "openai", "model": "deepseek/deepseek-r1:8b",
    "text": "```\ncode\n```", "parts": '[{"type": "attachment"}]',
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("role:ai", True), ("role:user", False), ("role:user role:ai", True), ("-role:ai", False), ("-role:user", True),
        ("provider:openai", True), ("provider:open", True), ("provider:pen", False), ("provider:openrouter", False),
        ("model:deepseek", True), ("model:r1", True), ("model:deepseek-r1:8b", True), ("model:seek", False),
        ("has:code has:error has:attachment", True), ("-has:code", False), ("openai", False), ("role0", False),
        ("running", True), ("runs role:ai", True), ("-runs", False), ("runs -model:gpt", True), ("-walks", True),
    ],
)  # fmt: skip
def test_facets_say_what_a_message_is_and_are_no_words_of_it(query: str, found: bool) -> None:
    with full_text(["it runs"], facets_of(ROW)) as index:
        assert (matching(index, match_of(parsed(query))) == {1}) is found


def test_a_half_typed_word_finds_what_the_whole_one_will() -> None:
    texts = ["we run", "a connection", "happiness", "organization", "unrelated"]
    with full_text(texts) as index:
        for word, number in (("running", 1), ("connections", 2), ("happiness", 3), ("organizations", 4)):
            missed = [
                word[:length] for length in range(4, len(word) + 1)
                if number not in matching(index, match_of(parsed(word[:length], typing=True)))
                # `runn` is neither the beginning of `run` nor that of an ending.
                and word[:length] != "runn"
            ]  # fmt: skip
            assert missed == []
    assert "run" in stem_endings("runnin")


# Characters that mean something to the parser, to FTS5 or to SQLite are likelier than others.
TEXT = st.text(
    st.one_of(st.sampled_from('"*-:()^+{},.\0\\\'%_ \tNORAD漢字가ก\ud800é🙂'), st.characters()), max_size=60
)  # fmt: skip
FILTERS = st.sampled_from(
    ["role:", "has:code", "model:", "-provider:x", "after:2026", "before:", "tag:", "in:title", "is:", "NEAR(a b)"]
)


@settings(deadline=None)
@given(st.lists(st.one_of(TEXT, FILTERS), max_size=6).map(" ".join), st.booleans())
@example("\U0003134b", False)
def test_no_query_is_an_error(text: str, typing: bool) -> None:
    query = parsed(text, typing=typing)
    with full_text(["some text"], "ru0") as index:
        matching(index, match_of(query))
        facets = facets_match(query)
        if facets is not None:
            matching(index, facets)


def test_the_statements_of_a_query_hold_none_of_its_words() -> None:
    query = Query(
        terms=(Term(text="needle' or 1"),),
        filters=(ConversationFilter(name="tag", value="needle"), ConversationFilter(name="folder", value="needle")),
        facets=(FacetFilter(name="model", values=("needle",)),),
    )
    for made in (
        statements.of_messages(query), statements.of_titles(query), statements.of_conversations(query, by_facets=False),
    ):  # fmt: skip
        texts = [made.newest(within=within) for within in (True, False)]
        texts += [made.best(within=True), made.listed(), made.named(), made.let_through()]
        assert not any("needle" in text or "$" in text.replace("'$.private'", "") for text in texts)
