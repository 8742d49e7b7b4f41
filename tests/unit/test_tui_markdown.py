from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.laid_out import flow_lines, markdown_lines
from workbench.tui.markdown.blocks import parse_blocks
from workbench.tui.markdown.flow import MarkdownFlow
from workbench.tui.markdown.highlighting import LONGEST_LINE, highlighted
from workbench.tui.markdown.plain import PlainFlow
from workbench.tui.markdown.textlines import Join, clip, plain_lines, wrap
from workbench.tui.palette import BOLD, ITALIC, LINK, ON_INSET, STRIKE, UNDERLINE, Role

SAMPLE = """\
# Retry **budgets**

A budget caps retries as a *share* of requests, so a bad hour cannot double your load. See [the paper](http://a.b/x).
Second line with `code`, ~~gone~~ and **bold _and italic_**.

1. count per destination, not per call
2. refill 10 % of successes
   - nested one with long text that has to wrap around
     - third
   ```python
   def f(x):
       return x  # hi
   ```
3. done

> quote **bold**
> more
> > deeper

| name | value | note |
|---|---:|:--:|
| alpha | 1 | this is a long cell that needs to wrap when the table is narrow |
| 日本語 | 22 | ok |

Heading below
-------------

- loose

- list

日本語のテキストは単語の間に空白がないので、どこででも改行できますが、句読点は行頭に来てはいけません。

    indented code

<b>html</b> &amp; \\*escaped\\*

~~~js
let x = "averyveryveryveryveryveryveryveryveryveryveryverylongstring" + 1234567;
~~~

***

last words"""


def texts(source: str, width: int = 80) -> list[str]:
    return [line.text for line in markdown_lines(source, width)]


def keys(source: str) -> dict[str, int]:
    return {text.strip(): key for line in markdown_lines(source, 80) for text, key in line.runs if text.strip()}


def test_blocks_have_one_blank_line_between_them() -> None:
    assert texts("# Title\n\n\n\npara\n- a\n- b\n\n***") == ["Title", "", "para", "", "• a", "• b", "", "─" * 80]


def test_inline_styles() -> None:
    found = keys("plain **bold** _italic_ ~~struck~~ `code` **_both_**")
    assert found["plain"] == Role.TEXT
    assert found["bold"] == Role.TEXT | BOLD
    assert found["italic"] == Role.TEXT | ITALIC
    assert found["struck"] == Role.TEXT | STRIKE
    assert found["code"] == Role.WARNING
    assert found["both"] == Role.TEXT | BOLD | ITALIC


def test_links_show_their_address_as_plain_text() -> None:
    assert texts("[a](http://x.y) [b](http://y.z 'T') <http://auto.z> ![alt](pic.png)") == [
        'a (http://x.y) b (http://y.z "T") http://auto.z [image: alt] (pic.png)'
    ]
    assert keys("[a](http://x.y)")["a"] == Role.ACCENT | UNDERLINE | LINK
    assert keys("see https://a.example/b_(c), ok")["https://a.example/b_(c)"] == Role.ACCENT | UNDERLINE | LINK


def test_link_definitions_do_not_vanish() -> None:
    assert texts("[a][1]\n\n[1]: http://x.y") == ["[a][1]", "", "[1]: http://x.y"]


def test_lists_nest_number_and_stay_tight_or_loose() -> None:
    assert texts("9. nine\n10. ten\n    - deep\n      more") == [" 9. nine", "10. ten", "    ◦ deep", "      more"]
    assert texts("- a\n\n- b") == ["• a", "", "• b"]


def test_quotes_keep_their_bar_on_wrapped_lines() -> None:
    assert texts("> " + "word " * 6, 20) == ["▎ word word word", "▎ word word word"]


def test_a_table_shrinks_wraps_and_becomes_records_at_last() -> None:
    table = "| name | value |\n|---|--:|\n| alpha beta gamma | 1 |\n| b | 22 |"
    assert texts(table, 40) == ["name             │ value", "─────────────────┼──────", "alpha beta gamma │     1",
                                "b                │    22"]  # fmt: skip
    narrow = texts(table, 20)
    assert "alpha beta   │     1" in narrow
    assert "gamma        │      " in narrow
    assert all(cell_len(line) <= 20 for line in narrow)
    assert texts(table, 12) == ["name: alpha", "beta gamma", "value: 1", "────────────", "name: b", "value: 22"]


def test_code_is_coloured_once_its_language_is_known_and_indented_on_its_own_ground() -> None:
    lines = markdown_lines("```python\ndef f(): # hi\n```", 40)
    assert [line.text for line in lines] == [" python", "  def f(): # hi"]
    assert ("def", Role.ACCENT | BOLD | ON_INSET) in lines[1].runs
    assert ("# hi", Role.MUTED | ITALIC | ON_INSET) in lines[1].runs
    assert all(line.fill == Role.TEXT | ON_INSET for line in lines)
    assert {key for _, key in markdown_lines("```nosuchlanguage\ndef\n```", 40)[1].runs} == {Role.TEXT | ON_INSET}


def test_long_code_lines_are_cut_with_all_their_blanks() -> None:
    lines = markdown_lines("```\n" + "ab  " * 10 + "\n```", 14)
    assert "".join(line.text[2:] for line in lines) == "ab  " * 10
    assert [line.join for line in lines] == [Join.NOTHING, Join.DIRECT, Join.DIRECT, Join.DIRECT]


def test_wide_characters_break_anywhere_but_not_before_closing_punctuation() -> None:
    lines = texts("漢字かな、漢字。", 8)
    assert lines == ["漢字か", "な、漢", "字。"]
    assert all(cell_len(line) <= 80 for line in texts("👩 emoji 🎉 " * 30))


@pytest.mark.parametrize("width", [1, 2, 5, 12, 24, 40, 100])
def test_no_line_is_wider_than_asked_except_where_a_character_or_bar_is(width: int) -> None:
    for line in markdown_lines(SAMPLE, width):
        assert cell_len(line.text) <= max(width, 8)


@pytest.mark.parametrize("seed", range(12))
def test_streamed_in_any_pieces_it_ends_as_if_it_had_come_at_once(seed: int) -> None:
    pick = random.Random(seed)
    width = pick.choice([24, 60, 100])
    flow = MarkdownFlow()
    at = 0
    while at < len(SAMPLE):
        size = pick.randint(1, 25)
        flow.extend(SAMPLE[at : at + size])
        at += size
        flow.layout(width)
    flow.finish()
    assert flow_lines(flow, width) == markdown_lines(SAMPLE, width)
    assert flow_lines(flow, width + 7) == markdown_lines(SAMPLE, width + 7)


def test_an_open_fence_is_plain_and_gets_its_colours_when_it_closes() -> None:
    flow = MarkdownFlow()
    flow.extend("text\n\n```python\ndef f():\n    return 1\n")
    assert {key for line in flow_lines(flow, 40)[3:] for _, key in line.runs} == {Role.TEXT | ON_INSET}
    flow.extend("```\n")
    assert ("def", Role.ACCENT | BOLD | ON_INSET) in flow_lines(flow, 40)[3].runs
    assert [line.text for line in flow_lines(flow, 40)] == texts("text\n\n```python\ndef f():\n    return 1\n```", 40)


def test_only_the_last_block_is_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []

    def spy(text: str) -> object:
        parsed.append(len(text))
        return parse_blocks(text)

    monkeypatch.setattr("workbench.tui.markdown.flow.parse_blocks", spy)
    flow = MarkdownFlow()
    for number in range(200):
        flow.extend(f"paragraph {number} with some words\n\n")
        flow.layout(80)
    assert max(parsed) < 120
    parsed.clear()
    flow.extend("```\n")
    for number in range(500):
        flow.extend(f"code {number}\n")
        flow.layout(80)
    assert len(parsed) <= 2
    flow.extend("```\n\n" + "one long line ")
    for _ in range(2_000):
        flow.extend("that goes on and on ")
        flow.layout(80)
    assert sum(parsed) < 1_500_000


def test_plain_flow_grows_like_the_whole() -> None:
    flow = PlainFlow()
    for at in range(0, len(SAMPLE), 5):
        flow.extend(SAMPLE[at : at + 5])
        flow.layout(33)
    assert flow_lines(flow, 33) == plain_lines(SAMPLE, 33)


@given(st.text(alphabet=st.sampled_from("ab 漢、é👍\u3000-")), st.integers(min_value=1, max_value=12))
@settings(max_examples=200, deadline=None)
def test_wrapping_keeps_every_character_that_is_not_blank(text: str, width: int) -> None:
    spans = wrap(text, width)
    pieces = [text[start:end] for start, end, _ in spans]
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(cell_len(piece) <= max(width, 2) for piece in pieces)


def test_clip_counts_cells() -> None:
    assert clip("abc", 3, "…") == "abc"
    assert clip("abcd", 3, "…") == "ab…"
    assert clip("漢字", 3, "…") == "漢…"
    assert clip("abc", 1, "…") == "…"
    assert clip("abc", 0, "…") == ""


@pytest.mark.parametrize(
    "broken", ["markdown.blocks.highlighted", "markdown.blocks.parser", "markdown.blocks.inline_runs"]
)
def test_a_failing_library_leaves_the_text_plain(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> object:
        raise RecursionError

    monkeypatch.setattr(f"workbench.tui.{broken}", fail)
    shown = "\n".join(texts("para *x*\n\n```python\nx = 1\n```"))
    assert "para" in shown
    assert "x = 1" in shown


def test_a_block_with_an_endless_line_stays_plain() -> None:
    assert highlighted("x = 1\n" + "y" * LONGEST_LINE, "python") is not None
    assert highlighted("x = 1\n" + "y" * (LONGEST_LINE + 1), "python") is None
