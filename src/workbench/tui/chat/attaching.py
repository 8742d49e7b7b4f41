"""Files that go along with a prompt: the picker behind `@`, and their text when the prompt is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from workbench.tui.host import Host
from workbench.tui.state.files import (
    MOST_OFFERED,
    FoundFile,
    filled,
    folder_of,
    is_elsewhere,
    named_files,
    rank,
)
from workbench.tui.widgets.completion_list import Offer
from workbench.tui.widgets.composer import Composer

_READING = Offer(title="Reading the names of files…")
_WORKING_FOLDER = ""


class Attaching:
    """Offers files for the mention before the cursor; their names are read on a thread when an `@` is typed."""

    def __init__(self, host: Host, composer: Composer, root: Path, offer_again: Callable[[], None]) -> None:
        """Paths are those under `root`; `offer_again` is called when names were read."""
        self._host, self._composer, self._root, self._offer_again = host, composer, root, offer_again
        self._listed: dict[str, list[FoundFile]] = {}
        """What was read since the mention began, by folder as it was typed."""
        self._reading: set[str] = set()
        self._ranked: tuple[str, list[FoundFile]] = ("", [])
        self._closed: str | None = None
        """The mention for which a person closed the list."""

    def offers(self) -> list[Offer]:
        """The files that fit the mention before the cursor; none without one."""
        mention = self._composer.mention
        if mention is None:
            self._listed.clear()
            self._ranked = ("", [])
            self._closed = None
            return []
        if self._closed is not None and mention.startswith(self._closed):
            return []
        folder = folder_of(mention) if is_elsewhere(mention) else _WORKING_FOLDER
        files = self._listed.get(folder)
        if files is None:
            self._read(folder)
            return [_READING]
        return [Offer.of_file(file) for file in self._fitting(folder, mention[len(folder) :], files)[:MOST_OFFERED]]

    def _fitting(self, folder: str, query: str, files: list[FoundFile]) -> list[FoundFile]:
        if folder:
            return [file for file in files if file.path[len(folder) :].lower().startswith(query.lower())]
        before, found = self._ranked
        # What does not fit a word does not fit a longer one either.
        found = rank(found if before and query.startswith(before) else files, query)
        self._ranked = (query, found)
        return found

    def _read(self, folder: str) -> None:
        if folder not in self._reading:
            self._reading.add(folder)
            self._host.start_work(self._read_names(folder), group="file-names")

    async def _read_names(self, folder: str) -> None:
        # Not at the top: it is needed when the first `@` is typed, and not for the first paint.
        from workbench.tui.file_search import entries_of, files_under

        try:
            if folder:
                found = sorted(await asyncio.to_thread(entries_of, folder, self._root))
            else:
                found = await asyncio.to_thread(files_under, self._root)
        finally:
            self._reading.discard(folder)
        self._listed[folder] = found
        self._offer_again()

    def close(self) -> None:
        """The list was closed: do not open it again for the same mention."""
        self._closed = self._composer.mention

    def take(self, file: FoundFile) -> None:
        """Put a file's mark in the place of the mention; a folder goes on to what is in it."""
        mention = self._composer.mention
        if mention is None:
            return
        if file.is_folder:
            self._composer.take_mention(mention, f"@{file.path}")
        else:
            self._composer.take_mention(mention, f"{self._composer.files.mark_for(file.path, file.size)} ")

    async def measure(self, paths: Iterable[str]) -> None:
        """Learn the sizes of files that were attached in an earlier run; one that is not there counts as nothing."""
        # Not at the top: see above.
        from workbench.tui.file_search import size_of

        for path in paths:
            self._composer.files.learn_size(path, await asyncio.to_thread(size_of, path, self._root))

    async def prompt_of(self, unsent: str) -> str:
        """What is sent for an unsent text: its files are read now. Raises `AttachmentError` with what to do."""
        paths = named_files(unsent)
        if not paths:
            return filled(unsent, {})
        from workbench.tui.file_search import read_attached

        contents = {path: await asyncio.to_thread(read_attached, path, self._root) for path in paths}
        return filled(unsent, contents)
