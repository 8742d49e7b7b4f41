"""README's promise: nothing is deleted silently. What is removed for good is removed because somebody said so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.support.upkept import kept
from workbench.config.values import Configuration, Settings
from workbench.core.bus import EventBus
from workbench.core.history_events import ConversationsDeleted
from workbench.core.storage_events import BackupMade, StoragePruned
from workbench.engine.daily import DailyUpkeep, prunings

DAY_S = 86_400


async def test_without_a_setting_ten_years_of_daily_upkeep_remove_nothing(tmp_path: Path) -> None:
    async def configured() -> Configuration:
        return Configuration()

    assert prunings(Configuration().settings) == []
    async with kept(tmp_path / "workbench.db") as home:
        begun = await home.talk("old prompt", "old answer")
        branch = await home.talk("stays", "said")
        later = await home.talk("left out", "too", conversation_id=branch.conversation.id)
        await home.trash.delete_conversation(begun.conversation.id)
        await home.trash.delete_message(branch.conversation.id, later.user_message.id)
        await home.events.append(home.told())
        before = [await home.store.read(f"select * from {table}") for table in ("conversations", "messages", "events")]
        assert before[2], "there are events to lose"
        for _ in range(3):
            home.clock.advance(10 * 365 * DAY_S / 3)
            daily = DailyUpkeep(home.upkeep, home.clock, home.bus, configured=configured, busy=list)
            assert await daily.look()
        after = [await home.store.read(f"select * from {table}") for table in ("conversations", "messages", "events")]
        assert [[tuple(row) for row in rows] for rows in after] == [[tuple(row) for row in rows] for rows in before]
        assert {type(event) for event in home.told()} == {BackupMade}
        # And it can all come back.
        assert (await home.trash.restore_conversation()).title == "old prompt"
        assert (await home.trash.restore_message(branch.conversation.id)).messages == 2


async def test_what_goes_by_a_setting_or_by_hand_is_told_and_kept_in_the_log(tmp_path: Path) -> None:
    settings = replace(Settings(), trash_days=9)

    async def configured() -> Configuration:
        return Configuration(settings=settings)

    async with kept(tmp_path / "workbench.db") as home:
        one, two = await home.talk("one", "said"), await home.talk("two", "said")
        await home.trash.delete_conversations([one.conversation.id, two.conversation.id])
        await home.upkeep.purge([one.conversation.id])
        home.clock.advance(10 * DAY_S)
        daily = DailyUpkeep(home.upkeep, home.clock, EventBus(home.clock), configured=configured, busy=list)
        assert await daily.look()
        told = home.told()
        assert [type(event) for event in told] == [ConversationsDeleted, StoragePruned, BackupMade, StoragePruned]
        assert all(event.stored for event in told), "the event log has them"
        assert "1 conversation, 2 messages" in told[1].text() and "1 conversation, 2 messages" in told[3].text()
        assert await home.texts() == set()
