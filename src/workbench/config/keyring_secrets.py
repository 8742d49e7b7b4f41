"""Keys from the operating system's keyring: asked only when a configuration refers to it, and never waited for long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from workbench.core.secret import Secret

SERVICE = "workbench"
TIMEOUT_S = 3.0
"""A locked keyring asks its owner, who may not be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringAnswer:
    """The secret of a label, or why there is none."""

    secret: Secret | None = None
    reason: str = ""


class Backend(Protocol):
    """The part of a keyring backend that is used here."""

    priority: float

    def get_password(self, service: str, username: str) -> str | None:
        """The stored text, or None."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a text."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget a text."""
        ...


class Secrets(Protocol):
    """Whatever answers for `keyring:LABEL`."""

    def get(self, label: str) -> KeyringAnswer:
        """The secret of that label; never raises."""
        ...


NO_SUCH_KEY = "the keyring has no such key"
_SILENT = "the keyring did not answer in time"
PLAINTEXT = "the keyring would keep keys as plain text"


def refuse(backend: Backend) -> str:
    """Why a backend is not to be trusted with keys, or nothing."""
    name = _name(backend)
    if name.startswith("keyrings.alt") or "plaintext" in name.lower():
        return PLAINTEXT
    if name.startswith(("keyring.backends.fail", "keyring.backends.null")) or backend.priority < 1:
        return "this machine has no usable keyring"
    return ""


def describe_backends() -> tuple[tuple[str, str], ...]:
    """The keyrings in use, first choice first: name, and why it is refused or nothing. May take long, and may raise."""
    import keyring

    return tuple((_name(part), refuse(part)) for part in _parts(cast("Backend", keyring.get_keyring())))


def _name(backend: Backend) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _parts(backend: Backend) -> list[Backend]:
    # A chain of backends asks each of them, so each must be one to trust.
    return cast("list[Backend]", getattr(backend, "backends", [backend]))


class KeyringSecrets:
    """The operating system's keyring. One that did not answer in time is not asked again."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        """`timeout_s` bounds the wait for each answer."""
        self._timeout_s = timeout_s
        self._silent = False

    def get(self, label: str) -> KeyringAnswer:
        """The secret stored for `workbench` under `label`, or why there is none; never raises."""
        return self._within_time(lambda: _ask(label))

    def put(self, label: str, secret: Secret) -> str:
        """Store a secret and read it back; why that did not work, or nothing. Never raises."""
        return self._within_time(lambda: _store(label, secret)).reason

    def remove(self, label: str) -> str:
        """Forget the secret of that label; why that did not work, or nothing. Never raises."""
        return self._within_time(lambda: _forget(label)).reason

    def trouble(self) -> str:
        """Why keys cannot be kept here, or nothing; never raises."""
        return self._within_time(_look).reason

    def _within_time(self, work: Callable[[], KeyringAnswer]) -> KeyringAnswer:
        if self._silent:
            return KeyringAnswer(reason=_SILENT)
        answers: list[KeyringAnswer] = []
        thread = threading.Thread(target=lambda: answers.append(_told(work)), name="keyring", daemon=True)
        thread.start()
        thread.join(self._timeout_s)
        if not answers:
            self._silent = True
            return KeyringAnswer(reason=_SILENT)
        return answers[0]


def _told(work: Callable[[], KeyringAnswer]) -> KeyringAnswer:
    try:
        return work()
    except BaseException as error:  # Backends raise what they like; the type is all that is safe to tell.
        return KeyringAnswer(reason=f"the keyring failed ({type(error).__name__})")


def _trusted() -> tuple[Backend, str]:
    """The keyring in use, and why it is not to be used or nothing."""
    import keyring

    backend = cast("Backend", keyring.get_keyring())
    return backend, next((reason for part in _parts(backend) if (reason := refuse(part))), "")


def _look() -> KeyringAnswer:
    return KeyringAnswer(reason=_trusted()[1])


def _ask(label: str) -> KeyringAnswer:
    backend, reason = _trusted()
    if reason:
        return KeyringAnswer(reason=reason)
    value = backend.get_password(SERVICE, label)
    return KeyringAnswer(secret=Secret(value)) if value else KeyringAnswer(reason=NO_SUCH_KEY)


def _store(label: str, secret: Secret) -> KeyringAnswer:
    backend, reason = _trusted()
    if reason:
        return KeyringAnswer(reason=reason)
    backend.set_password(SERVICE, label, secret.reveal())
    kept = backend.get_password(SERVICE, label)
    return KeyringAnswer() if kept == secret.reveal() else KeyringAnswer(reason="the keyring did not keep the key")


def _forget(label: str) -> KeyringAnswer:
    backend, reason = _trusted()
    if not reason:
        backend.delete_password(SERVICE, label)
    return KeyringAnswer(reason=reason)
