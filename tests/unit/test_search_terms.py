"""The index finds Chinese, Japanese, Korean and Thai exactly as LIKE does, and stems as SQLite does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.full_text import full_text, matching
from workbench.conversations.branching.branches import STOPPED_BY_YOU
from workbench.conversations.search.matching import match_of
from workbench.conversations.search.query import Query, Term
from workbench.conversations.search.stemming import root, stem
from workbench.conversations.search.terms import facets_of, has_words, leveled, spaced

# Few characters, so that what is looked for is often there; whole Latin words, because those are found as words.
ALONE = "漢字中日々ーかがガｶ한글กินี้、。ａ！"
LATIN = ("cat", "dog7", "2026")
PIECES = st.one_of(st.text(st.sampled_from(ALONE), min_size=1, max_size=4), st.sampled_from(LATIN))


def joined(pieces: list[str]) -> str:
    """Pieces as they are written: Latin words apart from each other, the rest with or without a space."""
    text = ""
    for piece in pieces:
        # Full-width letters are letters of words, not characters that stand alone.
        apart = text and text[-1].isalnum() and piece[0].isalnum() and not _alone(text[-1]) and not _alone(piece[0])
        text += (" " if apart else "") + piece
    return text


def _alone(character: str) -> bool:
    return spaced(character) != character


TEXTS = st.lists(st.one_of(PIECES, st.sampled_from([" ", ", ", "\n", "-"])), max_size=8).map(joined)


def like(texts: list[str], wanted: str) -> set[int]:
    """What `LIKE '%wanted%'` finds."""
    with full_text() as connection:
        connection.execute("create table plain(n integer primary key, text text)")
        connection.executemany("insert into plain values (?, ?)", enumerate(texts, 1))
        return {row[0] for row in connection.execute("select n from plain where text like ?", (f"%{wanted}%",))}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(TEXTS, min_size=1, max_size=12), st.text(st.sampled_from(ALONE.replace("ａ", "")), min_size=1, max_size=6)
)
def test_characters_without_spaces_are_found_as_like_finds_them(texts: list[str], wanted: str) -> None:
    with full_text(texts) as index:
        assert matching(index, match_of(Query(terms=(Term(text=wanted),)))) == like(texts, wanted)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=12), st.data())
def test_a_piece_of_what_is_there_is_found(texts: list[str], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(texts))
    start = data.draw(st.integers(0, max(len(text) - 1, 0)))
    wanted = text[start : start + data.draw(st.integers(1, 6))].strip()
    # Words are found as words: a piece that cuts a Latin one is none.
    cut = any(
        at in (start, start + len(wanted)) and 0 < at < len(text)
        and all(c.isalnum() and not _alone(c) for c in text[at - 1 : at + 1])
        for at in range(len(text))
    )  # fmt: skip
    if not has_words(wanted) or cut or text[start : start + len(wanted)] != wanted:
        return
    with full_text(texts) as index:
        assert texts.index(text) + 1 in matching(index, match_of(Query(terms=(Term(text=wanted),))))


def test_ascii_text_is_indexed_as_it_is() -> None:
    text = "no change: a-b_c"
    assert spaced(text) is text
    assert spaced("漢字, abc字") == " 漢  字  \ue000 abc 字 "
    assert leveled("Éa\u0301ﬁ漢") == "ea\u0301ﬁ漢"


WORDS = st.one_of(
    st.text(st.sampled_from("abcdeilostuvxyzß漢"), min_size=1, max_size=9),
    st.tuples(
        st.sampled_from(["", "r", "tr", "hop", "rel", "connec", "sky", "feed", "ballo", "oper"]),
        st.sampled_from([
            "ational", "tional", "ization", "izer", "ed", "ing", "eed", "sses", "ies", "s", "iveness", "fulness",
            "ousli", "biliti", "icate", "ative", "alize", "ical", "ful", "ness", "ement", "ment", "ent", "ion", "sion",
            "ou", "ive", "e", "ll", "y", "logi", "ator", "ying",
        ]),
        st.sampled_from(["", "s", "ed", "ly", "ing"]),
    ).map("".join),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=40))
def test_stems_are_those_of_sqlite(words: list[str]) -> None:
    with full_text() as index:
        index.executemany("insert into messages_fts(rowid, text) values (?, ?)", enumerate(words, 1))
        found = dict(index.execute("select doc, term from words where offset = 0").fetchall())
    assert {number: stem(word) for number, word in enumerate(words, 1)} == found
    by_stem = {stem(word): root(word) for word in words}
    assert all(word.startswith(by_stem[stem(word)]) for word in words)


@pytest.mark.parametrize(
    ("state", "reason", "wrong"),
    [("done", "", False), ("failed", "x", True), ("interrupted", "x", True), ("stopped", "cut", True),
     ("stopped", STOPPED_BY_YOU, False)],
)  # fmt: skip
def test_only_what_went_wrong_has_an_error(state: str, reason: str, wrong: bool) -> None:
    row = {"role": "user", "state": state, "reason": reason, "provider": None, "model": None, "text": "", "parts": None}
    assert ("he0r0r0o0r0" in facets_of(row)) is wrong
