"""Actions that work on every pane."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

APPLICATION: tuple[Action, ...] = (
    Action(
        id="app.help", title="Help", scope=Scope.EVERYWHERE, handler="app.do('show_help')",
        keys=("f1", "question_mark"), slash=("help",),
        help="Every key and command of the pane you are in; type to search.", priority=True, word="help",
    ),
    Action(
        id="app.palette", title="Commands", scope=Scope.EVERYWHERE, handler="app.command_palette",
        keys=("ctrl+p", "colon"),
        help="Find any action, conversation or theme by typing a part of its name.", priority=True, palette=False,
        word="commands",
    ),
    Action(
        id="pane.chat", title="Chat", scope=Scope.EVERYWHERE, handler="app.show_pane('chat')",
        keys=("f2", "1"), slash=("chat",), help="Go to the chat pane.", priority=True,
    ),
    Action(
        id="pane.providers", title="Providers", scope=Scope.EVERYWHERE, handler="app.show_pane('providers')",
        keys=("f4", "3"), slash=("providers",), priority=True,
        help="Go to the providers pane: who is well, and who would be asked now.",
    ),
    Action(
        id="pane.events", title="Events", scope=Scope.EVERYWHERE, handler="app.show_pane('events')",
        keys=("f5", "4"), slash=("events",), help="Go to the events pane: everything that just happened.",
        priority=True,
    ),
    Action(
        id="pane.history", title="History", scope=Scope.EVERYWHERE, handler="app.do('search_history')",
        keys=("f6", "5"), slash=("history", "search"), command="search_history", argument="[QUERY]", priority=True,
        help="Go to the history pane, to search everything ever said and to read it; works without a network.",
    ),
    Action(
        id="app.jump", title="Jump", scope=Scope.EVERYWHERE, handler="app.do('jump')", keys=("ctrl+o",),
        slash=("jump",), help="Print a letter on every region and field; the next key goes there.", priority=True,
        word="jump",
    ),
    Action(
        id="app.theme", title="Theme", scope=Scope.EVERYWHERE, handler="app.do('choose_theme')", slash=("theme",),
        command="use_theme",
        argument="[NAME]", help="Try colours in a list and keep one; /theme NAME takes one by name. It is remembered.",
    ),
    Action(
        id="app.compact", title="Compact", scope=Scope.EVERYWHERE, handler="app.do('toggle_compact')",
        slash=("compact",), help="Less room between things, or more again. It is remembered.",
    ),
    Action(
        id="app.motion", title="Reduced motion", scope=Scope.EVERYWHERE, handler="app.do('toggle_motion')",
        slash=("motion",), help="Nothing moves by itself: no blinking, no gliding. Again allows it. It is remembered.",
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
        id="app.first_key", title="Add a provider's key", scope=Scope.EVERYWHERE,
        handler="app.do('add_first_key')", slash=("key",),
        help="Choose a provider and paste its key: it is kept, tried, and used from then on.",
    ),
    Action(
        id="app.look_again", title="Look for providers again", scope=Scope.EVERYWHERE,
        handler="app.do('look_again')", slash=("reload",),
        help="Read the configuration, the keys and the local model servers again.",
    ),
    Action(
        id="app.notify", title="Notifications", scope=Scope.EVERYWHERE, handler="app.do('toggle_notify')",
        slash=("notify",),
        help="Let the terminal tell of replies over 10 s and of questions while you look elsewhere; off by default.",
    ),
    Action(
        id="app.keymap", title="Edit the keys", scope=Scope.EVERYWHERE, handler="app.do('edit_keymap')",
        slash=("keymap",), help="Open keymap.yaml in your editor; what it says takes effect when you save it.",
    ),
    Action(
        id="app.keys", title="Key doctor", scope=Scope.EVERYWHERE, handler="app.do('key_doctor')", slash=("keys",),
        help="Press a key and see what arrives, which action it has, and which programs are known to take it.",
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
        id="app.copy_or_stop", title="Copy or stop", scope=Scope.EVERYWHERE, handler="app.do('copy_or_stop')",
        keys=("ctrl+c",), help="Copies what is selected, else stops the reply. Never quits, never erases.",
        priority=True, palette=False,
    ),
    Action(
        id="app.quit", title="Quit", scope=Scope.EVERYWHERE, handler="app.do('quit')",
        keys=("ctrl+q", "q"), slash=("quit", "exit"), priority=True, word="quit",
        help="End workbench; asks only while a reply is being written. Drafts are kept.",
    ),
)  # fmt: skip
