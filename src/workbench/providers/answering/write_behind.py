"""The rows of one turn on their way to the disk: beside the turn, so that no request waits for it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from workbench.providers.answering.attempt_log import AttemptRecorder, AttemptRow

WRITE_BEHIND_S = 0.05
"""How long a row waits for what comes next. Nothing is written while a request is being made; and what fails or is
answered at once, with whatever follows in this time, is one transaction."""

_unsaved: set[asyncio.Task[None]] = set()
"""Writers at work; held here because a loop holds its tasks weakly."""


class WriteBehind:
    """Saves rows in order, each as it stood last."""

    def __init__(self, recorder: AttemptRecorder, run_id: str, message_id: str) -> None:
        """Rows of this turn."""
        self._recorder = recorder
        self._run_id = run_id
        self._message_id = message_id
        self._waiting: dict[int, AttemptRow] = {}
        self._hurry = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    def put(self, row: AttemptRow) -> None:
        """Save it soon."""
        self._waiting[row.attempt.ord] = row
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name=f"attempt-rows-{self._run_id}")
            _unsaved.add(self._writing)
            self._writing.add_done_callback(_unsaved.discard)

    async def saved(self) -> None:
        """Returns when all rows are written, or given up; cancelling the wait does not stop them."""
        self._hurry.set()
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def _write(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(WRITE_BEHIND_S):
                await self._hurry.wait()
        while self._waiting:
            rows = tuple(self._waiting.values())
            self._waiting.clear()
            await self._recorder.save(run_id=self._run_id, message_id=self._message_id, rows=rows)
