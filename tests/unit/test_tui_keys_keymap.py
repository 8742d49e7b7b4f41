"""The user's key map: what it may say, and what is told of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.tui.actions.registry import ACTIONS, action_by_id, bindings_of, keymap_of
from workbench.tui.actions.values import Scope, put_in_force
from workbench.tui.keys.keymap import Keymap, overlap
from workbench.tui.keys.reading import TEMPLATE, read_keys, told_of_keymap
from workbench.tui.keys.stored import StoredKeys, fingerprint_of, read_stored, registry_sum, write_stored


@pytest.fixture(autouse=True)
def own_keys() -> Iterator[None]:
    yield
    put_in_force({})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keymap.yaml"


def read(file: Path, text: str, **environ: str) -> Keymap:
    file.write_text(text)
    return read_keys(file, environ)


def places(keymap: Keymap) -> list[tuple[int, int, str]]:
    return [(problem.line, problem.column, problem.key) for problem in keymap.problems]


def test_keys_lists_and_none(file: Path) -> None:
    keymap = read(file, "app.help: F12\nchat.switch_model: [ctrl+y, m]\nchat.trace: []\nchat.list:\napp.theme: 9\n")
    assert keymap.problems == ()
    assert keymap.keys == {
        "app.help": ("f12",), "chat.switch_model": ("ctrl+y", "m"), "chat.trace": (), "chat.list": (),
        "app.theme": ("9",),
    }  # fmt: skip


def test_no_file_and_the_template_change_nothing(file: Path) -> None:
    assert read_keys(file, {}) == Keymap(keys={})
    assert read(file, TEMPLATE) == Keymap(keys={})


def test_an_unknown_id_names_the_nearest_and_the_rest_is_used(file: Path) -> None:
    keymap = read(file, "chat.nwe: f12\nchat.new: f12\n")
    assert places(keymap) == [(1, 1, "chat.nwe")]
    assert 'did you mean "chat.new"?' in keymap.problems[0].problem
    assert str(keymap.problems[0]).startswith(f"{file}:1:1: chat.nwe: ")
    assert keymap.keys == {"chat.new": ("f12",)}


def test_impossible_keys_are_told_at_the_key(file: Path) -> None:
    keymap = read(file, "chat.new: [f12, ctrl+i]\nchat.trace: alt+enter\nchat.list: super+x\n")
    assert places(keymap) == [(1, 17, "chat.new"), (2, 13, "chat.trace"), (3, 12, "chat.list")]
    assert "tab" in keymap.problems[0].problem
    assert "enter" in keymap.problems[1].problem
    assert keymap.keys == {}


def test_a_key_that_another_action_has_is_refused_unless_that_one_moves(file: Path) -> None:
    keymap = read(file, "chat.new: ctrl+p\n")
    assert keymap.keys == {}
    assert "app.palette" in keymap.problems[0].problem
    moved = read(file, "chat.new: ctrl+p\napp.palette: f12\n")
    assert moved.problems == ()
    assert moved.keys == {"chat.new": ("ctrl+p",), "app.palette": ("f12",)}


def test_of_two_entries_that_want_one_key_the_first_counts(file: Path) -> None:
    keymap = read(file, "chat.new: f12\nchat.trace: f12\n")
    assert keymap.keys == {"chat.new": ("f12",)}
    assert places(keymap) == [(2, 13, "chat.trace")]


def test_two_actions_may_swap_their_keys(file: Path) -> None:
    new, trace = action_by_id("chat.new").keys[0], action_by_id("chat.trace").keys[0]
    keymap = read(file, f"chat.new: {trace}\nchat.trace: {new}\n")
    assert keymap.problems == ()


def test_an_entry_that_falls_takes_those_that_relied_on_it_along(file: Path) -> None:
    keymap = read(file, "chat.new: ctrl+t\nchat.trace: ctrl+p\n")
    assert keymap.keys == {}
    assert len(keymap.problems) == 2


def test_the_same_key_in_places_that_never_meet_is_no_clash(file: Path) -> None:
    assert read(file, "providers.test: Z\nchat.copy_reply: Z\n").problems == ()
    assert overlap(Scope.CHAT, Scope.COMPOSER)
    assert overlap(Scope.EVENTS, Scope.EVERYWHERE)
    assert not overlap(Scope.COMPOSER, Scope.TRANSCRIPT)
    assert not overlap(Scope.PROVIDERS, Scope.CHAT)


@pytest.mark.parametrize(
    "text",
    [
        "app.palette: x", "chat.switch_model: [x, y]", "composer.editor: [ctrl+y, x]", "app.palette: enter",
        "composer.editor: tab", "composer.send: f12", "chat.new: {key: f12}", "chat.new: [[f12]]", "chat.new: true",
    ],
)  # fmt: skip
def test_what_would_break_writing_or_means_nothing_is_refused(file: Path, text: str) -> None:
    keymap = read(file, text)
    assert keymap.keys == {}
    assert len(keymap.problems) == 1


@pytest.mark.parametrize("action_id", ["app.help", "app.quit"])
@pytest.mark.parametrize("keys", ["[]", "[x]", "'?'"])
def test_help_and_quit_keep_a_key_that_always_works(file: Path, action_id: str, keys: str) -> None:
    keymap = read(file, f"{action_id}: {keys}\n")
    assert keymap.keys == {}
    assert "must keep a key" in keymap.problems[0].problem


def test_keys_that_tmux_or_somebody_around_takes_are_used_with_a_warning(file: Path) -> None:
    keymap = read(file, "chat.new: ctrl+b\napp.jump: alt+g\n")
    assert set(keymap.keys) == {"chat.new", "app.jump"}
    assert ["tmux" in str(keymap.warnings[0]), "macOS" in str(keymap.warnings[1])] == [True, True]
    assert "means redo" in str(read(file, "chat.new: ctrl+y\n").warnings[0])
    assert "move with it" in str(read(file, "chat.trace: [ctrl+t, k]\n").warnings[0])
    inside = read(file, "chat.new: ctrl+s\n", ZELLIJ="0")
    assert "Zellij takes it (scroll mode)" in str(inside.warnings[0])
    problems, warnings = told_of_keymap(file)
    assert problems == ()
    assert isinstance(warnings, tuple)


@pytest.mark.parametrize("text", ["- f1\n", "a: [", "\x00", "chat.new: f12\nchat.new: f11\n", "[" * 50])
def test_a_spoiled_file_is_a_problem_with_its_place(file: Path, text: str) -> None:
    keymap = read(file, text)
    assert len(keymap.problems) == 1
    assert keymap.problems[0].line >= 1


def test_names_of_strangers_are_shown_harmlessly(file: Path) -> None:
    keymap = read(file, '"sk-abcdefghijklmnop0123456789ABCD": f12\nchat.new: "\\e[31mred"\n')
    told = "\n".join(map(str, keymap.problems))
    assert "sk-abc" not in told
    assert "\x1b" not in told


# -- the keys in force -----------------------------------------------------------------------------------------------


def test_actions_tell_the_keys_in_force() -> None:
    new, trace = action_by_id("chat.new"), action_by_id("chat.trace")
    put_in_force({"chat.new": ("f12", "question_mark"), "chat.trace": ()})
    assert (new.key_text, new.way) == ("f12 ?", "f12")
    assert (trace.key_text, trace.way) == ("", "/trace")
    put_in_force({})
    assert new.key_text == "ctrl+n"


def test_signs_of_an_action_with_priority_have_a_binding_without_it() -> None:
    bindings = {binding.id: binding for binding in bindings_of(Scope.EVERYWHERE)}
    assert (bindings["app.help"].key, bindings["app.help"].priority) == ("f1", True)
    assert (bindings["app.help.signs"].key, bindings["app.help.signs"].priority) == ("question_mark", False)
    chosen = {"app.help": ("f12", "exclamation_mark"), "app.palette": ("f11",), "chat.new": ()}
    assert keymap_of(chosen) == {
        "app.help": "f12", "app.help.signs": "exclamation_mark", "app.palette": "f11", "app.palette.signs": "no-key",
        "chat.new": "no-key",
    }  # fmt: skip


def test_every_action_with_a_handler_can_be_given_a_key() -> None:
    bound = {binding.id for binding in bindings_of(*Scope)}
    assert {action.id for action in ACTIONS if action.handler} <= bound


# -- what is stored --------------------------------------------------------------------------------------------------


def test_what_was_read_is_stored_and_found_again(tmp_path: Path) -> None:
    stored = StoredKeys(
        fingerprint="1-2-3", registry=registry_sum(ACTIONS), keys={"chat.new": ("f12",), "chat.trace": ()},
        problems=("a: b",),
    )  # fmt: skip
    cache = tmp_path / "state" / "keys.json"
    write_stored(cache, stored)
    assert read_stored(cache) == stored
    assert cache.stat().st_mode & 0o077 == 0
    assert registry_sum(ACTIONS) != registry_sum(ACTIONS[1:])


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"fingerprint": 1}', "\x00" * 300_000, '{"fingerprint": "", "registry": 1, "keys": []}']
)
def test_a_spoiled_store_is_ignored(tmp_path: Path, content: str) -> None:
    cache = tmp_path / "keys.json"
    cache.write_text(content)
    assert read_stored(cache) == StoredKeys()
    assert read_stored(tmp_path / "missing.json") == StoredKeys()


def test_a_changed_file_has_another_fingerprint(file: Path) -> None:
    assert fingerprint_of(file) == ""
    file.write_text("a: b\n")
    first = fingerprint_of(file)
    file.write_text("a: bc\n")
    assert first and fingerprint_of(file) != first
