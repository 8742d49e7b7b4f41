"""The configuration in force: read in the background, swapped whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from workbench.config.values import Configuration, Settings


class CurrentConfiguration:
    """Gives the snapshot in force once it has been read.

    Reading may ask a keyring or look for local servers, which takes seconds; whoever needs no configuration, as
    history does, never waits for it.
    """

    def __init__(self, read: Callable[[], Coroutine[None, None, Configuration]]) -> None:
        """Begin to read; needs a running loop."""
        self._read = read
        self._reading = asyncio.create_task(read(), name="read-configuration")

    async def __call__(self) -> Configuration:
        """The snapshot in force; waits for the first one."""
        return await asyncio.shield(self._reading)

    @property
    def settings(self) -> Settings:
        """Those in force; the defaults before anything has been read."""
        reading = self._reading
        if not reading.done() or reading.cancelled() or reading.exception() is not None:
            return Settings()
        return reading.result().settings

    async def reload(self) -> Configuration:
        """Read again and put it in force; what is running keeps what it began with."""
        reading = asyncio.create_task(self._read(), name="reread-configuration")
        configuration = await asyncio.shield(reading)
        self._reading = reading
        return configuration

    async def close(self) -> None:
        """Stop reading."""
        self._reading.cancel()
