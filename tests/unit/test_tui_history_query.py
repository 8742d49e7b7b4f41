"""What is typed into the history's field, and which conditions stand under it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.tui.history.query import Asked, Condition, narrowed, offers, taken_out


def test_a_condition_leaves_the_field_once_a_blank_follows_it() -> None:
    asked = Asked().typed("retry role:assis")
    assert (asked.words, asked.conditions) == ("retry role:assis", ())
    asked = asked.typed("retry role:assistant budget")
    assert [one.text for one in asked.conditions] == ["role:assistant"]
    assert asked.words == "retry budget"
    assert asked.text == "role:assistant retry budget"
    assert asked.typed("retry role:assistant ").conditions == asked.conditions, "each of them once"
    assert asked.is_typing
    assert not asked.typed("retry ").is_typing
    ended = asked.typed("retry has:code", ended=True)
    assert (ended.words, ended.text) == ("retry", "role:assistant has:code retry")


def test_values_may_be_quoted_and_conditions_denied() -> None:
    asked = Asked().typed('-tag:"to do" Folder:work/rust x')
    assert asked.conditions == (
        Condition(name="tag", value="to do", negated=True), Condition(name="folder", value="work/rust"),
    )  # fmt: skip
    assert asked.text == '-tag:"to do" folder:work/rust x'


@pytest.mark.parametrize(
    "text", ['"role:ai says" ', "http://host:80/ ", "role: ", "unknown:thing ", "a role:", '-"is:trash x" ']
)
def test_what_only_looks_like_one_stays_in_the_field(text: str) -> None:
    assert taken_out(text) == ((), text)


def test_conditions_are_taken_away_one_by_one() -> None:
    asked = Asked(words="x").having(*(Condition(name="has", value=value) for value in ("code", "error", "code")))
    assert [one.value for one in asked.conditions] == ["code", "error"]
    assert [one.value for one in asked.without(-1).conditions] == ["code"]
    assert [one.value for one in asked.without(0).conditions] == ["error"]
    assert Asked().without(-1) == Asked()


@given(st.text(max_size=40))
def test_any_text_is_a_query(text: str) -> None:
    asked = Asked().typed(text)
    again = Asked().typed(f"{asked.text} ")
    assert asked.typed(asked.words).conditions == asked.conditions
    assert set(asked.conditions) <= set(again.conditions)


def test_the_chooser_offers_what_is_known_and_takes_what_is_typed() -> None:
    listed = offers({"provider": ["alpha", "alpha", "beta"], "tag": ["to do"]}, date(2026, 11, 20))
    texts = [one.condition.text for one in listed]
    assert texts.count("provider:alpha") == 1
    assert {"role:you", "has:code", "is:trash", "after:2026-11-20", "after:2026-11-14", 'tag:"to do"'} <= set(texts)
    assert [one.condition.text for one in narrowed(listed, "after week")] == []
    assert [one.condition.text for one in narrowed(listed, "seven")] == ["after:2026-11-14"]
    first, *_ = narrowed(listed, "model:gpt-5")
    assert first.condition == Condition(name="model", value="gpt-5")
    assert [one.condition.text for one in narrowed(listed, "has:code")] == ["has:code"], "it is listed already"
