"""One turn as a command sees it: send the prompt, show events while they come, end on time when interrupted."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from workbench.cli.question import ask_person
from workbench.cli.session import Background
from workbench.cli.signals import Interrupted, Terminated
from workbench.core.events import ClientLoading, Event
from workbench.core.provider_events import ReplyBroken

if TYPE_CHECKING:
    from workbench.chat.values import Turn, TurnResult
    from workbench.engine.core import Core
    from workbench.engine.engine import Engine

KEEP_TIMEOUT_S = 1.0
"""How long stopping a turn and storing what came of it may take after an interrupt."""


class TurnView(Protocol):
    """What shows a turn."""

    def show(self, event: Event) -> None:
        """Something happened in the turn."""
        ...

    def close(self, result: TurnResult | None) -> None:
        """The turn is over; None when its end was not waited for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a turn ended for the command."""

    result: TurnResult | None
    """None when an interrupt did not leave the time to learn it."""
    interrupted: bool = False


def carry_out(engine: Engine, begin: Callable[[Core], Awaitable[Turn]], *, view: TurnView) -> Outcome:
    """Begin a turn and show it until it ends; one that asks a person does so here.

    Ctrl-C stops the turn and what came is kept. SIGTERM and SIGHUP (`Terminated`) pass on: the engine is about to
    be stopped, which keeps it too. Raises what `begin` raises.
    """
    woken = threading.Event()
    with engine.bus.subscribe(wake=woken.set) as events:
        turn = engine.run(begin)
        waiting = Background(engine, lambda core: core.chat.wait(turn.id), woken.set)
        try:
            ended = False
            while not ended:
                woken.wait()
                woken.clear()
                ended = waiting.ended
                for event in events.drain():
                    if event.correlation == turn.id or isinstance(event, ClientLoading):
                        view.show(event)
                    if isinstance(event, ReplyBroken) and event.correlation == turn.id:
                        _decide(engine, event)
            result = waiting.result()
        except Terminated:
            view.close(None)
            raise
        except Interrupted:
            Background(engine, lambda core: core.chat.stop(turn.conversation_id)).result_within(KEEP_TIMEOUT_S)
            result = waiting.result_within(KEEP_TIMEOUT_S / 4)
            view.close(result)
            return Outcome(result=result, interrupted=True)
    view.close(result)
    return Outcome(result=result)


def _decide(engine: Engine, broken: ReplyBroken) -> None:
    resume = ask_person(broken)
    engine.run(lambda core: core.chat.decide(broken.correlation, resume))
