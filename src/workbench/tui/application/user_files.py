"""Watches the files a person writes for the application: what has changed is read again while the program runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

_LOOK_AGAIN_S: Final = 1.0
"""A look costs a stat of each file, in a thread."""
_MOST_PROBLEMS: Final = 4


class Watched:
    """Something that is read from files."""

    def __init__(
        self, fingerprint: Callable[[], object], seen: object, read: Callable[[], Awaitable[None]]
    ) -> None:  # fmt: skip
        """`fingerprint` may block; what was `seen` last is not read again until it is another one."""
        self.fingerprint, self.seen, self.read = fingerprint, seen, read


class UserFiles:
    """Looks after all of them in one round."""

    def __init__(self, app: WorkbenchApp, watched: Sequence[Watched]) -> None:
        """Nothing is looked at yet."""
        self._app, self._watched = app, watched
        self._looking = asyncio.Lock()

    def watch(self, *, again: bool) -> None:
        """Look now and, `again`, every second."""
        self.look()
        if again:
            self._app.set_interval(_LOOK_AGAIN_S, self.look)

    def look(self) -> None:
        """Read what has changed."""
        self._app.start_work(self._look(), group="user-files")

    async def _look(self) -> None:
        async with self._looking:
            now = await asyncio.to_thread(lambda: [each.fingerprint() for each in self._watched])
            for each, fingerprint in zip(self._watched, now, strict=True):
                if fingerprint != each.seen:
                    each.seen = fingerprint
                    await each.read()


def first_of(problems: Sequence[str], where: str = "") -> list[str]:
    """As many lines as a notice has room for; `where` all can be read."""
    more = len(problems) - _MOST_PROBLEMS
    return [*problems[:_MOST_PROBLEMS], *([f"and {more} more{where}"] if more > 0 else [])]
