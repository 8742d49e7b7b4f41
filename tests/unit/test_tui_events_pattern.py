from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.tui.events.filters import FilterError, parse
from workbench.tui.events.pattern import Pattern, PatternError, pattern_of

_ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\w", "^", "$", r"\b"])
_TREES = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,2}", "*?"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
    ),
    max_leaves=6,
)


@given(_TREES, st.text("abc -", max_size=8))
def test_any_expression_finds_what_pythons_own_engine_finds(expression: str, text: str) -> None:
    assert Pattern(expression).found_in(text) == (re.search(expression, text, re.IGNORECASE) is not None)


def test_case_does_not_matter_and_the_beginning_of_a_text_is_looked_at() -> None:
    assert Pattern("RATE.*again$").found_in("a rate limit, Again")
    assert Pattern("x").found_in("-" * 499 + "x")
    assert not Pattern("x").found_in("-" * 500 + "x")
    assert Pattern(r"(\d{1,3}\.){3}\d{1,3}").found_in("from 10.0.0.1"), "what re can do and a linear engine cannot"
    assert Pattern(r"(a)\1(?=b)").found_in("aab")


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("(", "missing"), ("[a", "unterminated"), ("*", "nothing to repeat"), (r"\L<words>", "undefined"),
        ("x" * 201, "longer than 200"), ("(?:a?){1000000}b", "too large"), ("((a{999}){99})", "too large"),
        ("(?x)(?:a?){ 1000000 }b", "too large"), (r"(?:a?){0,1000000}", "too large"), (r"\p{nothing}", "unknown"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_the_reason(expression: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        Pattern(expression)


@given(st.text("a(){}[]|*+?\\^$.<>=!:P1,9\x1bß", max_size=30))
def test_whatever_is_typed_is_an_expression_or_refused(typed: str) -> None:
    try:
        found = Pattern(typed)
    except PatternError:
        return
    assert found.found_in("a(1") in (True, False)


def test_an_expression_that_takes_too_long_is_given_up_and_then_everything_fits() -> None:
    slow = pattern_of("(a+)+$")
    assert not slow.found_in("ab")
    assert not slow.is_too_slow
    assert slow.found_in("a" * 400 + "!")
    assert slow.is_too_slow
    for _ in range(1_000):
        assert slow.found_in("b"), "it is not tried again"
    with pytest.raises(FilterError, match="takes too long"):
        parse("/(a+)+$/")
