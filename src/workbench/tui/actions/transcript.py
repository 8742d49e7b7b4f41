"""Actions on messages: their keys work while the transcript has the focus."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

TRANSCRIPT: tuple[Action, ...] = (
    Action(
        id="chat.copy_reply", title="Copy message", scope=Scope.TRANSCRIPT, handler="screen.do('copy_message')",
        keys=("y",), slash=("copy",), help="Copy the message under the cursor, or the last reply.",
    ),
    Action(
        id="chat.regenerate", title="Ask again", scope=Scope.TRANSCRIPT, handler="screen.do('answer_again')",
        keys=("r",), help="Ask the question at the bar again; both answers are kept.",
    ),
    Action(
        id="chat.ask_another", title="Ask another provider", scope=Scope.TRANSCRIPT, argument="[NAME]",
        handler="screen.do('pick_another')", keys=("R",), slash=("retry",), command="ask_named",
        help="Ask another provider the question at the bar, and keep both answers; /retry alone takes the next one.",
    ),
    Action(
        id="chat.earlier_answer", title="Answer before", scope=Scope.TRANSCRIPT,
        handler="screen.do('walk_answers', -1)",
        keys=("left",), help="Show the answer before this one to the same question.", palette=False,
    ),
    Action(
        id="chat.later_answer", title="Answer after", scope=Scope.TRANSCRIPT, handler="screen.do('walk_answers', 1)",
        keys=("right",), help="Show the answer after this one to the same question.", palette=False,
    ),
)  # fmt: skip
