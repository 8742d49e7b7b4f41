"""What every command shares: an engine for as long as it runs, and work on it that does not block."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from workbench.cli import output
from workbench.cli.invocation import Invocation
from workbench.cli.progress import ProgressLine
from workbench.core.storage_events import DatabaseNotice, DatabaseUpgrading

if TYPE_CHECKING:
    from workbench.config.values import Configuration
    from workbench.core.bus import EventBus, Subscription
    from workbench.engine.core import Core
    from workbench.engine.engine import Engine

T = TypeVar("T")

STOP_TIMEOUT_S = 1.5
"""How long saving and closing may take; with the rest of the exit it stays within 2 s."""
PROBLEMS_SHOWN = 3


@contextmanager
def running_engine(
    invocation: Invocation,
    *,
    offline: bool = False,
    demo: bool = False,
    sends: bool = False,
    stays: bool = False,
    temporary: bool = False,
    salvage: bool = False,
) -> Generator[Engine]:
    """An engine that is stopped, within a deadline, however the block ends.

    One that `sends` prompts loads the model library early and tells of its start and end in the event log; one that
    `stays` after an answer may ask for a title; nothing is stored by one that is `temporary`. One that may `salvage`
    sets a damaged database aside and brings what can be read into a new one.
    """
    from workbench.engine.engine import Engine
    from workbench.engine.options import EngineOptions

    news = DatabaseNews(notices=not salvage)
    engine = Engine(
        EngineOptions(
            paths=invocation.paths(),
            profile=invocation.profile,
            offline=offline or invocation.offline,
            demo=demo,
            warm=sends,
            announce=sends,
            titles=stays,
            temporary=temporary,
            salvage=salvage,
        )
    )
    reason = ""
    news.listen(engine.bus)
    try:
        engine.start()
        yield engine
    except BaseException as problem:
        reason = type(problem).__name__
        raise
    finally:
        engine.stop(STOP_TIMEOUT_S, reason=reason)


class DatabaseNews:
    """Says, on standard error, what is the matter with the database, and that an older one is being upgraded."""

    def __init__(self, *, notices: bool) -> None:
        """Without `notices` only an upgrade is told."""
        self._notices = notices
        self._line = ProgressLine()
        self._upgrading = False
        self._heard: Subscription | None = None

    def listen(self, bus: EventBus) -> None:
        """Begin; it is called on the thread that publishes."""
        self._heard = bus.subscribe(kinds=(DatabaseUpgrading, DatabaseNotice), wake=self._tell)

    def _tell(self) -> None:
        for event in self._heard.drain() if self._heard is not None else ():
            if isinstance(event, DatabaseUpgrading):
                self._tell_upgrade(event)
            elif isinstance(event, DatabaseNotice) and self._notices:
                output.note(f"Warning: {event.notice}", output.YELLOW)

    def _tell_upgrade(self, event: DatabaseUpgrading) -> None:
        if not self._line.shown and not self._upgrading:
            output.note("The database is being upgraded; it is backed up first")
        self._upgrading = True
        self._line.write(event.text() if event.doing else "")


class Background(Generic[T]):
    """Work on the core that the main thread does not block for."""

    def __init__(
        self, engine: Engine, work: Callable[[Core], Awaitable[T]], done: Callable[[], None] | None = None
    ) -> None:
        """Start at once; `done` is called, on another thread, when it has ended."""
        self._engine = engine
        self._work = work
        self._done = done
        self._result: list[T] = []
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._perform, name="core-call", daemon=True)
        self._thread.start()

    def _perform(self) -> None:
        try:
            self._result.append(self._engine.run(self._work))
        except BaseException as problem:  # handed over to the thread that asks
            self._problem = problem
        finally:
            if self._done is not None:
                self._done()

    @property
    def ended(self) -> bool:
        """Whether there is a result or a problem."""
        return bool(self._result) or self._problem is not None

    def result(self) -> T:
        """The result; raises what the work raised. Waits for it."""
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        return self._result[0]

    def result_within(self, seconds: float) -> T | None:
        """The result if it comes in time and the work did not fail, else None."""
        self._thread.join(seconds)
        return self._result[0] if self._result else None


def warn_of_problems(configuration: Configuration) -> None:
    """Tell, on standard error, what is wrong in a configuration that is used all the same."""
    for problem in configuration.problems[:PROBLEMS_SHOWN]:
        output.note(f"Warning: {problem}", output.YELLOW)
    more = len(configuration.problems) - PROBLEMS_SHOWN
    if more > 0:
        output.note(f"Warning: {more} more; `workbench config validate` lists them", output.YELLOW)
