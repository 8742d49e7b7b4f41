"""Puts a new key where keys may be, and refers to it in the configuration."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from dotenv.parser import parse_stream

from workbench.config.atomic_files import read_text_file, replace_text_file, take_back
from workbench.config.editing import ConfigurationEditor
from workbench.config.environment import read_env_file
from workbench.config.keyring_secrets import NO_SUCH_KEY, Secrets
from workbench.config.resolving import as_variable, can_be_sent
from workbench.config.values import Provider
from workbench.core.errors import ConfigurationError, UsageError
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret

KEYRING = "keyring"
ENV_FILE = "env-file"
LONGEST_KEY = 8_000

_SIMPLE = re.compile(r"[A-Za-z0-9_.+/=:@~^*(){}\[\]<>!?,;%&|-]+")
"""What a `.env` file gives back as it is, without quotes."""

_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlace:
    """A place where a new key can be put."""

    name: str
    """`keyring` or `env-file`."""
    available: bool
    why: str = ""
    """Why it cannot be used; else where that is."""


class WritableSecrets(Secrets, Protocol):
    """A keyring that takes keys; every answer is why it did not work, or nothing."""

    def put(self, label: str, secret: Secret) -> str:
        """Store and read back."""
        ...

    def remove(self, label: str) -> str:
        """Forget."""
        ...

    def trouble(self) -> str:
        """Why it takes none."""
        ...


class KeyWriter:
    """Adds keys. Each verb may take seconds, because a keyring asks its owner."""

    def __init__(self, editor: ConfigurationEditor, keyring: WritableSecrets) -> None:
        """References go into the files of `editor`."""
        self._editor = editor
        self._keyring = keyring

    def places(self) -> tuple[KeyPlace, ...]:
        """Where a key could be put, the best place first."""
        trouble = self._keyring.trouble()
        return (
            KeyPlace(name=KEYRING, available=not trouble, why=trouble or "the keyring of this system"),
            KeyPlace(name=ENV_FILE, available=True, why=f"{self._editor.paths.env_file}, readable by you alone"),
        )

    def add(self, provider: Provider, secret: Secret, place: str, *, discovered: Sequence[Provider] = ()) -> str:
        """Keep one more key of a provider, for its next requests; what it is called, e.g. `keyring:openai`.

        A reference whose key was missing is filled first. Raises UsageError for a text that is no key and for a key
        that the provider has, ConfigurationError when it cannot be kept; then nothing has changed.
        """
        REDACTOR.register(secret)
        if not secret or len(secret.reveal()) > LONGEST_KEY or not can_be_sent(secret):
            raise UsageError(
                "That is no key: it is empty or has blanks, control or non-ASCII characters",
                hint="Give the key alone, as the provider gave it",
            )
        if secret in provider.api_keys:
            raise UsageError(f"{provider.name} has this key already")
        with self._editor.lock.held():
            written = self._editor.references()
            present = written.get(provider.name.lower(), provider.key_refs)
            missing = [reference for reference in present if reference in provider.missing_keys]
            taken = {reference for references in written.values() for reference in references}
            if place == KEYRING:
                return self._into_keyring(provider, secret, missing, taken, discovered)
            if place == ENV_FILE:
                return self._into_env_file(provider, secret, missing, taken, discovered)
        raise UsageError(f"There is no place named {place}", hint=f"{KEYRING} or {ENV_FILE}")

    def _into_keyring(
        self,
        provider: Provider,
        secret: Secret,
        missing: Sequence[str],
        taken: set[str],
        discovered: Sequence[Provider],
    ) -> str:
        prefix = f"{KEYRING}:"
        waiting = next((name.removeprefix(prefix) for name in missing if name.startswith(prefix)), None)
        label = waiting or self._free_label(provider.name, secret, taken)
        trouble = self._keyring.put(label, secret)
        if trouble:
            raise ConfigurationError("The key was not kept", detail=trouble, hint=f"Use {ENV_FILE} instead")
        if waiting is None:
            try:
                self._editor.add_api_key_reference(provider.name, f"{prefix}{label}", discovered=discovered)
            except BaseException:
                self._keyring.remove(label)
                raise
        return f"{prefix}{label}"

    def _free_label(self, name: str, secret: Secret, taken: set[str]) -> str:
        """A label that nothing refers to and that holds no other key."""
        for label in _numbered(name if name[0].isalnum() else f"key{name}", "-"):
            if f"{KEYRING}:{label}" in taken:
                continue
            answer = self._keyring.get(label)
            if answer.secret is None and answer.reason != NO_SUCH_KEY:
                raise ConfigurationError("The key was not kept", detail=answer.reason, hint=f"Use {ENV_FILE} instead")
            if answer.secret is None or answer.secret == secret:
                return label
        raise AssertionError("numbers do not end")

    def _into_env_file(
        self,
        provider: Provider,
        secret: Secret,
        missing: Sequence[str],
        taken: set[str],
        discovered: Sequence[Provider],
    ) -> str:
        path = self._editor.paths.env_file
        present = read_env_file(path)[0]
        environ = self._editor.environ
        # A variable of the environment, even an empty one, wins over the file.
        waiting = next((name for name in missing if not name.startswith(f"{KEYRING}:") and name not in environ), None)
        variable = waiting or next(
            name
            for name in _numbered(f"{_variable(provider.name)}_API_KEY", "_")
            if name not in taken and name not in environ and not present.get(name)
        )
        before = read_text_file(path)
        after = replace_text_file(before, with_variable(before.text, variable, secret.reveal()))
        if waiting is None:
            try:
                self._editor.add_api_key_reference(provider.name, f"${{{variable}}}", discovered=discovered)
            except BaseException:
                take_back(before, after)
                raise
        return variable


def _numbered(name: str, joint: str) -> Iterator[str]:
    """`name`, then `name-2`, `name-3` and so on."""
    yield name
    for number in count(2):
        yield f"{name}{joint}{number}"


def _variable(name: str) -> str:
    upper = as_variable(name)
    return f"KEY_{upper}" if upper[0].isdigit() else upper


def with_variable(text: str, name: str, value: str) -> str:
    """The text of a `.env` file with one variable set; every other line stays. `value` is printable ASCII."""
    shown = value if _SIMPLE.fullmatch(value) else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    newline = "\r\n" if "\r\n" in text else "\n"
    line = f"{name}={shown}{newline}"
    kept = ""
    for binding in parse_stream(io.StringIO(text)):
        original = binding.original.string
        # Blank lines belong, for the parser, to what follows them.
        blank = _BLANK_LINES.match(original)
        kept += original if binding.key != name else blank[0] if blank else ""
    return f"{kept}{newline if kept and not kept.endswith(chr(10)) else ''}{line}"
