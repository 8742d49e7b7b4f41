"""Broken, waiting and continued replies as plain values: folds, live line, trail, seams and failures in words."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.turn_events import STAMP, asked, delta, failed, message, started
from workbench.conversations.values import MessageState, Seam
from workbench.core import events as ev
from workbench.core import provider_events as pe
from workbench.providers.values import Attempt
from workbench.tui.chat.views import Around, view_of_message, view_of_turn
from workbench.tui.markdown.seams import SeamedFlow
from workbench.tui.markdown.textlines import Join
from workbench.tui.state.badges import Severity, live_line, place_among
from workbench.tui.state.chat import ChatState, ClientPhase, Part, Phase
from workbench.tui.state.folding import changes, fold, fold_all
from workbench.tui.state.trail import trail_of
from workbench.tui.state.turns import TurnView

BROKEN = pe.ReplyBroken(
    message_id="m-2", provider="alpha", model="m", reason="cut", characters=4, next_provider="beta", next_model="n",
    **STAMP,
)  # fmt: skip


def broken_off(**more: Any) -> ev.AttemptEnded:
    return ev.AttemptEnded(
        provider="alpha", model="m", ord=0, state="failed", error_kind="broken_stream", first_token_ms=10,
        duration_ms=400, **STAMP, **more,
    )  # fmt: skip


def continued(at: int = 4) -> pe.ReplyContinued:
    return pe.ReplyContinued(message_id="m-2", at=at, after="alpha", provider="beta", model="n", **STAMP)


def turn_after(*events: ev.Event) -> TurnView:
    return fold_all(started(), events).turns["c-1"]


def test_a_broken_reply_waits_for_a_decision_until_it_is_made() -> None:
    turn = turn_after(asked("alpha", ord=0), delta("half"), BROKEN)
    assert turn.phase is Phase.BROKEN
    assert turn.broken is not None
    assert (turn.broken.name, turn.broken.next_name) == ("alpha/m", "beta/n")
    line = live_line(turn, ClientPhase.READY, 9_000, ())
    assert (line.text, line.severity) == ("alpha/m broke off: waiting for your decision", Severity.WARNING)
    decided = pe.ReplyDecided(message_id="m-2", decision="keep", **STAMP)
    assert turn_after(asked("alpha", ord=0), delta("half"), BROKEN, decided).broken is None
    finished = ev.TurnFinished(message_id="m-2", state="stopped", **STAMP)
    assert turn_after(asked("alpha", ord=0), delta("half"), BROKEN, finished).broken is None


def test_a_continued_reply_keeps_its_text_and_marks_the_seam() -> None:
    decided = pe.ReplyDecided(message_id="m-2", decision="continue", **STAMP)
    turn = turn_after(
        asked("alpha", ord=0), delta("half"), BROKEN, decided, broken_off(), asked("beta", ord=1), continued(),
        delta(" and half"),
    )  # fmt: skip
    assert turn.text == "half and half"
    assert turn.seams == (Seam(at=4, after="alpha", provider="beta", model="n"),)
    assert turn.trail[0].kept_characters == 4
    assert view_of_turn(turn, Around(now_ms=0)).seams == ((4, turn.seams[0].label),)


def test_a_restart_takes_the_seams_away_with_the_text() -> None:
    restart = ev.ReplyRestarted(message_id="m-2", provider="beta", characters=4, **STAMP)
    turn = turn_after(asked("alpha", ord=0), delta("half"), broken_off(), asked("beta", ord=1), continued(), restart)
    assert (turn.text, turn.seams) == ("", ())


def test_a_stored_reply_tells_its_seams_like_a_live_one() -> None:
    seam = Seam(at=4, after="alpha", provider="beta", model="n")
    attempts = (
        Attempt(ord=0, provider="alpha", model="m", state="failed", error_kind="broken_stream", first_token_ms=10),
        Attempt(ord=1, provider="beta", model="n", state="ok"),
    )
    stored = message(text="half and half", seams=(seam,), attempts=attempts)
    assert view_of_message(stored, Around(now_ms=0)).seams == ((4, seam.label),)
    assert [step.kept_characters for step in trail_of(stored)] == [4, 0]


def test_waiting_for_a_place_counts_down_and_says_who_goes_first() -> None:
    waiting = pe.RequestWaiting(reason="all providers are full", ready_in_s=12.0, ahead=2, at_ms=10_000, **STAMP)
    turn = turn_after(waiting)
    assert turn.phase is Phase.QUEUED
    line = live_line(turn, ClientPhase.READY, 12_000, ())
    assert (line.text, line.stop) == ("waiting: all providers are full, about 10 s, 2 ahead", "cancels")
    assert line.short == "waiting about 10 s, 2 ahead"
    assert "any moment" in live_line(turn, ClientPhase.READY, 30_000, ()).text
    unknown = pe.RequestWaiting(reason="full", **STAMP)
    assert live_line(turn_after(unknown), ClientPhase.READY, 0, ()).text == "waiting: full"
    assert turn_after(waiting, asked("alpha", ord=0)).phase is Phase.ASKING


def test_breakers_and_keys_tell_when_a_provider_may_be_asked_again() -> None:
    opened = pe.BreakerChanged(provider="alpha", before="closed", after="open", probe_at_ms=9_000)
    before = ChatState()
    state = fold(before, opened)
    assert dict(state.next_tries) == {"alpha": 9_000}
    assert changes(before, state) == {Part.PROVIDERS}
    limited = pe.KeyChanged(provider="beta", key_ref="K", state="limited", until_ms=7_000)
    closed = pe.BreakerChanged(provider="alpha", before="half_open", after="closed")
    assert dict(fold_all(state, [limited, closed]).next_tries) == {"beta": 7_000}
    checked = pe.ProviderChecked(provider="alpha", ok=True)
    assert changes(state, fold(state, checked)) == {Part.PROVIDERS}


def test_a_reply_that_nobody_gave_says_how_each_is_and_when_it_is_tried_next() -> None:
    attempts = (
        Attempt(ord=0, provider="alpha", model="m", state="failed", error_kind="timeout", reason="first"),
        Attempt(ord=1, provider="alpha", model="m", state="failed", error_kind="rate_limited", http_status=429),
        Attempt(ord=2, provider="beta", model="n", state="skipped", error_kind="breaker_open", reason="rests"),
    )
    around = Around(now_ms=1_000, next_tries={"alpha": 61_000, "beta": 500})
    alpha, beta, way_on = view_of_message(message(MessageState.FAILED, attempts=attempts), around).notes
    assert re.fullmatch(r"✖ alpha/m: rate limited · HTTP 429 · next try \d\d:01:01", alpha)
    assert beta == "○ beta/n: breaker open · rests"
    assert "r asks again" in way_on
    assert view_of_message(message(attempts=attempts), around).notes == ()


def test_only_one_of_several_answers_tells_its_place() -> None:
    assert place_among("b", ("a", "b", "c")) == "answer 2 of 3 ←→"
    assert place_among("a", ("a",)) == place_among("x", ("a", "b")) == ""


def test_a_reply_begun_from_here_is_being_written_until_its_events_come() -> None:
    stored = message(MessageState.STREAMING, text="so far")
    assert view_of_message(stored, Around(now_ms=0, awaited="m")).streaming
    assert "elsewhere" in view_of_message(stored, Around(now_ms=0)).badge


def test_events_of_a_broken_reply_are_of_its_turn_only() -> None:
    state = started()
    other = pe.RequestWaiting(reason="full", correlation="another")
    assert fold(state, other) is state
    assert failed("alpha", "timeout", ord=0, next_step="stop").correlation == STAMP["correlation"]


def lines_of(flow: SeamedFlow, width: int = 40) -> list[str]:
    return [flow.line(y).text for y in range(flow.layout(width))]


def test_a_seam_is_a_line_of_its_own_in_mid_sentence() -> None:
    flow = SeamedFlow()
    flow.extend("about dead")
    flow.cut("beta goes on here")
    assert lines_of(flow) == ["about dead", "── beta goes on here ──"]
    flow.extend("lines")
    assert lines_of(flow) == ["about dead", "── beta goes on here ──", "lines"]
    flow.finish()
    assert [flow.line(y).join for y in range(flow.layout(40))] == [Join.NOTHING, Join.LABEL, Join.DIRECT]


def test_a_fence_that_is_open_at_a_seam_goes_on_after_it() -> None:
    flow = SeamedFlow()
    flow.extend("```python\na = 1\n")
    flow.cut("beta goes on here")
    flow.extend("# b\n```\ndone")
    flow.finish()
    assert "# b" in "\n".join(lines_of(flow)), "a heading would have lost its mark"
    closed = SeamedFlow()
    closed.extend("```\nx\n```\n")
    closed.cut("beta goes on here")
    closed.extend("# head")
    closed.finish()
    assert "# head" not in lines_of(closed)


@given(st.lists(st.text(alphabet="ab c\n`", max_size=12), min_size=1, max_size=5))
def test_a_text_with_seams_has_every_line_it_says_it_has(pieces: list[str]) -> None:
    flow = SeamedFlow()
    for place, piece in enumerate(pieces):
        if place:
            flow.cut(f"seam {place}")
        flow.extend(piece)
        lines = lines_of(flow, 10)
        assert flow.unchanged <= len(lines)
        assert sum("seam" in line for line in lines) == flow.cuts
    flow.finish()
    assert len(lines_of(flow, 10)) >= flow.cuts
