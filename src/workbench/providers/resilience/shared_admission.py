"""The admission that breakers, keys and limits make, shared with the other processes of a home."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from random import Random

from workbench.config.values import Provider
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.provider_events import BreakerChanged, KeyChanged
from workbench.providers.resilience.admission import Admitted, Ask, Full, Ticket
from workbench.providers.resilience.breaker import Outcome, Report, Transition, outcome_of
from workbench.providers.resilience.breaker import view as breaker_view
from workbench.providers.resilience.keys import KeyReport, KeySign, KeyTransition, sign_of
from workbench.providers.resilience.limits import Need
from workbench.providers.resilience.shared_state import SharedState
from workbench.providers.resilience.standing import Facts, ProviderStanding
from workbench.providers.resilience.values import BreakerState, BreakerView, KeyView, LimitView
from workbench.providers.resilience.waiting import Ahead
from workbench.providers.resilience.waiting_room import WaitingRoom
from workbench.providers.routing.order import Candidate, Skipped
from workbench.providers.values import Attempt, AttemptFailure, ErrorKind
from workbench.storage.store import Store

CLAIM_WAIT_S = 1.0
"""How long a probe waits for the database to say that it is the only one; then memory decides."""

_NEVER_SENT = frozenset({ErrorKind.CONNECTION, ErrorKind.INTERNAL, ErrorKind.NO_KEY, ErrorKind.DISABLED})


class SharedAdmission:
    """Admits requests one by one; every one is given back through `record`. Used on one event loop."""

    def __init__(
        self, store: Store | None, bus: EventBus, clock: Clock, random: Random, *, owner: str, limit: Callable[[], int]
    ) -> None:
        """`owner` names this process to others; `limit` says how many requests may run at once."""
        self._bus = bus
        self._clock = clock
        self._random = random
        self._owner = owner
        self._state = SharedState(
            store, clock, breaker_changed=self._breaker_changed, key_changed=self._key_changed
        )  # fmt: skip
        self._standing = ProviderStanding(self._state, clock, limit)
        self._room = WaitingRoom(self._standing, bus, clock)
        self._used: dict[tuple[str, str], int] = {}
        self._uses = 0
        self._permits = 0
        self._refused: dict[str, bool] = {}

    async def refresh(self, providers: Sequence[Provider] = ()) -> None:
        """Read what other processes of the home have found; storage trouble leaves what is known."""
        await self._state.refresh([provider.name for provider in providers] or self._standing.names)
        for provider in providers:
            self._meet(provider)
        for name in self._standing.names:
            facts = self._standing.known(name)
            self._refused[name] = facts is not None and bool(self._standing.refused(facts))
        self._room.stir()

    def breaker(self, provider: Provider) -> BreakerView:
        """Its breaker; open as well while all its keys are refused."""
        return self._standing.breaker_view(self._standing.facts(provider))

    def keys(self, provider: Provider) -> tuple[KeyView, ...]:
        """Its keys, in configuration order."""
        return self._standing.key_views(self._standing.facts(provider))

    def limits(self, provider: Provider) -> tuple[LimitView, ...]:
        """Its limits, those of its keys and the one for all requests."""
        return self._standing.limit_views(self._standing.facts(provider))

    def look(self, candidate: Candidate) -> Skipped | Full | None:
        """What `admit` would say now, None for leave; takes and changes nothing."""
        ahead = self._room.ahead(Ask(turn_id=""))
        return self._standing.judge(candidate, 0, ahead).answer

    def another_key(self, candidate: Candidate) -> bool:
        """Whether the provider has a key that neither rests nor was refused."""
        return self._standing.usable_key(self._standing.facts(candidate.provider))

    async def admit(self, candidate: Candidate, ask: Ask, *, early_probe: bool = False) -> Admitted | Skipped | Full:
        """Leave to ask, or why not (yet); with `early_probe` a probe may go before its time."""
        facts = self._meet(candidate.provider)
        ahead = self._room.ahead(ask)
        answer = self._standing.judge(candidate, ask.tokens, ahead, early=early_probe).answer
        if answer is not None:
            return answer
        ticket = self._take(facts, ask.tokens, ahead)
        if ticket is None:
            return Full(reason="no key has a free place", ready_in_s=None)
        if self._standing.breaker(facts).state is not BreakerState.CLOSED:
            refusal = await self._claim_probe(candidate, facts, ticket, early=early_probe)
            if refusal is not None:
                return refusal
        self._room.admitted(ask)
        provider = candidate.provider
        keys = {provider.key_ref(place): key for place, key in reversed(list(enumerate(provider.api_keys)))}
        return Admitted(
            api_key=keys.get(ticket.ref),
            key_ref=ticket.ref or None,
            probe=ticket.permit is not None,
            ticket=ticket,
        )

    async def wait(self, candidates: Sequence[Candidate], ask: Ask, *, timeout_s: float) -> bool:
        """Queue until one of these may have a free place and it is this request's turn; False when it took too long.

        True too when none of them is worth waiting for any more.
        """
        for candidate in candidates:
            self._meet(candidate.provider)
        return await self._room.wait(candidates, ask, timeout_s=timeout_s)

    def record(
        self, candidate: Candidate, admitted: Admitted, attempt: Attempt, failure: AttemptFailure | None
    ) -> None:
        """What became of an admitted attempt; also of a cancelled one. Twice is once."""
        ticket, name = admitted.ticket, candidate.provider.name
        if ticket is None or not ticket.held:
            return
        ticket.held = False
        unsent = failure is not None and failure.kind in _NEVER_SENT and failure.http_status is None
        used = None
        if attempt.input_tokens is not None and attempt.output_tokens is not None:
            used = float(attempt.input_tokens + attempt.output_tokens)
        self._release(name, ticket, used=used, reached=not unsent or attempt.first_token_ms is not None)
        facts = self._standing.known(name)
        if facts is not None:
            # What the configuration no longer says tells nothing of what it says now.
            if facts.fingerprint == ticket.fingerprint:
                self._report_attempt(name, ticket, attempt, failure)
            if facts.prints.get(ticket.ref) == ticket.key_fingerprint:
                self._report_key(name, ticket, attempt, failure)
        self._room.stir()

    async def heard_well(self, provider: Provider) -> None:
        """A check that costs nothing was answered: an open breaker lets its probe go now."""
        facts = self._meet(provider)
        report = Report(outcome=Outcome.HEARD, at_ms=self._clock.now_ms(), fingerprint=facts.fingerprint)
        self._state.tell_breaker(provider.name, report)
        await self._state.settled(provider.name)
        self._room.stir()

    async def reset_breaker(self, provider_name: str) -> None:
        """Close a provider's breaker, for all processes."""
        report = Report(outcome=Outcome.RESET, at_ms=self._clock.now_ms())
        self._state.tell_breaker(provider_name, report, shared=True)
        await self._state.settled(provider_name)
        self._room.stir()

    async def reset_keys(self, provider_name: str) -> None:
        """Let all keys of a provider be used again that rest or were refused, for all processes."""
        await self._state.refresh([provider_name])
        for ref in self._state.key_refs(provider_name):
            await self._switch_key(provider_name, ref, KeySign.RESET)

    async def set_key_enabled(self, provider_name: str, key_ref: str, enabled: bool) -> None:
        """Switch one key of a provider on or off, for all processes."""
        await self._state.refresh([provider_name])
        await self._switch_key(provider_name, key_ref, KeySign.SWITCHED_ON if enabled else KeySign.SWITCHED_OFF)

    async def aclose(self) -> None:
        """Wait for what is being saved, at most a second."""
        await self._state.aclose()

    async def _switch_key(self, name: str, ref: str, sign: KeySign) -> None:
        self._state.tell_key(name, ref, KeyReport(sign=sign, at_ms=self._clock.now_ms()))
        await self._state.settled(name)
        self._room.stir()

    def _meet(self, provider: Provider) -> Facts:
        """Take over its configuration; a breaker or keys that begin anew by it are told."""
        known = self._standing.known(provider.name)
        if known is None or known.provider is provider or known.provider == provider:
            return self._standing.meet(provider)
        breaker_before = self._standing.breaker_view(known)
        keys_before = {view.ref: view.condition for view in self._standing.key_views(known)}
        facts = self._standing.meet(provider)
        for view in self._standing.key_views(facts):
            if view.condition is not keys_before.get(view.ref, view.condition):
                self._bus.publish(
                    KeyChanged(provider=provider.name, key_ref=view.ref, state=view.condition, reason="it was changed")
                )
        breaker_after = self._standing.breaker_view(facts)
        self._refused[provider.name] = bool(self._standing.refused(facts))
        if breaker_after.state is not breaker_before.state:
            self._publish_breaker(provider.name, breaker_before.state, breaker_after, "its configuration was changed")
        return facts

    def _take(self, facts: Facts, tokens: float, ahead: Ahead) -> Ticket | None:
        name, now_s = facts.provider.name, self._clock.monotonic()
        need = Need(tokens=tokens + ahead.tokens[name], requests=1 + ahead.promised[name])
        ref = self._standing.choose_key(facts, self._used, need)
        if ref is None:
            return None
        self._uses += 1
        self._used[name, ref] = self._uses
        self._standing.running += 1
        self._standing.limits(name).take(ref, tokens, now_s)
        return Ticket(
            ref=ref,
            tokens=tokens,
            key_fingerprint=facts.prints[ref],
            fingerprint=facts.fingerprint,
            generation=self._standing.breaker(facts).generation,
        )

    def _release(self, name: str, ticket: Ticket, *, used: float | None, reached: bool) -> None:
        self._standing.running -= 1
        self._standing.limits(name).release(
            ticket.ref, reserved=ticket.tokens, used=used, reached=reached, now_s=self._clock.monotonic()
        )

    async def _claim_probe(self, candidate: Candidate, facts: Facts, ticket: Ticket, *, early: bool) -> Skipped | None:
        """Get the one permit of all processes; None with it, or when the breaker turns out to be closed."""
        name = facts.provider.name
        self._permits += 1
        ticket.permit = f"{self._owner}:{self._permits}"
        claim = Report(
            outcome=Outcome.CLAIM,
            at_ms=self._clock.now_ms(),
            fingerprint=facts.fingerprint,
            permit=ticket.permit,
            early=early,
        )
        self._state.tell_breaker(name, claim, shared=True)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLAIM_WAIT_S):
                    await self._state.settled(name)
            record = self._standing.breaker(facts)
            if record.state is BreakerState.CLOSED:
                ticket.permit, ticket.generation = None, record.generation
                return None
            if record.permit == ticket.permit:
                return None
        except BaseException:
            self._give_back(name, ticket)
            raise
        self._give_back(name, ticket)
        # Another process was first, or its probe has just failed.
        answer = self._standing.judge(candidate, 0).answer
        if isinstance(answer, Skipped):
            return answer
        reason = "its breaker is half-open, and another process sends its one probe"
        return Skipped(provider=name, model=candidate.model, kind=ErrorKind.BREAKER_OPEN, reason=reason)

    def _give_back(self, name: str, ticket: Ticket) -> None:
        """Nothing was sent: a place, its tokens and a probe's permit are free again."""
        ticket.held = False
        self._release(name, ticket, used=None, reached=False)
        self._return_permit(name, ticket)
        self._room.stir()

    def _return_permit(self, name: str, ticket: Ticket) -> None:
        report = Report(outcome=Outcome.NEUTRAL, at_ms=self._clock.now_ms(), permit=ticket.permit)
        self._state.tell_breaker(name, report)

    def _report_attempt(self, name: str, ticket: Ticket, attempt: Attempt, failure: AttemptFailure | None) -> None:
        outcome = outcome_of(attempt, failure)
        if outcome is Outcome.NEUTRAL:
            if ticket.permit is not None:
                self._return_permit(name, ticket)
            return
        report = Report(
            outcome=outcome,
            at_ms=self._clock.now_ms(),
            fingerprint=ticket.fingerprint,
            generation=ticket.generation,
            permit=ticket.permit,
            reason=failure.reason if failure is not None else "",
            roll=self._random.random() if failure is not None else 0.5,
        )
        self._state.tell_breaker(name, report)

    def _report_key(self, name: str, ticket: Ticket, attempt: Attempt, failure: AttemptFailure | None) -> None:
        sign = sign_of(attempt, failure)
        if sign is None:
            return
        report = KeyReport(
            sign=sign,
            at_ms=self._clock.now_ms(),
            fingerprint=ticket.key_fingerprint,
            retry_after_s=failure.retry_after_s if failure is not None else None,
            status=failure.http_status if failure is not None else None,
        )
        self._state.tell_key(name, ticket.ref, report)

    def _breaker_changed(self, name: str, change: Transition) -> None:
        facts = self._standing.known(name)
        if facts is not None and self._standing.refused(facts):
            return
        view = breaker_view(change.breaker, self._clock.now_ms())
        self._publish_breaker(name, change.before, view, change.reason)

    def _key_changed(self, name: str, ref: str, change: KeyTransition) -> None:
        key = change.key
        self._bus.publish(
            KeyChanged(
                provider=name, key_ref=ref, state=key.condition, until_ms=key.until_ms, reason=change.reason
            )
        )  # fmt: skip
        facts = self._standing.known(name)
        if facts is None:
            return
        refused, before = bool(self._standing.refused(facts)), self._refused.get(name, False)
        self._refused[name] = refused
        own = self._standing.breaker(facts).state
        if refused is not before and own is BreakerState.CLOSED:
            earlier = BreakerState.CLOSED if refused else BreakerState.OPEN
            view = self._standing.breaker_view(facts)
            self._publish_breaker(name, earlier, view, view.reason if refused else "a key can be used again")

    def _publish_breaker(self, name: str, before: BreakerState, view: BreakerView, reason: str) -> None:
        self._bus.publish(
            BreakerChanged(
                provider=name,
                before=before,
                after=view.state,
                reason=reason,
                failures=view.failures,
                probe_at_ms=view.probe_at_ms,
            )
        )
