"""A title by a model over real HTTP: the whole core, with a provider that answers and is asked once more."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.cli import KEY, configure
from tests.support.doubles import ok, running_provider
from workbench.config.paths import resolve_paths
from workbench.core.history_events import ConversationsOrganized
from workbench.engine.core import Core
from workbench.engine.engine import Engine
from workbench.engine.options import EngineOptions

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.timeout(60)]
"""The model library uses what its own dependencies have deprecated, and takes seconds to load."""


def test_the_core_asks_for_a_title_where_the_settings_say_so(isolation: Path) -> None:
    paths = resolve_paths(isolation, {})
    with running_provider(ok("Salt and water."), ok('"How the sea began."')) as double:
        configure(isolation, [double.base_url], {"model_titles": True})
        engine = Engine(EngineOptions(paths=paths, environ={"DOUBLE_KEY": KEY}, titles=True))
        heard = engine.bus.subscribe(kinds=[ConversationsOrganized])
        engine.start()
        try:

            async def talk(core: Core) -> str:
                turn = await core.chat.send("what is in the sea?")
                assert (await core.chat.wait(turn.id)).complete
                return turn.conversation_id

            id_ = engine.run(talk)
            deadline = time.monotonic() + 15
            while not (told := heard.drain()):
                assert time.monotonic() < deadline, "no title came"
                time.sleep(0.01)
            assert engine.run(lambda core: core.conversations.get(id_)).title == "How the sea began"
        finally:
            assert engine.stop(5.0)
    assert told[0].text() == "1 conversation titled by a model"
    assert len(double.requests) == 2
    with closing(sqlite3.connect(paths.database)) as connection:
        rows = connection.execute("select state, message_id is null from attempts order by started_at").fetchall()
        kinds = [row[0] for row in connection.execute("select kind from events where conversation_id = ?", (id_,))]
    assert rows == [("ok", 0), ("ok", 1)]
    assert kinds.count("attempt.ended") == 2
