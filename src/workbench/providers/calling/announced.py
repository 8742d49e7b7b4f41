"""A chat model whose loading is told on the bus, so that nobody stares at a silent screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import WorkbenchError
from workbench.core.events import ClientLoading
from workbench.providers.values import ChatModel, ModelCall, ModelPart


class AnnouncedModel:
    """Wraps a `ChatModel`: it is loaded once, and ClientLoading tells when that begins and ends."""

    def __init__(self, model: ChatModel, bus: EventBus, clock: Clock) -> None:
        """Announce the loading of `model`."""
        self._model = model
        self._bus = bus
        self._clock = clock
        self._loading: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Load once; every caller waits for the same load, which goes on when a caller is cancelled.

        Raises WorkbenchError when it fails; the next call tries again.
        """
        if self._loading is None or _failed(self._loading):
            self._loading = asyncio.create_task(self._load(), name="load-model-library")
        await asyncio.shield(self._loading)

    async def _load(self) -> None:
        self._bus.publish(ClientLoading())
        began = self._clock.monotonic()
        try:
            await self._model.prepare()
        except WorkbenchError as problem:
            self._bus.publish(ClientLoading(problem=str(problem)))
            raise
        except Exception as problem:
            what = f"{type(problem).__name__}: {problem}"
            self._bus.publish(ClientLoading(problem=what))
            raise WorkbenchError(
                "The model library could not be loaded", detail=what, hint="Run `workbench doctor`"
            ) from None
        self._bus.publish(ClientLoading(seconds=self._clock.monotonic() - began))

    def stream(self, call: ModelCall) -> AsyncGenerator[ModelPart, None]:
        """The wrapped model's stream."""
        return self._model.stream(call)

    async def aclose(self) -> None:
        """Stop loading and close the wrapped model."""
        if self._loading is not None:
            self._loading.cancel()
            with suppress(asyncio.CancelledError, WorkbenchError):
                await self._loading
        await self._model.aclose()


def _failed(loading: asyncio.Task[None]) -> bool:
    return loading.done() and (loading.cancelled() or loading.exception() is not None)
