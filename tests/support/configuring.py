"""A home with a configuration in it, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workbench.config.keyring_secrets import KeyringAnswer
from workbench.config.loading import load_configuration
from workbench.config.paths import Paths, resolve_paths
from workbench.config.values import Configuration, Provider
from workbench.core.secret import Secret


@dataclass
class Keyring:
    """Answers from a dictionary, and remembers what it was asked."""

    stored: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def get(self, label: str) -> KeyringAnswer:
        """The stored key or the reason why there is none."""
        self.asked.append(label)
        if label in self.stored:
            return KeyringAnswer(secret=Secret(self.stored[label]))
        return KeyringAnswer(reason="the keyring has no such key")


class Home:
    """A home whose files are written by a test."""

    def __init__(self, folder: Path) -> None:
        self.paths: Paths = resolve_paths(folder, {})
        self.keyring = Keyring()
        self.paths.config_dir.mkdir(parents=True)

    def write(self, text: str | bytes, profile: str | None = None) -> Path:
        """Write `config.yaml`, or a profile's overlay."""
        path = self.paths.overlay_file(profile) if profile else self.paths.config_file
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def load(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        profile: str | None = None,
        overrides: Mapping[str, object] | None = None,
    ) -> Configuration:
        """What the program would use."""
        return load_configuration(
            self.paths, profile=profile, environ=environ or {}, overrides=overrides, secrets=self.keyring
        )

    def provider(self, environ: Mapping[str, str] | None = None, name: str = "p") -> Provider:
        """The one provider of that name."""
        provider = self.load(environ).provider(name)
        assert provider is not None
        return provider


def revealed(provider: Provider) -> list[str]:
    """The provider's keys."""
    return [key.reveal() for key in provider.api_keys]


def everything_said(configuration: Configuration) -> str:
    """All texts in which a secret could be repeated."""
    return "\n".join([*map(repr, configuration.problems), *map(str, configuration.problems), *configuration.notes])
