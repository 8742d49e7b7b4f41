"""Actions that find words in the open conversation."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

FINDING: tuple[Action, ...] = (
    Action(
        id="chat.search_all", title="Search all conversations", scope=Scope.CHAT,
        handler="app.do('search_history')", keys=("slash",), palette=False,
        help="Go to the history pane and type what to look for.",
    ),
    Action(
        id="chat.find", title="Find in this conversation", scope=Scope.CHAT, handler="screen.do('find')",
        keys=("ctrl+f", "f"), slash=("find",), command="find", argument="[TEXT]", priority=True,
        help="Look for words in this conversation, back to its beginning; capitals count only when you type some.",
    ),
    Action(
        id="chat.find_next", title="Next hit", scope=Scope.TRANSCRIPT, handler="screen.do('find_next')", keys=("n",),
        help="Go to the next hit; while nothing is looked for, begin a new conversation.", palette=False,
    ),
    Action(
        id="chat.find_previous", title="Previous hit", scope=Scope.TRANSCRIPT,
        handler="screen.do('find_previous')", keys=("N",),
        help="Go to the hit before, while something is looked for.", palette=False,
    ),
)  # fmt: skip
