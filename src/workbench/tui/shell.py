"""What every pane shares: the way to the core, the folded state, the clock, and what is remembered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, Unpack

from workbench.core.clock import Clock, SystemClock
from workbench.tui.core_link import CoreLink, CorePort
from workbench.tui.state.chat import ChatState
from workbench.tui.ui_state import UiChanges, UiState, write_ui_state

if TYPE_CHECKING:
    from workbench.config.values import Configuration
    from workbench.providers.health.values import ProviderStatus

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellFiles:
    """The files that the screens themselves touch."""

    config_file: Path
    ui_state_file: Path
    state_dir: Path
    """Crash reports go here."""
    themes_dir: Path
    """The user's own themes."""

    @property
    def keymap_file(self) -> Path:
        """The user's own keys, beside the configuration."""
        return self.config_file.parent / "keymap.yaml"

    @property
    def keys_cache_file(self) -> Path:
        """What the last reading of them came to."""
        return self.ui_state_file.parent / "keys.json"


@dataclass(slots=True, kw_only=True)
class Shell:
    """One per application; held by every screen."""

    make_link: Callable[[], CoreLink]
    """Makes the engine; called once, after the first paint."""
    files: ShellFiles
    clock: Clock = field(default_factory=SystemClock)
    offline: bool = False
    demo: bool = False
    remembered: UiState = UiState()
    state: ChatState = ChatState()
    """Folded from events; replaced by the pump."""
    configuration: Configuration | None = None
    """The snapshot that is in force; None until the core has told."""
    provider_states: Mapping[str, str] = field(default_factory=dict[str, str])
    """State of each provider as the core last told it."""
    provider_heard: Mapping[str, int] = field(default_factory=dict[str, int])
    """When the core had last heard of each by then; wall-clock milliseconds."""
    spend_day_nano: int | None = None
    """What the last 24 hours cost, as far as prices are known; None when none is."""
    start_problem: str = ""
    """Why the core could not start; empty while all is well."""
    link: CoreLink | None = None
    """The engine, once it was made."""
    started: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the core was told to start."""

    async def call(self, work: Callable[[CorePort], Awaitable[T]]) -> T:
        """Run `work` in the core; a call made before the core was started waits for it."""
        await self.started.wait()
        link = self.link
        if link is None:
            raise RuntimeError("told to have started without an engine")
        return await link.call(work)

    def take_statuses(self, statuses: Iterable[ProviderStatus]) -> bool:
        """Keep what the core told of the providers; whether any of it is new."""
        before = (self.provider_states, self.provider_heard, self.spend_day_nano)
        listed = tuple(statuses)
        self.provider_states = {status.name: str(status.state) for status in listed}
        self.provider_heard = {status.name: status.heard_at_ms or 0 for status in listed}
        spent = [status.day.spend_nano for status in listed if status.day.spend_nano is not None]
        self.spend_day_nano = sum(spent) if spent else None
        return before != (self.provider_states, self.provider_heard, self.spend_day_nano)

    @property
    def scripted(self) -> frozenset[str]:
        """Names of the demonstration providers."""
        providers = self.configuration.providers if self.configuration else ()
        return frozenset(provider.name for provider in providers if provider.scripted)

    @property
    def nobody_can_answer(self) -> bool:
        """Whether the configuration is known and has no usable provider."""
        return self.configuration is not None and not any(p.usable for p in self.configuration.providers)

    @property
    def private_providers(self) -> tuple[str, ...]:
        """Names of the usable providers that a private conversation may ask, by priority."""
        providers = self.configuration.providers if self.configuration else ()
        ordered = sorted(providers, key=lambda provider: provider.priority)
        return tuple(provider.name for provider in ordered if provider.usable and provider.private)

    async def remember(self, **changes: Unpack[UiChanges]) -> None:
        """Keep looks and preferences for the next start; a demonstration leaves no trace."""
        state = replace(self.remembered, **changes)
        if state == self.remembered:
            return
        self.remembered = state
        if self.demo:
            return
        try:
            await asyncio.to_thread(write_ui_state, self.files.ui_state_file, state)
        except OSError as problem:
            # What matters more has its own banner.
            logger.warning("cannot remember the state of the screens: %s", problem)
