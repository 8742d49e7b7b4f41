"""What the shell around the panes decides: whom to notify, what a new user is told, which sequences are written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.geometry import Size

from tests.support.fake_engine import THREE, provider
from workbench.config.values import Configuration
from workbench.tui.application.terminal import too_small, too_small_picture
from workbench.tui.state.attention import Attention, notice_sequence, notice_text
from workbench.tui.state.chat import Phase
from workbench.tui.state.first_run import NO_MESSAGES, empty_text, ready_text
from workbench.tui.state.turns import BrokenReply, TurnView

RUNNING = TurnView(
    turn_id="t-1", conversation_id="c-1", user_message_id="m-1", message_id="m-2", started_at_ms=0,
    phase=Phase.STREAMING,
)  # fmt: skip
LONG = replace(RUNNING, phase=Phase.DONE, duration_ms=12_600)
ASKING = replace(
    RUNNING, phase=Phase.BROKEN, broken=BrokenReply(provider="alpha", model="m", reason="cut", characters=9)
)


def test_a_long_reply_that_ends_unseen_is_told_once() -> None:
    attention = Attention()
    assert attention.due([RUNNING], away=True) == []
    assert attention.due([LONG], away=True) == [LONG]
    assert attention.due([LONG], away=True) == []


@pytest.mark.parametrize(
    "turn",
    [replace(LONG, duration_ms=9_999), replace(LONG, phase=Phase.STOPPED)],
    ids=["short", "stopped by the person"],
)
def test_nothing_else_that_ends_is_told(turn: TurnView) -> None:
    assert Attention().due([turn], away=True) == []


def test_what_ended_in_sight_is_not_told_when_one_looks_away_later() -> None:
    attention = Attention()
    assert attention.due([LONG], away=False) == []
    assert attention.due([LONG], away=True) == []


def test_a_question_is_told_once_and_again_only_after_somebody_looked() -> None:
    attention = Attention()
    assert attention.due([ASKING], away=True) == [ASKING]
    assert attention.due([ASKING], away=True) == []
    # It ended by itself, still unseen: one reply, one notification.
    assert attention.due([LONG], away=True) == []

    attention = Attention()
    attention.due([ASKING], away=True)
    attention.due([ASKING], away=False)
    assert attention.due([LONG], away=True) == [LONG]


def test_the_words_of_a_notification_are_short_and_clean() -> None:
    assert notice_text(LONG, "Retry budgets") == "Retry budgets: answered after 12.6 s"
    assert notice_text(replace(LONG, phase=Phase.FAILED), "") == "workbench: failed after 12.6 s"
    assert notice_text(ASKING, "x") == "x: alpha/m broke off, a question waits"
    hostile = notice_text(LONG, "\x1b]52;c;eA==\x07" + "long " * 50)
    assert hostile.isprintable() and len(hostile) < 80


def test_a_terminal_is_told_in_the_way_it_understands() -> None:
    text = "a\x1b\x07b"
    assert notice_sequence(text, {"TERM_PROGRAM": "Apple_Terminal"}) == "\x07"
    assert notice_sequence(text, {"TMUX": "x", "TERM_PROGRAM": "tmux"}) == "\x07"
    assert notice_sequence(text, {"TERM_PROGRAM": "WezTerm"}) == "\x1b]9;workbench: a␛␇b\x07"
    wrapped = notice_sequence(text, {"TMUX": "x", "TERM_PROGRAM": "tmux", "KITTY_WINDOW_ID": "1"})
    assert wrapped == "\x1bPtmux;\x1b\x1b]9;workbench: a␛␇b\x07\x1b\\"


def test_an_empty_conversation_says_what_was_found() -> None:
    assert empty_text(None) == empty_text(THREE) == NO_MESSAGES
    found = replace(THREE, discovered=True, notes=("alpha: its key is in ALPHA_KEY",))
    assert "Found without a configuration file:\nalpha: its key is in ALPHA_KEY" in empty_text(found)


def test_those_who_can_be_asked_are_named_in_order() -> None:
    many = tuple(provider(name, priority=9 - place) for place, name in enumerate("abcdef"))
    lacking = provider("zz", priority=0, needs_key=True)
    told = ready_text(Configuration(providers=(*many, lacking)))
    assert told.startswith("Ready: f, e, d, c and 2 more can be asked.")


@pytest.mark.parametrize(("width", "height"), [(19, 40), (100, 4), (1, 1), (3, 2)])
def test_a_terminal_that_is_too_small_gets_a_picture_of_its_own_size(width: int, height: int) -> None:
    size = Size(width, height)
    assert too_small(size) and not too_small(Size(20, 5))
    picture = too_small_picture(size)
    assert len(picture.strips) == height
    lines = ["".join(segment.text for strip in line for segment in strip) for line in picture.strips]
    assert {len(line) for line in lines} == {width}
    assert lines[0].strip() == "too small"[:width]
