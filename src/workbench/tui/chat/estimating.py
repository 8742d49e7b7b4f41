"""Keeps the figures at hand by which the next prompt is estimated; they are read when something has been typed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.core.errors import WorkbenchError
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.core_link import CorePort
from workbench.tui.state.estimate import Answerer, Estimate, PromptSize, estimate_of
from workbench.tui.state.files import named_files

if TYPE_CHECKING:
    from workbench.conversations.keeping.prompts import BranchSize
    from workbench.providers.health.choices import ModelChoice
    from workbench.providers.health.values import RouteNow

logger = logging.getLogger(__name__)

_AROUND_A_FILE = 12
"""Characters of the fence around a file."""


class Estimating:
    """Estimates the prompt in the composer; contacts nobody and loads no model library."""

    def __init__(self, pane: Pane) -> None:
        """Works on what stands in the composer."""
        self._pane = pane
        self._asked_for: object = None
        self._reading = False
        self._answerers: Sequence[Answerer] = ()
        self._branch = PromptSize()
        self._branch_of: _Branch = ("", None, None)

    def now(self) -> Estimate | None:
        """The estimate for what stands in the composer; None for nothing."""
        if not self._pane.composer.text:
            self._asked_for = None
            return None
        slot = self._pane.desk.slot
        paths = self._attached_paths()
        self._ask(slot, self._pane.composer.files.unmeasured(paths))
        characters, size = self._pane.composer.amount
        size_here = PromptSize(messages=1, characters=characters, bytes=size) + self._attached(paths)
        branch = self._branch if self._branch_of == _branch_of(slot) else PromptSize()
        return estimate_of(branch + size_here, self._answerers, pinned=slot.pin.provider is not None)

    def _attached_paths(self) -> list[str]:
        files = self._pane.composer.files
        return named_files(files.to_unsent(self._pane.composer.text)) if files.marks else []

    def _attached(self, paths: Sequence[str]) -> PromptSize:
        files = self._pane.composer.files
        size = sum(files.size_of(path) + len(path) + _AROUND_A_FILE for path in paths)
        return PromptSize(characters=size, bytes=size)

    def _ask(self, slot: Slot, unmeasured: Sequence[str]) -> None:
        turn = self._pane.shell.state.turns.get(slot.conversation_id)
        wanted = (
            _branch_of(slot), unmeasured, slot.order[-1:], slot.reply_id, turn.phase if turn is not None else None,
            slot.pin, slot.private, id(self._pane.shell.configuration),
        )  # fmt: skip
        if wanted != self._asked_for and self._pane.shell.configuration is not None and not self._reading:
            self._asked_for, self._reading = wanted, True
            self._pane.host.start_work(self._keep_current(slot, unmeasured), group="estimate")

    async def _keep_current(self, slot: Slot, unmeasured: Sequence[str]) -> None:
        try:
            await self._pane.composing.attaching.measure(unmeasured)
            await self._read(slot)
        except WorkbenchError as problem:
            # An estimate is not worth a notice; what is wrong has its own.
            logger.info("the prompt cannot be estimated: %s", problem)
        finally:
            self._reading = False
        # What has changed meanwhile is asked for by this.
        self._pane.redraw()

    async def _read(self, slot: Slot) -> None:
        branch_of, pin = _branch_of(slot), slot.pin
        conversation_id, beside_id, after_id = branch_of

        async def read(core: CorePort) -> tuple[BranchSize | None, Sequence[ModelChoice], RouteNow]:
            size = None
            if conversation_id:
                size = await core.prompts.branch_size(conversation_id, beside_id=beside_id, after_id=after_id)
            route = await core.providers.route_now(
                pinned_provider=pin.provider, pinned_model=pin.model, private=slot.private
            )
            return size, await core.providers.choices(), route

        size, choices, route = await self._pane.desk.call(slot, read)
        known = {(choice.provider, choice.model): choice for choice in choices}
        answerers: list[Answerer] = []
        for step in route.steps:
            if not step.skipped:
                choice = known.get((step.provider, step.model))
                answerers.append(
                    Answerer(
                        name=f"{step.provider}/{step.model}" if step.model else step.provider,
                        context_window=choice.context_window if choice is not None else None,
                        input_nano=choice.input_nano if choice is not None else None,
                    )
                )
        self._answerers, self._branch_of = answerers, branch_of
        self._branch = PromptSize()
        if size is not None:
            self._branch = PromptSize(messages=size.messages, characters=size.characters, bytes=size.bytes)


def _branch_of(slot: Slot) -> _Branch:
    """What goes along with the prompt: a conversation, the prompt of which it is another wording, what it follows."""
    return slot.conversation_id, slot.beside_id, slot.after_id or None


_Branch = tuple[str, str | None, str | None]
