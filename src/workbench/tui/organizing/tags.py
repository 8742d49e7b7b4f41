"""What a line about tags asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsAsked:
    """Tags to give and to take away."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether it asks for no change."""
        return not self.add and not self.remove


def tags_asked(line: str, before: Sequence[str] | None = None) -> TagsAsked:
    """Tags stand between commas, `-tag` takes one away.

    With `before` the line was that list, to be changed: what is missing from it is taken away too.
    """
    parts = [part.strip() for part in line.split(",")]
    removed = [part[1:].strip() for part in parts if part.startswith("-")]
    wanted = [part for part in parts if part and not part.startswith("-")]
    if before is not None:
        removed += [tag for tag in before if tag not in wanted]
        wanted = [tag for tag in wanted if tag not in before]
    return TagsAsked(
        add=tuple(dict.fromkeys(wanted)), remove=tuple(dict.fromkeys(tag for tag in removed if tag))
    )  # fmt: skip
