"""How an engine is to be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.config.paths import Paths
from workbench.core.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What a front end decides before the core starts."""

    paths: Paths
    profile: str | None = None
    """Name of the configuration overlay, if any."""
    offline: bool = False
    """No socket is opened and no prompt is sent."""
    demo: bool = False
    """Scripted providers in a throw-away home; `paths` is not touched."""
    warm: bool = False
    """Load the model library as soon as the core is up, not at the first prompt."""
    watch: bool = False
    """Probe providers now and then, free of charge, for as long as the core runs."""
    upkeep: bool = False
    """Back up and prune once a day for as long as the core runs; recover a damaged database without being asked."""
    titles: bool = False
    """Ask for titles of new conversations where the configuration says so; a command that ends with its answer does
    not."""
    salvage: bool = False
    """Recover a damaged database: the damaged file is kept, what can be read of it is brought into a new one."""
    temporary: bool = False
    """Conversations are those in memory: nothing of them is stored."""
    announce: bool = True
    """Whether start, configuration and end are events; a command that only reads leaves none in the log."""
    overrides: Mapping[str, object] = field(default_factory=dict[str, object])
    """Settings from the command line, dotted path to value; they win over everything."""
    environ: Mapping[str, str] | None = None
    """Stands in for `os.environ`."""
    clock: Clock = field(default_factory=SystemClock)
