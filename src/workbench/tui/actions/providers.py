"""Actions of the providers pane."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

PROVIDERS: tuple[Action, ...] = (
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
        id="providers.keys", title="Keys", scope=Scope.PROVIDERS, handler="screen.show_keys", keys=("K",),
        help="See how each key of the provider under the cursor is, and switch one on or off.", palette=False,
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
        id="providers.drill", title="Failover drill", scope=Scope.PROVIDERS, handler="app.do('drill')", keys=("d",),
        help="See what happens when providers fail, on stand-ins for them.", palette=False,
    ),
    Action(
        id="providers.back", title="Stop the test or step back", scope=Scope.PROVIDERS, handler="screen.step_back",
        keys=("escape",), help="Stops a running test, else returns from the details to the list.", palette=False,
    ),
)  # fmt: skip
