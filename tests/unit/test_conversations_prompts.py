"""What was asked before, across conversations, and how much a branch is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.storage import opened
from workbench.conversations.keeping import prompts as prompts_module
from workbench.conversations.keeping.prompts import BranchSize, Prompts
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.values import MessageState
from workbench.core.clock import ManualClock


async def test_prompts_of_all_conversations_are_listed_once_the_newest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts_module, "_READ_AT_ONCE", 2)
    async with opened(tmp_path / "workbench.db") as store:
        conversations, prompts = Conversations(store, ManualClock(), "me"), Prompts(store)

        async def ask(text: str, conversation_id: str | None = None, *, private: bool = False) -> str:
            begun = await conversations.begin_turn(
                prompt=text, conversation_id=conversation_id, private=private, system="be brief"
            )
            done = MessageState.DONE
            await conversations.finish_reply(begun.reply.id, state=done, text="ä", provider="p", model="m")
            return begun.conversation.id

        assert await prompts.newest() == []
        first = await ask("Why RAIN?")
        await ask("secret", private=True)
        await ask("x" * 1_000)
        await ask("Why RAIN?")
        await ask("and snow?", first)
        found = await prompts.newest()
        assert [prompt.beginning for prompt in found] == ["and snow?", "Why RAIN?", "x" * 400, "secret"]
        assert [prompt.private for prompt in found] == [False, False, False, True]
        assert [found[2].characters, found[0].conversation] == [1_000, "Why RAIN?"]
        assert (await conversations.message(found[2].message_id)).text == "x" * 1_000
        assert [prompt.beginning for prompt in await prompts.newest(containing="rain")] == ["Why RAIN?"]
        assert len(await prompts.newest(limit=1)) == 1

        await store.write(lambda t: t.execute("update messages set deleted_at = 1 where text = 'secret'"))
        assert "secret" not in [prompt.beginning for prompt in await prompts.newest()]

        # `be brief`, two prompts, two replies of a character in two bytes.
        assert await prompts.branch_size(first) == BranchSize(messages=5, characters=28, bytes=30)
        assert await prompts.branch_size("none") == BranchSize()
        # Another wording of the second prompt: what is above it.
        snow = found[0].message_id
        assert await prompts.branch_size(first, beside_id=snow) == BranchSize(messages=3, characters=18, bytes=19)
        top = (await conversations.path(first))[1].id
        assert await prompts.branch_size(first, beside_id=top) == BranchSize(messages=1, characters=8, bytes=8)
        assert await prompts.branch_size(first, beside_id="gone") == BranchSize()
        # A prompt that follows the first reply.
        reply = (await conversations.path(first))[2].id
        assert await prompts.branch_size(first, after_id=reply) == BranchSize(messages=3, characters=18, bytes=19)
