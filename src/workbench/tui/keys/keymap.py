"""What a key map may say: ids that exist, keys that arrive, no key with two meanings at one place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.tui.actions.values import Action, Scope, readable_key
from workbench.tui.keys.names import NoKeyError, key_name, printable, refuse_impossible
from workbench.tui.keys.terminals import warning_for
from workbench.tui.keys.writing import OF_LISTS, OF_TEXT_FIELDS

if TYPE_CHECKING:
    from workbench.config.keymap import KeymapEntry, WrittenKey
    from workbench.config.values import Problem

NEVER_WITHOUT = frozenset({"app.help", "app.quit"})
"""Without a key of theirs nobody finds out how to get one back, or out."""
_ON_THE_CHAT_PANE = frozenset({Scope.COMPOSER, Scope.QUEUE, Scope.TRANSCRIPT, Scope.CONVERSATIONS})
_OF_WRITING = frozenset({
    "enter", "tab", "shift+tab", "backspace", "delete", "up", "down", "left", "right", "home", "end", "pageup",
    "pagedown", "escape",
})  # fmt: skip
"""Text fields, lists and dialogs cannot do without them."""
_MOST_NAMED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Keymap:
    """What is left of a key map when everything wrong is left out."""

    keys: Mapping[str, tuple[str, ...]]
    """Ids of the actions it changes, with Textual's names of their keys; none for an action without a key."""
    problems: tuple[Problem, ...] = ()
    """Why an entry was left out."""
    warnings: tuple[Problem, ...] = ()
    """Keys that are taken and may not arrive everywhere."""


@dataclass(frozen=True, slots=True)
class _Change:
    """An entry whose form is right."""

    action: Action
    keys: tuple[str, ...]
    entry: KeymapEntry


def overlap(one: Scope, other: Scope) -> bool:
    """Whether keys of both scopes work at the same time, so that one of two equal keys would be dead."""
    if one is other or Scope.EVERYWHERE in (one, other):
        return True
    return (one is Scope.CHAT and other in _ON_THE_CHAT_PANE) or (other is Scope.CHAT and one in _ON_THE_CHAT_PANE)


def checked(
    entries: Sequence[KeymapEntry],
    actions: Sequence[Action],
    *,
    problems: Iterable[Problem] = (),
    here: tuple[str, ...] = (),
) -> Keymap:
    """The key map that `entries` make; `problems` were found in the file before, `here` names programs around us."""
    checker = _Checker(actions, here)
    changes = [change for entry in entries if (change := checker.change(entry)) is not None]
    kept = checker.without_clashes(changes)
    found = sorted([*problems, *checker.problems], key=lambda problem: (problem.line, problem.column))
    warnings = [warning for change in kept for warning in checker.warnings_of(change)]
    keys = {change.action.id: change.keys for change in kept}
    return Keymap(keys=keys, problems=tuple(found), warnings=tuple(warnings))


class _Checker:
    """Collects what is wrong."""

    def __init__(self, actions: Sequence[Action], here: tuple[str, ...]) -> None:
        self._actions = {action.id: action for action in actions}
        self._here = here
        self.problems: list[Problem] = []

    def change(self, entry: KeymapEntry) -> _Change | None:
        """What an entry means; None, with its problems, when it means nothing."""
        action = self._actions.get(entry.action_id)
        if action is None:
            meant = difflib.get_close_matches(entry.action_id[:_MOST_NAMED].lower(), list(self._actions), 1, 0.5)
            asked = f'; did you mean "{meant[0]}"?' if meant else ""
            self._refuse(entry, f"there is no such action{asked}", "an id of docs/keys.md or of the help")
            return None
        if not action.handler:
            self._refuse(entry, "the keys of this action belong to the text field", "no entry for it")
            return None
        before = len(self.problems)
        keys = [key for written in entry.keys if (key := self._key(entry, written, action)) is not None]
        if len(self.problems) > before:
            return None
        reason = _unusable(action, keys)
        if reason:
            self._refuse(entry, reason, "at least one key such as f6 or ctrl+x")
            return None
        return _Change(action, tuple(dict.fromkeys(keys)), entry)

    def _key(self, entry: KeymapEntry, written: WrittenKey, action: Action) -> str | None:
        try:
            key = key_name(written.text)
            refuse_impossible(key)
        except NoKeyError as problem:
            self._refuse(entry, f"{_quoted(written.text)}: {problem}", "another key", written)
            return None
        if key in _OF_WRITING and key not in action.keys and (action.priority or action.scope is Scope.COMPOSER):
            self._refuse(entry, f"{readable_key(key)} is needed for writing and for lists", "another key", written)
            return None
        if action.scope is Scope.COMPOSER and printable(key):
            self._refuse(entry, f"{readable_key(key)} would be written into the text", "a key that is no text", written)
            return None
        return key

    def without_clashes(self, changes: list[_Change]) -> list[_Change]:
        """Those that leave every key with one meaning at each place; the later one of two goes."""
        kept = list(changes)
        while (clash := self._first_clash(kept)) is not None:
            change, key, other = clash
            kept.remove(change)
            written = next(one for one, name in _written_keys(change) if name == key)
            self._refuse(
                change.entry, f"{readable_key(key)} is a key of {other.id} ({other.title}) already",
                f"another key, or another one for {other.id} as well", written,
            )  # fmt: skip
        return kept

    def _first_clash(self, kept: list[_Change]) -> tuple[_Change, str, Action] | None:
        in_force = {action.id: action.keys for action in self._actions.values()}
        in_force |= {change.action.id: change.keys for change in kept}
        # From the end: of two entries that want one key the first counts.
        for change in reversed(kept):
            for other in self._actions.values():
                if other.id == change.action.id or not overlap(change.action.scope, other.scope):
                    continue
                # What both have from the start is meant: the one nearer to the focus gets it.
                both_own = set(change.action.keys) & set(other.keys)
                for key in change.keys:
                    if key in in_force[other.id] and key not in both_own:
                        return change, key, other
        return None

    def warnings_of(self, change: _Change) -> list[Problem]:
        """What speaks against keys that are taken all the same."""
        return [
            self._problem(change.entry, f"{readable_key(key)}: {reason}", "", written)
            for written, key in _written_keys(change)
            if (reason := warning_for(key, self._here) or _used_nearer(change.action, key))
        ]

    def _refuse(self, entry: KeymapEntry, problem: str, expected: str, written: WrittenKey | None = None) -> None:
        self.problems.append(self._problem(entry, problem, expected, written))

    def _problem(self, entry: KeymapEntry, problem: str, expected: str, written: WrittenKey | None) -> Problem:
        # Reading files is not for the time before the first paint, and neither are its modules.
        from workbench.config.tree import problem_at

        return problem_at((written or entry).place, (entry.action_id,), problem, expected)


def _unusable(action: Action, keys: list[str]) -> str:
    """Why an action cannot do with these keys; empty when it can."""
    everywhere = [key for key in keys if not printable(key)]
    if action.id in NEVER_WITHOUT and not everywhere:
        return "this action must keep a key that works while one writes"
    worked_while_writing = any(not printable(key) for key in action.keys)
    if keys and not everywhere and worked_while_writing and (action.priority or action.scope is Scope.CHAT):
        return "its only key would be written into the text field"
    return ""


def _used_nearer(action: Action, key: str) -> str:
    """What a text field or a list does with a key before the pane gets it."""
    if key in action.keys:
        return ""
    if key in OF_LISTS:
        return "lists and the transcript move with it where they have the focus"
    if not action.priority and action.scope in {Scope.CHAT, Scope.EVERYWHERE} and key in OF_TEXT_FIELDS:
        return f"while you write it means {OF_TEXT_FIELDS[key]}"
    return ""


def _written_keys(change: _Change) -> list[tuple[WrittenKey, str]]:
    return [(written, key_name(written.text)) for written in change.entry.keys]


def _quoted(text: str) -> str:
    from workbench.config.tree import shown_name

    return f'"{shown_name(text)}"'
