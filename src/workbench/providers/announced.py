"""A chat model whose loading is told on the bus, so that nobody stares at a silent screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import WorkbenchError
from workbench.core.events import ClientLoading
from workbench.providers.values import ChatModel, ModelCall, ModelPart


class AnnouncedModel:
    """Wraps a `ChatModel`: the first `prepare()` publishes ClientLoading at its beginning and end."""

    def __init__(self, model: ChatModel, bus: EventBus, clock: Clock) -> None:
        """Announce the loading of `model`."""
        self._model = model
        self._bus = bus
        self._clock = clock
        self._loading = asyncio.Lock()
        self._ready = False

    async def prepare(self) -> None:
        """Load once; later callers wait for the same load. Raises WorkbenchError when it fails."""
        if self._ready:
            return
        async with self._loading:
            if self._ready:
                return
            self._bus.publish(ClientLoading())
            began = self._clock.monotonic()
            try:
                await self._model.prepare()
            except WorkbenchError as problem:
                self._bus.publish(ClientLoading(problem=str(problem)))
                raise
            except Exception as problem:
                self._bus.publish(ClientLoading(problem=f"{type(problem).__name__}: {problem}"))
                raise WorkbenchError(
                    "The model library could not be loaded",
                    detail=f"{type(problem).__name__}: {problem}",
                    hint="Run `workbench doctor`",
                ) from None
            self._ready = True
            self._bus.publish(ClientLoading(seconds=self._clock.monotonic() - began))

    def stream(self, call: ModelCall) -> AsyncGenerator[ModelPart, None]:
        """The wrapped model's stream."""
        return self._model.stream(call)

    async def aclose(self) -> None:
        """Close the wrapped model."""
        await self._model.aclose()
