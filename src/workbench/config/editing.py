"""Changes the configuration files: only what was asked for, and only to something that is right."""

from __future__ import annotations

import copy
import os
from collections import ChainMap, Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from workbench.config.atomic_files import EditLock, TextFile, read_text_file, replace_text_file, take_back
from workbench.config.environment import environment_layer, read_env_file
from workbench.config.interpolation import parse_reference
from workbench.config.loading import problems_with
from workbench.config.paths import Paths, valid_profile
from workbench.config.schema import API_KEY, MAX_MODELS
from workbench.config.tree import Node, plain
from workbench.config.values import Problem, Provider
from workbench.config.yaml_source import MAX_BYTES, parse
from workbench.config.yaml_splice import CannotSpliceError, Plain, Step, YamlText
from workbench.core.errors import ConfigurationError

PROVIDERS = "providers"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One value of one provider; with `add` it is one more of a list."""

    provider: str
    key: str
    value: Plain
    add: bool = False


class ConfigurationEditor:
    """Edits `config.yaml` and the profile's overlay. Comments, order and quotes of everything else stay.

    All verbs raise ConfigurationError when a file cannot be read or written, was changed on disk meanwhile, or would
    not be right afterwards; then nothing is written. They touch the disk: call them off any loop that must not wait.
    `discovered` are providers that were found rather than configured. They are written out first when no file names
    any provider, because from then on nobody looks for them.
    """

    def __init__(self, paths: Paths, *, profile: str | None = None, environ: Mapping[str, str] | None = None) -> None:
        """`environ` is what `${VAR}` refers to, by default this process's."""
        self.paths = paths
        self.environ = os.environ if environ is None else environ
        self.lock = EditLock(paths.config_dir)
        profile = profile or self.environ.get("WORKBENCH_PROFILE", "").strip() or None
        self._profile = profile if profile is not None and valid_profile(profile) else None

    def set_provider_enabled(self, name: str, enabled: bool, *, discovered: Sequence[Provider] = ()) -> None:
        """Switch a provider on or off."""
        self._edit([_Change(provider=name, key="enabled", value=enabled)], discovered)

    def set_priorities(self, priorities: Mapping[str, int], *, discovered: Sequence[Provider] = ()) -> None:
        """Set the priorities of these providers, all of them or none."""
        changes = [_Change(provider=name, key="priority", value=value) for name, value in priorities.items()]
        self._edit(changes, discovered)

    def add_api_key_reference(self, name: str, reference: str, *, discovered: Sequence[Provider] = ()) -> None:
        """Give a provider one more key: `${VAR}` or `keyring:LABEL`; never a key itself."""
        if parse_reference(reference) is None:
            raise ConfigurationError("A key must not stand in the configuration", hint="${VAR} or keyring:LABEL")
        self._edit([_Change(provider=name, key=API_KEY, value=reference, add=True)], discovered)

    def references(self) -> dict[str, tuple[str, ...]]:
        """What the keys of each provider in the files are called, by the provider's name in lower case."""
        found: dict[str, tuple[str, ...]] = {}
        for file in self._files():
            for name, _, entry in file.providers():
                api_key = entry.entries().get(API_KEY)
                texts = [str(item.value) for item in api_key.items()] if api_key is not None else []
                references = tuple(each.name for text in texts if (each := parse_reference(text)) is not None)
                if api_key is not None:
                    found[name.lower()] = references
        return found

    def _edit(self, changes: Sequence[_Change], discovered: Sequence[Provider]) -> None:
        self._refuse_overridden(changes)
        with self.lock.held():
            files = self._files()
            wrong_before = self._problems(files)
            if discovered and not any(file.providers() for file in files):
                files[0].write_out(discovered)
            for change in changes:
                _file_of(change, files).apply(change)
            new = self._problems(files) - wrong_before
            if new:
                raise ConfigurationError("The configuration would not be right", detail=str(next(iter(new))))
            _write([file for file in files if file.changed])

    def _files(self) -> list[_File]:
        """The base, and the overlay in use when there is one."""
        paths = [self.paths.config_file]
        if self._profile is not None:
            paths.append(self.paths.overlay_file(self._profile))
        files = [_File(read_text_file(path)) for path in paths]
        return [file for file in files if file is files[0] or file.before.content is not None]

    def _problems(self, files: Sequence[_File]) -> Counter[Problem]:
        """What is wrong, without the lines, which move when one is inserted."""
        texts = {file.before.path: file.text for file in files}
        problems = problems_with(self.paths, texts, profile=self._profile, environ=self.environ)
        return Counter(_without_place(problem) for problem in problems)

    def _refuse_overridden(self, changes: Sequence[_Change]) -> None:
        """A variable wins over every file, so that an edit would change nothing."""
        variables = dict(ChainMap(dict(self.environ), read_env_file(self.paths.env_file)[0]))
        layer = environment_layer(variables)[0].entries().get(PROVIDERS)
        for change in changes:
            entry = layer.entries().get(change.provider.lower()) if layer is not None else None
            if entry is not None and change.key in entry.entries():
                variable = f"WORKBENCH_PROVIDERS__{change.provider}__{change.key.upper()}"
                raise ConfigurationError(
                    "An environment variable decides this, not the file", detail=variable, hint="Unset it"
                )


class _File:
    """One file, and what it is to become."""

    def __init__(self, before: TextFile) -> None:
        self.before = before
        self._yaml = YamlText(before.text)
        self._root, problems = parse(before.text, str(before.path))
        if problems and not self._root.entries():
            raise ConfigurationError(
                f"{before.path.name} cannot be read, so it is not changed",
                detail=str(problems[0]),
                hint="workbench config validate",
            )

    @property
    def text(self) -> str:
        return self._yaml.text

    @property
    def changed(self) -> bool:
        return self.text != self.before.text

    def providers(self) -> list[tuple[str, Step, Node]]:
        """Name, place and entry of each provider, from either form."""
        section = self._root.entries().get(PROVIDERS)
        if section is None:
            return []
        found: list[tuple[str, Step, Node]] = [(name, name, entry) for name, entry in section.entries().items()]
        for place, entry in enumerate(section.value if isinstance(section.value, list) else ()):
            name = entry.entries().get("name")
            if name is not None and isinstance(name.value, str):
                found.append((name.value, place, entry))
        return found

    def find(self, name: str) -> tuple[Step, Node] | None:
        lowered = name.lower()
        return next(((place, entry) for found, place, entry in self.providers() if found.lower() == lowered), None)

    def apply(self, change: _Change) -> None:
        found = self.find(change.provider)
        if found is None:
            self._add_provider(change)
            return
        place, entry = found
        if entry.value is None:
            self._put((PROVIDERS,), str(place), {change.key: change.value})
        elif change.add:
            self._add((PROVIDERS, place), change.key, change.value)
        else:
            self._put((PROVIDERS, place), change.key, change.value)

    def write_out(self, providers: Sequence[Provider]) -> None:
        """Describe providers that were found, so that they are the same when they are read."""
        described: dict[str, Plain] = {}
        for provider in providers:
            entry: dict[str, Plain] = {"kind": provider.kind}
            if provider.key_refs:
                entry[API_KEY] = f"${{{provider.key_refs[0]}}}"
            if provider.base_url is not None:
                entry["base_url"] = provider.base_url
            entry["models"] = [*provider.models[:MAX_MODELS]]
            entry["priority"] = provider.priority
            described[provider.name] = entry
        self._put((), PROVIDERS, described)

    def _add_provider(self, change: _Change) -> None:
        """One that only the environment describes, or that is new."""
        section = self._root.entries().get(PROVIDERS)
        if section is None or section.value is None:
            self._put((), PROVIDERS, {change.provider: {change.key: change.value}})
        elif isinstance(section.value, list):
            self._add((), PROVIDERS, {"name": change.provider, change.key: change.value})
        else:
            self._put((PROVIDERS,), change.provider, {change.key: change.value})

    def _put(self, path: tuple[Step, ...], key: str, value: Plain) -> None:
        expected, mapping = self._expected(path)
        mapping[key] = value
        self._splice(lambda: self._yaml.put(path, key, value), expected)

    def _add(self, path: tuple[Step, ...], key: str, item: Plain) -> None:
        expected, mapping = self._expected(path)
        present = mapping.get(key)
        if isinstance(present, list):
            mapping[key] = [*present, item]
        else:
            mapping[key] = item if present in (None, "") else [present, item]
        self._splice(lambda: self._yaml.add_item(path, key, item), expected)

    def _expected(self, path: tuple[Step, ...]) -> tuple[Plain, dict[str, Plain]]:
        """A copy of the document without places, and the mapping in it at `path`."""
        document = copy.deepcopy(cast("Plain", plain(self._root)))
        mapping = document
        for step in path:
            mapping = cast("dict[Step, Plain]", mapping)[step]
        return document, cast("dict[str, Plain]", mapping)

    def _splice(self, change: Callable[[], None], expected: Plain) -> None:
        """Change the text, and prove that it now says what was meant and nothing else."""
        detail = ""
        try:
            change()
            self._root, _ = parse(self.text, str(self.before.path))
        except CannotSpliceError as error:
            detail = str(error)
        if detail or cast("Plain", plain(self._root)) != expected or len(self.text.encode()) > MAX_BYTES:
            raise ConfigurationError(
                f"{self.before.path.name} is written in a way that only you can change",
                detail=detail or "an anchor or a merge would change other values too",
                hint=f"Edit {self.before.path} by hand",
            )


def _file_of(change: _Change, files: Sequence[_File]) -> _File:
    """Where the value is written that wins, else where the provider is, else the base."""
    for file in reversed(files):
        found = file.find(change.provider)
        if found is not None and change.key in found[1].entries():
            return file
    return next((file for file in files if file.find(change.provider) is not None), files[0])


def _write(files: Sequence[_File]) -> None:
    """Write all of them or none."""
    written: list[tuple[TextFile, TextFile]] = []
    try:
        for file in files:
            after = replace_text_file(file.before, file.text)
            written.append((file.before, after))
    except BaseException:
        for before, after in written:
            take_back(before, after)
        raise


def _without_place(problem: Problem) -> Problem:
    return replace(problem, line=0, column=0)
