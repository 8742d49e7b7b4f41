"""Gathers what the strategies go by, and finds the way of one request."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import median

from workbench.config.values import FallbackStrategy, Provider
from workbench.core.clock import Clock
from workbench.core.errors import StorageError
from workbench.providers.routing.catalogue import Catalogue, EmptyCatalogue, ModelFacts
from workbench.providers.routing.fallbacks import (
    Rerouted,
    answer_tokens,
    larger_windows,
    named_candidates,
    too_long,
)
from workbench.providers.routing.order import Candidate, Route, Skipped, Wishes, order_candidates
from workbench.providers.routing.rotation import Rotation
from workbench.providers.routing.strategies import Known
from workbench.providers.values import AnswerRequest, ErrorKind, PromptMessage
from workbench.storage.store import Store

logger = logging.getLogger(__name__)

RECENT_MS = 15 * 60 * 1000
"""Attempts that old still say how fast a provider is."""

MOST_ROWS = 500
USUAL_ANSWER = 500
"""Tokens of an answer that prices are compared by."""

_RECENT = """
select provider, state, first_token_at - started_at as first_token_ms from attempts
where started_at >= ? and state in ('ok', 'failed') order by started_at desc limit ?
"""


def most_tokens(messages: Sequence[PromptMessage]) -> int:
    """More tokens than the prompt can have: no tokenizer makes more than one of a byte, and a few a message."""
    return sum(len(message.text.encode("utf-8", "surrogatepass")) + 16 for message in messages)


@dataclass(slots=True)
class Measured:
    """How long one prompt is, counted only where it matters."""

    most: int
    """It is no longer than this."""
    counted: dict[str, int]
    """Tokens by candidate, where they were counted."""

    def estimate(self, candidate: Candidate) -> int:
        """Counted, or four bytes a token."""
        return self.counted.get(candidate.name, self.most // 4)


class Router:
    """Finds whom to ask; contacts nobody."""

    def __init__(
        self,
        *,
        clock: Clock,
        random: Random,
        catalogue: Catalogue | None = None,
        rotation: Rotation | None = None,
        store: Store | None = None,
    ) -> None:
        """Recent speeds come from the attempts in `store`; without one, nothing is known of speed."""
        self._clock = clock
        self._random = random
        self.catalogue: Catalogue = catalogue or EmptyCatalogue()
        self._rotation = rotation or Rotation()
        self._store = store

    async def route(self, request: AnswerRequest, *, take_turn: bool = True) -> tuple[Route, Measured]:
        """Whom to ask for this request, who is left out and why, and how long its prompt is.

        `take_turn` False only looks: the rotation does not advance.
        """
        measured = Measured(most_tokens(request.messages), {})
        known = await self._known(request, measured, take_turn)
        wishes = Wishes(
            strategy=request.strategy,
            default_provider=request.default_provider,
            pinned_provider=request.pinned_provider,
            pinned_model=request.pinned_model,
            fallback=request.fallback,
            private=request.private,
        )
        route = order_candidates(request.providers, wishes, known)
        candidates: list[Candidate] = []
        skipped = list(route.skipped)
        for candidate in route.candidates:
            passed_over = await self._too_long(candidate, request, measured)
            if passed_over is None:
                candidates.append(candidate)
            else:
                skipped.append(passed_over)
        return replace(route, candidates=tuple(candidates), skipped=tuple(skipped)), measured

    def facts(self, candidate: Candidate) -> ModelFacts:
        """What is known of its model."""
        return self.catalogue.facts(candidate.provider, candidate.model)

    def longest_answer(self, candidate: Candidate, request: AnswerRequest, measured: Measured) -> int | None:
        """How many tokens the answer may have there."""
        return answer_tokens(request.max_tokens, measured.counted.get(candidate.name), self.facts(candidate))

    def reroute(
        self,
        kind: ErrorKind,
        failed: Candidate,
        remaining: Sequence[Candidate],
        request: AnswerRequest,
        *,
        asked: Sequence[Candidate],
    ) -> Rerouted | None:
        """Where a request goes that was too long or was refused by a content policy; None for other failures.

        Those `asked` already are not asked again.
        """
        if not request.fallback:
            return None
        names = {
            ErrorKind.CONTEXT_WINDOW: request.context_window_fallback,
            ErrorKind.CONTENT_POLICY: request.content_policy_fallback,
        }.get(kind, ())
        named = named_candidates(names, request.providers, asked, private=request.private)
        if named:
            return Rerouted(candidates=tuple(named))
        return larger_windows(failed, remaining, self.catalogue.facts) if kind is ErrorKind.CONTEXT_WINDOW else None

    async def _too_long(self, candidate: Candidate, request: AnswerRequest, measured: Measured) -> Skipped | None:
        facts = self.facts(candidate)
        wanted = min(request.max_tokens or 0, facts.max_output or request.max_tokens or 0)
        if facts.context_window is None or measured.most + wanted <= facts.context_window:
            return None
        tokens = await self.catalogue.count_tokens(candidate.provider, candidate.model, request.messages)
        measured.counted[candidate.name] = tokens
        return too_long(candidate, tokens, facts)

    async def _known(self, request: AnswerRequest, measured: Measured, take_turn: bool) -> Known:
        known = Known(random=self._random)
        match request.strategy:
            case FallbackStrategy.ROUND_ROBIN:
                position = await (self._rotation.take() if take_turn else self._rotation.look())
                return replace(known, position=position)
            case FallbackStrategy.FASTEST:
                return await self._speeds(known)
            case FallbackStrategy.CHEAPEST:
                return replace(known, price_nano=self._prices(request.providers, measured))
            case _:
                return known

    async def _speeds(self, known: Known) -> Known:
        if self._store is None:
            return known
        try:
            rows = await self._store.read(_RECENT, (self._clock.now_ms() - RECENT_MS, MOST_ROWS))
        except StorageError as problem:
            logger.warning("recent speeds cannot be read: %s", problem)
            return known
        firsts: dict[str, list[int]] = {}
        for row in rows:
            times = firsts.setdefault(row["provider"], [])
            if row["state"] == "ok" and row["first_token_ms"] is not None:
                times.append(row["first_token_ms"])
        return replace(
            known,
            first_token_ms={name: round(median(times)) for name, times in firsts.items() if times},
            failing=frozenset(name for name, times in firsts.items() if not times),
        )

    def _prices(self, providers: Sequence[Provider], measured: Measured) -> dict[str, float]:
        prices: dict[str, float] = {}
        for provider in providers:
            if not provider.models:
                continue
            facts = self.catalogue.facts(provider, provider.models[0])
            if facts.input_nano is not None and facts.output_nano is not None:
                tokens = measured.most // 4
                prices[provider.name] = facts.input_nano * tokens + facts.output_nano * USUAL_ANSWER
        return prices
