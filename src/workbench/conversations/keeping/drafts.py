"""What has been typed but not sent, per conversation; it survives the program."""

from __future__ import annotations

from workbench.core.clock import Clock
from workbench.core.text import safe_for_storage
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

_NEW = ""
"""Key of the draft of a conversation that does not exist yet."""

_SAVE = """
    insert into drafts(conversation_id, text, updated_at) values (?, ?, ?)
    on conflict(conversation_id) do update set text = excluded.text, updated_at = excluded.updated_at
"""


class Drafts:
    """Saves and loads drafts."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Drafts live in `store`."""
        self._store = store
        self._clock = clock

    async def save(self, conversation_id: str | None, text: str) -> None:
        """Keep `text` as the draft of a conversation, None for one to come; an empty text forgets the draft."""
        key = conversation_id or _NEW
        now = self._clock.now_ms()

        async def work(transaction: Transaction) -> None:
            if text:
                await transaction.execute(_SAVE, (key, safe_for_storage(text), now))
            else:
                await transaction.execute("delete from drafts where conversation_id = ?", (key,))

        await self._store.write(work)

    async def load(self, conversation_id: str | None) -> str:
        """The draft of a conversation, empty when there is none."""
        values = (conversation_id or _NEW,)
        found = await self._store.read("select text from drafts where conversation_id = ?", values)
        return found[0]["text"] if found else ""

    async def all(self) -> dict[str | None, str]:
        """The newest drafts, at most 500, by conversation; None is the one of a conversation to come."""
        sql = "select conversation_id, text from drafts order by updated_at desc limit 500"
        return {row["conversation_id"] or None: row["text"] for row in await self._store.read(sql)}
