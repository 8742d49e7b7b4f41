"""Strategies, the private boundary, windows that are too small, and the rotation that processes share."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.answering import Desk, request
from tests.support.scripted_model import ScriptedModel, fails, provider, says
from workbench.config.values import FallbackStrategy, Provider
from workbench.core.clock import ManualClock
from workbench.core.secret import Secret
from workbench.providers.routing.catalogue import EmptyCatalogue, ModelFacts
from workbench.providers.routing.fallbacks import SMALLEST_ANSWER, answer_tokens, larger_windows, named_candidates
from workbench.providers.routing.order import Candidate, Wishes, order_candidates
from workbench.providers.routing.rotation import Rotation
from workbench.providers.routing.router import Router
from workbench.providers.routing.strategies import Known
from workbench.providers.values import AnswerRequest, ErrorKind, PromptMessage
from workbench.storage.store import Store

A, B, C = (provider(name, priority=place) for place, name in enumerate("abc", start=1))
ALL = (A, B, C)


def order(strategy: FallbackStrategy, known: Known, *providers: Provider) -> list[str]:
    route = order_candidates(providers or ALL, Wishes(strategy=strategy), known)
    return [candidate.provider.name for candidate in route.candidates]


class Facts(EmptyCatalogue):
    """A catalogue with a few models in it."""

    def __init__(self, **facts: ModelFacts) -> None:
        self.known = facts
        self.tokens = 0

    def facts(self, provider: Provider, model: str) -> ModelFacts:
        del provider
        return self.known.get(model.replace("-", "_"), ModelFacts())

    async def count_tokens(self, provider: Provider, model: str, messages: object) -> int:
        del provider, model, messages
        return self.tokens


def test_round_robin_gives_everyone_a_turn_and_the_others_follow() -> None:
    firsts = [order(FallbackStrategy.ROUND_ROBIN, Known(position=position)) for position in range(4)]
    assert firsts == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]]


def test_round_robin_passes_over_who_cannot_be_asked_without_a_gap() -> None:
    keyless = replace(B, api_keys=())
    turns = [order(FallbackStrategy.ROUND_ROBIN, Known(position=position), A, keyless, C)[0] for position in range(4)]
    assert turns == ["a", "c", "a", "c"]


def test_random_follows_the_weights() -> None:
    heavy = (replace(A, weight=8.0), replace(B, weight=2.0), replace(C, weight=0.0))
    known = Known(random=Random(7))
    drawn = [order(FallbackStrategy.RANDOM, known, *heavy) for _ in range(2000)]
    firsts = Counter(names[0] for names in drawn)
    assert 0.75 < firsts["a"] / 2000 < 0.85
    assert firsts["c"] == 0
    assert all(names[-1] == "c" for names in drawn)


def test_fastest_tries_who_is_not_measured_then_the_quickest_and_last_who_only_failed() -> None:
    known = Known(first_token_ms={"a": 900}, failing=frozenset({"b"}))
    assert order(FallbackStrategy.FASTEST, known) == ["c", "a", "b"]
    assert order(FallbackStrategy.FASTEST, Known(first_token_ms={"a": 900, "b": 100, "c": 300})) == ["b", "c", "a"]


def test_cheapest_knows_free_from_unknown() -> None:
    assert order(FallbackStrategy.CHEAPEST, Known(price_nano={"a": 500.0, "c": 0.0})) == ["c", "a", "b"]


@given(
    strategy=st.sampled_from(FallbackStrategy),
    private=st.lists(st.booleans(), min_size=3, max_size=3),
    pinned=st.sampled_from([None, "a", "b", "c"]),
    default=st.sampled_from([None, "a", "b", "c"]),
    fallback=st.booleans(),
    position=st.integers(0, 9),
)
def test_a_private_request_never_leaves_private_providers(
    strategy: FallbackStrategy,
    private: list[bool],
    pinned: str | None,
    default: str | None,
    fallback: bool,
    position: int,
) -> None:
    providers = [replace(each, private=own) for each, own in zip(ALL, private, strict=True)]
    wishes = Wishes(
        strategy=strategy, private=True, pinned_provider=pinned, default_provider=default, fallback=fallback
    )
    route = order_candidates(providers, wishes, Known(position=position, random=Random(position)))
    assert all(candidate.provider.private for candidate in route.candidates)
    named = named_candidates(["a", "b/b-1", "c"], providers, [], private=True)
    assert all(candidate.provider.private for candidate in named)


async def test_a_private_request_is_answered_by_private_providers_or_by_nobody() -> None:
    model = ScriptedModel({"a": [says("leaked")], "b": [says("kept")]})
    private = replace(B, private=True)
    outcome = await Desk(model).answer(request(A, private, private=True, pinned_provider="a"))
    assert (outcome.text, outcome.trail) == ("kept", [("a", "skipped", "disabled"), ("b", "ok", None)])
    alone = await Desk(model).answer(request(A, private=True, context_window_fallback=("a",)))
    assert "private" in alone.answered.reason
    assert [call.provider.name for call in model.calls] == ["b"]


# -- context windows and content policies --------------------------------------------------------------------------


def router(catalogue: Facts) -> Router:
    return Router(clock=ManualClock(), random=Random(1), catalogue=catalogue)


def long_request(*providers: Provider, **more: object) -> AnswerRequest:
    return request(*providers, messages=(PromptMessage(role="user", text="word " * 1000),), **more)


async def test_who_cannot_hold_the_prompt_is_passed_over_with_the_figures() -> None:
    catalogue = Facts(a_1=ModelFacts(context_window=1_000), b_1=ModelFacts(context_window=2_000))
    catalogue.tokens = 1_500
    route, _ = await router(catalogue).route(long_request(A, B, C))
    assert [candidate.provider.name for candidate in route.candidates] == ["b", "c"]
    passed_over = route.skipped[0]
    assert (passed_over.provider, passed_over.kind) == ("a", ErrorKind.CONTEXT_WINDOW)
    assert "1,000 tokens" in passed_over.reason
    assert "about 1,500" in passed_over.reason


async def test_nothing_is_counted_where_it_must_fit() -> None:
    catalogue = Facts(a_1=ModelFacts(context_window=100_000))
    catalogue.tokens = 10**9
    route, measured = await router(catalogue).route(long_request(A))
    assert (len(route.candidates), measured.counted) == (1, {})


async def test_the_answer_is_cut_to_what_model_and_window_hold() -> None:
    assert answer_tokens(4096, None, ModelFacts(max_output=1000)) == 1000
    assert answer_tokens(4096, 7_000, ModelFacts(context_window=8_000)) == 1000
    assert answer_tokens(4096, 7_990, ModelFacts(context_window=8_000)) == SMALLEST_ANSWER
    assert answer_tokens(None, 7_990, ModelFacts(context_window=8_000)) is None
    model = ScriptedModel({"a": [says("fine")]})
    desk = Desk(model, router=router(Facts(a_1=ModelFacts(max_output=77))))
    await desk.answer(request(A, max_tokens=4096))
    assert model.calls[0].max_tokens == 77


async def test_a_prompt_that_was_too_long_goes_to_larger_windows_only() -> None:
    two_models = replace(A, models=("a-1", "a-2"))
    facts = Facts(
        a_1=ModelFacts(context_window=100_000),
        a_2=ModelFacts(context_window=300_000),
        b_1=ModelFacts(context_window=50_000),
        c_1=ModelFacts(context_window=200_000),
    )
    refuses = fails(ErrorKind.CONTEXT_WINDOW, status=400)
    broken = fails(ErrorKind.SERVER_ERROR, status=500)
    model = ScriptedModel({"a": [[refuses], [broken]], "b": [says("b")], "c": [says("c")]})
    desk = Desk(model, router=router(facts))
    outcome = await desk.answer(request(two_models, B, C))
    assert outcome.text == "c"
    assert [(call.provider.name, call.model) for call in model.calls] == [("a", "a-1"), ("a", "a-2"), ("c", "c-1")]
    assert ("b", "skipped", "context_window") in outcome.trail


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (ErrorKind.CONTEXT_WINDOW, {"context_window_fallback": ("c",)}),
        (ErrorKind.CONTENT_POLICY, {"content_policy_fallback": ("c/c-1",)}),
    ],
)
async def test_these_failures_have_a_fallback_of_their_own(kind: ErrorKind, names: dict[str, object]) -> None:
    model = ScriptedModel({"a": [[fails(kind, status=400)]], "b": [says("b")], "c": [says("c")]})
    outcome = await Desk(model).answer(request(A, B, C, **names))
    assert outcome.text == "c"
    other = ScriptedModel({"a": [[fails(ErrorKind.SERVER_ERROR, status=500)]], "b": [says("b")], "c": [says("c")]})
    assert (await Desk(other).answer(request(A, B, C, **names))).text == "b"


async def test_without_fallback_nobody_else_is_asked_whatever_happens() -> None:
    model = ScriptedModel({"a": [[fails(ErrorKind.CONTEXT_WINDOW, status=400)]], "c": [says("c")]})
    outcome = await Desk(model).answer(request(A, C, fallback=False, context_window_fallback=("c",)))
    assert outcome.trail == [("a", "failed", "context_window")]


@given(windows=st.lists(st.none() | st.integers(1, 5), min_size=4, max_size=4))
def test_larger_windows_are_larger_and_ordered(windows: list[int | None]) -> None:
    facts = Facts(**{f"{name}_1": ModelFacts(context_window=size) for name, size in zip("abcd", windows, strict=True)})
    failed, *others = (Candidate(provider=provider(name), model=f"{name}-1") for name in "abcd")
    rerouted = larger_windows(failed, others, facts.facts)
    sizes = [facts.facts(each.provider, each.model).context_window for each in rerouted.candidates]
    left_out = {skipped.provider for skipped in rerouted.skipped}
    assert {*rerouted.candidates} == {each for each in others if each.provider.name not in left_out}
    known = [size for size in sizes if size is not None]
    assert known == sorted(known, reverse=True)
    assert windows[0] is None or all(size is None or size > windows[0] for size in sizes)


def test_a_named_fallback_may_have_a_slash_in_its_name() -> None:
    odd = Provider(name="team/a", kind="openai", models=("m",), api_keys=(Secret("key-for-tests"),))
    found = named_candidates(["team/a", "team/a/other/model", "nobody"], [odd, A], [], private=False)
    assert [candidate.name for candidate in found] == ["team/a/m", "team/a/other/model"]


# -- what the strategies go by -------------------------------------------------------------------------------------


async def test_the_rotation_survives_a_restart_and_is_shared(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    store, other = await Store.open(path), await Store.open(path)
    try:
        first, second = Rotation(store), Rotation(other)
        taken = [await first.take(), await second.take(), await first.take()]
        assert taken == [0, 1, 2]
        assert await second.look() == 3
    finally:
        await store.close()
        await other.close()
    again = await Store.open(path)
    try:
        assert await Rotation(again).take() == 3
    finally:
        await again.close()


async def test_looking_does_not_take_a_turn() -> None:
    rotation = Rotation()
    asked = request(*ALL, strategy=FallbackStrategy.ROUND_ROBIN)
    finder = Router(clock=ManualClock(), random=Random(1), rotation=rotation)
    for _ in range(3):
        route, _ = await finder.route(asked, take_turn=False)
        assert route.candidates[0].provider.name == "a"
    await finder.route(asked)
    route, _ = await finder.route(asked)
    assert route.candidates[0].provider.name == "b"


async def test_prices_come_from_the_catalogue() -> None:
    facts = Facts(
        a_1=ModelFacts(input_nano=3000.0, output_nano=15000.0), b_1=ModelFacts(input_nano=100.0, output_nano=400.0)
    )
    route, _ = await router(facts).route(request(*ALL, strategy=FallbackStrategy.CHEAPEST))
    assert [candidate.provider.name for candidate in route.candidates] == ["b", "a", "c"]
    assert "for this request" in route.candidates[0].why
