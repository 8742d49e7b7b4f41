"""What a person does with providers; a verb that fails has changed nothing, and says why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from workbench.tui.glyphs import drawn
from workbench.tui.host import Host
from workbench.tui.providers.board import Board
from workbench.tui.providers.feed import ProviderFeed
from workbench.tui.shell import Shell
from workbench.tui.state.badges import seconds

if TYPE_CHECKING:
    from workbench.core.secret import Secret
    from workbench.providers.health.probing import ProbeResult

PLACE_WORDS = {"keyring": "the system's keyring", "env-file": "the .env file"}
_FAILURES_TOLD = 4


class ProviderVerbs:
    """Runs the verbs against the core and shows on the board what goes on."""

    def __init__(self, host: Host, shell: Shell, board: Board, feed: ProviderFeed, changed: Callable[[], None]) -> None:
        """`changed` draws the board."""
        self._host = host
        self._shell = shell
        self._board = board
        self._feed = feed
        self._changed = changed
        self._switching: set[str] = set()
        self._wanted_order: tuple[str, ...] | None = None
        self._ordering = False
        self._test: asyncio.Task[object] | None = None

    async def enable(self, name: str, on: bool) -> None:
        """Switch a provider on or off; a second wish is ignored until the first one is done."""
        if name in self._switching:
            return
        self._switching.add(name)
        try:
            await self._shell.call(lambda core: core.provider_control.enable(name, on))
        finally:
            self._switching.discard(name)
        await self._read()

    async def reset(self, name: str) -> None:
        """Close its breaker and let its keys be used again."""
        await self._shell.call(lambda core: core.provider_control.reset(name))
        await self._read()
        self._host.tell(f"{name}: the breaker is closed and its keys may be used again.")

    async def reorder(self, order: tuple[str, ...]) -> None:
        """Store an order; of those wished for meanwhile only the last one."""
        self._wanted_order = order
        if self._ordering:
            return
        self._ordering = True
        try:
            await self._store_orders()
        except BaseException:
            self._board.forget_undo()
            raise
        finally:
            self._ordering = False
            self._wanted_order = None
            self._board.order_settled()
            # Also after a failure: the board goes back to what is in force.
            await self._read()

    async def _store_orders(self) -> None:
        while self._wanted_order is not None:
            order, self._wanted_order = self._wanted_order, None
            await self._store(order)

    async def _store(self, order: tuple[str, ...]) -> None:
        await self._shell.call(lambda core: core.provider_control.reorder(order))

    async def add_key(self, name: str, key: Secret, place: str) -> None:
        """Keep a key, use it, and see whether the provider takes it."""
        await self._shell.call(lambda core: core.provider_control.add_key(name, key, place=place))
        await self._read()
        self._host.tell(f"{name}: the key is kept in {PLACE_WORDS.get(place, place)}.")
        if not self._shell.offline:
            await self.test([name])

    async def switch_key(self, name: str, ref: str, on: bool) -> None:
        """Use one of its keys, or do not."""
        await self._shell.call(lambda core: core.provider_control.set_key_enabled(name, ref, on))
        await self._read()

    async def test(self, names: Sequence[str]) -> None:
        """See whether these are there, each by itself, so that every answer shows when it comes."""
        if self._shell.offline:
            self._host.tell(
                "Offline: nobody is contacted, the figures are as stored. Start without --offline to test.",
                warning=True,
            )
            return
        if self._test is not None:
            self._host.tell("A test is running; esc stops it.", warning=True)
            return
        self._test = asyncio.current_task()
        self._board.testing, self._board.test_count = set(names), len(names)
        self._changed()
        try:
            outcomes = await asyncio.gather(*map(self._test_one, names), return_exceptions=True)
        finally:
            self._test = None
            self._board.testing, self._board.test_count = set(), 0
            self._changed()
        await self._read()
        results: list[ProbeResult] = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            results += outcome
        self._tell_results(results)

    async def _test_one(self, name: str) -> Sequence[ProbeResult]:
        try:
            return await self._shell.call(lambda core: core.providers.test([name]))
        finally:
            self._board.testing.discard(name)
            self._changed()

    def stop_test(self) -> bool:
        """End the running test; False when none runs."""
        if self._test is None:
            return False
        self._test.cancel()
        return True

    def _tell_results(self, results: Sequence[ProbeResult]) -> None:
        failed = [result for result in results if result.checked and not result.ok]
        if len(results) == 1:
            self._host.tell(told(results[0]), warning=bool(failed))
            return
        good = sum(result.ok for result in results)
        lines = [f"{good} of {len(results)} answer."]
        lines += [told(result) for result in failed[:_FAILURES_TOLD]]
        if len(failed) > _FAILURES_TOLD:
            lines.append(drawn(f"… and {len(failed) - _FAILURES_TOLD} more"))
        self._host.tell("\n".join(lines), warning=bool(failed))

    async def _read(self) -> None:
        await self._feed.read()
        self._changed()


def told(result: ProbeResult) -> str:
    """What a test found, in one sentence."""
    if result.ok:
        took = f" in {seconds(result.latency_ms)}" if result.latency_ms is not None else ""
        return f"{result.name} answers{took}."
    if not result.checked:
        why = f": {result.reason}" if result.reason else ""
        return f"{result.name} was not tested{why}."
    return f"{result.name} does not answer: {result.reason or result.error_kind}."
