"""YAML of other programs as lists, mappings and strings: no types, no tags, nothing that grows while it is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from workbench.core.errors import ConfigurationError

Plain = dict[str, "Plain"] | list["Plain"] | str


class _Event(Protocol):
    """What the parser tells: the beginning or end of something, or a string."""

    value: str
    anchor: str | None


class _Parser(Protocol):
    def parse(self, stream: str) -> Iterable[_Event]: ...


def plain_document(text: str, *, events: int, depth: int) -> Plain:
    """The first document of `text`; every scalar is a string.

    Raises ConfigurationError for what is no YAML, has anchors or aliases, more than `events` parts, or is nested deeper
    than `depth`.
    """
    parser = cast("_Parser", YAML(typ="safe", pure=True))
    top: list[Plain] = []
    # What is open: a list, or a mapping and the key that waits for its value.
    opened: list[list[Plain] | dict[str, Plain]] = [top]
    keys: list[str | None] = [None]
    try:
        for number, event in enumerate(parser.parse(text)):
            kind = type(event).__name__
            if number > events or len(opened) > depth:
                raise _refused("it is too large" if number > events else "it is nested too deeply")
            if kind == "AliasEvent" or getattr(event, "anchor", None) is not None:
                raise _refused("it has anchors or aliases")
            if kind in ("MappingStartEvent", "SequenceStartEvent"):
                new: list[Plain] | dict[str, Plain] = {} if kind == "MappingStartEvent" else []
                _put(opened[-1], keys, new)
                opened.append(new)
                keys.append(None)
            elif kind == "ScalarEvent":
                _put(opened[-1], keys, event.value)
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                opened.pop()
                keys.pop()
            elif kind == "DocumentEndEvent":
                break
    except (YAMLError, RecursionError, ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        # The parser fails with one of these on a few malformed documents.
        raise _refused("it is not YAML") from error
    if not top:
        raise _refused("it is empty")
    return top[0]


def _put(into: list[Plain] | dict[str, Plain], keys: list[str | None], value: Plain) -> None:
    if isinstance(into, list):
        into.append(value)
    elif keys[-1] is None:
        if not isinstance(value, str):
            raise _refused("a key is not a word")
        keys[-1] = value
    else:
        into[keys[-1]] = value
        keys[-1] = None


def _refused(why: str) -> ConfigurationError:
    return ConfigurationError("The YAML file cannot be read", detail=why)
