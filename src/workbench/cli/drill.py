"""`workbench providers drill`: faults played on stand-ins for the configured chain."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli.failures import ExitCode
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag, NdjsonFlag
from workbench.cli.session import warn_of_problems
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.providers.scripted.drill_values import DrillStep, SceneName

END_TIMEOUT_S = 1.0
"""How long an interrupted drill may take to close its connections."""


def drill(
    context: typer.Context,
    scene: Annotated[
        list[str] | None, typer.Option("--scene", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    json: JsonFlag = False,
    ndjson: NdjsonFlag = False,
) -> None:
    """See what happens when providers fail.

    Plays rate-limit, server-error, hang, cut-stream, bad-key, dead-host, all-down and recovery on stand-ins for the
    configured chain: nobody is contacted, nothing costs anything, nothing is stored. Exit code 1 when one of them did
    not end as it must.
    """
    invocation = cast("Invocation", context.obj)
    if json and ndjson:
        raise UsageError("--json and --ndjson exclude each other")
    from workbench.cli.drill_views import JsonView, NdjsonView, TextView
    from workbench.providers.scripted.drill_values import DrillEnded

    view = JsonView() if json else NdjsonView() if ndjson else TextView()
    code = ExitCode.FAILED
    with contextlib.closing(steps_of(invocation, scenes_named(scene or ()))) as steps:
        for step in steps:
            view.show(step)
            if isinstance(step, DrillEnded) and step.as_promised:
                code = ExitCode.DONE
    raise typer.Exit(code)


def scenes_named(names: Sequence[str]) -> list[SceneName]:
    """The scenes of these names. Raises UsageError for one that there is not."""
    from workbench.providers.scripted.drill_values import SceneName

    known = {str(scene): scene for scene in SceneName}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"There is no scene {unknown[0]}", hint=f"Scenes: {', '.join(known)}")
    return [known[name] for name in names]


def steps_of(invocation: Invocation, scenes: Sequence[SceneName]) -> Generator[DrillStep]:
    """The steps as they come, from a loop on a thread of its own: a signal must not hit the loop's own work.

    Raises what the drill raises. Leaving it ends the drill.
    """
    told: queue.SimpleQueue[DrillStep | None] = queue.SimpleQueue()

    async def play_all() -> None:
        from workbench.engine.drill import chain_configuration, play

        configuration = await chain_configuration(invocation.paths(), invocation.profile)
        warn_of_problems(configuration)
        await play(configuration, told.put, scenes=scenes)

    playing = _OwnLoop(play_all, lambda: told.put(None))
    try:
        while (step := told.get()) is not None:
            yield step
    finally:
        playing.end()
    playing.check()


class _OwnLoop:
    """Work on a loop of its own thread."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]], done: Callable[[], None]) -> None:
        """Start at once; `done` is called, on that thread, when the work has ended."""
        self._done = done
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(work(), name="drill")
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="drill", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._task)
        except BaseException as problem:  # handed over to the thread that asks
            self._problem = problem
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self._done()

    def end(self) -> None:
        """Stop the work if it still runs, and wait a moment for it."""
        # A closed loop has nothing left to be stopped.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(END_TIMEOUT_S)

    def check(self) -> None:
        """Raise what the work raised."""
        if self._problem is not None:
            raise self._problem
