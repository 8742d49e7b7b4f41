from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.laid_out import flow_lines, markdown_lines
from workbench.tui.markdown import plain
from workbench.tui.markdown.blocks import WINDOW, WINDOW_LINES, parse_blocks
from workbench.tui.markdown.flow import FORMATTED_LINES, MarkdownFlow
from workbench.tui.markdown.plain import SLICE, PlainFlow
from workbench.tui.markdown.textlines import Join, wrap
from workbench.tui.palette import BOLD

MEGABYTE = 1_000_000


def table(rows: int, columns: int) -> str:
    heading = "|" + "|".join(f"col {column}" for column in range(columns)) + "|\n" + "|---" * columns + "|\n"
    cells = ("|" + "|".join(f"cell {row}.{column}" for column in range(columns)) + "|\n" for row in range(rows))
    return heading + "".join(cells)


HOSTILE_SIZES = {
    "5,000 list items": "".join(f"- item {n} **bold**\n" for n in range(5_000)),
    "a line of a megabyte": "x" * 1_000_000,
    "a megabyte of words": "word " * 200_000,
    "a megabyte of wide characters": "漢" * 350_000,
    "a fence of 20,000 lines": "```python\n" + "x = 1\n" * 20_000 + "```\n",
    "brackets": "[" * 12_000,
    "stars": "*a " * 4_000,
    "ticks": "".join("`" * n + " " for n in range(150)),
    "5,000 quotes": ">" * 5_000 + " innermost",
    "500 nested lists": "".join(" " * (2 * n) + f"- level{n}\n" for n in range(500)),
    "a table of 300 columns": "|" + "a|" * 300 + "\n|" + "-|" * 300 + "\n" + ("|" + "b|" * 300 + "\n") * 50,
    "20,000 definitions": "[a]: b\n" * 20_000,
    "60,000 headings": "# x\n" * 60_000,
    "entities": "&" * 12_000,
    "emphasis": "**a " * 3_000,
    "a table of 500 rows": table(500, 10),
    "100,000 fences": "```\n" * 100_000,
    "a fence that is never closed": "```a\n" * 100_000,
    "a fence larger than the window": "before\n\n```c\n" + "int x; // it\n" * 8_000 + "```\n\n**after**",
    "stacked accents": ("a" + "\u0301" * 60 + " ") * 2_000,
    "blanks": " " * 600_000 + "x",
    "half a megabyte of short lines": "- ab\n" * 100_000,
    "code in one line": "```\n" + "x" * 200_000 + "\n```\nafter",
}


@pytest.mark.parametrize("text", HOSTILE_SIZES.values(), ids=HOSTILE_SIZES.keys())
def test_hostile_sizes_are_laid_out_in_slices_and_lose_nothing(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[tuple[int, int]] = []
    wrapped = [0]

    def parse(source: str) -> object:
        parsed.append((len(source), source.count("\n")))
        return parse_blocks(source)

    def wrap_some(source: str, width: int) -> object:
        wrapped[0] += len(source)
        return wrap(source, width)

    monkeypatch.setattr("workbench.tui.markdown.flow.parse_blocks", parse)
    monkeypatch.setattr("workbench.tui.markdown.plain.wrap", wrap_some)
    flow = MarkdownFlow()
    flow.extend(text)
    flow.finish()
    count = flow.layout(96)
    while flow.pending:
        before, wrapped[0] = len(parsed), 0
        count = flow.layout(96)
        assert len(parsed) <= before + 1
        assert wrapped[0] <= SLICE
    assert all(size <= WINDOW and lines <= WINDOW_LINES for size, lines in parsed)
    lines = [flow.line(y) for y in range(count)]
    shown = "".join(line.text for line in lines)
    for letter in ("x", "word", "漢", "item", "level499", "innermost", "b", "[", "&", "499.9", "after"):
        if letter not in ("x", "[") or "```" not in text:
            assert shown.count(letter) >= text.count(letter), letter
    assert max(cell_len(line.text) for line in lines) <= 96


def test_a_hostile_block_leaves_the_blocks_around_it_alone() -> None:
    lines = markdown_lines(
        "# before\n\n" + "".join(f"- *i* {n}\n" for n in range(3_000)) + "\n## after\n\n**bold**", 80
    )
    texts = [line.text for line in lines]
    assert texts[:3] == ["before", "", "• i 0"]
    # However many windows it takes, it is one list.
    assert texts[2:3002] == [f"• i {number}" for number in range(3_000)]
    assert texts[-3:] == ["after", "", "bold"]
    assert lines[-1].runs[0][1] & BOLD


def test_a_fence_larger_than_the_window_is_code_to_its_end_and_markdown_goes_on_after_it() -> None:
    code = [f"int x{number}; // **no**" for number in range(5_000)]
    texts = [line.text for line in markdown_lines("~~~c\n" + "\n".join(code) + "\n~~~\n# after", 80)]
    assert texts == [" c", *(f"  {line}" for line in code), "", "after"]


def test_a_long_text_that_streams_ends_as_if_it_had_come_at_once() -> None:
    parts = [
        "# head\n\n",
        "word **bold** " * 6_000,
        "\n\n",
        "- item\n" * 2_500,
        "\n```py\n",
        "x = 1\n" * 12_000,
        "```\n\nlast *words*",
    ]
    text = "".join(parts)
    flow = MarkdownFlow()
    for at in range(0, len(text), 9_973):
        flow.extend(text[at : at + 9_973])
        flow_lines(flow, 90)
    flow.finish()
    assert flow_lines(flow, 90) == markdown_lines(text, 90)
    assert flow_lines(flow, 50) == markdown_lines(text, 50)


def test_what_is_kept_of_many_short_lines_is_small() -> None:
    text = "ab\n" * 200_000
    tracemalloc.start()
    try:
        flow = MarkdownFlow()
        flow.extend(text)
        flow.finish()
        rows = flow.layout(96)
        while flow.pending:
            rows = flow.layout(96)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rows == 200_000
    assert {flow.line(y).text for y in (0, FORMATTED_LINES, rows - 1)} == {"ab"}
    # As lists of lines it would be more than 50 MB.
    assert peak < 3 * len(text) + 20 * MEGABYTE
    assert kept < 3 * len(text) + 10 * MEGABYTE


@given(
    text=st.text(alphabet=st.sampled_from("ab  \n漢、é-")), width=st.integers(min_value=2, max_value=12),
    size=st.integers(min_value=1, max_value=60), slices=st.integers(min_value=150, max_value=400),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_slices_of_plain_text_show_what_the_whole_shows(text: str, width: int, size: int, slices: int) -> None:
    def rows(slice_size: int, step: int) -> list[tuple[str, Join]]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plain, "SLICE", slice_size)
            flow = PlainFlow()
            for at in range(0, len(text), step):
                flow.extend(text[at : at + step])
                flow_lines(flow, width)
            # Blanks at the end of a line that still grows are shown until it goes on.
            return [(line.text.rstrip(), line.join) for line in flow_lines(flow, width)]

    whole = rows(SLICE, len(text) or 1)
    assert rows(SLICE, size) == whole
    shown = "".join(line for line, _ in rows(slices, size))
    assert "".join(shown.split()) == "".join(text.split())


def test_a_line_longer_than_a_slice_is_one_line_to_whoever_copies_it() -> None:
    flow = PlainFlow()
    flow.extend("word " * (SLICE // 2) + "\nnext")
    lines = flow_lines(flow, 100)
    assert {line.join for line in lines[1:-1]} == {Join.SPACE}
    assert (lines[0].join, lines[-1].join) == (Join.NOTHING, Join.NOTHING)
    assert all(len(line.text) == 99 for line in lines[:-2])
