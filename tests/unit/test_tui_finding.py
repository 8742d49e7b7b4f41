from __future__ import annotations

import pytest

from tests.support.laid_out import markdown_lines
from workbench.tui.markdown.matching import marks_around, matches_in
from workbench.tui.state.finding import PIECE, Hits, Needle, pieces_of


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("error", "Error, ERROR and error", ["Error", "ERROR", "error"]),
        ("Error", "Error, ERROR and error", ["Error"]),
        ("cafe", "Café CAFÉ cafe", ["Café", "CAFÉ", "cafe"]),
        ("café", "Cafe\u0301 cafe", ["Cafe\u0301", "cafe"]),
        ("strasse", "Straße", ["Straße"]),
        ("漢字", "漢字かな漢字", ["漢字", "漢字"]),
        ("aa", "aaaaa", ["aa", "aa"]),
        ("x", "", []),
        ("[/]", "[/] [b]", ["[/]"]),
    ],
)
def test_capitals_count_only_when_typed_and_accents_never(typed: str, text: str, found: list[str]) -> None:
    needle = Needle.of(typed)
    places = needle.places(text)
    marks = [text[start:end] for start, end in places]
    # A combining accent behind the last letter may be left out of the mark.
    assert [mark.rstrip("\u0301") for mark in marks] == [word.rstrip("\u0301") for word in found]
    assert needle.count(text) == len(found)


def test_signs_of_markdown_hide_nothing_unless_they_are_looked_for() -> None:
    text = "a **bold `word`** and _more_ of snake_case"
    for typed in ("bold word", "word and more of", "snake_case"):
        assert Needle.of(typed).count(text, formatted=True) == 1
    assert Needle.of("**bold").count(text, formatted=True) == 1
    assert Needle.of("bold word").count(text) == 0


def test_long_texts_are_looked_through_in_pieces_that_lose_nothing() -> None:
    text = "a line of text\n" * 40_000
    pieces = list(pieces_of(text))
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= PIECE
    assert all(piece.endswith("\n") for piece in pieces)
    assert "".join(pieces_of("x" * (PIECE + 5))) == "x" * (PIECE + 5)


def test_hits_are_counted_along_the_conversation_and_walked_round() -> None:
    order = ["a", "b", "c", "d"]
    hits = Hits(counts={"a": 2, "c": 1})
    assert hits.number(order) == 0
    assert hits.begin(order, 1)
    assert (hits.message_id, hits.number(order), hits.total) == ("c", 3, 3)
    walked = [hits.number(order) for _ in range(4) if hits.step(order, 1)]
    assert walked == [1, 2, 3, 1]
    back = [hits.number(order) for _ in range(4) if hits.step(order, -1)]
    assert back == [3, 2, 1, 3]
    assert hits.begin(order, 3)
    assert hits.number(order) == 3
    # An earlier page moves the figure, not the place.
    hits.counts["z"] = 5
    assert hits.number(["z", *order]) == 8


def test_without_hits_there_is_nowhere_to_go() -> None:
    hits = Hits(counts={"a": 0})
    assert not hits.begin(["a"], 0)
    assert not hits.step(["a"], 1)
    assert hits.number(["a"]) == 0


def test_a_match_is_found_across_wrapped_rows_formatting_and_long_words() -> None:
    lines = markdown_lines("one **two three** four five\n\n> quoted words wrap too\n\n`abcdefghijklmnopqrstuvwxyz`", 12)

    def drawn(typed: str) -> list[list[str]]:
        found = matches_in(lambda y: lines[y], 0, len(lines), Needle.of(typed))
        return [[lines[m.y].text[m.start : m.end] for m in match] for match in found if match]

    assert drawn("two three four") == [["two", "three four"]]
    assert drawn("quoted words") == [["quoted", "words"]]
    assert drawn("jklmno") == [["jkl", "mno"]]
    assert drawn("nothing") == []
    y = next(y for y, line in enumerate(lines) if line.text == "three four")
    (mark,) = marks_around(lambda y: lines[y], len(lines), y, Needle.of("two three"))
    assert lines[y].text[mark.start : mark.end] == "three"
