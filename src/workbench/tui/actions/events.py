"""Actions of the events pane."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

EVENTS: tuple[Action, ...] = (
    Action(
        id="events.filter", title="Filter", scope=Scope.EVENTS, handler="screen.filter", keys=("slash",),
        help="Type what to show: words, /an expression/, level:warn, source:, provider:, conversation:, task:, turn:.",
        word="filter",
    ),
    Action(
        id="events.pause", title="Pause", scope=Scope.EVENTS, handler="screen.pause", keys=("space",),
        help="Hold the list still, and count what comes; the same key goes on.", word="pause",
    ),
    Action(
        id="events.detail", title="Details", scope=Scope.EVENTS, handler="screen.detail", keys=("enter",),
        help="Everything known of the event under the cursor; up and down go on to its neighbours.", palette=False,
        word="detail",
    ),
    Action(
        id="events.go_to", title="Go to its message", scope=Scope.EVENTS, handler="screen.go_to", keys=("m",),
        help="Open the message, conversation or provider that the event is about; escape comes back.", palette=False,
        word="message",
    ),
    Action(
        id="events.jump_to_time", title="Jump to a time", scope=Scope.EVENTS, handler="screen.jump_to_time",
        keys=("t",), help="14:05, -2h, yesterday 9:00, 2026-11-20 14:05.", word="time",
    ),
    Action(
        id="events.level", title="Next level", scope=Scope.EVENTS, handler="screen.next_level", keys=("l",),
        help="Show info and up, warnings and up, errors, then everything.", palette=False, word="level",
    ),
    Action(
        id="events.source", title="Next source", scope=Scope.EVENTS, handler="screen.next_source", keys=("s",),
        help="Show the events of one part of the program, then of the next.", palette=False, word="source",
    ),
    Action(
        id="events.only_this", title="Only what belongs to it", scope=Scope.EVENTS, handler="screen.only_this",
        keys=("f",), help="Show the events of the same turn, then of the same conversation, then of the same provider.",
        palette=False, word="only this",
    ),
    Action(
        id="events.clear", title="Clear the filter", scope=Scope.EVENTS, handler="screen.clear_filter", keys=("c",),
        help="Show everything again.", word="clear",
    ),
    Action(
        id="events.drop_chip", title="Drop the last condition", scope=Scope.EVENTS, handler="screen.drop_chip",
        keys=("backspace",), palette=False,
        help="Take one condition of the filter away; on the line of chips, the marked one.",
    ),
    Action(
        id="events.export", title="Export events", scope=Scope.EVENTS, handler="screen.export", keys=("x",),
        help="Write what the filter shows to a file, as JSON lines or as text.", word="export",
    ),
    Action(
        id="events.copy", title="Copy event", scope=Scope.EVENTS, handler="screen.copy", keys=("y",),
        help="Copy the event under the cursor with all its fields.", palette=False,
    ),
    Action(
        id="events.next", title="Next event", scope=Scope.EVENTS, handler="screen.neighbour(1)", keys=("n",),
        help="Go to the event after this one, in the details too.", palette=False,
    ),
    Action(
        id="events.previous", title="Event before", scope=Scope.EVENTS, handler="screen.neighbour(-1)", keys=("N",),
        help="Go to the event before this one.", palette=False,
    ),
    Action(
        id="events.back", title="Step back", scope=Scope.EVENTS, handler="screen.step_back", keys=("escape",),
        help="Leaves the details, else follows the newest event again.", palette=False,
    ),
)  # fmt: skip
