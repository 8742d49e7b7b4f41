"""Actions that work on every pane."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

APPLICATION: tuple[Action, ...] = (
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
        id="app.theme", title="Next theme", scope=Scope.EVERYWHERE, handler="app.do('next_theme')", slash=("theme",),
        command="use_theme",
        argument="[NAME]", help="Change colours; /theme NAME takes one by name. It is remembered.",
    ),
    Action(
        id="app.setup", title="Edit the configuration", scope=Scope.EVERYWHERE, handler="app.do('edit_configuration')",
        slash=("setup",), help="Open the configuration file in your editor; it takes effect when you leave it.",
    ),
    Action(
        id="app.demonstration", title="Start the demonstration", scope=Scope.EVERYWHERE,
        handler="app.do('start_demonstration')", slash=("demo",),
        help="Three scripted providers in a throw-away home: see failover without a key.",
    ),
    Action(
        id="app.drill", title="Failover drill", scope=Scope.EVERYWHERE,
        handler="app.do('drill')", slash=("drill",),
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
)  # fmt: skip
