"""Actions of the list of conversations."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

CONVERSATIONS: tuple[Action, ...] = (
    Action(
        id="conversations.open", title="Open", scope=Scope.CONVERSATIONS, handler="open", keys=("enter",),
        help="Open the conversation under the cursor.", palette=False,
    ),
)  # fmt: skip
