"""What the environment and `config/.env` say: variables for `${VAR}`, and overrides named `WORKBENCH_...`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from dotenv.parser import parse_stream
from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from workbench.config.tree import Loose, Node, Place, empty_mapping, problem_at
from workbench.config.values import Problem
from workbench.config.yaml_source import read_file

PREFIX = "WORKBENCH_"
DELIMITER = "__"
_MAX_DEPTH = 6


def read_env_file(path: Path) -> tuple[dict[str, str], list[Problem]]:
    """The variables of a `.env` file, literally: nothing is expanded, nothing is exported to this process."""
    text, problem = read_file(path)
    if text is None:
        return {}, [problem] if problem is not None else []
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for binding in parse_stream(io.StringIO(text)):
        if binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
        elif binding.error or binding.key is not None:
            place = Place(file=str(path), line=binding.original.line, column=1)
            problems.append(problem_at(place, (), "this line is no NAME=value", "NAME=value, or a # comment"))
    return values, problems


class _Shape(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=DELIMITER)

    settings: dict[str, object] = Field(default_factory=dict)
    providers: dict[str, object] = Field(default_factory=dict)


class _Variables(EnvSettingsSource):
    """Reads the given variables instead of the process's, and leaves their texts as they are."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(_Shape)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environ.items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
        """JSON where it is a list or a mapping, else the text."""
        if isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
            return super().decode_complex_value(field_name, field, value)
        return value


def environment_layer(environ: Mapping[str, str]) -> tuple[Node, list[Problem]]:
    """`WORKBENCH_SETTINGS__...` and `WORKBENCH_PROVIDERS__<name>__...` as a tree; names are in lower case."""
    ours = {
        name: value
        for name, value in environ.items()
        if name.upper().startswith((f"{PREFIX}SETTINGS", f"{PREFIX}PROVIDERS"))
    }
    root = empty_mapping(Place(file="environment"))
    problems: list[Problem] = []
    # One at a time, so that one that cannot be read does not take the others with it.
    for name in sorted(ours):
        place = Place(file=f"${name}")
        try:
            layer = _Variables({name: ours[name]})()
        except (SettingsError, ValueError, RecursionError):
            problems.append(problem_at(place, (), "this is not JSON", "JSON, or text"))
        else:
            _insert(root, node_of(layer, place, loose=True))
    return root, problems


def _insert(root: Node, addition: Node) -> None:
    for key, entry in addition.entries().items():
        present = root.entries().get(key)
        if present is not None and isinstance(present.value, dict) and isinstance(entry.value, dict):
            _insert(present, entry)
        else:
            root.entries()[key] = entry


def node_of(value: object, place: Place, *, loose: bool, depth: int = 0) -> Node:
    """Plain values as a tree; with `loose`, texts may stand for numbers."""
    if isinstance(value, Mapping) and depth < _MAX_DEPTH:
        mapping = cast("Mapping[object, object]", value)
        entries = {str(key): node_of(entry, place, loose=loose, depth=depth + 1) for key, entry in mapping.items()}
        return Node(value=entries, place=place, key_place=place)
    if isinstance(value, list | tuple) and depth < _MAX_DEPTH:
        items = [node_of(item, place, loose=loose, depth=depth + 1) for item in cast("list[object]", value)]
        return Node(value=items, place=place, key_place=place)
    if isinstance(value, bool | int | float) or value is None:
        return Node(value=value, place=place, key_place=place)
    text = str(cast("object", value))
    return Node(value=Loose(text) if loose else text, place=place, key_place=place)
