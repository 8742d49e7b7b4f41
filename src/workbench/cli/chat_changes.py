"""The commands of `workbench chat` that change what is stored, and take that back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.cli import output
from workbench.core.errors import UsageError
from workbench.core.text import clean_line

if TYPE_CHECKING:
    from workbench.conversations.exporting.service import Exported
    from workbench.conversations.values import Conversation, Message
    from workbench.engine.core import Core
    from workbench.engine.engine import Engine

_RATINGS = {"good": 1, "bad": -1, "none": None}
_TITLE_LIMIT = 80


class Changing:
    """Deletes, brings back, rates and exports; all of it contacts nobody."""

    def __init__(self, engine: Engine) -> None:
        """Nothing was deleted in this run."""
        self._engine = engine
        self._gone = False
        """Whether a whole conversation was deleted last."""

    def delete_message(self, conversation_id: str) -> None:
        """Delete the last message of the branch."""

        async def delete(core: Core) -> str:
            message = await newest(core, conversation_id)
            await core.trash.delete_message(conversation_id, message.id)
            return message.role.value

        role = self._engine.run(delete)
        self._gone = False
        what = "prompt" if role == "user" else "reply"
        output.note(f"The last {what} is deleted. /undo brings it back, /delete deletes the message before it")

    def delete_conversation(self, conversation_id: str) -> None:
        """Delete all of it."""

        async def delete(core: Core) -> str:
            title = (await core.conversations.get(conversation_id)).title
            await core.trash.delete_conversation(conversation_id)
            return title

        title = self._engine.run(delete)
        self._gone = True
        output.note(f"Deleted: {clean_line(title, _TITLE_LIMIT)}. /undo brings it back")

    def undo(self, conversation_id: str | None) -> Conversation | None:
        """Take the last deletion back; the conversation that is to be opened, when it was a whole one."""
        if conversation_id is None or self._gone:
            self._gone = False
            return self._engine.run(lambda core: core.trash.restore_conversation())
        restored = self._engine.run(lambda core: core.trash.restore_message(conversation_id))
        output.note(f"{_messages(restored.messages)} back. /chat reads the conversation")
        return None

    def rate(self, conversation_id: str, word: str) -> None:
        """Judge the last reply."""
        if word.lower() not in _RATINGS:
            raise UsageError("A reply is rated good, bad or none", hint="/rate good")
        rating = _RATINGS[word.lower()]

        async def rate(core: Core) -> None:
            message = await newest(core, conversation_id)
            await core.conversations.rate(message.id, rating)

        self._engine.run(rate)
        output.note(f"The last reply is rated {word.lower()}" if rating else "The last reply is not rated")

    def export(self, conversation_id: str, wanted: str) -> None:
        """Write the conversation to a file that is not there yet."""
        from workbench.conversations.exporting.formats import file_name_of, format_of
        from workbench.core.export_file import place_of

        async def write(core: Core) -> Exported:
            conversation = await core.conversations.get(conversation_id)
            name = file_name_of(conversation.title, format_of(wanted))
            path = place_of(wanted or name, name)
            return await core.exporter.write([conversation_id], format_of(path.name), path)

        exported = self._engine.run(write)
        output.note(f"{_messages(exported.messages)} written to {exported.path.absolute()}")


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"


async def newest(core: Core, conversation_id: str) -> Message:
    """The last message of the branch. Raises UsageError when there is none."""
    path = await core.conversations.path(conversation_id, newest=1)
    if not path:
        raise UsageError("There is no message here", hint="Type a question, or /list and /open a conversation")
    return path[-1]
