"""Figures in cells, one provider on one line, and the board behind the pane."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_providers import status
from tests.support.hostile import PAYLOADS, forbidden_in
from tests.support.provider_samples import NOW_MS, key, minutes, six
from workbench.providers.health.values import Minute, ProviderStatus
from workbench.providers.resilience.values import BreakerState, BreakerView, KeyCondition
from workbench.tui.glyphs import choose_glyphs
from workbench.tui.markdown.textlines import cells
from workbench.tui.palette import Role
from workbench.tui.providers.board import Board
from workbench.tui.providers.figures import ago, bar, money_cell, seconds_cell, share_cell, spark, time_left
from workbench.tui.providers.rows import columns_for, header, key_word, note_of, row_runs


def plain(runs: list[tuple[str, int]]) -> str:
    return "".join(text for text, _ in runs)


def row(one: ProviderStatus, width: int, *, testing: bool = False) -> str:
    return plain(row_runs(one, columns_for(width, 9), now_ms=NOW_MS, testing=testing))


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(None, "–"), (40, "0.04"), (99, "0.10"), (100, "0.1"), (11_200, "11.2"), (99_949, "99.9"), (99_950, "100")],
)
def test_seconds_take_at_most_four_cells_below_a_thousand(milliseconds: int | None, expected: str) -> None:
    assert seconds_cell(milliseconds) == expected


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(None, "–"), (0.0, "0 %"), (0.001, "1 %"), (0.125, "12 %"), (0.999, "99 %"), (1.0, "100 %")],
)
def test_a_share_is_0_or_100_only_when_it_is_exactly_that(rate: float | None, expected: str) -> None:
    assert share_cell(rate) == expected


@pytest.mark.parametrize(
    ("nano", "expected"),
    [
        (None, "–"), (0, "$0.00"), (1, "<$0.01"), (210_000_000, "$0.21"), (99_994_000_000, "$99.99"),
        (99_995_000_000, "$100"), (9_999_400_000_000, "$9999"), (12_400_000_000_000, "$12k"),
    ],
)  # fmt: skip
def test_money_takes_at_most_six_cells(nano: int | None, expected: str) -> None:
    assert money_cell(nano) == expected
    assert len(expected) <= 6


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(-5, "00:00"), (1, "00:01"), (31_000, "00:31"), (3_599_000, "59:59"), (3_900_000, "1 h 05")],
)
def test_the_time_left_is_never_below_zero_and_rounds_up(milliseconds: int, expected: str) -> None:
    assert time_left(milliseconds) == expected


def test_ages_are_in_seconds_first() -> None:
    assert [ago(NOW_MS - passed, NOW_MS) for passed in (-10, 12_000, 300_000)] == ["just now", "12 s ago", "5 m ago"]


def test_a_bar_is_as_full_as_its_share() -> None:
    assert [bar(share, 4) for share in (-1.0, 0.0, 0.5, 1.0, 7.0)] == ["▒▒▒▒", "▒▒▒▒", "▓▓▒▒", "▓▓▓▓", "▓▓▓▓"]


def test_a_sparkline_is_scaled_within_its_row_and_marks_failures_as_gaps() -> None:
    assert plain(spark(minutes(1000, 4500, 8000, None))).lstrip() == "▁▅█·"
    slow = spark(minutes(10_000, 45_000, 80_000))
    assert plain(slow).lstrip() == "▁▅█"
    idle = spark((Minute(), Minute(p50_ms=500), Minute(failures=1)))
    assert plain(idle)[-3:] == " ▁·"
    assert (idle[-1], idle[-2]) == (("·", Role.ERROR), ("▁", Role.MUTED))
    assert spark((Minute(p50_ms=500, failures=1),))[-1] == ("▁", Role.WARNING)


def test_jitter_does_not_look_like_trouble() -> None:
    assert plain(spark(minutes(1000, 1020, 1010))).strip() == "▁▁▁"


@given(st.lists(st.tuples(st.none() | st.integers(0, 10**9), st.integers(0, 3)), max_size=40))
def test_a_sparkline_is_always_fifteen_cells(drawn: list[tuple[int | None, int]]) -> None:
    shown = spark(tuple(Minute(p50_ms=median, failures=failures) for median, failures in drawn))
    assert cells(plain(shown)) == 15


@given(st.integers(1, 200), st.integers(0, 60))
def test_a_row_is_as_wide_as_its_columns_at_every_width(width: int, longest: int) -> None:
    columns = columns_for(width, longest)
    assert len({cells(header(columns)), *(
        2 + cells(plain(row_runs(one, columns, now_ms=NOW_MS, testing=False)))
        for one in [*six(), status("scripted-a", scripted=True)]
    )}) == 1  # fmt: skip
    if width >= 36:
        assert cells(header(columns)) == width


def test_what_matters_most_is_there_at_every_width() -> None:
    _, slow, opened, *_ = six()
    for width in (36, 76, 92):
        assert row(slow, width).startswith("▲ slow    router")
        assert "✖ open" in row(opened, width) and "100 %" in row(opened, width)
    assert "probe 00:31" in row(opened, 76)
    assert row(slow, 36, testing=True).startswith("◐ testing router")


def test_long_names_take_the_place_of_the_models() -> None:
    assert "model" in header(columns_for(92, 12))
    long = status("scripted-limited", scripted=True)
    columns = columns_for(92, 16)
    assert "model" not in header(columns)
    assert "scripted-limited " in plain(row_runs(long, columns, now_ms=NOW_MS, testing=False))


@pytest.mark.parametrize("width", [36, 76, 92])
def test_scripted_providers_say_so_at_every_width(width: int) -> None:
    assert "scripted" in row(status("demo", scripted=True, key_state="not_needed"), width)


def test_keys_tell_where_they_are_from_and_how_many_are_good() -> None:
    good, resting = key("keyring:a"), key("B_KEY", KeyCondition.LIMITED)
    assert key_word(status("a", keys=(good,))) == "keyring"
    assert key_word(status("a", keys=(key("A_KEY"), key("B_KEY")))) == "2 env"
    assert key_word(status("a", keys=(good, resting))) == "1/2 mixed"
    assert key_word(status("a", keys=(resting,), key_state="limited")) == "limited"
    assert key_word(status("a", key_state="missing")) == "missing"
    assert key_word(status("a", key_state="not_needed")) == "none"


def test_the_note_counts_down_to_the_probe_or_to_the_key() -> None:
    opened = six()[2]
    assert note_of(opened, NOW_MS + 30_000) == "probe 00:01"
    assert note_of(opened, NOW_MS + 31_000) == "probe due"
    assert note_of(replace(opened, breaker=BreakerView()), NOW_MS) == "key 00:42"
    assert note_of(replace(opened, breaker=BreakerView(state=BreakerState.HALF_OPEN)), NOW_MS) == "probing"
    assert note_of(replace(opened, state="disabled"), NOW_MS) == ""


def test_hostile_names_and_models_stay_one_harmless_line() -> None:
    for payload in PAYLOADS.values():
        hostile = status(payload, model=payload, keys=(key(payload),), kind=payload)
        for width in (36, 76, 92):
            shown = row(hostile, width)
            assert not forbidden_in(shown)
            assert "\n" not in shown and cells(shown) == width - 2


def test_ascii_signs_only_where_they_are_wanted() -> None:
    choose_glyphs(ascii_only=True)
    try:
        for one in [*six(), status("demo", scripted=True)]:
            for width in (36, 76, 92):
                assert row(one, width).isascii()
        assert plain(spark(minutes(1000, 8000, None))).lstrip() == "_#x"
    finally:
        choose_glyphs(encoding="utf-8")


def board(*names: str) -> Board:
    made = Board()
    made.take([status(name) for name in names])
    return made


def test_the_cursor_stays_on_its_provider_whatever_is_read() -> None:
    shown = board("a", "b", "c")
    shown.move_to(1)
    shown.take([status("z"), status("a"), status("b")])
    assert (shown.cursor, shown.current and shown.current.name) == (2, "b")
    shown.take([status("z"), status("a")])
    assert shown.current and shown.current.name == "a"
    shown.take([])
    assert shown.current is None


def test_a_moved_row_is_at_once_in_its_place_and_stays_there_until_the_order_is_stored() -> None:
    shown = board("a", "b", "c")
    shown.move_to(2)
    assert shown.move_row(-1) == ("a", "c", "b")
    assert (shown.names, shown.cursor) == (("a", "c", "b"), 1)
    shown.take([status(name) for name in "abc"])
    assert shown.names == ("a", "c", "b")
    shown.order_settled()
    shown.take([status(name) for name in "abc"])
    assert shown.names == ("a", "b", "c")


def test_nothing_moves_beyond_the_ends() -> None:
    shown = board("a", "b")
    assert shown.move_row(-1) is None
    shown.move_to(1)
    assert shown.move_row(1) is None
    assert shown.undo() is None


def test_undo_takes_all_moves_of_one_row_back_and_only_once() -> None:
    shown = board("a", "b", "c")
    shown.move_to(2)
    shown.move_row(-1)
    shown.move_row(-1)
    assert shown.names == ("c", "a", "b")
    assert shown.undo() == ("a", "b", "c")
    assert (shown.names, shown.current and shown.current.name) == (("a", "b", "c"), "c")
    assert shown.undo() is None


def test_undo_goes_back_one_row_only() -> None:
    shown = board("a", "b", "c")
    shown.move_row(1)
    shown.move_to(2)
    shown.move_row(-1)
    assert shown.names == ("b", "c", "a")
    assert shown.undo() == ("b", "a", "c")


@given(st.lists(st.sampled_from(["up", "down", "undo", "cursor0", "cursor2", "read"]), max_size=30))
def test_no_sequence_of_moves_loses_or_doubles_a_provider(steps: list[str]) -> None:
    shown = board("a", "b", "c")
    for step in steps:
        if step == "undo":
            shown.undo()
        elif step == "read":
            shown.take([status(name) for name in "abc"])
        elif step.startswith("cursor"):
            shown.move_to(int(step[-1]))
        else:
            shown.move_row(-1 if step == "up" else 1)
        assert sorted(shown.names) == ["a", "b", "c"]
        assert shown.current is not None
