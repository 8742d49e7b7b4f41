"""What a picker is told of each model: state, key, price, context, first token, and what was used last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_engine import provider
from workbench.config.values import Configuration, Provider
from workbench.core.clock import ManualClock
from workbench.providers.health.choices import model_choices, price_text, recently_used
from workbench.providers.health.values import Figures, ProviderStatus
from workbench.providers.resilience.values import BreakerState, BreakerView, KeyCondition, KeyView
from workbench.providers.routing.catalogue import EmptyCatalogue, ModelFacts
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

CONFIGURATION = Configuration(providers=(provider("alpha"), provider("beta", priority=2)))


def status(name: str, **more: object) -> ProviderStatus:
    made = ProviderStatus(
        name=name, kind="openai", model=f"{name}-large", models=(f"{name}-large", f"{name}-small"), enabled=True,
        state="ok",
    )  # fmt: skip
    return replace(made, **more)


class Priced(EmptyCatalogue):
    """Knows one model."""

    def facts(self, provider: Provider, model: str) -> ModelFacts:
        if model != "alpha-large":
            return super().facts(provider, model)
        return ModelFacts(context_window=200_000, input_nano=3_000, output_nano=15_000)


def test_every_model_has_a_line_with_what_is_known_of_it() -> None:
    alpha = status("alpha", recent=Figures(attempts=4, first_token_p50_ms=420))
    found = model_choices(CONFIGURATION, [alpha, status("beta")], Priced(), [("beta", "beta-small")])
    assert [(one.provider, one.model) for one in found] == [
        ("alpha", "alpha-large"), ("alpha", "alpha-small"), ("beta", "beta-large"), ("beta", "beta-small"),
    ]  # fmt: skip
    first = found[0]
    assert (first.price, first.context_window, first.first_token_ms) == ("$3.00/$15.00", 200_000, 420)
    assert (found[1].price, found[1].context_window) == ("", None), "unknown stays unknown"
    assert [one.recent_rank for one in found] == [None, None, None, 0]


def test_a_provider_that_left_the_configuration_is_not_offered() -> None:
    assert model_choices(CONFIGURATION, [status("gone")], EmptyCatalogue()) == []


def test_an_open_breaker_and_a_resting_key_say_why() -> None:
    opened = BreakerView(state=BreakerState.OPEN, reason="five times 429", probe_at_ms=9_000)
    keys = (KeyView(ref="A"), KeyView(ref="B", condition=KeyCondition.BAD, reason="refused"))
    listed = [status("alpha", state="open", breaker=opened), status("beta", key_state="bad", keys=keys)]
    found = {one.provider: one for one in model_choices(CONFIGURATION, listed, EmptyCatalogue())}
    assert (found["alpha"].reason, found["alpha"].probe_at_ms) == ("five times 429", 9_000)
    assert found["beta"].reason == "refused"


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (ModelFacts(), ""), (ModelFacts(input_nano=1.0), ""), (ModelFacts(input_nano=0.0, output_nano=0.0), "free"),
        (ModelFacts(input_nano=75.0, output_nano=300.0), "$0.075/$0.30"),
    ],
)  # fmt: skip
def test_prices_are_dollars_a_million_tokens(facts: ModelFacts, text: str) -> None:
    assert price_text(facts) == text


async def test_what_answered_last_comes_first_and_what_failed_does_not_count(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "workbench.db", clock=ManualClock())
    try:
        rows = [("alpha", "a", "ok"), ("beta", "b", "ok"), ("alpha", "a", "ok"), ("gamma", "c", "failed")]

        async def work(transaction: Transaction) -> None:
            for at, (name, model, state) in enumerate(rows):
                await transaction.execute(
                    "insert into attempts(id, run_id, ord, provider, model, state, started_at)"
                    " values (?, 'turn', ?, ?, ?, ?, ?)",
                    (f"attempt-{at}", at, name, model, state, 1_000 + at),
                )

        await store.write(work)
        assert await recently_used(store) == [("alpha", "a"), ("beta", "b")]
        assert await recently_used(None) == []
    finally:
        await store.close()
