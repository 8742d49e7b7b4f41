"""The one registry of actions: it feeds key bindings, status line, palette, slash commands and help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding

from workbench.tui.glyphs import drawn


class Scope(StrEnum):
    """Where an action's keys work."""

    EVERYWHERE = "everywhere"
    CHAT = "chat"
    COMPOSER = "composer"
    TRANSCRIPT = "transcript"
    CONVERSATIONS = "conversations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a person can do."""

    id: str
    """Stable: key maps refer to it."""
    title: str
    help: str
    scope: Scope
    handler: str
    """Name of the Textual action it runs, e.g. `app.quit_workbench`; empty when the widget itself sees to it."""
    keys: tuple[str, ...] = ()
    slash: tuple[str, ...] = ()
    """Names it has as a slash command, without the slash; the first is shown."""
    argument: str = ""
    """What the slash command takes, for people; empty for nothing."""
    priority: bool = False
    """Whether its keys work whatever has the focus."""
    palette: bool = True
    """Whether the command palette lists it."""
    word: str = ""
    """Its one word in the status line; empty leaves it out there."""

    @property
    def key_text(self) -> str:
        """Its keys as people read them."""
        return " ".join(map(readable_key, self.keys))


_READABLE = {
    "escape": "esc", "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]", "slash": "/",
    "up": "↑", "down": "↓", "pageup": "pgup", "pagedown": "pgdn", "colon": ":",
}  # fmt: skip


def readable_key(key: str) -> str:
    """`ctrl+c` stays, `escape` is `esc`, `question_mark` is `?`."""
    *modifiers, last = key.split("+")
    return drawn("+".join([*modifiers, _READABLE.get(last, last)]))


ACTIONS: tuple[Action, ...] = (
    Action(
        id="app.help", title="Help", scope=Scope.EVERYWHERE, handler="app.show_help", keys=("f1",), slash=("help",),
        help="Every key and command of the pane you are in; type to search.", priority=True, word="help",
    ),
    Action(
        id="app.palette", title="Commands", scope=Scope.EVERYWHERE, handler="app.command_palette", keys=("ctrl+p",),
        help="Find any action, conversation or theme by typing a part of its name.", priority=True, palette=False,
        word="commands",
    ),
    Action(
        id="pane.chat", title="Chat", scope=Scope.EVERYWHERE, handler="app.show_pane('chat')", keys=("f2",),
        slash=("chat",), help="Go to the chat pane.", priority=True,
    ),
    Action(
        id="pane.events", title="Events", scope=Scope.EVERYWHERE, handler="app.show_pane('events')", keys=("f5",),
        slash=("events",), help="Go to the events pane: everything that just happened.", priority=True,
    ),
    Action(
        id="app.theme", title="Next theme", scope=Scope.EVERYWHERE, handler="app.next_theme", slash=("theme",),
        argument="[NAME]", help="Change colours; /theme NAME takes one by name. It is remembered.",
    ),
    Action(
        id="app.setup", title="Edit the configuration", scope=Scope.EVERYWHERE, handler="app.edit_configuration",
        slash=("setup",), help="Open the configuration file in your editor; it takes effect when you leave it.",
    ),
    Action(
        id="app.demonstration", title="Start the demonstration", scope=Scope.EVERYWHERE,
        handler="app.start_demonstration", slash=("demo",),
        help="Three scripted providers in a throw-away home: see failover without a key.",
    ),
    Action(
        id="app.suspend", title="Suspend", scope=Scope.EVERYWHERE, handler="app.suspend_process", keys=("ctrl+z",),
        help="Back to the shell; `fg` returns. In the composer ctrl+z undoes.", palette=False,
    ),
    Action(
        id="app.copy_or_stop", title="Copy or stop", scope=Scope.EVERYWHERE, handler="app.copy_or_stop",
        keys=("ctrl+c",), help="Copies what is selected, else stops the reply. Never quits, never erases.",
        priority=True, palette=False,
    ),
    Action(
        id="app.quit", title="Quit", scope=Scope.EVERYWHERE, handler="app.quit_workbench", keys=("ctrl+q",),
        slash=("quit", "exit"), help="End workbench; asks only while a reply is being written. Drafts are kept.",
        priority=True, word="quit",
    ),
    Action(
        id="chat.new", title="New conversation", scope=Scope.CHAT, handler="screen.new_conversation",
        keys=("ctrl+n",), slash=("new",), help="Begin an empty conversation.", word="new",
    ),
    Action(
        id="chat.switch_model", title="Model and provider", scope=Scope.CHAT, handler="screen.switch_model",
        keys=("ctrl+l",), slash=("model", "provider"), argument="[NAME | auto | next]",
        help="Choose who answers this conversation; auto lets the strategy decide.", word="model",
    ),
    Action(
        id="chat.next_provider", title="Next provider", scope=Scope.CHAT, handler="screen.next_provider",
        keys=("f8",), help="Pin the next usable provider at once.",
    ),
    Action(
        id="chat.trace", title="Failover trace", scope=Scope.CHAT, handler="screen.toggle_trace", keys=("ctrl+t",),
        slash=("trace",), help="Everybody who was asked for the reply under the cursor, and what became of it.",
    ),
    Action(
        id="chat.list", title="Conversation list", scope=Scope.CHAT, handler="screen.toggle_list", keys=("f9",),
        slash=("list",), help="Show or fold the list of conversations.",
    ),
    Action(
        id="chat.stop", title="Stop or step back", scope=Scope.CHAT, handler="screen.step_back", keys=("escape",),
        help="Closes a list or dialog, else stops the reply, else leaves the composer. Never quits.", palette=False,
    ),
    Action(
        id="chat.stop_reply", title="Stop the reply", scope=Scope.CHAT, handler="screen.stop_reply", slash=("stop",),
        help="End the reply that is being written; what came is kept.",
    ),
    Action(
        id="chat.take_back", title="Take back a waiting prompt", scope=Scope.CHAT, handler="screen.take_back",
        help="A prompt that waits for the running reply returns to the composer; up in an empty one does the same.",
    ),
    Action(
        id="chat.copy_reply", title="Copy message", scope=Scope.TRANSCRIPT, handler="screen.copy_message",
        keys=("y",), slash=("copy",), help="Copy the message under the cursor, or the last reply.",
    ),
    Action(
        id="chat.older_message", title="Message above", scope=Scope.CHAT, handler="screen.move_cursor(-1)",
        keys=("alt+up",), help="Move the message cursor up.", palette=False,
    ),
    Action(
        id="chat.newer_message", title="Message below", scope=Scope.CHAT, handler="screen.move_cursor(1)",
        keys=("alt+down",), help="Move the message cursor down.", palette=False,
    ),
    Action(
        id="composer.send", title="Send", scope=Scope.COMPOSER, handler="", keys=("enter",),
        help="Send what is written.", palette=False,
    ),
    Action(
        id="composer.newline", title="New line", scope=Scope.COMPOSER, handler="newline", keys=("ctrl+j",),
        help="Begin a new line; a backslash before enter does the same.", palette=False,
    ),
    Action(
        id="composer.editor", title="Write in $EDITOR", scope=Scope.COMPOSER, handler="screen.external_editor",
        keys=("ctrl+g",), slash=("edit",), help="Open what is written in your own editor.",
    ),
    Action(
        id="composer.earlier", title="Earlier prompts", scope=Scope.COMPOSER, handler="screen.earlier_prompt",
        keys=("ctrl+r",), palette=False,
        help="Bring back what was asked before in this conversation; up on the first line does the same.",
    ),
    Action(
        id="conversations.open", title="Open", scope=Scope.CONVERSATIONS, handler="open", keys=("enter",),
        help="Open the conversation under the cursor.", palette=False,
    ),
)  # fmt: skip
"""Every action, in the order in which help and palette list them."""


def action_by_id(action_id: str) -> Action:
    """The action of that id. Raises `KeyError`."""
    return _BY_ID[action_id]


def actions_of(scope: Scope) -> list[Action]:
    """All actions whose keys work in `scope`."""
    return [action for action in ACTIONS if action.scope is scope]


def bindings_of(*scopes: Scope) -> list[Binding]:
    """The key bindings of all actions of these scopes that a Textual action handles."""
    return [
        Binding(
            ",".join(action.keys), action.handler, action.title, show=False, priority=action.priority,
            id=action.id, tooltip=action.help,
        )
        for action in ACTIONS
        if action.scope in scopes and action.keys and action.handler
    ]  # fmt: skip


def action_of_slash(name: str) -> Action | None:
    """The action that a slash command names."""
    return next((action for action in ACTIONS if name in action.slash), None)


_BY_ID = {action.id: action for action in ACTIONS}
