"""The conversations on disk: a tree of messages each, written one turn at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.conversations import rows, writes
from workbench.conversations.values import BrokenPart, Conversation, Message, MessageState, Role
from workbench.core.clock import Clock
from workbench.core.errors import NotFoundError
from workbench.core.ids import ALPHABET, new_id
from workbench.core.text import clean_line, safe_for_storage
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

TITLE_LENGTH = 60
"""Characters of a title taken from a prompt."""

LONGEST_TITLE = 200
INTERRUPTED = "workbench ended while this reply was arriving"
"""The reason of a reply whose program died."""

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
        at_root: bool = False,
        system: str | None = None,
        provider: str | None = None,
        model: str | None = None,
    ) -> BegunTurn:
        """Store a prompt and the empty reply to it, in one transaction, and make the reply the active leaf.

        With `conversation_id` None a conversation begins: titled by the prompt, pinned to `provider` and `model` when
        these are given (an existing one keeps its pin). The prompt hangs under `parent_id`, else under the active
        leaf, or beside the first message with `at_root`. `system` becomes a message above it, unless it is the one
        in force already. Raises NotFoundError for a conversation or a parent that is not there, StorageError.
        """

        async def work(transaction: Transaction) -> BegunTurn:
            if conversation_id is None:
                conversation = await self._new_conversation(transaction, _title(prompt), provider, model)
                parent = None
            else:
                conversation = conversation_id
                parent = None if at_root else await writes.parent_of_turn(transaction, conversation, parent_id)
            if (
                system is not None
                and system.strip()
                and safe_for_storage(system) != await writes.system_in_force(transaction, parent)
            ):
                parent = await self._add(transaction, conversation, parent, Role.SYSTEM, system)
            user_id = await self._add(transaction, conversation, parent, Role.USER, prompt)
            reply_id = await self._add(transaction, conversation, user_id, Role.ASSISTANT, "", streaming=True)
            await transaction.execute(
                "update conversations set active_leaf_id = ?, updated_at = ? where id = ?",
                (reply_id, self._clock.now_ms(), conversation),
            )
            # Read back before the commit: a read that failed after it would leave a reply that nobody writes.
            found = await transaction.fetch(rows.CONVERSATION, {"id": conversation})
            pair = [*await transaction.fetch(rows.BY_ID, {"id": user_id})]
            pair += await transaction.fetch(rows.BY_ID, {"id": reply_id})
            user_message, reply = (rows.message_of(row) for row in pair)
            return BegunTurn(conversation=rows.conversation_of(found[0]), user_message=user_message, reply=reply)

        return await self._store.write(work)

    async def save_reply(
        self, message_id: str, *, text: str, reasoning: str = "", broken: Sequence[BrokenPart] = ()
    ) -> None:
        """Store what has arrived of a reply so far; the whole of it each time.

        Raises NotFoundError for a message that is not there, StorageError for one that is finished.
        """
        values = {"id": message_id, "text": safe_for_storage(text), "parts": rows.encoded_parts(reasoning, broken)}

        async def work(transaction: Transaction) -> None:
            if not await transaction.execute(writes.SAVE_REPLY, values):
                await writes.refuse_change(transaction, message_id)

        await self._store.write(work)

    async def finish_reply(
        self,
        message_id: str,
        *,
        state: MessageState,
        text: str,
        reasoning: str = "",
        broken: Sequence[BrokenPart] = (),
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
            "parts": rows.encoded_parts(reasoning, broken),
            "provider": _safe(provider),
            "model": _safe(model),
            "finish_reason": _safe(finish_reason),
            "reason": safe_for_storage(reason),
            "now": self._clock.now_ms(),
        }

        async def work(transaction: Transaction) -> None:
            if not await transaction.execute(writes.FINISH_REPLY, values):
                await writes.refuse_change(transaction, message_id)
            await transaction.execute(
                "update conversations set updated_at = max(updated_at, :now)"
                " where id = (select conversation_id from messages where id = :id)",
                values,
            )

        await self._store.write(work)

    async def mark_interrupted(self, is_alive: Callable[[str], bool]) -> Messages:
        """Mark the replies that still stream though their instance is gone; gives them as they are now.

        Their text stays, and attempts that were running are closed with them. `is_alive` is asked on a thread.
        """
        owners = [row["owner"] for row in await self._store.read(
            "select distinct owner from messages where state = 'streaming' limit 500"
        )]  # fmt: skip
        marked: Messages = []
        for owner in owners:
            if owner == self._instance_id or (owner and await asyncio.to_thread(is_alive, owner)):
                continue
            while found := await self._store.read(
                rows.STREAMING_OF, {"owner": owner, "after": 0, "limit": rows.PAGE}
            ):  # fmt: skip
                marked.extend(await self._interrupt([row["id"] for row in found], owner))
        return marked

    async def get(self, reference: str) -> Conversation:
        """The conversation of that id, of that unique beginning of an id, or the newest one (`last`).

        Raises NotFoundError when there is none, or several.
        """
        if reference == "last":
            found = await self._store.read(rows.RECENT, {"limit": 1, "offset": 0})
            if not found:
                raise NotFoundError("There is no conversation yet", where="conversations")
            return rows.conversation_of(found[0])
        prefix = reference.strip().lower()
        hint = "`workbench history list` shows what there is"
        if not prefix or set(prefix) - set(ALPHABET):
            raise NotFoundError("There is no such conversation", detail=clean_line(reference), hint=hint)
        found = await self._store.read(rows.BY_PREFIX, {"low": prefix, "high": f"{prefix}~"})
        if len(found) > 1 and found[0]["id"] != prefix:
            some = ", ".join(row["id"] for row in found)
            raise NotFoundError("Several conversations begin like this", detail=some, hint="Type more of the id")
        if not found:
            raise NotFoundError("There is no such conversation", detail=clean_line(reference), hint=hint)
        return rows.conversation_of(found[0])

    async def list(self, *, limit: int = 50, offset: int = 0) -> Page:
        """How many conversations there are, and `limit` of them after the first `offset`: the latest used first.

        Archived ones are left out.
        """
        total = (await self._store.read("select count(*) from conversations where archived_at is null"))[0][0]
        first = {"limit": min(limit, rows.PAGE), "offset": max(offset, 0)}
        found = await self._store.read(rows.RECENT, first) if limit > 0 else []
        page = found
        while len(page) == rows.PAGE and len(found) < limit:
            after = {"updated": page[-1]["updated_at"], "id": page[-1]["id"]}
            page = await self._store.read(rows.RECENT_AFTER, {**after, "limit": min(rows.PAGE, limit - len(found))})
            found = [*found, *page]
        return total, [rows.conversation_of(row) for row in found]

    async def tree(self, conversation_id: str) -> Messages:
        """All messages of a conversation, in the order they were written; raises NotFoundError."""
        messages: Messages = []
        after = 0
        while True:
            values = {"conversation": conversation_id, "after": after, "limit": rows.PAGE}
            page = await self._store.read(rows.TREE_PAGE, values)
            messages.extend(rows.message_of(row) for row in page)
            if len(page) < rows.PAGE:
                break
            after = page[-1]["n"]
        if not messages:
            await self._leaf(conversation_id)
        return messages

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
                raise NotFoundError("There is no such message in this conversation", detail=clean_line(leaf))
            upwards.extend(rows.message_of(row) for row in page)
            leaf = page[-1]["parent_id"]
        return upwards[::-1]

    async def message(self, message_id: str) -> Message:
        """One message with its attempts; raises NotFoundError."""
        found = await self._store.read(rows.BY_ID, {"id": safe_for_storage(message_id)})
        if not found:
            raise NotFoundError("There is no such message", detail=clean_line(message_id))
        return rows.message_of(found[0])

    async def pin(self, conversation_id: str, *, provider: str | None, model: str | None) -> None:
        """Let this conversation ask `provider` and `model` first; None of both lets the strategy decide again."""

        async def work(transaction: Transaction) -> None:
            found = await transaction.fetch("select settings from conversations where id = ?", (conversation_id,))
            settings = _pinned(found[0]["settings"] if found else "{}", provider, model)
            await writes.update_conversation(
                transaction, "update conversations set settings = ? where id = ?", settings, conversation_id
            )

        await self._store.write(work)

    async def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title, on one line; raises NotFoundError."""
        line = _one_line(title, LONGEST_TITLE)

        async def work(transaction: Transaction) -> None:
            await writes.update_conversation(
                transaction, "update conversations set title = ? where id = ?", line, conversation_id
            )

        await self._store.write(work)

    async def _leaf(self, conversation_id: str) -> str | None:
        found = await self._store.read("select active_leaf_id from conversations where id = ?", (conversation_id,))
        if not found:
            raise writes.no_conversation(conversation_id)
        return found[0]["active_leaf_id"]

    async def _interrupt(self, message_ids: Sequence[str], owner: str | None) -> Messages:
        now = self._clock.now_ms()

        async def work(transaction: Transaction) -> Messages:
            changed: Messages = []
            for message_id in message_ids:
                values = {"id": message_id, "owner": owner, "reason": INTERRUPTED, "now": now}
                if await transaction.execute(writes.INTERRUPT_REPLY, values):
                    await transaction.execute(writes.CANCEL_ATTEMPTS, values)
                    changed.extend(rows.message_of(row) for row in await transaction.fetch(rows.BY_ID, values))
            return changed

        return await self._store.write(work)

    async def _new_conversation(
        self, transaction: Transaction, title: str, provider: str | None, model: str | None
    ) -> str:
        now = self._clock.now_ms()
        conversation_id = new_id()
        await transaction.execute(
            "insert into conversations(id, title, settings, created_at, updated_at) values (?, ?, ?, ?, ?)",
            (conversation_id, title, _pinned("{}", provider, model), now, now),
        )
        return conversation_id

    async def _add(
        self,
        transaction: Transaction,
        conversation_id: str,
        parent_id: str | None,
        role: Role,
        text: str,
        *,
        streaming: bool = False,
    ) -> str:
        message_id = new_id()
        values = {
            "id": message_id,
            "conversation": conversation_id,
            "parent": parent_id,
            "role": role.value,
            "state": (MessageState.STREAMING if streaming else MessageState.DONE).value,
            "owner": self._instance_id if streaming else None,
            "now": self._clock.now_ms(),
            "text": safe_for_storage(text),
        }
        await transaction.execute(writes.INSERT_MESSAGE, values)
        return message_id


def _safe(text: str | None) -> str | None:
    return None if text is None else safe_for_storage(text)


def _pinned(settings: str, provider: str | None, model: str | None) -> str:
    others = {key: value for key, value in json.loads(settings).items() if key not in ("provider", "model")}
    chosen = {"provider": _safe(provider), "model": _safe(model)}
    return json.dumps(others | {key: value for key, value in chosen.items() if value}, ensure_ascii=False)


def _title(prompt: str) -> str:
    first_line = next((line for line in prompt.splitlines() if line.strip()), "")
    return _one_line(first_line, TITLE_LENGTH)


def _one_line(text: str, limit: int) -> str:
    return clean_line(" ".join(safe_for_storage(text).split()), limit)
