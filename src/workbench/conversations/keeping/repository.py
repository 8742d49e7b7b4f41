"""The conversations on disk: a tree of messages each, written one turn at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.conversations.branching import branches
from workbench.conversations.keeping import rows, writes
from workbench.conversations.keeping.interruption import mark_interrupted
from workbench.conversations.ordering.references import conversation_named
from workbench.conversations.values import BrokenPart, Conversation, Message, MessageState, Role, Seam
from workbench.core.clock import Clock
from workbench.core.errors import NotFoundError
from workbench.core.text import clean_line, safe_for_storage
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

Messages = list[Message]
Page = tuple[int, list[Conversation]]
"""The number of all conversations, and some of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunTurn:
    """A turn as it has been stored, before anybody is asked."""

    conversation: Conversation
    user_message: Message
    reply: Message
    """Empty and `streaming`, owned by this instance."""


class Conversations:
    """Reads and writes conversations; every change is one transaction."""

    def __init__(self, store: Store, clock: Clock, instance_id: str) -> None:
        """In `store`; replies begun here belong to the running instance `instance_id`."""
        self._store = store
        self._clock = clock
        self._instance_id = instance_id

    async def begin_turn(
        self,
        *,
        prompt: str,
        conversation_id: str | None,
        parent_id: str | None = None,
        beside_id: str | None = None,
        system: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        private: bool = False,
    ) -> BegunTurn:
        """Store a prompt and the empty reply to it, in one transaction, and make the reply the active leaf.

        With `conversation_id` None a conversation begins: titled by the prompt, pinned to `provider` and `model` when
        these are given (an existing one keeps its pin). The prompt hangs under `parent_id`, else under the active
        leaf, or stands beside the prompt `beside_id`: a new branch. `system` becomes a message above it, unless it is
        the one in force already. `private` makes the conversation private, an existing one too: what is said in
        private must not be read by others with the next prompt. Raises NotFoundError for a conversation, a parent or
        a prompt that is not there, UsageError when `beside_id` is no prompt, StorageError.
        """
        now = self._clock.now_ms()

        async def work(transaction: Transaction) -> BegunTurn:
            if conversation_id is None:
                settings = writes.settings_with("{}", provider=provider, model=model)
                title = writes.title_of(prompt)
                conversation = await writes.new_conversation(transaction, title=title, settings=settings, now_ms=now)
                parent = None
            else:
                conversation = conversation_id
                parent = (
                    await writes.parent_of_turn(transaction, conversation, parent_id)
                    if beside_id is None
                    else await writes.parent_of_prompt(transaction, conversation, beside_id)
                )
            if (
                system is not None
                and system.strip()
                and safe_for_storage(system) != await writes.system_in_force(transaction, parent)
            ):
                parent = await writes.new_message(transaction, conversation, parent, Role.SYSTEM, system, now_ms=now)
            if private:
                await transaction.execute(writes.MAKE_PRIVATE, ("true", conversation))
            user_id = await writes.new_message(transaction, conversation, parent, Role.USER, prompt, now_ms=now)
            return await self._begin_reply(transaction, conversation, user_id, now)

        return await self._store.write(work)

    async def begin_reply(self, conversation_id: str, message_id: str, *, private: bool = False) -> BegunTurn:
        """Store an empty reply to the prompt that `message_id` is or answers, and make it the active leaf.

        It stands beside the replies that are there; nothing is overwritten. `private` is that of `begin_turn`. Raises
        NotFoundError for a message that is not in the conversation, UsageError where there is no prompt, StorageError.
        """
        now = self._clock.now_ms()

        async def work(transaction: Transaction) -> BegunTurn:
            user_id = await writes.prompt_above(transaction, conversation_id, message_id)
            if private:
                await transaction.execute(writes.MAKE_PRIVATE, ("true", conversation_id))
            return await self._begin_reply(transaction, conversation_id, user_id, now)

        return await self._store.write(work)

    async def begin_continuation(
        self, conversation_id: str, message_id: str, *, private: bool = False
    ) -> BegunTurn:  # fmt: skip
        """Store a reply that begins with the text of one that ended early, and make it the active leaf.

        It stands beside that one, because what is finished never changes: neither text is lost, whatever becomes of
        the other. `private` is that of `begin_turn`. Raises NotFoundError for a message that is not in the
        conversation, UsageError where there is nothing to go on with, StorageError.
        """
        now = self._clock.now_ms()

        async def work(transaction: Transaction) -> BegunTurn:
            user_id = await writes.prompt_above(transaction, conversation_id, message_id)
            found = await transaction.fetch(rows.BY_ID, {"id": safe_for_storage(message_id)})
            before = rows.message_of(found[0])
            if (refusal := branches.refusal_to_continue(before)) is not None:
                raise refusal
            if private:
                await transaction.execute(writes.MAKE_PRIVATE, ("true", conversation_id))
            return await self._begin_reply(transaction, conversation_id, user_id, now, before=before)

        return await self._store.write(work)

    async def save_reply(
        self,
        message_id: str,
        *,
        text: str,
        reasoning: str = "",
        broken: Sequence[BrokenPart] = (),
        seams: Sequence[Seam] = (),
    ) -> None:
        """Store what has arrived of a reply so far; the whole of it each time.

        Raises NotFoundError for a message that is not there, StorageError for one that is finished.
        """
        parts = rows.encoded_parts(reasoning, broken, _in_stored(text, seams))
        values = {
            "id": message_id,
            "text": safe_for_storage(text),
            "parts": parts,
            "provider": safe_for_storage(seams[-1].provider) if seams else None,
            "model": safe_for_storage(seams[-1].model) if seams else None,
        }

        async def work(transaction: Transaction) -> None:
            await writes.save_reply(transaction, values)

        await self._store.write(work)

    async def finish_reply(
        self,
        message_id: str,
        *,
        state: MessageState,
        text: str,
        reasoning: str = "",
        broken: Sequence[BrokenPart] = (),
        seams: Sequence[Seam] = (),
        provider: str | None = None,
        model: str | None = None,
        finish_reason: str | None = None,
        reason: str = "",
    ) -> None:
        """Store a reply's end: all of its text, its state, and who gave it. A `done` one never changes again.

        Raises NotFoundError for a message that is not there, StorageError for one that is finished.
        """
        values = {
            "id": message_id,
            "state": state.value,
            "text": safe_for_storage(text),
            "parts": rows.encoded_parts(reasoning, broken, _in_stored(text, seams)),
            "provider": writes.safe_or_none(provider),
            "model": writes.safe_or_none(model),
            "finish_reason": writes.safe_or_none(finish_reason),
            "reason": safe_for_storage(reason),
            "now": self._clock.now_ms(),
        }

        async def work(transaction: Transaction) -> None:
            await writes.finish_reply(transaction, values)

        await self._store.write(work)

    async def mark_interrupted(self, is_alive: Callable[[str], bool]) -> Messages:
        """Mark the replies that still stream though their instance is gone; gives them as they are now.

        Their text stays, and attempts that were running are closed with them. `is_alive` is asked on a thread.
        """
        return await mark_interrupted(self._store, self._clock, self._instance_id, is_alive)

    async def get(self, reference: str) -> Conversation:
        """The conversation of that id, of that unique beginning of an id, or the newest one (`last`).

        Raises NotFoundError when there is none, or several.
        """
        if reference == "last":
            found = await self._store.read(rows.RECENT, {"limit": 1, "offset": 0})
            if not found:
                raise NotFoundError("There is no conversation yet", where="conversations")
            return rows.conversation_of(found[0])
        title, hint = "There is no such conversation", "`workbench history list` shows what there is"
        return await conversation_named(self._store, reference, rows.BY_PREFIX, title=title, hint=hint)

    async def list(self, *, limit: int = 50, offset: int = 0) -> Page:
        """How many conversations there are, and `limit` of them after the first `offset`: the latest used first.

        Archived ones are left out.
        """
        total = (await self._store.read(rows.LISTED))[0][0]
        first = {"limit": min(limit, rows.PAGE), "offset": max(offset, 0)}
        found = await self._store.read(rows.RECENT, first) if limit > 0 else []
        page = found
        while len(page) == rows.PAGE and len(found) < limit:
            after = {"updated": page[-1]["updated_at"], "id": page[-1]["id"]}
            page = await self._store.read(rows.RECENT_AFTER, {**after, "limit": min(rows.PAGE, limit - len(found))})
            found = [*found, *page]
        return total, [rows.conversation_of(row) for row in found]

    async def pinned(self) -> Sequence[Conversation]:
        """The pinned conversations that are not archived, the latest used first; at most 500."""
        return [rows.conversation_of(row) for row in await self._store.read(rows.PINNED, {"limit": rows.PAGE})]

    async def tree(self, conversation_id: str) -> Messages:
        """All messages of a conversation, in the order they were written; raises NotFoundError."""
        await self._leaf(conversation_id)
        return await self._paged(rows.TREE_PAGE, {"conversation": conversation_id})

    async def path(
        self, conversation_id: str, *, leaf_id: str | None = None, newest: int | None = None
    ) -> Messages:  # fmt: skip
        """The messages from the root down to `leaf_id`, else to the active leaf; with `newest` only the last ones.

        Raises NotFoundError for a conversation or a leaf that is not there.
        """
        leaf = leaf_id or await self._leaf(conversation_id)
        upwards: Messages = []
        while leaf is not None and (newest is None or len(upwards) < newest):
            limit = rows.PAGE if newest is None else min(rows.PAGE, newest - len(upwards))
            values = {"conversation": conversation_id, "leaf": leaf, "limit": limit}
            page = await self._store.read(rows.PATH_PAGE, values)
            if not page:
                raise writes.no_message(leaf)
            upwards.extend(rows.message_of(row) for row in page)
            leaf = page[-1]["parent_id"]
        return upwards[::-1]

    async def message(self, message_id: str) -> Message:
        """One message with its attempts; raises NotFoundError."""
        found = await self._store.read(rows.BY_ID, {"id": safe_for_storage(message_id)})
        if not found or found[0]["deleted_at"] is not None:
            raise NotFoundError("There is no such message", detail=clean_line(message_id))
        return rows.message_of(found[0])

    async def siblings(self, message_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each of these messages the ids of it and of those beside it, oldest first.

        Those are all replies to one prompt, or all versions of a prompt. A message that is not there is left out.
        """
        found: dict[str, tuple[str, ...]] = {}
        for start in range(0, len(message_ids), rows.PAGE):
            ids = json.dumps([safe_for_storage(id_) for id_ in message_ids[start : start + rows.PAGE]])
            found |= {
                row["id"]: tuple(json.loads(row["beside"]))
                for row in await self._store.read(rows.SIBLINGS, {"ids": ids})
            }
        return found

    async def choose(self, conversation_id: str, message_id: str) -> None:
        """Make the branch through a message the active one, down to its newest leaf; raises NotFoundError.

        A reply that streams elsewhere in the conversation goes on, in its own place.
        """
        values = {"id": safe_for_storage(message_id), "conversation": conversation_id}

        async def work(transaction: Transaction) -> None:
            await writes.active_leaf(transaction, conversation_id)
            found = await transaction.fetch(writes.NEWEST_LEAF, values)
            if not found:
                raise writes.no_message(message_id)
            await transaction.execute(
                "update conversations set active_leaf_id = ? where id = ?", (found[0]["id"], conversation_id)
            )

        await self._store.write(work)

    async def make_private(self, conversation_id: str) -> None:
        """Let only private providers read this conversation from now on, for good; raises NotFoundError."""

        async def work(transaction: Transaction) -> None:
            await writes.update_conversation(transaction, writes.MAKE_PRIVATE, "true", conversation_id)

        await self._store.write(work)

    async def pin(self, conversation_id: str, *, provider: str | None, model: str | None) -> None:
        """Let this conversation ask `provider` and `model` first; None of both lets the strategy decide again."""

        async def work(transaction: Transaction) -> None:
            found = await transaction.fetch("select settings from conversations where id = ?", (conversation_id,))
            settings = writes.settings_with(found[0]["settings"] if found else "{}", provider=provider, model=model)
            await writes.update_conversation(
                transaction, "update conversations set settings = ? where id = ?", settings, conversation_id
            )

        await self._store.write(work)

    async def rate(self, message_id: str, rating: int | None) -> None:
        """Judge a reply: 1 good, -1 bad, None takes a judgement back; raises NotFoundError."""
        sql = "update messages set rating = ? where id = ? and role = 'assistant' and deleted_at is null"

        async def work(transaction: Transaction) -> None:
            if not await transaction.execute(sql, (rating, safe_for_storage(message_id))):
                raise NotFoundError("There is no such reply", detail=clean_line(message_id))

        await self._store.write(work)

    async def _paged(self, query: str, values: Mapping[str, object]) -> Messages:
        messages: Messages = []
        after = 0
        while True:
            page = await self._store.read(query, {**values, "after": after, "limit": rows.PAGE})
            messages.extend(rows.message_of(row) for row in page)
            if len(page) < rows.PAGE:
                return messages
            after = page[-1]["n"]

    async def _begin_reply(
        self,
        transaction: Transaction,
        conversation_id: str,
        user_id: str,
        now_ms: int,
        *,
        before: Message | None = None,
    ) -> BegunTurn:
        text = before.text if before is not None else ""
        reply_id = await writes.new_message(
            transaction, conversation_id, user_id, Role.ASSISTANT, text, now_ms=now_ms, owner=self._instance_id
        )
        if before is not None:
            parts = rows.encoded_parts(before.reasoning, (), before.seams)
            await transaction.execute(
                "update messages set parts = ?, provider = ?, model = ? where id = ?",
                (parts, before.provider, before.model, reply_id),
            )
        await transaction.execute(
            "update conversations set active_leaf_id = ?, updated_at = ? where id = ?",
            (reply_id, now_ms, conversation_id),
        )
        # Read back before the commit: a read that failed after it would leave a reply that nobody writes.
        found = await transaction.fetch(rows.CONVERSATION, {"id": conversation_id})
        pair = [*await transaction.fetch(rows.BY_ID, {"id": user_id})]
        pair += await transaction.fetch(rows.BY_ID, {"id": reply_id})
        user_message, reply = (rows.message_of(row) for row in pair)
        return BegunTurn(conversation=rows.conversation_of(found[0]), user_message=user_message, reply=reply)

    async def _leaf(self, conversation_id: str) -> str | None:
        found = await self._store.read(
            "select active_leaf_id from conversations where id = ? and deleted_at is null", (conversation_id,)
        )
        if not found:
            raise writes.no_conversation(conversation_id)
        return found[0]["active_leaf_id"]


def _in_stored(text: str, seams: Sequence[Seam]) -> Sequence[Seam]:
    """The seams at their places in `text` as it is stored: a surrogate pair becomes one character there."""
    return [replace(seam, at=len(safe_for_storage(text[: seam.at]))) for seam in seams]
