"""Actions of the composer."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

COMPOSER: tuple[Action, ...] = (
    Action(
        id="composer.send", title="Send", scope=Scope.COMPOSER, handler="", keys=("enter",),
        help="Send what is written.", palette=False,
    ),
    Action(
        id="composer.newline", title="New line", scope=Scope.COMPOSER, handler="newline", keys=("ctrl+j",),
        help="Begin a new line; a backslash before enter does the same.", palette=False,
    ),
    Action(
        id="composer.editor", title="Write in $EDITOR", scope=Scope.COMPOSER, handler="screen.do('external_editor')",
        keys=("ctrl+g",), slash=("edit",), help="Open what is written in your own editor.",
    ),
    Action(
        id="composer.earlier", title="Earlier prompts", scope=Scope.COMPOSER, handler="screen.do('earlier_prompt')",
        keys=("ctrl+r",), palette=False,
        help="Bring back what was asked before in this conversation; up on the first line does the same.",
    ),
)  # fmt: skip
