"""Changes single values in the text of a YAML document; every other character stays where it is.

The parser tells where each value stands, and only that place is written anew. Writing a parsed document back would
change more than was asked: quotes, line breaks in `{...}`, line ends, indentation of lists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias, cast

from ruamel.yaml import YAML

Step: TypeAlias = str | int
"""A key of a mapping, or a place in a list."""
Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
"""A value without places."""

_PLAIN = re.compile(r"(?:\$\{[A-Za-z0-9_]+\}|[A-Za-z][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)*)")
"""What needs no quotes outside of brackets, leaving aside the words that mean something else."""
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_COLON = re.compile(r"[ \t]*:")
_ALIAS = re.compile(r"[ \t]*\*[^\s,\[\]{}]+")


class CannotSpliceError(Exception):
    """The document is written in a way that only a person can change; the message says which, quoting nothing."""


class _Mark(Protocol):
    index: int
    line: int
    column: int


class _Node(Protocol):
    id: str
    tag: object
    value: object
    style: str | None
    flow_style: bool | None
    start_mark: _Mark
    end_mark: _Mark


class _Composer(Protocol):
    def compose(self, stream: str) -> _Node | None: ...


def scalar_text(value: Plain, *, flow: bool) -> str:
    """A value in one line of YAML; `flow` is inside of brackets, where more needs quotes."""
    if isinstance(value, str) and not flow and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value)


class YamlText:
    """A YAML document as text; each change gives it a new text."""

    def __init__(self, text: str) -> None:
        """`text` must be a document that `yaml_source.parse` reads."""
        self.text = text
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def put(self, path: tuple[Step, ...], key: str, value: Plain) -> None:
        """Set `key` of the mapping at `path`; what else it holds stays as it is. Raises CannotSpliceError."""
        mapping = self._at(path)
        if mapping is None:
            self._append(_entry_lines(key, value))
            return
        if mapping.id != "mapping":
            raise CannotSpliceError(f"line {mapping.start_mark.line + 1} is no mapping")
        found = _entry(mapping, key)
        if found is None:
            self._insert_entry(mapping, key, value)
            return
        flow = bool(mapping.flow_style)
        if not self._is_empty(*found):
            self._replace(*self._span(*found), scalar_text(value, flow=flow))
        elif isinstance(value, dict) and not flow:
            lines = [line[2:] for line in _entry_lines(key, value)[1:]]
            self._insert_lines(self._after_colon(found[0]), found[0].start_mark.column + 2, lines)
        else:
            at = self._after_colon(found[0])
            self._replace(at, at, f" {scalar_text(value, flow=flow)}")

    def add_item(self, path: tuple[Step, ...], key: str, item: Plain) -> None:
        """Add `item` to the list that is `key` of the mapping at `path`; a single value becomes a list."""
        mapping = self._at(path)
        found = None if mapping is None or mapping.id != "mapping" else _entry(mapping, key)
        if found is None or self._is_empty(*found) or (found[1].id == "scalar" and found[1].value == ""):
            self.put(path, key, item)
            return
        key_node, value = found
        if _is_alias(key_node, value):
            raise CannotSpliceError(f"line {key_node.start_mark.line + 1} uses an alias")
        if value.id == "sequence":
            self._extend(value, item)
            return
        begin, end = self._span(key_node, value)
        raw = self.text[begin:end]
        present = json.dumps(value.value) if value.style is None else raw
        self._replace(begin, end, f"[{present}, {scalar_text(item, flow=True)}]")

    def _at(self, path: Iterable[Step]) -> _Node | None:
        node = cast("_Composer", YAML(typ="safe", pure=True)).compose(self.text)
        if node is None:
            return None
        for step in path:
            found = _entry(node, step) if isinstance(step, str) else None
            if found is not None:
                if _is_alias(*found):
                    raise CannotSpliceError(f"line {found[0].start_mark.line + 1} uses an alias")
                node = found[1]
            elif isinstance(step, int) and node.id == "sequence" and step < len(_items(node)):
                item = _items(node)[step]
                if item.start_mark.index < node.start_mark.index:
                    raise CannotSpliceError(f"line {node.start_mark.line + 1} uses an alias")
                node = item
            else:
                raise CannotSpliceError("a part of the document is not where it was expected")
        return node

    def _replace(self, begin: int, end: int, text: str) -> None:
        self.text = self.text[:begin] + text + self.text[end:]

    def _span(self, key: _Node, value: _Node) -> tuple[int, int]:
        hollow = value.id != "scalar" and value.flow_style and not value.value
        plain = value.id == "scalar" and value.style not in ("|", ">")
        if _is_alias(key, value) or not (plain or hollow):
            raise CannotSpliceError(f"line {key.start_mark.line + 1} holds more than one plain value")
        return value.start_mark.index, value.end_mark.index

    def _after_colon(self, key: _Node) -> int:
        colon = _COLON.match(self.text, key.end_mark.index)
        if colon is None:
            raise CannotSpliceError(f"line {key.start_mark.line + 1} is written in an unusual form")
        return colon.end()

    def _is_empty(self, key: _Node, value: _Node) -> bool:
        """Whether nothing is written after the colon."""
        return value.id == "scalar" and value.start_mark.index == value.end_mark.index and not _is_alias(key, value)

    def _end_of(self, key: _Node | None, value: _Node) -> int:
        """Where the text of a value ends; the parser's own marks reach over comments to the next value."""
        if key is not None and _is_alias(key, value):
            alias = _ALIAS.match(self.text, self._after_colon(key))
            if alias is None:
                raise CannotSpliceError(f"line {key.start_mark.line + 1} uses an alias in an unusual form")
            return alias.end()
        if key is not None and self._is_empty(key, value):
            return self._after_colon(key)
        if value.id == "scalar":
            # A literal block ends behind its last line end.
            literal = value.style in ("|", ">")
            return max(value.start_mark.index, value.end_mark.index - 1) if literal else value.end_mark.index
        if value.flow_style:
            return value.end_mark.index
        if value.id == "mapping":
            return self._end_of(*_pairs(value)[-1])
        return self._end_of(None, _items(value)[-1])

    def _insert_entry(self, mapping: _Node, key: str, value: Plain) -> None:
        pairs = _pairs(mapping)
        if mapping.flow_style:
            quoted = not pairs or pairs[-1][0].style == '"'
            entry = f"{json.dumps(key) if quoted else key}: {scalar_text(value, flow=True)}"
            self._insert_in_brackets(mapping, self._end_of(*pairs[-1]) if pairs else None, entry)
        else:
            self._insert_lines(self._end_of(*pairs[-1]), pairs[0][0].start_mark.column, _entry_lines(key, value))

    def _insert_in_brackets(self, node: _Node, after: int | None, text: str) -> None:
        if after is None:
            # An anchor may stand before the bracket.
            opening = self.text.index("{" if node.id == "mapping" else "[", node.start_mark.index)
            self._replace(opening + 1, opening + 1, text)
        else:
            self._replace(after, after, f", {text}")

    def _extend(self, sequence: _Node, item: Plain) -> None:
        items = _items(sequence)
        if sequence.flow_style:
            end = items[-1].end_mark.index if items else None
            if items and items[-1].start_mark.index < sequence.start_mark.index:
                raise CannotSpliceError(f"line {sequence.start_mark.line + 1} uses an alias")
            self._insert_in_brackets(sequence, end, scalar_text(item, flow=True))
        else:
            last = items[-1]
            if last.start_mark.index < sequence.start_mark.index or last.start_mark.index == last.end_mark.index:
                raise CannotSpliceError(f"line {sequence.start_mark.line + 1} is written in an unusual form")
            line = f"- {scalar_text(item, flow=isinstance(item, dict))}"
            self._insert_lines(self._end_of(None, last), sequence.start_mark.column, [line])

    def _insert_lines(self, after: int, column: int, lines: Sequence[str]) -> None:
        """Lines of their own behind the one in which `after` lies."""
        text = "".join(f"{' ' * column}{line}{self._newline}" for line in lines)
        end = self.text.find("\n", after)
        if end < 0:
            self.text += self._newline + text
        else:
            self._replace(end + 1, end + 1, text)

    def _append(self, lines: Sequence[str]) -> None:
        if self.text and not self.text.endswith("\n"):
            self.text += self._newline
        self.text += "".join(line + self._newline for line in lines)


def _entry_lines(key: str, value: Plain) -> list[str]:
    """An entry of a block mapping; mappings in it line by line, lists in brackets."""
    shown = scalar_text(key, flow=False)
    if not isinstance(value, dict) or not value:
        return [f"{shown}: {scalar_text(value, flow=False)}"]
    lines = [f"{shown}:"]
    for inner, entry in value.items():
        lines += ["  " + line for line in _entry_lines(inner, entry)]
    return lines


def _entry(node: _Node, key: str) -> tuple[_Node, _Node] | None:
    """Key and value; of two with the same key the first, which is the one that counts."""
    if node.id != "mapping":
        return None
    return next((pair for pair in _pairs(node) if pair[0].id == "scalar" and pair[0].value == key), None)


def _is_alias(key: _Node, value: _Node) -> bool:
    # The parser gives the node that the alias means, which stands before it.
    return value.start_mark.index < key.end_mark.index


def _items(node: _Node) -> list[_Node]:
    return cast("list[_Node]", node.value)


def _pairs(node: _Node) -> list[tuple[_Node, _Node]]:
    return cast("list[tuple[_Node, _Node]]", node.value)
