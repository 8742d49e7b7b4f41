"""The order of providers, and the reason of everyone left out."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from workbench.config.values import FallbackStrategy, Provider
from workbench.core.secret import Secret
from workbench.providers.routing.order import Route, Wishes, order_candidates
from workbench.providers.values import ErrorKind

KEY = (Secret("a-key-for-tests"),)
A = Provider(name="a", kind="openai", models=("a-1", "a-2"), api_keys=KEY, priority=2)
B = Provider(name="b", kind="openai", models=("b-1",), api_keys=KEY, priority=1)
C = Provider(name="c", kind="ollama", models=("c-1",), needs_key=False, priority=2)


def names(route: Route) -> list[str]:
    return [candidate.name for candidate in route.candidates]


def test_smaller_priority_first_and_equals_as_configured() -> None:
    route = order_candidates((A, B, C), Wishes())
    assert names(route) == ["b/b-1", "a/a-1", "c/c-1"]
    assert route.strategy == "priority"
    assert route.skipped == ()


def test_pinned_before_default_before_the_rest() -> None:
    route = order_candidates((A, B, C), Wishes(default_provider="a", pinned_provider="c"))
    assert names(route) == ["c/c-1", "a/a-1", "b/b-1"]
    assert "chosen c first" in route.strategy
    assert "default a first" in route.strategy


def test_a_pinned_model_belongs_to_its_provider_only() -> None:
    route = order_candidates((A, B), Wishes(pinned_provider="a", pinned_model="unlisted"))
    assert names(route) == ["a/unlisted", "b/b-1"]


def test_a_model_without_a_provider_goes_to_those_who_list_it() -> None:
    assert names(order_candidates((B, C, A), Wishes(pinned_model="a-2"))) == ["a/a-2", "b/b-1", "c/c-1"]


def test_a_model_that_nobody_lists_goes_to_the_first_choice() -> None:
    assert names(order_candidates((A, B), Wishes(pinned_model="new"))) == ["b/new", "a/a-1"]


def test_who_cannot_be_asked_is_skipped_with_the_reason() -> None:
    off = replace(A, enabled=False)
    keyless = replace(B, api_keys=(), missing_keys=("B_KEY",))
    empty = replace(C, models=())
    route = order_candidates((off, keyless, empty), Wishes())
    assert route.candidates == ()
    reasons = {skipped.provider: (skipped.kind, skipped.reason) for skipped in route.skipped}
    assert reasons == {
        "a": (ErrorKind.DISABLED, "switched off in the configuration"),
        "b": (ErrorKind.NO_KEY, "no key, B_KEY is not set"),
        "c": (ErrorKind.DISABLED, "no model is configured"),
    }


def test_without_fallback_only_the_first_choice() -> None:
    assert names(order_candidates((A, B, C), Wishes(fallback=False))) == ["b/b-1"]
    assert names(order_candidates((A, B, C), Wishes(fallback=False, pinned_provider="a"))) == ["a/a-1"]
    keyless = replace(B, api_keys=())
    pinned = order_candidates((A, keyless), Wishes(fallback=False, pinned_provider="b"))
    assert (names(pinned), [skipped.provider for skipped in pinned.skipped]) == ([], ["b"])


def test_a_pinned_provider_that_is_gone_is_told_and_others_answer() -> None:
    route = order_candidates((A,), Wishes(pinned_provider="gone", pinned_model="x"))
    assert names(route) == ["a/a-1"]
    assert [skipped.provider for skipped in route.skipped] == ["gone"]
    assert names(order_candidates((A,), Wishes(pinned_provider="gone", fallback=False))) == []


providers = st.lists(
    st.builds(
        Provider,
        name=st.sampled_from("abcdef"),
        kind=st.just("openai"),
        models=st.sampled_from([(), ("m",), ("m", "n")]),
        api_keys=st.sampled_from([(), KEY]),
        needs_key=st.booleans(),
        enabled=st.booleans(),
        priority=st.integers(1, 3),
    ),
    unique_by=lambda provider: provider.name,
    max_size=6,
)


@given(
    providers=providers,
    default=st.none() | st.sampled_from("abcdefg"),
    pinned=st.none() | st.sampled_from("abcdefg"),
    model=st.none() | st.sampled_from("mn"),
    strategy=st.sampled_from(FallbackStrategy),
)
def test_everyone_is_tried_or_skipped_exactly_once(
    providers: list[Provider], default: str | None, pinned: str | None, model: str | None, strategy: FallbackStrategy
) -> None:
    wishes = Wishes(strategy=strategy, default_provider=default, pinned_provider=pinned, pinned_model=model)
    route = order_candidates(providers, wishes)
    seen = [candidate.provider.name for candidate in route.candidates] + [skipped.provider for skipped in route.skipped]
    expected = {provider.name for provider in providers} | ({pinned} if pinned is not None else set())
    assert sorted(seen) == sorted(expected)
    assert all(candidate.model for candidate in route.candidates)
    assert all(skipped.reason for skipped in route.skipped)
