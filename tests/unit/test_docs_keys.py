"""docs/keys.md says what the registry says, and every action can be found and reached."""

from __future__ import annotations

from pathlib import Path

from workbench.tui.actions.registry import ACTIONS
from workbench.tui.actions.values import Scope
from workbench.tui.keys.doctor import SCOPE_TITLES
from workbench.tui.keys.documentation import document
from workbench.tui.keys.keymap import overlap
from workbench.tui.screens.help import help_lines, matching

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_registry_makes_of_it() -> None:
    assert (ROOT / "docs/keys.md").read_text(encoding="utf-8") == document(), "run: make keys"


def test_the_page_is_linked_and_names_every_action() -> None:
    assert "docs/keys.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    page = document()
    assert all(f"`{action.id}`" in page for action in ACTIONS)


def test_no_key_means_two_things_at_one_place() -> None:
    # The table of providers is nearer to the focus, and its undo is what ctrl+z is pressed for there.
    meant = {("app.suspend", "providers.undo")}
    for place, one in enumerate(ACTIONS):
        for other in ACTIONS[place + 1 :]:
            if overlap(one.scope, other.scope) and (one.id, other.id) not in meant:
                assert not set(one.keys) & set(other.keys), (one.id, other.id)


def test_every_action_is_in_the_help_and_reached_by_key_palette_or_slash_command() -> None:
    assert set(SCOPE_TITLES) == set(Scope)
    lines = help_lines(list(Scope))
    for action in ACTIONS:
        assert action.help.endswith(".") and action.title, action.id
        assert action.keys or action.slash or (action.palette and action.handler), action.id
        assert any(line.action_id == action.id for line in lines), action.id
        assert any(line.action_id == action.id for line in matching(lines, action.id)), action.id
