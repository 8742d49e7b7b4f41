"""Pure folds from the core's events to the chat pane's state."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from workbench.conversations.values import Seam
from workbench.core import events as ev
from workbench.core import history_events as he
from workbench.core import provider_events as pe
from workbench.core import storage_events as se
from workbench.tui.state.chat import ENDED, ChatState, ClientPhase, Part, Phase, ProviderHealth
from workbench.tui.state.trail import RUNNING, Step, went_on
from workbench.tui.state.turns import BrokenReply, TurnView

_RETRY_IN = re.compile(r"retry in (\d+(?:\.\d+)?) s")


def fold_all(state: ChatState, events: Iterable[ev.Event]) -> ChatState:
    """The state after all of these events."""
    for event in events:
        state = fold(state, event)
    return state


def fold(state: ChatState, event: ev.Event) -> ChatState:
    """The state after one more event; the very same object when it changes nothing."""
    match event:
        case ev.TurnStarted():
            return _started(state, event)
        case ev.TextDelta() | ev.RouteChosen() | ev.AttemptStarted() | ev.FirstToken() | ev.ReplyRestarted():
            return _in_turn(state, event)
        case pe.RequestWaiting() | pe.ReplyBroken() | pe.ReplyDecided() | pe.ReplyContinued():
            return _in_turn(state, event)
        case ev.AttemptEnded():
            return _heard_of(_in_turn(state, event), event)
        case ev.TurnFinished():
            changed = _in_turn(state, event)
            return replace(changed, conversations_version=changed.conversations_version + 1)
        case (
            ev.ConversationChanged()
            | he.ConversationsOrganized()
            | he.ConversationsDeleted()
            | he.ConversationsRestored()
            | he.ConversationsImported()
        ):
            return replace(state, conversations_version=state.conversations_version + 1)
        case ev.ReplyInterrupted():
            return replace(
                state, interrupted=state.interrupted + 1, conversations_version=state.conversations_version + 1
            )
        case ev.ConfigurationLoaded():
            return replace(
                state,
                providers=event.providers,
                problems=event.problems,
                configuration_version=state.configuration_version + 1,
            )
        case ev.ClientLoading():
            return _client(state, event)
        case ev.EngineStarted():
            return replace(state, engine_running=True, offline=event.offline)
        case ev.StorageTrouble() | se.DatabaseNotice() | se.DatabaseUpgrading():
            return _storage(state, event)
        case _:
            return _standing(state, event)


def _storage(state: ChatState, event: ev.StorageTrouble | se.DatabaseNotice | se.DatabaseUpgrading) -> ChatState:
    match event:
        case se.DatabaseNotice():
            return replace(state, database_notice=event.notice)
        case se.DatabaseUpgrading():
            return replace(state, database_notice=event.text() if event.doing else "")
        case ev.StorageTrouble():
            return replace(state, storage_problem=event.problem)


def changes(before: ChatState, after: ChatState) -> frozenset[Part]:
    """Which parts differ."""
    if before is after:
        return frozenset()
    found: set[Part] = set()
    if before.turns is not after.turns:
        found.add(Part.TURNS)
    if before.conversations_version != after.conversations_version:
        found.add(Part.CONVERSATIONS)
    versions = (before.configuration_version, before.standing_version)
    if versions != (after.configuration_version, after.standing_version) or before.health is not after.health:
        found.add(Part.PROVIDERS)
    engine_before = (before.client, before.client_problem, before.engine_running, before.storage_problem)
    engine_after = (after.client, after.client_problem, after.engine_running, after.storage_problem)
    if engine_before != engine_after or before.offline != after.offline or before.interrupted != after.interrupted:
        found.add(Part.ENGINE)
    if before.problems != after.problems or before.database_notice != after.database_notice:
        found.add(Part.ENGINE)
    return frozenset(found)


def _with_turn(state: ChatState, turn: TurnView) -> ChatState:
    return replace(state, turns=MappingProxyType({**state.turns, turn.conversation_id: turn}))


def _started(state: ChatState, event: ev.TurnStarted) -> ChatState:
    turn = TurnView(
        turn_id=event.correlation,
        conversation_id=event.conversation_id or "",
        user_message_id=event.user_message_id,
        message_id=event.message_id,
        started_at_ms=event.at_ms,
        last_at_ms=event.at_ms,
    )
    return _with_turn(state, turn)


def _in_turn(state: ChatState, event: ev.Event) -> ChatState:
    turn = next((turn for turn in state.turns.values() if turn.turn_id == event.correlation), None)
    if turn is None or not turn.phase.running:
        return state
    return _with_turn(state, replace(_turn_after(turn, event), last_at_ms=event.at_ms))


def _turn_after(turn: TurnView, event: ev.Event) -> TurnView:
    match event:
        case ev.RouteChosen():
            return replace(turn, skipped=MappingProxyType(dict(event.skipped)))
        case ev.AttemptStarted():
            step = Step(
                ord=event.ord, provider=event.provider, model=event.model, state=RUNNING, started_at_ms=event.at_ms
            )
            return replace(
                turn, trail=_put(turn.trail, step), phase=Phase.ASKING, retry_at_ms=0, queued_for="", broken=None
            )
        case ev.FirstToken():
            trail = tuple(
                replace(step, first_token_ms=event.first_token_ms)
                if step.state == RUNNING and (step.provider, step.model) == (event.provider, event.model)
                else step
                for step in turn.trail
            )
            return replace(turn, trail=trail, phase=Phase.STREAMING, first_text_at_ms=event.at_ms)
        case ev.TextDelta():
            return _more_text(turn, event)
        case ev.ReplyRestarted():
            return _restarted(turn, event)
        case pe.RequestWaiting() | pe.ReplyBroken() | pe.ReplyDecided() | pe.ReplyContinued():
            return _held_up(turn, event)
        case ev.AttemptEnded():
            return _attempt_ended(turn, event)
        case ev.TurnFinished():
            return replace(
                turn,
                phase=Phase(event.state) if event.state in ENDED else Phase.STOPPED,
                reason=event.reason,
                provider=event.provider or "",
                model=event.model or "",
                duration_ms=event.duration_ms,
                output_tokens=event.output_tokens,
                cost_nano=event.cost_nano,
                finish_reason=event.finish_reason,
                retry_at_ms=0,
                broken=None,
            )
        case _:
            return turn


def _held_up(
    turn: TurnView, event: pe.RequestWaiting | pe.ReplyBroken | pe.ReplyDecided | pe.ReplyContinued
) -> TurnView:  # fmt: skip
    match event:
        case pe.RequestWaiting():
            ready_at_ms = 0 if event.ready_in_s is None else event.at_ms + round(event.ready_in_s * 1000)
            return replace(
                turn, phase=Phase.QUEUED, queued_for=event.reason, ready_at_ms=ready_at_ms, ahead=event.ahead
            )
        case pe.ReplyBroken():
            broken = BrokenReply(
                provider=event.provider,
                model=event.model,
                reason=event.reason,
                characters=event.characters,
                next_provider=event.next_provider,
                next_model=event.next_model,
            )
            return replace(turn, phase=Phase.BROKEN, broken=broken)
        case pe.ReplyDecided():
            return replace(turn, phase=Phase.WAITING, broken=None)
        case pe.ReplyContinued():
            seam = Seam(
                at=event.at, after=event.after, provider=event.provider, model=event.model, ended=event.ended
            )  # fmt: skip
            trail = went_on(turn.trail, seam.after, seam.at)
            return replace(turn, seams=(*turn.seams, seam), trail=trail, broken=None)


def _put(trail: tuple[Step, ...], step: Step) -> tuple[Step, ...]:
    others = [other for other in trail if other.ord != step.ord]
    return tuple(sorted([*others, step], key=lambda one: one.ord))


def _more_text(turn: TurnView, event: ev.TextDelta) -> TurnView:
    began = turn.first_text_at_ms or event.at_ms
    if event.reasoning:
        return replace(turn, reasoning=turn.reasoning + event.delta, phase=Phase.STREAMING, first_text_at_ms=began)
    return replace(turn, text=turn.text + event.delta, phase=Phase.STREAMING, first_text_at_ms=began)


def _restarted(turn: TurnView, event: ev.ReplyRestarted) -> TurnView:
    broken = next((step for step in reversed(turn.trail) if step.provider == event.provider), None)
    trail = turn.trail
    if broken is not None:
        trail = _put(trail, replace(broken, broken_characters=event.characters))
    return replace(turn, text="", reasoning="", trail=trail, first_text_at_ms=0, seams=(), broken=None)


def _attempt_ended(turn: TurnView, event: ev.AttemptEnded) -> TurnView:
    known = next((step for step in turn.trail if step.ord == event.ord), None)
    step = Step(
        ord=event.ord,
        provider=event.provider,
        model=event.model,
        state=event.state,
        error_kind=event.error_kind or "",
        http_status=event.http_status,
        reason=event.reason,
        hint=event.hint,
        first_token_ms=event.first_token_ms,
        duration_ms=event.duration_ms,
        next_step=event.next_step,
        broken_characters=known.broken_characters if known else 0,
        kept_characters=known.kept_characters if known else 0,
        started_at_ms=known.started_at_ms if known else 0,
    )
    trail = _put(turn.trail, step)
    if event.state != "failed":
        return replace(turn, trail=trail)
    wait = _RETRY_IN.search(event.next_step)
    retry_at_ms = event.at_ms + round(float(wait[1]) * 1000) if wait else 0
    return replace(turn, trail=trail, phase=Phase.WAITING, retry_at_ms=retry_at_ms)


def _standing(state: ChatState, event: ev.Event) -> ChatState:
    """How providers stand, as far as it was heard."""
    match event:
        case pe.BreakerChanged():
            return _rests(state, event.provider, event.probe_at_ms if event.after == "open" else None)
        case pe.KeyChanged():
            return _rests(state, event.provider, event.until_ms if event.state == "limited" else None)
        case pe.ProviderChecked():
            return replace(state, standing_version=state.standing_version + 1)
        case _:
            return state


def _rests(state: ChatState, provider: str, until_ms: int | None) -> ChatState:
    tries = {name: at for name, at in state.next_tries.items() if name != provider}
    if until_ms is not None:
        tries[provider] = until_ms
    return replace(state, next_tries=MappingProxyType(tries), standing_version=state.standing_version + 1)


def _heard_of(state: ChatState, event: ev.AttemptEnded) -> ChatState:
    if event.state not in ("ok", "failed"):
        return state
    news = ProviderHealth(state=event.state, at_ms=event.at_ms, reason=event.reason)
    return replace(state, health=MappingProxyType({**state.health, event.provider: news}))


def _client(state: ChatState, event: ev.ClientLoading) -> ChatState:
    if event.problem:
        return replace(state, client=ClientPhase.FAILED, client_problem=event.problem)
    phase = ClientPhase.LOADING if event.seconds is None else ClientPhase.READY
    return replace(state, client=phase, client_problem="")
