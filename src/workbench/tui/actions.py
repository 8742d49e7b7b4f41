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
    PROVIDERS = "providers"


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
        id="pane.providers", title="Providers", scope=Scope.EVERYWHERE, handler="app.show_pane('providers')",
        keys=("f4",), slash=("providers",), help="Go to the providers pane: who is well, and who would be asked now.",
        priority=True,
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
        id="app.drill", title="Failover drill", scope=Scope.EVERYWHERE, handler="app.drill", slash=("drill",),
        help="Play rate limits, errors, a hang and a cut answer on stand-ins for your providers: nobody is contacted.",
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
        keys=("f8", "right_square_bracket"), help="Pin the next usable provider of the chain at once.",
    ),
    Action(
        id="chat.previous_provider", title="Provider before", scope=Scope.CHAT, handler="screen.next_provider(-1)",
        keys=("left_square_bracket",), help="Pin the usable provider before in the chain at once.",
    ),
    Action(
        id="chat.private", title="Private conversation", scope=Scope.CHAT, handler="screen.toggle_private",
        slash=("private",),
        help="Let only private providers read this conversation; there is no way back once it has messages.",
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
        id="chat.regenerate", title="Ask again", scope=Scope.TRANSCRIPT, handler="screen.ask_again('same')",
        keys=("r",), help="Ask the question at the bar again; both answers are kept.",
    ),
    Action(
        id="chat.ask_another", title="Ask another provider", scope=Scope.TRANSCRIPT, argument="[NAME]",
        handler="screen.ask_again('another')", keys=("R",), slash=("retry",),
        help="Ask another provider the question at the bar, and keep both answers; /retry alone takes the next one.",
    ),
    Action(
        id="chat.earlier_answer", title="Answer before", scope=Scope.TRANSCRIPT, handler="screen.walk_answers(-1)",
        keys=("left",), help="Show the answer before this one to the same question.", palette=False,
    ),
    Action(
        id="chat.later_answer", title="Answer after", scope=Scope.TRANSCRIPT, handler="screen.walk_answers(1)",
        keys=("right",), help="Show the answer after this one to the same question.", palette=False,
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
    Action(
        id="providers.use", title="Use now", scope=Scope.PROVIDERS, handler="screen.use_now", keys=("u",),
        help="Pin the provider under the cursor for the open conversation.", palette=False,
    ),
    Action(
        id="providers.enable", title="Switch on or off", scope=Scope.PROVIDERS, handler="screen.enable",
        keys=("space",), help="Switch the provider under the cursor on or off; nobody is asked who is off.",
        palette=False,
    ),
    Action(
        id="providers.test", title="Test this provider", scope=Scope.PROVIDERS, handler="screen.test", keys=("t",),
        help="See whether the provider under the cursor is there: a free request, five seconds at most.",
        palette=False,
    ),
    Action(
        id="providers.test_all", title="Test all providers", scope=Scope.PROVIDERS, handler="screen.test_all",
        keys=("T",), help="The same for all that are switched on, at once; escape stops it.",
    ),
    Action(
        id="providers.reset", title="Reset breaker and keys", scope=Scope.PROVIDERS, handler="screen.reset",
        keys=("b",), help="Close the breaker of the provider under the cursor and let its keys be used again.",
        palette=False,
    ),
    Action(
        id="providers.add_key", title="Add a key", scope=Scope.PROVIDERS, handler="screen.add_key", keys=("k",),
        help="Give the provider under the cursor a key, kept in the keyring or an .env file, and test it.",
        palette=False,
    ),
    Action(
        id="providers.earlier", title="Ask earlier", scope=Scope.PROVIDERS, handler="screen.move_row(-1)",
        keys=("ctrl+up",), help="Move the provider under the cursor up in the order of priority.", palette=False,
    ),
    Action(
        id="providers.later", title="Ask later", scope=Scope.PROVIDERS, handler="screen.move_row(1)",
        keys=("ctrl+down",), help="Move it down.", palette=False,
    ),
    Action(
        id="providers.undo", title="Undo the order", scope=Scope.PROVIDERS, handler="screen.undo_order",
        keys=("ctrl+z",), help="Take the last change of order back.", palette=False,
    ),
    Action(
        id="providers.detail", title="Details", scope=Scope.PROVIDERS, handler="screen.open_detail", keys=("enter",),
        help="Go to the details of the provider under the cursor, or open them.", palette=False,
    ),
    Action(
        id="providers.events", title="Open in events", scope=Scope.PROVIDERS, handler="screen.open_events",
        keys=("e",), help="Show the events that name the provider under the cursor.", palette=False,
    ),
    Action(
        id="providers.drill", title="Failover drill", scope=Scope.PROVIDERS, handler="app.drill", keys=("d",),
        help="See what happens when providers fail, on stand-ins for them.", palette=False,
    ),
    Action(
        id="providers.back", title="Stop the test or step back", scope=Scope.PROVIDERS, handler="screen.step_back",
        keys=("escape",), help="Stops a running test, else returns from the details to the list.", palette=False,
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
