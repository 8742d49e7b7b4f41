"""Who may answer, as plain values: figures beside each, what was used lately first, letters that are enough."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_engine import THREE, provider
from workbench.config.values import Configuration
from workbench.providers.health.choices import ModelChoice
from workbench.tui.state.pins import AUTO, Pin
from workbench.tui.state.switching import NOT_PRIVATE, choices_for_another, choices_of, narrow, next_pin, next_to_ask


def figures(*known: ModelChoice) -> dict[tuple[str, str], ModelChoice]:
    return {(one.provider, one.model): one for one in known}


def figure(name: str, model: str, **more: object) -> ModelChoice:
    base = ModelChoice(provider=name, model=model, state="ok", key_state="ok")
    return replace(base, **more)


def test_what_was_used_lately_comes_right_after_auto_in_its_order() -> None:
    known = figures(figure("gamma", "gamma-small", recent_rank=0), figure("alpha", "alpha-small", recent_rank=1))
    titles = [choice.title for choice in choices_of(THREE, {}, known)]
    assert titles[:4] == ["auto", "gamma/gamma-small", "alpha/alpha-small", "alpha/alpha-large"]
    assert len(titles) == len(set(titles)) == 7


def test_figures_stand_beside_each_choice_and_an_open_breaker_says_why() -> None:
    known = figures(
        figure(
            "beta", "beta-large", state="open", reason="too many requests", price="$1.00/$2.00", context_window=8192,
            first_token_ms=420,
        )
    )  # fmt: skip
    found = next(choice for choice in choices_of(THREE, {}, known) if choice.title == "beta/beta-large")
    assert (found.state, found.note, found.price, found.context_window) == (
        "open", "too many requests", "$1.00/$2.00", 8192,
    )  # fmt: skip
    assert found.usable, "it may be pinned: it can be well again by the next prompt"


@pytest.mark.parametrize(
    ("key_state", "why"), [("bad", "its key was refused"), ("disabled", "its keys are switched off")]
)
def test_a_provider_whose_keys_are_all_useless_cannot_be_chosen(key_state: str, why: str) -> None:
    known = figures(figure("alpha", "alpha-large", key_state=key_state))
    found = next(choice for choice in choices_of(THREE, {}, known) if choice.title == "alpha/alpha-large")
    assert (found.usable, found.note) == (False, why)


def test_in_a_private_conversation_only_private_providers_can_be_chosen() -> None:
    mixed = Configuration(providers=(provider("cloud"), provider("home", priority=2, private=True)))
    choices = choices_of(mixed, {}, private=True)
    assert [choice.title for choice in choices if choice.usable] == ["auto", "home/home-large", "home/home-small"]
    assert {choice.note for choice in choices if not choice.usable} == {NOT_PRIVATE}
    assert [next_pin(pin, mixed, private=True) for pin in (AUTO, Pin(provider="home"))] == [
        Pin(provider="home", model="home-large"), AUTO,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("beta", "beta/beta-large"), ("small gam", "gamma/gamma-small"), ("btlg", "beta/beta-large"),
        ("LARGE", "alpha/alpha-large"), ("", "auto"), ("strategy", "auto"),
    ],
)  # fmt: skip
def test_every_typed_word_must_fit_and_the_closest_comes_first(typed: str, first: str) -> None:
    assert narrow(choices_of(THREE, {}), typed)[0].title == first


def test_what_fits_nobody_leaves_nothing() -> None:
    assert narrow(choices_of(THREE, {}), "beta zzz") == []


@given(st.text(alphabet="abet/-lrgs ", max_size=8))
def test_what_cannot_be_asked_never_stands_before_what_can(typed: str) -> None:
    mixed = Configuration(providers=(provider("alpha", enabled=False), provider("beta", priority=2)))
    usable = [choice.usable for choice in narrow(choices_of(mixed, {}), typed)]
    assert usable == sorted(usable, reverse=True)


def test_two_thousand_models_are_listed_and_narrowed_in_a_moment() -> None:
    many = tuple(f"family-{n % 40}/model-{n}" for n in range(2_000))
    configuration = Configuration(providers=(provider("router", models=many),))
    known = figures(*(figure("router", model, recent_rank=None) for model in many))
    began = time.process_time()
    choices = choices_of(configuration, {}, known)
    found = narrow(choices, "model-17 fam")
    assert time.process_time() - began < 0.5
    assert len(choices) == 2_001
    assert found[0].title.endswith("model-17")


def test_the_chain_is_walked_in_both_directions() -> None:
    forward, backward = [AUTO], [AUTO]
    for _ in range(4):
        forward.append(next_pin(forward[-1], THREE) or Pin(provider="nobody"))
        backward.append(next_pin(backward[-1], THREE, -1) or Pin(provider="nobody"))
    assert [pin.provider for pin in forward] == [None, "alpha", "beta", "gamma", None]
    assert [pin.provider for pin in backward] == [None, "gamma", "beta", "alpha", None]


def test_another_answer_is_asked_of_the_next_best_and_not_of_the_same_one() -> None:
    choices = choices_of(THREE, {"alpha": "ok", "beta": "open", "gamma": "ok"})
    listed, best = choices_for_another(choices, "alpha")
    assert best == Pin(provider="gamma", model="gamma-large")
    assert [choice.pin.provider for choice in listed] == ["beta", "beta", "gamma", "gamma", "alpha", "alpha"]
    assert listed[-1].note == "answered already"
    only = choices_of(Configuration(providers=(provider("alpha"),)), {})
    assert choices_for_another(only, "alpha")[1] == Pin(provider="alpha", model="alpha-large")
    assert choices_for_another(choices_of(Configuration(), {}), None)[1] is None


@pytest.mark.parametrize(
    ("answered", "following"), [(None, "alpha"), ("alpha", "beta"), ("gamma", "alpha"), ("x", "alpha")]
)
def test_without_a_name_the_next_one_in_the_chain_is_asked(answered: str | None, following: str) -> None:
    pin = next_to_ask(THREE, answered)
    assert pin is not None
    assert pin.provider == following
