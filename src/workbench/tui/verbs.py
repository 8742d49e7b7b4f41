"""What a person can do, by name: every part of a pane, or of the application, brings verbs of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Verb = Callable[..., object]
"""Takes the arguments that the action registry or a slash command gives it; what it returns is not used."""


class Verbs:
    """The verbs of all parts."""

    def __init__(self) -> None:
        """None yet."""
        self._known: dict[str, Verb] = {}

    def add(self, verbs: Mapping[str, Verb]) -> None:
        """Take the verbs of a part. Raises `ValueError` for a name that another part has."""
        twice = self._known.keys() & verbs.keys()
        if twice:
            raise ValueError(f"two parts have {', '.join(sorted(twice))}")
        self._known.update(verbs)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a verb."""
        return name in self._known

    def do(self, name: str, *arguments: object) -> None:
        """Do it. Raises `KeyError` for a verb that no part has."""
        self._known[name](*arguments)
