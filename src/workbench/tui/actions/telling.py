"""How the keys of a place are told in one line."""

from __future__ import annotations

from workbench.tui.actions.registry import actions_of
from workbench.tui.actions.values import Scope
from workbench.tui.glyphs import drawn
from workbench.tui.markdown.textlines import cells


def keys_that_fit(scope: Scope, width: int) -> str:
    """The keys of those actions of a scope that have a word, as many as fit into `width` cells."""
    text = ""
    for action in actions_of(scope):
        longer = f"{text} · {action.key_text} {action.word}" if text else f"{action.key_text} {action.word}"
        if action.word and action.keys_in_force and cells(longer) <= width:
            text = longer
    return drawn(text)
