"""Puts the layers of a configuration on top of each other: file, profile overlay, environment, command line."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workbench.config.environment import environment_layer, node_of, read_env_file
from workbench.config.paths import Paths, valid_profile
from workbench.config.schema import SECTIONS
from workbench.config.tree import (
    KeyPath,
    Node,
    Place,
    empty_mapping,
    kind_of_value,
    lay_over,
    looks_like_a_key,
    problem_at,
    unknown_key,
)
from workbench.config.values import Problem
from workbench.config.yaml_source import parse, read_file

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_LONGEST_NAME = 64
_OVERRIDES = "command line"


@dataclass(slots=True, kw_only=True)
class Gathered:
    """All layers merged, before variables are filled in and values are checked."""

    settings: dict[str, Node]
    providers: dict[str, Node]
    variables: Mapping[str, str]
    """What `${VAR}` may refer to: the environment over `config/.env`."""
    problems: list[Problem] = field(default_factory=list[Problem])
    files: tuple[Path, ...] = ()
    profile: str | None = None


def gather(
    paths: Paths,
    *,
    profile: str | None = None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] | None = None,
    file: Path | None = None,
    texts: Mapping[Path, str] | None = None,
) -> Gathered:
    """Read and merge everything; whatever cannot be used is left out and becomes a problem.

    `file` is read instead of the folder's own `config.yaml`; `texts` stand in for what is in files.
    """
    base = file or paths.config_file
    problems: list[Problem] = []
    files: list[Path] = []
    layers: list[Node] = []
    profile = profile or environ.get("WORKBENCH_PROFILE", "").strip() or None
    for path in (base, _overlay(paths, profile, problems)):
        if path is None:
            continue
        text, problem = read_file(path) if texts is None or path not in texts else (texts[path], None)
        if problem is not None:
            problems.append(problem)
        if text is not None:
            root, found = parse(text, str(path))
            problems += found
            files.append(path)
            layers.append(root)
        elif problem is None and path != base:
            problems.append(problem_at(Place(file=str(path)), (), "the profile has no file", "this file"))
    from_env_file, found = read_env_file(paths.env_file)
    problems += found
    variables = ChainMap(dict(environ), from_env_file)
    for layer, found in (environment_layer(dict(variables)), (_overrides_layer(overrides or {}), [])):
        layers.append(layer)
        problems += found
    merged = empty_mapping(Place(file=str(base)))
    for layer in layers:
        merged = lay_over(merged, _normalised(layer, merged, problems))
    sections = merged.entries()
    return Gathered(
        settings=sections["settings"].entries() if "settings" in sections else {},
        providers=sections["providers"].entries() if "providers" in sections else {},
        variables=variables,
        problems=problems,
        files=tuple(files),
        profile=profile,
    )


def _overlay(paths: Paths, profile: str | None, problems: list[Problem]) -> Path | None:
    if profile is None:
        return None
    if valid_profile(profile):
        return paths.overlay_file(profile)
    problems.append(
        problem_at(Place(file=_OVERRIDES), ("profile",), "that is no profile name",
                   "at most 40 letters, digits, - and _")
    )  # fmt: skip
    return None


def _overrides_layer(overrides: Mapping[str, object]) -> Node:
    """`{"settings.request_timeout": 5}` or nested mappings; a value of None overrides nothing."""
    place = Place(file=_OVERRIDES)
    root = empty_mapping(place)
    for name, value in overrides.items():
        if value is None:
            continue
        section, _, rest = name.partition(".")
        parts = [section]
        if rest:
            parts += rest.rsplit(".", 1) if section == "providers" else [rest]
        node = node_of(value, place, loose=True)
        for part in reversed(parts):
            node = Node(value={part: node}, place=place, key_place=place)
        root = lay_over(root, node)
    return root


def _normalised(root: Node, below: Node, problems: list[Problem]) -> Node:
    """The two sections of a layer, `providers` always a mapping by the names used in the layers below."""
    sections: dict[str, Node] = {}
    for key, node in root.entries().items():
        if key not in SECTIONS:
            if not key.startswith("x-"):
                problems.append(unknown_key(node.key_place, (key,), SECTIONS))
        elif node.value is None:
            continue
        elif key == "providers":
            sections[key] = _providers(node, below.entries().get(key), problems)
        elif isinstance(node.value, dict):
            sections[key] = node
        else:
            problems.append(problem_at(node.place, (key,), f"this is {kind_of_value(node.value)}", "a mapping"))
    return Node(value={**sections}, place=root.place, key_place=root.key_place)


def _providers(node: Node, below: Node | None, problems: list[Problem]) -> Node:
    known = {name.lower(): name for name in below.entries()} if below is not None else {}
    found: dict[str, Node] = {}
    taken: dict[str, str] = {}
    for name, path, entry in _named(node, problems):
        wrong = _wrong_name(name)
        if wrong:
            problems.append(problem_at(entry.key_place, path, wrong, "letters, digits, -, _ and dots, at most 64"))
            continue
        if entry.value is not None and not isinstance(entry.value, dict):
            problems.append(
                problem_at(entry.place, path, f"this is {kind_of_value(entry.value)}", "a mapping: kind, models, ...")
            )  # fmt: skip
            continue
        if name.lower() in taken:
            problems.append(problem_at(entry.key_place, path, "this name is already taken", "another name"))
            continue
        taken[name.lower()] = name
        used = dict(entry.entries())
        said = used.pop("name", None)
        if said is not None and said.value != name:
            problems.append(
                problem_at(said.place, (*path, "name"), "the name is given twice", "the same name, or none")
            )
        found[known.get(name.lower(), name)] = Node(value={**used}, place=entry.place, key_place=entry.key_place)
    return Node(value={**found}, place=node.place, key_place=node.key_place)


def _named(node: Node, problems: list[Problem]) -> list[tuple[str, KeyPath, Node]]:
    """Name, path and mapping of each provider, from either form."""
    if isinstance(node.value, dict):
        return [(name, ("providers", name), entry) for name, entry in node.value.items()]
    if not isinstance(node.value, list):
        problems.append(
            problem_at(node.place, ("providers",), f"this is {kind_of_value(node.value)}",
                       "a mapping of providers by name, or a list with a name in each item")
        )  # fmt: skip
        return []
    named: list[tuple[str, KeyPath, Node]] = []
    for index, entry in enumerate(node.value):
        name = entry.entries().get("name")
        if name is None or not isinstance(name.value, str):
            place = entry.place if name is None else name.place
            problems.append(problem_at(place, ("providers", index), "a provider without a name", "name: and a text"))
        else:
            entry.key_place = name.place
            named.append((str(name.value), ("providers", str(name.value)), entry))
    return named


def _wrong_name(name: str) -> str:
    if not name or len(name) > _LONGEST_NAME or not _NAME_CHARACTERS.issuperset(name):
        return "that cannot be a provider's name"
    if looks_like_a_key(name):
        return "that looks like a key, not like a name"
    return ""
