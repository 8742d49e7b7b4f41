"""What every command shares: an engine for as long as it runs, and work on it that does not block."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from workbench.cli import output
from workbench.cli.invocation import Invocation

if TYPE_CHECKING:
    from workbench.config.values import Configuration
    from workbench.engine.core import Core
    from workbench.engine.engine import Engine

T = TypeVar("T")

STOP_TIMEOUT_S = 1.5
"""How long saving and closing may take; with the rest of the exit it stays within 2 s."""
PROBLEMS_SHOWN = 3


@contextmanager
def running_engine(
    invocation: Invocation, *, offline: bool = False, demo: bool = False, sends: bool = False
) -> Generator[Engine]:
    """An engine that is stopped, within a deadline, however the block ends.

    One that `sends` prompts loads the model library early and tells of its start and end in the event log.
    """
    from workbench.engine.engine import Engine
    from workbench.engine.options import EngineOptions

    engine = Engine(
        EngineOptions(
            paths=invocation.paths(),
            profile=invocation.profile,
            offline=offline or invocation.offline,
            demo=demo,
            warm=sends,
            announce=sends,
        )
    )
    reason = ""
    try:
        engine.start()
        yield engine
    except BaseException as problem:
        reason = type(problem).__name__
        raise
    finally:
        engine.stop(STOP_TIMEOUT_S, reason=reason)


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
