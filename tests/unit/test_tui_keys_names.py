"""Names of keys, and which of them a terminal can send."""

from __future__ import annotations

import pytest
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.binding import Binding
from textual.keys import Keys, _character_to_key
from textual.widgets import TextArea

from workbench.tui.actions.registry import ACTIONS
from workbench.tui.keys.names import NoKeyError, key_name, printable, refuse_impossible
from workbench.tui.keys.terminals import ALT_ON_MACS, TAKERS, around, warning_for, who_takes
from workbench.tui.keys.writing import OF_LISTS, OF_TEXT_FIELDS
from workbench.tui.widgets.conversation_list import ConversationList
from workbench.tui.widgets.event_view import EventView
from workbench.tui.widgets.provider_table import ProviderTable
from workbench.tui.widgets.transcript import Transcript

IDS = {f"{action.id}{signs}" for action in ACTIONS for signs in ("", ".signs")}
SENDABLE = {
    str(getattr(key, "value", key))
    for keys in ANSI_SEQUENCES_KEYS.values()
    if isinstance(keys, tuple)
    for key in keys
    if isinstance(key, Keys | str)
}
CANDIDATES = [
    *(f"f{number}" for number in range(1, 21)), *(f"ctrl+f{number}" for number in range(1, 13)),
    *(f"ctrl+{letter}" for letter in "abcdefgjklnopqrstuvwxyz"),
    *(f"{held}{key}" for held in ("", "ctrl+", "shift+", "ctrl+shift+") for key in ("up", "left", "home", "pageup")),
    "tab", "shift+tab", "enter", "escape", "ctrl+underscore", "ctrl+backslash", "ctrl+right_square_bracket", "ctrl+@",
]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ctrl+f", "ctrl+f"), ("Ctrl+F", "ctrl+f"), ("F1", "f1"), ("esc", "escape"), ("?", "question_mark"),
        (":", "colon"), ("R", "R"), ("shift+r", "R"), ("r", "r"), ("PgUp", "pageup"),
        ("ctrl+PageDown", "ctrl+pagedown"),
        ("shift+ctrl+up", "ctrl+shift+up"), (" space ", "space"), ("ctrl+_", "ctrl+underscore"), ("+", "plus"),
        ("ctrl++", "ctrl+plus"), ("ctrl+@", "ctrl+@"), ("é", "é"), ("§", "section_sign"), ("1", "1"),
    ],
)  # fmt: skip
def test_keys_as_people_write_them(written: str, name: str) -> None:
    assert key_name(written) == name


@pytest.mark.parametrize("written", ["", "  ", "super+a", "hyper+f1", "\x00", "\ue000"])
def test_what_names_no_key(written: str) -> None:
    with pytest.raises(NoKeyError):
        key_name(written)


def test_signs_are_called_as_textual_calls_them() -> None:
    for sign in map(chr, range(0x21, 0x7F)):
        assert key_name(sign) == _character_to_key(sign)
        assert printable(key_name(sign))
        refuse_impossible(key_name(sign))


def test_every_key_that_is_called_possible_has_a_sequence_that_textual_reads() -> None:
    for key in CANDIDATES:
        refuse_impossible(key)
        assert key in SENDABLE, key
        assert not printable(key), key


@pytest.mark.parametrize(
    ("key", "instead"),
    [
        ("ctrl+h", "backspace"), ("ctrl+i", "tab"), ("ctrl+m", "enter"), ("ctrl+[", "escape"), ("alt+enter", "enter"),
        ("shift+enter", "enter"), ("alt+b", "left"), ("ctrl+1", "cannot"), ("ctrl+shift+f", "cannot"),
        ("alt+3", "another key"), ("shift+f3", "cannot"), ("ctrl+?", "cannot"), ("f42", "no such"), ("hme", "no such"),
        ("ctrl+alt+x", "together"),
    ],
)  # fmt: skip
def test_what_old_terminals_cannot_send_is_refused_with_what_arrives(key: str, instead: str) -> None:
    with pytest.raises(NoKeyError, match=instead):
        refuse_impossible(key_name(key))


def test_every_key_of_ours_can_be_sent() -> None:
    for action in ACTIONS:
        for key in action.keys:
            refuse_impossible(key)
            assert key_name(key) == key, action.id


def test_the_programs_around_are_known_by_the_environment() -> None:
    assert around({}) == ()
    assert around({"TMUX": "/tmp/x,1,0", "TERM_PROGRAM": "tmux"}) == ("tmux",)
    assert around({"STY": "1.pts"}) == ("screen",)
    assert around({"ZELLIJ": "0", "TERM_PROGRAM": "vscode"}) == ("zellij", "vscode")
    assert around({"TERM_PROGRAM": "Apple_Terminal"}) == ("macos",)
    assert {taker.name for taker in TAKERS} == {"tmux", "screen", "zellij", "vscode", "macos"}


def test_who_takes_a_key_begins_with_those_around_us() -> None:
    assert [takes.taker.name for takes in who_takes("ctrl+p", ("vscode",))] == ["vscode", "zellij"]
    assert [takes.here for takes in who_takes("ctrl+p", ("vscode",))] == [True, False]
    assert who_takes("ctrl+y", ("tmux", "zellij")) == []


def test_warnings_are_for_those_around_us_for_tmux_and_for_alt() -> None:
    assert warning_for("ctrl+b", ()).startswith("tmux takes it")
    assert warning_for("ctrl+o", ()) == ""
    assert warning_for("ctrl+o", ("zellij",)).startswith("Zellij takes it (session mode)")
    assert warning_for("alt+g", ()) == ALT_ON_MACS
    assert warning_for("ctrl+y", ("tmux",)) == ""


def test_lists_move_with_the_keys_that_are_told() -> None:
    for widget in (Transcript, ConversationList, ProviderTable, EventView):
        declared = [binding for binding in widget.__dict__["BINDINGS"] if isinstance(binding, Binding)]
        own = {key for one in declared if one.id not in IDS for key in one.key.split(",")}
        assert own <= OF_LISTS, widget


def test_what_text_fields_do_is_what_textual_says() -> None:
    textual = {
        key: binding.description.lower()
        for binding in TextArea.BINDINGS
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
    }
    assert textual == OF_TEXT_FIELDS


def test_every_key_in_the_table_of_takers_has_a_name_that_can_arrive() -> None:
    for taker in TAKERS:
        assert taker.source and taker.advice
        for key in taker.keys:
            assert key_name(key) == key, (taker.name, key)
