"""What a format of JSON documents is to the import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from workbench.conversations.importing.json_stream import Found, Placed
from workbench.conversations.importing.shaping import Document
from workbench.conversations.importing.values import ImportedConversation, MalformedError, Trouble

Outcome = ImportedConversation | Trouble
Reading = Callable[[Iterable[Found]], Iterator[Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format, told by the documents it consists of."""

    name: str
    """In JSON and as the `source` of conversations."""
    label: str
    """For people."""
    knows: Callable[[Document], bool]
    """Whether a document is one of this format."""
    read: Reading
    """What a file's documents become."""


def each(knows: Callable[[Document], bool], convert: Callable[[Document], ImportedConversation]) -> Reading:
    """For formats whose documents are a conversation each; `convert` may raise MalformedError."""

    def read(found: Iterable[Found]) -> Iterator[Outcome]:
        for one in found:
            if isinstance(one, Trouble):
                yield one
            elif knows(one.value):
                yield converted(one, convert)
            else:
                yield Trouble(text=f"{one.place}: it is no conversation like the others of the file")

    return read


def converted(one: Placed, convert: Callable[[Document], ImportedConversation]) -> Outcome:
    """A document as a conversation, or why it is none."""
    try:
        return convert(one.value)
    except MalformedError as error:
        return Trouble(text=f"{one.place}: {error}")
    except RecursionError:
        return Trouble(text=f"{one.place}: it is nested too deeply")
