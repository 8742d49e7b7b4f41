"""Looks after the providers in the background, with requests that cost nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random

from workbench.config.values import Configuration
from workbench.core.clock import Clock
from workbench.providers.health.prober import Prober
from workbench.providers.health.probing import DEADLINE_S, ProbeResult
from workbench.providers.resilience.values import Standing

logger = logging.getLogger(__name__)

FIRST_AFTER_S = 2.0
"""The first round does not compete with the start of the program."""
OFF_LOOK_S = 30.0
"""While rounds are switched off: how often the configuration is looked at for a change of mind."""
JITTER = 0.1
"""Part of the interval by which it varies, so that processes do not go in step."""


class HealthMonitor:
    """Probes all enabled providers that have a key every `health_check_interval` seconds; 0 is never.

    The processes of one home share the work: a round that one of them has begun is not made by another.
    """

    def __init__(
        self,
        configuration: Callable[[], Awaitable[Configuration]],
        prober: Prober,
        standing: Standing,
        *,
        clock: Clock,
        random: Random,
    ) -> None:
        """The configuration is asked for again before each round."""
        self._configuration = configuration
        self._prober = prober
        self._standing = standing
        self._clock = clock
        self._random = random
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._task = asyncio.create_task(self._run(), name="health-monitor")

    async def aclose(self) -> None:
        """Stop, also in the middle of a round; its connections are closed. Twice is once."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def round(self) -> list[ProbeResult]:
        """Probe now whoever is due; nothing when rounds are off or another process has just made one."""
        configuration = await self._configuration()
        every_s = configuration.settings.health_check_interval
        providers = [each for each in configuration.providers if each.enabled and (each.api_keys or not each.needs_key)]
        if every_s <= 0 or not providers:
            return []
        # Less than the interval, because the rounds of a process are not on time to the millisecond.
        due_s = every_s * (1 - 2 * JITTER)
        if not await self._prober.log.claim_round(due_s):
            return []
        now = self._clock.now_ms()
        known = await self._prober.log.newest([each.name for each in providers])
        due = [
            each for each in providers if each.name not in known or not 0 <= now - known[each.name].at_ms < due_s * 1000
        ]
        await self._standing.refresh(due)
        return await self._prober.check(due, deadline_s=min(DEADLINE_S, every_s)) if due else []

    async def _run(self) -> None:
        await self._clock.sleep(FIRST_AFTER_S)
        while True:
            try:
                await self.round()
                every_s = (await self._configuration()).settings.health_check_interval
            except Exception:
                # Whatever it is, the providers answer or not without it.
                logger.exception("a round of probes failed")
                every_s = OFF_LOOK_S
            pause_s = every_s if every_s > 0 else OFF_LOOK_S
            await self._clock.sleep(pause_s * (1 + JITTER * (2 * self._random.random() - 1)))
