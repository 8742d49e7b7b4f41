"""Text that grows is shown, after each piece, as a fresh layout of all so far shows it."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.laid_out import flow_lines, markdown_lines
from workbench.tui.markdown import blocks, flow, open_blocks
from workbench.tui.markdown.blocks import Block, parse_blocks
from workbench.tui.markdown.flow import MarkdownFlow
from workbench.tui.markdown.textlines import Line

SIGNS = ["# ", "- ", "1. ", "> ", "```", "\n", "\n\n", "  ", "    ", "|", "a", "*b*", "---", "`"]
LISTS = [
    "- one", "- two *words*", "* other", "+ third", "9. nine", "10. ten", "1) paren", "\n", "\n\n", "\n  - inner",
    "\n    1. deep", "\n  goes on", "\n\n  second paragraph", "\n  ```py\n  x = 1\n", "  ```\n", "\n\n      code", "-",
    "--", "\n-\n", "\n- \n\n", "lazy", "\n> quote", "\n  > inner quote\n", "\n===\n", "\n---\n", "\n***\n",
    "\n# head\n", "| a | b |\n|---|---|\n", "| 1 | 2 |\n", "[a]", "  ", " ", "\t", "\n   - three in",
    "[a]: http://x.y\n",
]  # fmt: skip
STORIES = {
    "tight list that becomes loose": "- a\n- b\n- c\n\n- d\n\n  more of d\n- e\n",
    "numbers that get wider": "".join(f"{number}. item {number}\n" for number in range(7, 13)),
    "nested lists": "1. one\n   - a\n     - deep\n   - b\n\n     loose inside\n2. two\n   - c\n3. three\n\nafter\n",
    "a list with code": "- ```py\n  x = 1\n  ```\n- ```py\n  y = 2\n  ```\n\n- words\n- ```\n  open\n",
    "a list that ends": "- a\n- b\n\nA paragraph of several words.\n\n* other\n* kind\n1. third\n",
    "a first line that turns": "head\n-\n\n-- one\n\nx\n\n-[a]: http://x.y\n\n1. a\n\nx\n\n1.b\n",
    "a table that turns out to be none": "|\n|# \n---# \n\n- a\n|# \n---# \n",
    "half lines that turn": "- a\n- b\n---\n- c\n--\n- d\n***\n* e\n* * *\nx\n===\n",
    "quotes": "> one\n> two\nlazy\n> - a\n> - b\n\n> > deep\n\nend\n",
    "a table": "| a | b |\n|---|--:|\n| 1 | 2 |\n| long words | 3 |\nnot a row\n\n- | a |\n  |---|\n  | 1 |\n- b\n",
    "setext and references": "Title\n=====\n\n[a]: http://x.y\n\nother\n---\n- [a]\n- [b][a]\n\n[b]: z\n",
    "a fence": "```py\nx = 1\n\ny = '''\n~~~\n```\n- a\n",
}


def shows_the_same(pieces: list[str], width: int) -> None:
    growing, text = MarkdownFlow(), ""
    for piece in pieces:
        text += piece
        growing.extend(piece)
        growing.layout(width)
        lines = [growing.line(y) for y in range(growing.layout(width))]
        fresh = MarkdownFlow()
        fresh.extend(text)
        assert lines == flow_lines(fresh, width), text
    growing.finish()
    assert flow_lines(growing, width) == markdown_lines(text, width)


@given(st.lists(st.sampled_from(SIGNS)))
@settings(max_examples=150, deadline=None)
def test_small_pieces_of_syntax(pieces: list[str]) -> None:
    shows_the_same(pieces, 30)


@given(st.lists(st.sampled_from(LISTS), max_size=25))
@settings(max_examples=150, deadline=None)
def test_pieces_of_lists(pieces: list[str]) -> None:
    shows_the_same(["- first\n", *pieces], 16)


@pytest.mark.parametrize("story", STORIES)
def test_stories_in_pieces_of_any_size(story: str) -> None:
    text = STORIES[story]
    shows_the_same([*text], 24)
    pick = random.Random(story)
    for _ in range(4):
        cuts = sorted({0, len(text), *(pick.randrange(len(text)) for _ in range(12))})
        shows_the_same([text[start:end] for start, end in pairwise(cuts)], 40)


@given(st.lists(st.sampled_from(LISTS + SIGNS), max_size=25))
@settings(max_examples=150, deadline=None)
def test_what_is_said_to_be_unchanged_is(pieces: list[str]) -> None:
    growing, before = MarkdownFlow(), list[Line]()
    for piece in ["1. a\n2. b\n", *pieces]:
        growing.extend(piece)
        lines = [growing.line(y) for y in range(growing.layout(16))]
        assert lines[: growing.unchanged] == before[: growing.unchanged]
        before = lines


def test_of_a_growing_list_only_the_last_item_is_parsed_and_laid_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []

    def spy(text: str) -> list[Block]:
        parsed.append(len(text))
        return parse_blocks(text)

    monkeypatch.setattr(flow, "parse_blocks", spy)
    monkeypatch.setattr(open_blocks, "parse_blocks", spy)
    growing = MarkdownFlow()
    growing.extend("Some words.\n\n")
    height = unchanged = 0
    for number in range(11, 90):
        for piece in (f"{number}. item ", "with *words*", "\n    - inner\n"):
            growing.extend(piece)
            height = growing.layout(80)
        unchanged = growing.unchanged
    assert max(parsed) < 130
    assert (height, unchanged) == (2 + 2 * 79, 2 + 2 * 77)


def test_a_growing_list_that_cannot_be_laid_out_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    growing = MarkdownFlow()
    growing.extend("- a\n- b")
    growing.layout(20)
    monkeypatch.setattr(blocks, "inline_runs", broken)
    growing.extend("c\n")
    assert [line.text for line in flow_lines(growing, 20)] == ["- a", "- bc"]


def test_an_item_that_grows_and_grows_is_parsed_again_only_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []

    def spy(text: str) -> list[Block]:
        parsed.append(len(text))
        return parse_blocks(text)

    monkeypatch.setattr(flow, "parse_blocks", spy)
    monkeypatch.setattr(open_blocks, "parse_blocks", spy)
    growing, piece = MarkdownFlow(), "  - an inner item of about sixty characters, with *words* in it\n"
    growing.extend("- first\n")
    for number in range(250):
        growing.extend(piece)
        growing.layout(80)
        if number == 120:
            parsed.clear()
    assert sum(parsed) < 20 * 250 * len(piece)
    # When it is over at last, only what follows is parsed again.
    growing.extend("- second\n" + "more of it " * 300)
    growing.layout(80)
    parsed.clear()
    growing.extend("and more\n")
    growing.layout(80)
    assert sum(parsed) < 10_000
    growing.finish()
    assert growing.line(growing.layout(80) - 1).text.endswith("and more")
