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
        id="composer.earlier", title="Earlier prompts", scope=Scope.COMPOSER, handler="screen.do('earlier_prompts')",
        keys=("ctrl+r",), slash=("prompts",),
        help="List what was asked before, in all conversations; up on the first line brings those of this one.",
    ),
    Action(
        id="composer.unfold", title="Unfold a paste", scope=Scope.COMPOSER, handler="screen.do('unfold_paste')",
        keys=("ctrl+down",),
        help="Put the text of a long paste in the place of its mark; backspace takes the mark away.",
    ),
    Action(
        id="composer.enter", title="Swap enter and ctrl+j", scope=Scope.COMPOSER, handler="screen.do('swap_enter')",
        slash=("enter",), help="Let enter begin a new line and ctrl+j send, or the other way round.",
    ),
    Action(
        id="composer.waiting", title="Waiting prompts", scope=Scope.COMPOSER, handler="screen.do('show_waiting')",
        slash=("queue",), help="Go to the prompts that wait for the running reply; up in an empty composer does too.",
    ),
    Action(
        id="queue.edit", title="Edit a waiting prompt", scope=Scope.QUEUE, handler="screen.do('edit_waiting')",
        keys=("enter",), help="Bring it back into the composer.", palette=False,
    ),
    Action(
        id="queue.remove", title="Remove a waiting prompt", scope=Scope.QUEUE, handler="screen.do('remove_waiting')",
        keys=("delete", "backspace"), help="Do not send it.", palette=False,
    ),
    Action(
        id="queue.restore", title="Bring back a removed prompt", scope=Scope.QUEUE,
        handler="screen.do('restore_waiting')", keys=("u",), help="Let it wait again.", palette=False,
    ),
    Action(
        id="queue.earlier", title="Send it earlier", scope=Scope.QUEUE, handler="screen.do('move_waiting', -1)",
        keys=("ctrl+up",), help="Move a waiting prompt up.", palette=False,
    ),
    Action(
        id="queue.later", title="Send it later", scope=Scope.QUEUE, handler="screen.do('move_waiting', 1)",
        keys=("ctrl+down",), help="Move a waiting prompt down.", palette=False,
    ),
)  # fmt: skip
