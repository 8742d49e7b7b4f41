"""Temporary conversations on the screen, over a whole engine: marked, used, gone or kept."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine
from tests.support.scripted_engine import scripted_engine
from tests.support.scripted_model import fails, says
from workbench.providers.values import ErrorKind
from workbench.tui.screens.confirm import ConfirmScreen

CANARY = "Kanarienvogel"


def traces_in(home: Path) -> list[str]:
    """Files of a home that tell of the canary."""
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "workbench.db" for path in files)
    return [path.name for path in files if CANARY.encode() in path.read_bytes()]


async def answered(d: Driven, count: int) -> None:
    """Wait until the open conversation has `count` messages, the last one whole."""
    slot = d.app.desk.slot
    await d.until(lambda: len(slot.order) == count and not d.app.desk.running(slot))
    await d.until(lambda: slot.messages[slot.order[-1]].state.value == "done")


async def test_a_temporary_conversation_is_marked_works_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha = [says(f"one {CANARY}"), [fails(ErrorKind.SERVER_ERROR)]]
    with scripted_engine(tmp_path, monkeypatch, alpha, beta=f"two {CANARY}", started=False) as (engine, _):
        async with driven(tmp_path, engine=cast("FakeEngine", engine)) as d:
            await d.until(d.app.desk.opened.is_set)
            await d.pilot.press("escape")
            await d.pilot.press("T")
            await d.until(lambda: d.app.desk.slot.temporary)
            await d.until(lambda: "temporary · not stored" in d.screen())
            await d.send(f"what is a {CANARY}?")
            await answered(d, 2)
            assert "── temporary" in d.screen()
            d.app.chat.verbs.do("ask_named", "beta")
            await d.until(lambda: f"two {CANARY}" in d.screen())
            await answered(d, 2)
            d.app.chat.verbs.do("edit_prompt", "")
            await d.until(lambda: d.app.desk.slot.edit is not None)
            await d.send(f" and another {CANARY}?")
            await d.until(lambda: "and another" in d.screen() and f"one {CANARY}" not in d.screen())
            await answered(d, 2)
            first = d.app.desk.slot
            await d.type(f"half a {CANARY}")
            # Away and back: the unsent text is still there.
            d.app.chat.verbs.do("new_conversation")
            await d.until(lambda: d.app.desk.slot is not first)
            assert "not stored" not in d.screen()
            d.app.chat.open_conversation(first.conversation_id)
            await d.until(lambda: d.app.desk.slot is first and f"half a {CANARY}" in d.screen())
            await d.app.chat.drafts.save_now()
            d.app.chat.composer.clear()
            await d.pilot.press("ctrl+q")
            await d.until(lambda: isinstance(d.app.screen, ConfirmScreen))
            assert "1 temporary conversation will be gone" in " ".join(d.screen().split())
            await d.pilot.press("n")
            assert traces_in(tmp_path) == []
    assert traces_in(tmp_path) == []


async def test_what_is_kept_is_stored_and_what_was_deleted_is_not_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_engine(tmp_path, monkeypatch, [says(f"one {CANARY}")], started=False) as (engine, _):
        async with driven(tmp_path, engine=cast("FakeEngine", engine)) as d:
            await d.until(d.app.desk.opened.is_set)
            d.app.chat.verbs.do("begin_temporary", "")
            await d.send("something")
            await answered(d, 2)
            d.app.chat.verbs.do("delete_conversation", "")
            await d.until(lambda: not d.app.desk.slot.conversation_id)
            assert d.app.desk.temporary() == []
            d.app.chat.verbs.do("undo_delete", "")
            await d.until(lambda: d.app.desk.slot.temporary and len(d.app.desk.slot.order) == 2)
            assert len(d.app.desk.temporary()) == 1 and traces_in(tmp_path) == []
            d.app.chat.verbs.do("keep_temporary", "")
            await d.until(lambda: not d.app.desk.slot.temporary)
            await d.until(lambda: "not stored" not in d.screen())
            assert traces_in(tmp_path) != []
            kept = await engine.call(lambda core: core.conversations.path(d.app.desk.slot.conversation_id))
            assert [message.text for message in kept] == ["something", f"one {CANARY}"]
            await d.until(lambda: d.app.shell.remembered.conversation_id == d.app.desk.slot.conversation_id)
            await d.pilot.press("ctrl+q")
            await d.until(lambda: d.app.return_code is not None)
