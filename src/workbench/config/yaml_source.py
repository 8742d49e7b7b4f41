"""Reads a YAML file into a tree with places; whatever is wrong with the file becomes a problem, never an exception."""

from __future__ import annotations

import math
import os
import re
import stat
from pathlib import Path
from typing import Protocol, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from workbench.config.tree import KeyPath, Node, Place, Scalar, empty_mapping, problem_at
from workbench.config.values import Problem

MAX_BYTES = 262_144
"""Largest configuration file that is read; parsing takes up to 2 s per 250 kB of hostile text."""
MAX_NODES = 20_000
"""Values in one document, aliases counted as often as they are used."""
MAX_DEPTH = 20

_TAG = "tag:yaml.org,2002:"
_UNACCEPTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_TOWER = re.compile(r"[\[{](?:\s*[\[{]){30}")
"""Brackets in brackets, on which the parser spends seconds before it gives up."""
_QUOTED = re.compile(r"'(?!<)[^']{4,}'|\"[^\"]{4,}\"")
_TRUE = frozenset({"true", "yes", "on", "y"})


class _Mark(Protocol):
    """The parser's place; counts from 0."""

    line: int
    column: int


class _Raw(Protocol):
    """The parser's node; `id` is `scalar`, `sequence` or `mapping`."""

    id: str
    tag: object
    start_mark: _Mark
    value: object


class _Parser(Protocol):
    def compose(self, stream: str) -> _Raw | None: ...


class _Marked(Protocol):
    problem: str | None
    problem_mark: _Mark | None
    context_mark: _Mark | None


def read_file(path: Path) -> tuple[str | None, Problem | None]:
    """The text of a regular file of at most `MAX_BYTES` in UTF-8; else what is wrong. No file is neither."""
    place = Place(file=str(path))
    try:
        # Without O_NONBLOCK a named pipe would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError) as error:
        return None, problem_at(place, (), _reason(error), "a file that can be read")
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            what = "a folder" if stat.S_ISDIR(state.st_mode) else "no regular file"
            return None, problem_at(place, (), f"this is {what}", "a YAML file")
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return None, problem_at(place, (), _reason(error), "a file that can be read")
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        return None, problem_at(place, (), "the file is too large", f"at most {MAX_BYTES // 1024} kB")
    return _decode(content, place)


def _reason(error: Exception) -> str:
    return f"the file cannot be read ({getattr(error, 'strerror', None) or 'bad path'})"


def _decode(content: bytes, place: Place) -> tuple[str | None, Problem | None]:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding), None
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        return None, problem_at(
            Place(file=place.file, line=line, column=column), (), "the text is not UTF-8", "a file saved as UTF-8"
        )


def parse(text: str, file: str) -> tuple[Node, list[Problem]]:
    """The document as a tree, empty when it cannot be read at all, and everything wrong with its form."""
    start = Place(file=file, line=1, column=1)
    control = _UNACCEPTABLE.search(text)
    if control is not None:
        place = _place_of(text, control.start(), file)
        return empty_mapping(start), [
            problem_at(place, (), "a control character that YAML does not allow", "plain text")
        ]
    tower = _TOWER.search(text)
    if tower is not None:
        return empty_mapping(start), [_too_deep(_place_of(text, tower.start(), file))]
    try:
        root = cast("_Parser", YAML(typ="safe", pure=True)).compose(text)
    except MarkedYAMLError as error:
        return empty_mapping(start), [_syntax_problem(cast("_Marked", error), text, file)]
    except RecursionError:
        return empty_mapping(start), [_too_deep(start)]
    except (YAMLError, ValueError, IndexError, KeyError, TypeError, AttributeError, AssertionError):
        # The parser fails with one of these on a few malformed documents.
        return empty_mapping(start), [problem_at(start, (), "this is not YAML", "a YAML document")]
    if root is None:
        return empty_mapping(start), []
    builder = _Builder(file)
    node = builder.build(root, start, (), 0)
    if node is not None and node.value is not None and not isinstance(node.value, dict):
        builder.problems.append(
            problem_at(node.place, (), "the document is not a mapping", "names, each with a colon and its value")
        )
    usable = node is not None and isinstance(node.value, dict) and not builder.too_large
    return (node if node is not None and usable else empty_mapping(start)), builder.problems


def _place_of(text: str, offset: int, file: str) -> Place:
    return Place(file=file, line=text.count("\n", 0, offset) + 1, column=offset - text.rfind("\n", 0, offset))


def _too_deep(place: Place) -> Problem:
    return problem_at(place, (), "the document is nested too deeply", f"at most {MAX_DEPTH} levels")


def _syntax_problem(error: _Marked, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=file, line=1, column=1)
    # What the parser quotes may be a pasted secret.
    said = _QUOTED.sub("…", (error.problem or "")).splitlines()
    reason = said[0][:200] if said and said[0] else "this is not YAML"
    expected = "valid YAML"
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in reason:
        reason, expected = "a tab where YAML wants spaces", "spaces to indent"
    elif "another document" in reason:
        reason, expected = "a second document begins here", "one document in the file"
    return problem_at(place, (), reason, expected)


class _Builder:
    """Turns the parser's nodes into ours, within bounds."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._nodes = 0
        self.too_large = False
        self.problems: list[Problem] = []

    def _at(self, mark: _Mark) -> Place:
        return Place(file=self._file, line=mark.line + 1, column=mark.column + 1)

    def build(self, node: _Raw, key_place: Place, path: KeyPath, depth: int) -> Node | None:
        """Ours for the parser's, or None when it is dropped with a problem."""
        place = self._at(node.start_mark)
        if self.too_large:
            return None
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self.too_large = True
            self.problems.append(
                problem_at(place, path, "the document is too large once its aliases are followed",
                           f"at most {MAX_NODES} values")
            )  # fmt: skip
            return None
        if depth > MAX_DEPTH:
            self.problems.append(_too_deep(place))
            return None
        if not self._known_tag(node):
            self.problems.append(problem_at(place, path, "a YAML tag is not allowed here", "a plain value"))
            return None
        if node.id == "mapping":
            return Node(value=self._mapping(node, path, depth), place=place, key_place=key_place)
        if node.id == "sequence":
            built = [self.build(item, self._at(item.start_mark), (*path, index), depth + 1)
                     for index, item in enumerate(_children(node))]  # fmt: skip
            return Node(value=[item for item in built if item is not None], place=place, key_place=key_place)
        return Node(value=_scalar(node), place=place, key_place=key_place)

    def _known_tag(self, node: _Raw) -> bool:
        tag = str(node.tag)
        if node.id == "scalar":
            return tag.removeprefix(_TAG) in {"null", "bool", "int", "float", "str", "timestamp", "merge"}
        return tag.removeprefix(_TAG) in {"map", "seq"}

    def _mapping(self, node: _Raw, path: KeyPath, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        merged: list[_Raw] = []
        for key_node, value_node in _pairs(node):
            place = self._at(key_node.start_mark)
            if key_node.id != "scalar":
                self.problems.append(problem_at(place, path, "a key that is no plain text", "a name before the colon"))
                continue
            if str(key_node.tag) == f"{_TAG}merge":
                merged.append(value_node)
                continue
            key = str(key_node.value)
            if key in entries:
                first = entries[key].key_place
                self.problems.append(
                    problem_at(place, (*path, key), f"this key is already in line {first.line}, which counts",
                               "each key once")
                )  # fmt: skip
                continue
            built = self.build(value_node, place, (*path, key), depth + 1)
            if built is not None:
                entries[key] = built
        for source in merged:
            self._merge(source, entries, path, depth)
        return entries

    def _merge(self, source: _Raw, entries: dict[str, Node], path: KeyPath, depth: int) -> None:
        """`<<: *defaults`: what the mapping does not say itself."""
        for mapping in _children(source) if source.id == "sequence" else (source,):
            built = self.build(mapping, self._at(mapping.start_mark), path, depth + 1)
            if built is None or not isinstance(built.value, dict):
                self.problems.append(
                    problem_at(self._at(source.start_mark), path, "<< takes a mapping", "an alias of a mapping")
                )
                return
            for key, entry in built.value.items():
                entries.setdefault(key, entry)


def _children(node: _Raw) -> list[_Raw]:
    return cast("list[_Raw]", node.value)


def _pairs(node: _Raw) -> list[tuple[_Raw, _Raw]]:
    return cast("list[tuple[_Raw, _Raw]]", node.value)


def _scalar(node: _Raw) -> Scalar:
    text = str(node.value)
    match str(node.tag).removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return text.lower() in _TRUE
        case "int":
            return _whole_number(text)
        case "float":
            return _decimal(text)
        case _:
            return text


def _whole_number(text: str) -> int | str:
    digits = text.replace("_", "")
    try:
        return int(digits, 0)
    except ValueError:
        pass
    try:
        return int(digits, 10)
    except ValueError:
        return text


def _decimal(text: str) -> float | str:
    lowered = text.replace("_", "").lower()
    if lowered.lstrip("+-") == ".inf":
        return -math.inf if lowered.startswith("-") else math.inf
    if lowered == ".nan":
        return math.nan
    try:
        return float(lowered)
    except ValueError:
        return text
