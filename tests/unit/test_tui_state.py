"""The plain values behind the screens: folds, trails, badges, rows, slash commands, pastes, switching, ui state."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_engine import THREE, provider
from tests.support.turn_events import STAMP, asked, delta, failed, message, started
from workbench.config.values import Configuration
from workbench.conversations.values import BrokenPart, Conversation, MessageState
from workbench.core import events as ev
from workbench.core.secret import Secret
from workbench.core.storage_events import DatabaseNotice, DatabaseUpgrading
from workbench.providers.values import Attempt
from workbench.tui.actions.registry import ACTIONS, action_of_slash
from workbench.tui.actions.values import Scope
from workbench.tui.state.badges import Severity, age, badge_of_message, live_line, money, ordinal, seconds
from workbench.tui.state.chat import ChatState, ClientPhase, Part, Phase
from workbench.tui.state.chips import chips_of
from workbench.tui.state.folding import changes, fold, fold_all
from workbench.tui.state.pastes import Pastes
from workbench.tui.state.pins import AUTO, Pin
from workbench.tui.state.rows import rows_of
from workbench.tui.state.slash import CommandLine, UnknownCommand, command_of, completions
from workbench.tui.state.switching import choices_of, find_choice, next_pin
from workbench.tui.state.trail import choice_number, trail_of
from workbench.tui.ui_state import UiState, read_ui_state, write_ui_state


def test_a_turn_with_failover_is_told_step_by_step() -> None:
    state = started()
    assert state.turns["c-1"].phase is Phase.ROUTING

    state = fold(state, asked("alpha", ord=0))
    assert state.turns["c-1"].phase is Phase.ASKING

    state = fold(state, failed("alpha", "rate_limited", ord=0, next_step="next: beta/m"))
    assert state.turns["c-1"].phase is Phase.WAITING
    assert state.health["alpha"].state == "failed"

    state = fold_all(state, [asked("beta", ord=1), delta("Hel"), delta("lo")])
    turn = state.turns["c-1"]
    assert (turn.text, turn.phase) == ("Hello", Phase.STREAMING)

    done = ev.TurnFinished(message_id="m-2", state="done", provider="beta", model="m", duration_ms=2_000, **STAMP)
    ended = ev.AttemptEnded(provider="beta", model="m", ord=1, state="ok", duration_ms=1_600, **STAMP)
    state = fold_all(state, [ended, done])
    turn = state.turns["c-1"]
    assert turn.phase is Phase.DONE
    assert [(step.provider, step.state) for step in turn.trail] == [("alpha", "failed"), ("beta", "ok")]
    assert choice_number(turn.trail) == 2
    assert state.running_turns() == []


def test_a_restart_sets_the_text_aside_and_remembers_how_much() -> None:
    state = fold_all(started(), [asked("alpha", ord=0), delta("broken text"), delta("thought", reasoning=True)])
    state = fold(state, failed("alpha", "broken_stream", ord=0, next_step="restart with: beta/m"))
    restart = ev.ReplyRestarted(message_id="m-2", provider="alpha", characters=11, **STAMP)
    turn = fold(state, restart).turns["c-1"]
    assert (turn.text, turn.reasoning) == ("", "")
    assert turn.trail[0].broken_characters == 11


def test_events_after_the_end_of_a_turn_change_nothing() -> None:
    finished = ev.TurnFinished(message_id="m-2", state="stopped", reason="by you", **STAMP)
    state = fold(started(), finished)
    assert fold(state, delta("late")) is state


def test_events_of_unknown_turns_and_kinds_change_nothing() -> None:
    state = ChatState()
    assert fold(state, delta("x")) is state
    assert fold(state, ev.EngineStopping()) is state
    assert changes(state, state) == frozenset()


def test_waiting_for_a_retry_knows_when_it_is_due() -> None:
    state = fold_all(
        started(), [asked("alpha", ord=0), failed("alpha", "timeout", ord=0, next_step="retry in 2.5 s", at_ms=10_000)]
    )
    turn = state.turns["c-1"]
    assert turn.retry_at_ms == 12_500
    line = live_line(turn, ClientPhase.READY, 10_500, ())
    assert (line.text, line.severity) == ("alpha/m timeout · retrying in 2 s", Severity.WARNING)


def test_changes_name_what_must_be_drawn() -> None:
    before = ChatState()
    state = fold(before, ev.TurnStarted(user_message_id="m-1", message_id="m-2", **STAMP))
    assert changes(before, state) == {Part.TURNS}
    trouble = fold(state, ev.StorageTrouble(problem="disk full"))
    assert changes(state, trouble) == {Part.ENGINE}
    noticed = fold(state, DatabaseNotice(notice="it was damaged"))
    assert (changes(state, noticed), noticed.database_notice) == ({Part.ENGINE}, "it was damaged")
    upgrading = fold(state, DatabaseUpgrading(doing="backing it up first, copying  43 %"))
    assert upgrading.database_notice == "The database is being upgraded: backing it up first, copying  43 %"
    assert fold(upgrading, DatabaseUpgrading(doing="")).database_notice == ""
    loaded = fold(state, ev.ConfigurationLoaded(providers=("a",), problems=("x",)))
    assert changes(state, loaded) == {Part.PROVIDERS, Part.ENGINE}
    assert changes(state, fold(state, ev.ConversationChanged(conversation_id="c"))) == {Part.CONVERSATIONS}


@pytest.mark.parametrize(
    ("events", "client", "text"),
    [
        ([], ClientPhase.LOADING, "loading providers"),
        ([], ClientPhase.READY, "choosing a provider"),
        ([asked("alpha", ord=0)], ClientPhase.READY, "asking alpha/m · 4 s"),
        ([asked("alpha", ord=0)], ClientPhase.LOADING, "loading providers, then asking alpha/m · 4 s"),
        ([asked("alpha", ord=0), delta("x", at_ms=3_000)], ClientPhase.READY, "alpha/m streaming"),
        (
            [asked("alpha", ord=0), delta("x" * 200, at_ms=3_000), delta("y" * 200, at_ms=4_000)],
            ClientPhase.READY,
            "alpha/m streaming ~100 tok/s",
        ),
    ],
)
def test_the_live_line_always_says_what_is_going_on(events: list[ev.Event], client: ClientPhase, text: str) -> None:
    state = fold_all(started(), events)
    assert live_line(state.turns["c-1"], client, 5_000, ()).text == text


@given(st.lists(st.text(min_size=1, max_size=5), max_size=30))
def test_text_arrives_whole_and_in_order(pieces: list[str]) -> None:
    state = fold_all(started(), [delta(piece) for piece in pieces])
    assert state.turns["c-1"].text == "".join(pieces)


# -- badges and amounts ------------------------------------------------------------------------------------------


OK = Attempt(
    ord=1, provider="beta", model="m", state="ok", first_token_ms=800, duration_ms=1_800, output_tokens=412,
    cost_nano=4_000_000,
)  # fmt: skip
LIMITED = Attempt(ord=0, provider="alpha", model="m", state="failed", error_kind="rate_limited", duration_ms=40)


def test_the_badge_tells_everything_that_is_known() -> None:
    badge = badge_of_message(message(attempts=(LIMITED, OK)), ())
    assert badge.text == "done · beta/m · 2nd choice · first token 0.8 s · 1.8 s · 412 tok · $0.004"
    assert badge.severity is Severity.OK


def test_unknown_cost_and_tokens_are_left_out_and_scripted_providers_say_so() -> None:
    bare = Attempt(ord=0, provider="beta", model="m", state="ok")
    assert badge_of_message(message(attempts=(bare,)), {"beta"}).text == "done · beta/m · scripted"


def test_a_cut_reply_never_looks_complete() -> None:
    for state in (MessageState.STOPPED, MessageState.INTERRUPTED, MessageState.FAILED, MessageState.STREAMING):
        badge = badge_of_message(message(state, reason="because"), ())
        assert badge.severity is not Severity.OK
        assert not badge.text.startswith("done")


def test_a_provider_without_a_key_is_no_choice_and_a_second_try_is_told() -> None:
    skipped = Attempt(ord=0, provider="none", model="m", state="skipped", error_kind="no_key")
    first = Attempt(ord=1, provider="beta", model="m", state="failed", error_kind="timeout")
    again = Attempt(ord=2, provider="beta", model="m", state="ok")
    assert badge_of_message(message(attempts=(skipped, first, again)), ()).text == "done · beta/m · 2nd try"


def test_a_stored_trail_tells_what_followed_and_what_was_set_aside() -> None:
    cut = Attempt(ord=0, provider="alpha", model="m", state="failed", error_kind="broken_stream", first_token_ms=10)
    broken = (BrokenPart(provider="alpha", model="m", text="half"),)
    first, second = trail_of(message(attempts=(cut, OK), broken=broken))
    assert (first.next_step, first.broken_characters) == ("next: beta/m", 4)
    assert (second.next_step, second.broken_characters) == ("", 0)
    (last,) = trail_of(message(MessageState.FAILED, attempts=(LIMITED,)))
    assert last.next_step == "stop"


@pytest.mark.parametrize(
    ("nano", "text"),
    [(None, ""), (0, "$0"), (4_000_000, "$0.004"), (1_230_000_000, "$1.23"), (52_000, "$0.000052"), (5, "<$0.000001")],
)
def test_money(nano: int | None, text: str) -> None:
    assert money(nano) == text


def test_times_and_ordinals() -> None:
    assert [seconds(ms) for ms in (None, 42, 840, 12_600, 125_000)] == ["", "0.04 s", "0.8 s", "12.6 s", "2 min 05 s"]
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 22)] == ["1st", "2nd", "3rd", "4th", "11th", "22nd"]
    day = 86_400_000
    ages = [age(0, ms) for ms in (30_000, 300_000, 7_200_000, day, 14 * day, 800 * day)]
    assert ages == ["now", "5 m", "2 h", "1 d", "2 w", "2 y"]


# -- rows --------------------------------------------------------------------------------------------------------


def conversations(*titles: str) -> list[Conversation]:
    return [Conversation(id=f"c{n}", title=t, created_at_ms=0, updated_at_ms=0) for n, t in enumerate(titles)]


def test_titles_are_cleaned_and_told_apart_from_the_oldest_on() -> None:
    rows = rows_of(conversations("hi", "a\x1b]0;x\x07\nb", "hi", "hi (2)", ""), {"c1"}, 0)
    assert [row.title + row.mark for row in rows] == ["hi (3)", "a␛]0;x␇ b", "hi", "hi (2)", "untitled"]
    assert [row.running for row in rows] == [False, True, False, False, False]


@given(st.lists(st.sampled_from(["a", "a (2)", "a (3)", "a (2) (2)", "b"]), max_size=12))
def test_no_two_rows_look_alike_unless_their_titles_do(titles: list[str]) -> None:
    rows = rows_of(conversations(*titles), (), 0)
    shown = [row.title + row.mark for row in rows]
    assert len(set(shown)) == len(shown)


# -- slash commands ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["/etc/hosts what is it", " /new", "/New", "/", "//", "a /new", "/new\nline", "/1"])
def test_what_only_looks_like_a_command_is_a_prompt(text: str) -> None:
    assert command_of(text) is None


def test_commands_with_and_without_argument() -> None:
    theme = action_of_slash("theme")
    assert theme is not None
    assert command_of("/theme  workbench-light ") == CommandLine(action=theme, argument="workbench-light")
    assert command_of("/nonsense x") == UnknownCommand(name="nonsense")


def test_completions_are_those_that_begin_so_then_those_that_contain_it() -> None:
    assert [action.slash[0] for action in completions("/t", ACTIONS)][:3] == ["theme", "temporary", "trace"]
    assert completions("/model x", ACTIONS) == []
    assert completions("t", ACTIONS) == []
    assert [name for action in completions("/prov", ACTIONS) for name in action.slash if name != "model"] == [
        "providers",
        "provider",
    ]


# -- pastes ------------------------------------------------------------------------------------------------------


@given(st.text(max_size=50), st.text(min_size=1, max_size=50), st.text(max_size=50))
def test_a_paste_put_aside_comes_back_whole(before: str, pasted: str, after: str) -> None:
    pastes = Pastes()
    mark = pastes.put_aside(pasted)
    assert pastes.expand(before + mark + after) == before + pasted + after


def test_a_text_that_quotes_a_mark_is_not_expanded_twice() -> None:
    pastes = Pastes()
    first = pastes.put_aside("x")
    second = pastes.put_aside(f"I saw {first}")
    assert pastes.expand(f"{first} and {second}") == f"x and I saw {first}"


def test_an_edited_or_doubled_mark_still_stands_for_its_text() -> None:
    pastes = Pastes()
    mark = pastes.put_aside("the text")
    edited = mark.replace("characters", "charcters")
    assert pastes.expand(f"{edited} and {mark}") == "the text and the text"
    assert pastes.expand("⟦paste 7: nobody's⟧") == "⟦paste 7: nobody's⟧"


# -- switching ---------------------------------------------------------------------------------------------------


def test_every_provider_is_listed_and_those_that_cannot_be_asked_say_why() -> None:
    lacking = provider("delta", needs_key=True, missing_keys=("DELTA_KEY",))
    off = provider("omega", enabled=False)
    keyed = provider("kappa", needs_key=True, api_keys=(Secret("sk-something"),))
    choices = choices_of(Configuration(providers=(lacking, off, keyed)), {"kappa": "ok"})
    assert [choice.title for choice in choices if choice.usable] == ["auto", "kappa/kappa-large", "kappa/kappa-small"]
    notes = {choice.pin.provider: choice.note for choice in choices if not choice.usable}
    assert notes == {"delta": "no key, DELTA_KEY is not set", "omega": "switched off"}
    assert all("sk-something" not in repr(choice) for choice in choices)


def test_next_provider_goes_round_and_comes_back_to_automatic() -> None:
    pins = [AUTO]
    for _ in range(4):
        pin = next_pin(pins[-1], THREE)
        assert pin is not None
        pins.append(pin)
    assert [pin.provider for pin in pins] == [None, "alpha", "beta", "gamma", None]
    assert next_pin(AUTO, Configuration()) is None


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("beta", "beta/beta-large"), ("BETA-small", "beta/beta-small"), ("auto", "auto"), ("a-small", None),
        ("gamma-s", "gamma/gamma-small"), ("", None), ("nobody", None),
    ],
)  # fmt: skip
def test_a_typed_name_finds_the_one_it_means(typed: str, title: str | None) -> None:
    found = find_choice(typed, choices_of(THREE, {}))
    assert (found.title if found else None) == title


def test_chips_prefer_what_was_heard_last() -> None:
    state = fold_all(started(), [asked("alpha", ord=0), failed("alpha", "timeout", ord=0, next_step="stop")])
    failed_at_ms = state.health["alpha"].at_ms

    def shown(told: str, told_at_ms: int) -> list[str]:
        chips = chips_of(THREE, {"beta": "slow", "alpha": told}, {"alpha": told_at_ms}, state.health)
        return [chip.state for chip in chips]

    assert shown("ok", failed_at_ms - 1) == ["failed", "slow", "unknown"]
    assert shown("ok", failed_at_ms + 1) == ["ok", "slow", "unknown"], "a good probe came after the failure"
    assert shown("unknown", failed_at_ms + 1) == ["failed", "slow", "unknown"]
    assert shown("open", failed_at_ms - 1) == ["open", "slow", "unknown"]

    again = fold(state, failed("alpha", "timeout", ord=1, next_step="stop", at_ms=failed_at_ms + 9))
    assert again.health["alpha"].at_ms == failed_at_ms + 9, "the same failure once more is newer"
    assert Pin(provider="a", model="b").name == "a/b"


# -- remembered state --------------------------------------------------------------------------------------------


def test_the_remembered_state_survives_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "state" / "ui.json"
    state = UiState(theme="workbench-light", conversation_id="c", list_hidden=True)
    write_ui_state(file, state)
    assert read_ui_state(file) == state
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["ui.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"theme": 3, "conversation_id": null}', "\x00" * 70_000])
def test_a_spoiled_state_file_is_ignored(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ui.json"
    file.write_text(content)
    assert read_ui_state(file) == UiState()
    assert read_ui_state(tmp_path / "missing.json") == UiState()


# -- the registry ------------------------------------------------------------------------------------------------


def test_every_action_has_an_id_a_title_help_and_a_way_to_reach_it() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    for action in ACTIONS:
        assert action.title, action.id
        assert action.help.endswith("."), action.id
        assert action.keys or action.slash or action.palette, action.id


def test_no_key_and_no_slash_name_means_two_things_at_once() -> None:
    names = [name for action in ACTIONS for name in action.slash]
    assert len(set(names)) == len(names)
    for scope in (Scope.COMPOSER, Scope.TRANSCRIPT, Scope.CONVERSATIONS):
        seen: set[str] = set()
        for action in ACTIONS:
            if action.scope in (scope, Scope.CHAT, Scope.EVERYWHERE):
                assert not seen & set(action.keys), (scope, action.id)
                seen |= set(action.keys)


def test_no_key_depends_on_what_old_terminals_cannot_send() -> None:
    taken = {"ctrl+b", "ctrl+h", "ctrl+i", "ctrl+m", "alt+enter", "shift+enter", *(f"alt+{n}" for n in range(10))}
    assert all(key not in taken for action in ACTIONS for key in action.keys)
