"""A whole engine over a home, whose two providers follow a script instead of being asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.scripted_model import ScriptedModel, Step, says
from workbench.config.paths import resolve_paths
from workbench.core.bus import Subscription
from workbench.core.clock import Clock
from workbench.engine.engine import Engine
from workbench.engine.options import EngineOptions

CONFIGURATION = """
providers:
  alpha: {kind: ollama, models: [alpha-1], priority: 1}
  beta: {kind: ollama, models: [beta-1], priority: 2}
"""


class Client(ScriptedModel):
    """The model library's client, following a script."""

    library = None


class ScriptedEngine(Engine):
    """An engine with the clock that tests of screens ask for."""

    @property
    def clock(self) -> Clock:
        """The engine's."""
        return self.options.clock


@contextmanager
def scripted_engine(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    alpha: Sequence[Sequence[Step]],
    *,
    beta: str = "beta says so",
    started: bool = True,
) -> Iterator[tuple[ScriptedEngine, Subscription]]:
    """`alpha` answers as scripted, `beta` always the same; not `started` leaves that to who drives it."""
    client = Client({"alpha": [*alpha], "beta": [says(beta)]})
    monkeypatch.setattr("workbench.engine.provider_layer.LiteLLMClient", lambda _clock: client)
    paths = resolve_paths(home, {})
    paths.config_dir.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_text(CONFIGURATION)
    engine = ScriptedEngine(EngineOptions(paths=paths, environ={}))
    events = engine.bus.subscribe()
    if started:
        engine.start()
    try:
        yield engine, events
    finally:
        assert engine.stop(5.0)
