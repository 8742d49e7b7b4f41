"""What can be said of a prompt before it is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.tui.state.estimate import (
    Answerer,
    Fit,
    PromptSize,
    amount,
    estimate_of,
)
from workbench.tui.state.pastes import Pastes


def of(text: str) -> PromptSize:
    return PromptSize(messages=1, characters=len(text), bytes=len(text.encode()))


SMALL = Answerer(name="a/small", context_window=1_000, input_nano=2_000.0)
LARGE = Answerer(name="b/large", context_window=200_000, input_nano=3_000.0)
UNKNOWN = Answerer(name="c/unknown")


@pytest.mark.parametrize(("text", "tokens"), [("x" * 4_000, 1_004), ("猫" * 100, 104), ("", 4)])
def test_the_usual_figure_follows_the_script(text: str, tokens: int) -> None:
    assert of(text).usual_tokens == tokens


@given(st.text(), st.text())
def test_the_bound_holds_and_sizes_add_up(one: str, other: str) -> None:
    size = of(one.encode(errors="replace").decode())
    assert size.usual_tokens <= size.most_tokens + 4
    both = size + of(other.encode(errors="replace").decode())
    assert both.bytes >= size.bytes and both.messages == 2


@pytest.mark.parametrize(("size", "answerers", "pinned", "fit", "whom"), [
    (400, [SMALL, LARGE], False, Fit.FITS, ""),
    (2_000, [SMALL, LARGE], False, Fit.LIKELY, ""),
    (8_000, [SMALL, LARGE], False, Fit.PASSED_OVER, "a/small"),
    (8_000, [SMALL, LARGE], True, Fit.TOO_LONG, "a/small"),
    (900_000, [SMALL, LARGE], False, Fit.TOO_LONG, ""),
    (900_000, [LARGE], False, Fit.TOO_LONG, "b/large"),
    (900_000, [SMALL, UNKNOWN], False, Fit.PASSED_OVER, "a/small"),
    (900_000, [], False, Fit.LIKELY, ""),
])  # fmt: skip
def test_who_can_hold_a_prompt(size: int, answerers: list[Answerer], pinned: bool, fit: Fit, whom: str) -> None:
    estimate = estimate_of(of("x" * size), answerers, pinned=pinned)
    assert (estimate.fit, estimate.too_small) == (fit, whom)


def test_the_price_is_that_of_the_one_who_would_answer() -> None:
    assert estimate_of(of("x" * 392), [SMALL, LARGE], pinned=False).cost_nano == 102 * 2_000
    assert estimate_of(of("x" * 8_000), [SMALL, LARGE], pinned=False).cost_nano == 2_004 * 3_000
    assert estimate_of(of("x"), [UNKNOWN], pinned=False).cost_nano is None


@pytest.mark.parametrize(("size", "answerers", "words", "short"), [
    (8_000, [LARGE], "~2.0k/200k tok ~$0.006", "~2.0k tok"),
    (8_000, [UNKNOWN], "~2.0k tok", "~2.0k tok"),
    (8_000, [SMALL, LARGE], "~2.0k/200k tok ~$0.006 · too long for a/small", "~2.0k tok"),
    (8_000, [SMALL], "▲ ~2.0k tok, too long for a/small (1.0k)", "▲ too long"),
    (8_000_000, [SMALL, LARGE], "▲ ~2.0M tok, too long for everybody (200k)", "▲ too long"),
])  # fmt: skip
def test_words_for_a_border(size: int, answerers: list[Answerer], words: str, short: str) -> None:
    estimate = estimate_of(of("x" * size), answerers, pinned=False)
    assert estimate.words() == words
    assert estimate.words(short=True) == short


@pytest.mark.parametrize(
    ("tokens", "words"), [(0, "0"), (999, "999"), (1_000, "1.0k"), (12_345, "12k"), (999_999, "1.0M")]
)
def test_amounts_are_short(tokens: int, words: str) -> None:
    assert amount(tokens) == words


def test_the_amount_of_a_text_with_pastes_is_that_of_the_whole() -> None:
    pastes = Pastes()
    shown = f"ä {pastes.put_aside('x' * 9_000)} and {pastes.put_aside('猫' * 8_000)}!"
    whole = pastes.expand(shown)
    assert pastes.amount_of(shown) == (len(whole), len(whole.encode()))
    assert pastes.amount_of("plain") == (5, 5)


def test_the_mark_of_a_paste_says_how_it_begins() -> None:
    pastes = Pastes()
    mark = pastes.put_aside("\n  def f(⟦x⟧):\x1b[31m\n" + "y" * 9_000)
    assert mark == "⟦paste 1: 9,020 characters · def f( x ):␛ 31m⟧"
    assert pastes.text_behind(mark).startswith("\n  def")
    assert pastes.put_aside(" \n" * 5_000) == "⟦paste 2: 10,000 characters⟧"
