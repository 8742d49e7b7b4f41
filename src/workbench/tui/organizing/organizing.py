"""Renaming, pinning, tagging, moving, archiving and deleting conversations; all of it can be taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from workbench.core.text import clean_line
from workbench.tui.core_link import CorePort
from workbench.tui.host import Host
from workbench.tui.organizing.tags import TagsAsked, tags_asked
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from textual.screen import Screen

    from workbench.conversations.ordering.organizing import Before
    from workbench.conversations.values import Conversation

T = TypeVar("T")

_TITLE = 40


class Calls(Protocol):
    """Runs work in the core, over the conversations among which these are."""

    async def __call__(self, ids: Sequence[str], work: Callable[[CorePort], Awaitable[T]], /) -> T:
        """Its result."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What a verb is about, and how the screen shows what came of it."""

    host: Host
    call: Calls
    ids: Callable[[], Sequence[str]]
    """The conversations that are meant; empty for none."""
    open_dialog: Callable[[Screen[str], Callable[[str | None], None]], object]
    changed: Callable[[], None]
    """Show them as they are now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Undo:
    """How a change is taken back."""

    ids: tuple[str, ...]
    before: Before | None
    """As things were; None for a deletion."""


class Organizing:
    """Changes at once and asks nothing but names, because all of it can be undone, as often as things were changed."""

    def __init__(self, meant: Meant) -> None:
        """Nothing was changed yet."""
        self._meant = meant
        self._undos: list[_Undo] = []

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do; the first argument is what a slash command has behind it."""
        return {
            "rename_conversation": self._verb(self._rename, one=True),
            "pin_conversation": self._verb(self._pin),
            "tag_conversation": self._verb(self._tag),
            "move_conversation": self._verb(self._move),
            "archive_conversation": self._verb(self._archive),
        }

    def delete(self) -> None:
        """Put the conversations that are meant into the trash."""
        self._verb(self._delete)()

    def restore(self) -> None:
        """Bring the conversations that are meant back from the trash."""
        self._verb(self._restore)()

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to take back."""
        return bool(self._undos)

    def undo(self) -> None:
        """Take the last change back."""
        if self._undos:
            self._meant.host.start_work(self._undo(self._undos.pop()), group="organize")
        else:
            self._meant.host.tell("Nothing was changed here.")

    def forget(self) -> None:
        """Something else was changed since: that is what undo is about now."""
        self._undos.clear()

    def _verb(self, change: Callable[[list[str], str], Awaitable[None]], *, one: bool = False) -> Verb:
        def verb(argument: str = "") -> None:
            ids = list(self._meant.ids())
            if not ids:
                self._meant.host.tell("There is no conversation to put in order here; it begins with its first prompt.")
            elif one and len(ids) > 1:
                self._meant.host.tell("One conversation at a time can be renamed.")
            else:
                self._meant.host.start_work(_awaited(change(ids, argument)), group="organize")

        return verb

    async def _first(self, ids: Sequence[str]) -> Conversation:
        return await self._meant.call(ids, lambda core: core.conversations.get(ids[0]))

    def _done(self, ids: Sequence[str], before: Before | None, told: str) -> None:
        if before == ():
            self._meant.host.tell("Everything is so already.")
            return
        self._undos.append(_Undo(ids=tuple(ids), before=before))
        self._meant.changed()
        self._meant.host.tell(f"{told} u, or /undo, takes it back.")

    async def _rename(self, ids: list[str], title: str) -> None:
        if title.strip():
            await self._renamed(ids, title)
            return
        was = await self._first(ids)
        self._ask("Rename", clean_line(was.title, 200), self._renamed, ids, hint="The title that lists show.")

    async def _renamed(self, ids: list[str], title: str) -> None:
        before = await self._meant.call(ids, lambda core: core.organizer.rename(ids[0], title))
        self._done(ids, before, f"Renamed: {_short(title)}.")

    async def _pin(self, ids: list[str], _: str) -> None:
        pinned = not (await self._first(ids)).pinned
        before = await self._meant.call(ids, lambda core: core.organizer.pin(ids, pinned=pinned))
        self._done(ids, before, f"{_count(ids)} {'pinned: first in the list' if pinned else 'not pinned any more'}.")

    async def _tag(self, ids: list[str], line: str) -> None:
        if line.strip():
            await self._tagged(ids, tags_asked(line))
            return
        single = (await self._first(ids)).tags if len(ids) == 1 else None
        known = list(await self._meant.call(ids, lambda core: core.organizer.tags()))

        async def answered(ids: list[str], line: str) -> None:
            await self._tagged(ids, tags_asked(line, single))

        hint = "Tags, with commas between them; -tag takes one away."
        self._ask("Tags", ", ".join(single or ()), answered, ids, hint=hint, known=known)

    async def _tagged(self, ids: list[str], asked: TagsAsked) -> None:
        if asked.nothing:
            self._done(ids, (), "")
            return
        before = await self._meant.call(
            ids, lambda core: core.organizer.tag(ids, add=asked.add, remove=asked.remove)
        )  # fmt: skip
        words = [f"+{clean_line(tag, _TITLE)}" for tag in asked.add]
        words += [f"-{clean_line(tag, _TITLE)}" for tag in asked.remove]
        self._done(ids, before, f"{_count(ids)} tagged {' '.join(words)}.")

    async def _move(self, ids: list[str], folder: str) -> None:
        if folder.strip():
            await self._moved(ids, folder)
            return
        was = await self._first(ids)
        known = list(await self._meant.call(ids, lambda core: core.organizer.folders()))
        hint = "A folder such as work/rust; an empty line takes it out of its folder."
        self._ask("Folder", was.folder or "", self._moved, ids, hint=hint, known=known)

    async def _moved(self, ids: list[str], folder: str) -> None:
        target = None if folder.strip() in ("", "-") else folder
        before = await self._meant.call(ids, lambda core: core.organizer.move(ids, target))
        where = f"moved to {_short(target)}" if target is not None else "taken out of the folder"
        self._done(ids, before, f"{_count(ids)} {where}.")

    async def _archive(self, ids: list[str], _: str) -> None:
        archived = not (await self._first(ids)).archived
        before = await self._meant.call(ids, lambda core: core.organizer.archive(ids, archived=archived))
        where = "archived: is:archived in the history finds it" if archived else "taken out of the archive"
        self._done(ids, before, f"{_count(ids)} {where}.")

    async def _delete(self, ids: list[str], _: str) -> None:
        count = await self._meant.call(ids, lambda core: core.trash.delete_conversations(ids))
        self._done(ids, None, f"{_count(ids[:count])} deleted; is:trash in the history finds it.")

    async def _restore(self, ids: list[str], _: str) -> None:
        await self._meant.call(ids, lambda core: core.trash.restore_conversations(ids))
        self._meant.changed()
        self._meant.host.tell(f"{_count(ids)} brought back from the trash.")

    async def _undo(self, undo: _Undo) -> None:
        before = undo.before
        if before is None:
            await self._meant.call(undo.ids, lambda core: core.trash.restore_conversations(undo.ids))
        else:
            await self._meant.call(undo.ids, lambda core: core.organizer.put_back(before))
        self._meant.changed()
        self._meant.host.tell(f"{_count(undo.ids)} as before.")

    def _ask(
        self,
        title: str,
        value: str,
        then: Callable[[list[str], str], Awaitable[None]],
        ids: list[str],
        *,
        hint: str,
        known: Sequence[str] = (),
    ) -> None:
        from workbench.tui.screens.one_line import OneLineScreen

        def answered(line: str | None) -> None:
            if line is not None:
                self._meant.host.start_work(_awaited(then(ids, line)), group="organize")

        several = f" of {len(ids)} conversations" if len(ids) > 1 else ""
        self._meant.open_dialog(OneLineScreen(f"{title}{several}", value, hint=hint, known=known), answered)


async def _awaited(work: Awaitable[None]) -> None:
    await work


def _count(ids: Sequence[str]) -> str:
    return f"{len(ids):,} conversation{'' if len(ids) == 1 else 's'}"


def _short(text: str) -> str:
    return clean_line(text, _TITLE)
