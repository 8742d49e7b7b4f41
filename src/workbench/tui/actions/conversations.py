"""Actions of the list of conversations."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

CONVERSATIONS: tuple[Action, ...] = (
    Action(
        id="conversations.open", title="Open", scope=Scope.CONVERSATIONS, handler="open", keys=("enter",),
        help="Open the conversation under the cursor.", palette=False,
    ),
    Action(
        id="conversations.delete", title="Delete", scope=Scope.CONVERSATIONS, handler="screen.do('delete_listed')",
        keys=("d",), palette=False, help="Delete the conversation under the cursor; u brings it back.",
    ),
    Action(
        id="conversations.restore", title="Undo deletion", scope=Scope.CONVERSATIONS,
        handler="screen.do('restore_conversation')", keys=("u",),
        help="Bring back the conversation that was deleted last, and open it.",
    ),
)  # fmt: skip
