"""Actions of the chat pane."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

CHAT: tuple[Action, ...] = (
    Action(
        id="chat.new", title="New conversation", scope=Scope.CHAT, handler="screen.do('new_conversation')",
        keys=("ctrl+n",), slash=("new",), command="new_conversation", help="Begin an empty conversation.", word="new",
    ),
    Action(
        id="chat.switch_model", title="Model and provider", scope=Scope.CHAT, handler="screen.do('pick_model')",
        keys=("ctrl+l", "m"), slash=("model", "provider"), command="switch_named", argument="[NAME | auto | next]",
        help="Choose who answers this conversation; auto lets the strategy decide.", word="model",
    ),
    Action(
        id="chat.next_provider", title="Next provider", scope=Scope.CHAT, handler="screen.do('next_provider', 1)",
        keys=("f8", "right_square_bracket"), help="Pin the next usable provider of the chain at once.",
    ),
    Action(
        id="chat.previous_provider", title="Provider before", scope=Scope.CHAT,
        handler="screen.do('next_provider', -1)",
        keys=("left_square_bracket",), help="Pin the usable provider before in the chain at once.",
    ),
    Action(
        id="chat.private", title="Private conversation", scope=Scope.CHAT, handler="screen.do('toggle_private')",
        slash=("private",), command="toggle_private",
        help="Let only private providers read this conversation; there is no way back once it has messages.",
    ),
    Action(
        id="chat.temporary", title="Temporary conversation", scope=Scope.CHAT,
        handler="screen.do('begin_temporary')", keys=("T",), slash=("temporary",), command="begin_temporary",
        help="Begin a conversation of which nothing is stored: it ends with workbench, unless you keep it.",
    ),
    Action(
        id="chat.keep_temporary", title="Keep temporary conversation", scope=Scope.CHAT,
        handler="screen.do('keep_temporary')", slash=("keep",), command="keep_temporary",
        help="Store the open temporary conversation after all, with its branches.",
    ),
    Action(
        id="chat.trace", title="Failover trace", scope=Scope.CHAT,
        handler="screen.do('toggle_trace')", keys=("ctrl+t",),
        slash=("trace",), help="Everybody who was asked for the reply under the cursor, and what became of it.",
    ),
    Action(
        id="chat.list", title="Conversation list", scope=Scope.CHAT, handler="screen.do('toggle_list')", keys=("f9",),
        slash=("list",), help="Show or fold the list of conversations.",
    ),
    Action(
        id="chat.stop", title="Stop or step back", scope=Scope.CHAT, handler="screen.step_back", keys=("escape",),
        help="Closes a list or dialog, else stops the reply, else leaves the composer. Never quits.", palette=False,
    ),
    Action(
        id="chat.stop_reply", title="Stop the reply", scope=Scope.CHAT,
        handler="screen.do('stop_reply')", slash=("stop",),
        help="End the reply that is being written; what came is kept.",
    ),
    Action(
        id="chat.take_back", title="Take back a waiting prompt", scope=Scope.CHAT,
        handler="screen.do('take_back_prompt')",
        help="A prompt that waits for the running reply returns to the composer; up in an empty one does the same.",
    ),
    Action(
        id="chat.older_message", title="Message above", scope=Scope.CHAT, handler="screen.do('move_cursor', -1)",
        keys=("alt+up",), help="Move the message cursor up.", palette=False,
    ),
    Action(
        id="chat.newer_message", title="Message below", scope=Scope.CHAT, handler="screen.do('move_cursor', 1)",
        keys=("alt+down",), help="Move the message cursor down.", palette=False,
    ),
    Action(
        id="chat.delete_conversation", title="Delete conversation", scope=Scope.CHAT,
        handler="screen.do('delete_conversation')", slash=("delete-conversation",), command="delete_conversation",
        help="Delete the open conversation; /undo brings it back.",
    ),
)  # fmt: skip
