from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.tui.events.pattern import Pattern, PatternError

EXPRESSIONS = [
    "rate", "^openai", "again$", "a|b|", "(ab)+c", "(?:x|yz)*y", "colou?r", "[0-9]{3}", "[^a-c]b", r"\b429\b", r"\Bb",
    r"\d+ (s|ms)", "a.c", "a{2,3}b", "a{,2}b", "a{}b", "}", "a{x", "[]x]", r"[\]a]c", r"\.", r"\x61b", "(?P<n>a)b",
    "(?i)RATE", "a*?b", "", "^$", "(a|b)*abb", r"\w+-\w+", "x{0}y", "(^a|b)c", r"(a\b|b) c",
]  # fmt: skip
TEXTS = [
    "", "rate limited", "openai/gpt 429 rate limited again", "abababc", "zyzy", "the Color", "took 12 ms", "aaab", "ab",
    "a{}b", "a{x}", "]c", "x.y", "a-b", "abb", "xa\nbc", "y", "bc", "a c", "b c", "b429b",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_finds_what_pythons_own_engine_finds(expression: str) -> None:
    ours, theirs = Pattern(expression), re.compile(expression, re.IGNORECASE)
    for text in TEXTS:
        assert ours.found_in(text) == (theirs.search(text) is not None), (expression, text)


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


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("(", "missing"), ("[a", "unterminated"), ("*", "nothing to repeat"), ("(?=a)", "look-around"),
        (r"(a)\1", "back references"), ("((a{60}){60})", "too large"), ("x" * 201, "longer than 200"),
        ("a{5000}", "too large"), ("(?<!a)b", "look-around"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_the_reason(expression: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        Pattern(expression)


def test_expressions_that_never_end_elsewhere_end_at_once() -> None:
    for expression in ("(a+)+$", "(a|a)*b$", "(.*)*x", "(a*)*b", ".*.*.*.*.*x", "(a?){40}a{40}$", "(a|b)*a(a|b){12}c"):
        assert not Pattern(expression).found_in("a" * 400 + "!")
