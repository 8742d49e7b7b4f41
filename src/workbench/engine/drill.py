"""The failover drill with everything it needs: for the core, and for a command without one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from workbench.config.loading import load_configuration
from workbench.config.paths import Paths
from workbench.config.values import Configuration
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.scripted.drill import drill
from workbench.providers.scripted.drill_values import DrillStep, SceneName
from workbench.providers.values import ChatModel


async def chain_configuration(paths: Paths, profile: str | None) -> Configuration:
    """The configuration whose chain is to be played; nobody is contacted.

    Where no provider is configured those that the environment has keys for count, as for every request.
    """
    configuration = await asyncio.to_thread(load_configuration, paths, profile=profile)
    if configuration.providers or configuration.problems:
        return configuration
    # Imported here: it brings an HTTP client, which most configurations do not need.
    from workbench.config.discovery import discover

    found = await discover(os.environ, ports=())
    return replace(configuration, providers=found, discovered=bool(found))


async def play(
    configuration: Configuration,
    tell: Callable[[DrillStep], None],
    *,
    model: ChatModel | None = None,
    scenes: Sequence[SceneName] = (),
) -> None:
    """Play these scenes, or all, and tell each step; cancelling it ends the drill in order.

    `model` stays open; without one the drill has its own. Raises WorkbenchError when that cannot be loaded.
    """
    used = model or LiteLLMClient()
    try:
        async with aclosing(drill(configuration, used, scenes=scenes)) as steps:
            async for step in steps:
                tell(step)
    finally:
        if model is None:
            await used.aclose()
