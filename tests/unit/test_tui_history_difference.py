"""What differs between two texts, line by line and word by word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.tui.history.difference import (
    LONGEST,
    MOST_WORDS,
    Comparison,
    DrawnRow,
    compared,
    side_by_side,
    stacked,
)
from workbench.tui.markdown.textlines import Run, cells
from workbench.tui.palette import Role


def texts(comparison: Comparison, side: str) -> str:
    lines = [line for block in comparison.blocks for line in (block.left if side == "left" else block.right)]
    return "\n".join("".join(text for text, _ in line) for line in lines)


def marked(runs: tuple[Run, ...]) -> str:
    return "".join(f"[{text.strip()}]" if key != Role.TEXT and text.strip() else text for text, key in runs)


def column(rows: list[DrawnRow], side: str) -> list[str]:
    return [marked(row.left if side == "left" else row.right) for row in rows]


def test_words_that_differ_are_marked_and_what_is_the_same_is_not() -> None:
    found = compared("Rules:\nwait one second, then retry\nthe end", "Rules:\nwait two seconds, then give up\nthe end")
    assert found.differences == 1
    same, changed, last = found.blocks
    assert (same.same, changed.same, last.same) == (True, False, True)
    assert marked(changed.left[0]) == "wait [one second], then [retry]"
    assert marked(changed.right[0]) == "wait [two seconds], then [give up]"


def test_nothing_something_and_everything() -> None:
    assert compared("", "").differences == 0
    assert compared("a\nb", "a\nb").differences == 0
    added = compared("a", "a\nnew line")
    assert added.differences == 1
    assert marked(added.blocks[-1].right[0]) == "[new line]"
    assert added.blocks[-1].left == ()
    assert compared("one", "two").differences == 1


@given(*[st.text(alphabet="ab \n.", max_size=60)] * 2)
def test_nothing_is_lost(left: str, right: str) -> None:
    found = compared(left, right)
    for side, text in (("left", left), ("right", right)):
        kept = [line for line in texts(found, side).split("\n") if line]
        assert kept == [line for line in text.split("\n") if line]
    assert (found.differences == 0) == (left == right)


def test_huge_texts_are_compared_in_bounds_and_that_is_said() -> None:
    words = " ".join(f"w{n}" for n in range(MOST_WORDS + 10))
    whole = compared(words, words.replace("w7 ", "x7 "))
    assert [key for _, key in whole.blocks[0].left[0]] != [Role.TEXT], "too long to look at each word"
    assert "Only the first 200,000" in compared("x" * (LONGEST + 1), "y").note
    many = compared("\n".join(f"a{n}" for n in range(9_000)), "\n".join(f"b{n}" for n in range(9_000)))
    assert many.differences == 1


def test_both_sides_are_drawn_as_high_as_the_higher_one_and_fit() -> None:
    found = compared("same\nshort here", "same\n" + "a much longer line that is wrapped " * 4)
    rows = side_by_side(found, 30)
    assert [row.begins for row in rows].count(True) == 1
    assert column(rows, "left")[0].strip() == column(rows, "right")[0].strip() == "same"
    assert all(cells("".join(text for text, _ in half)) <= 30 for row in rows for half in (row.left, row.right))
    assert rows[1].left[0][0] == "-"
    assert rows[1].right[0][0] == "+"
    assert rows[-1].left == ()
    above = stacked(found, 30)
    signs = [row.left[0][0] for row in above]
    assert signs == sorted(signs, key=" -+".index), "first what is only at the left, then what is only at the right"
    assert not any(row.right for row in above)
