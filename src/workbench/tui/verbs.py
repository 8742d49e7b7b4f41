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
        self._wanted: Callable[[], Mapping[str, Verb]] | None = None

    def add(self, verbs: Mapping[str, Verb]) -> None:
        """Take the verbs of a part. Raises `ValueError` for a name that another part has."""
        twice = self._known.keys() & verbs.keys()
        if twice:
            raise ValueError(f"two parts have {', '.join(sorted(twice))}")
        self._known.update(verbs)

    def add_when_wanted(self, make: Callable[[], Mapping[str, Verb]]) -> None:
        """Take what `make` gives when a verb is asked for that nobody has yet, or by `make_wanted`."""
        self._wanted = make

    def make_wanted(self) -> None:
        """Make what has waited to be wanted; a second call changes nothing."""
        make, self._wanted = self._wanted, None
        if make is not None:
            self.add(make())

    def __contains__(self, name: object) -> bool:
        """Whether there is such a verb."""
        if name not in self._known:
            self.make_wanted()
        return name in self._known

    def do(self, name: str, *arguments: object) -> None:
        """Do it. Raises `KeyError` for a verb that no part has."""
        if name not in self:
            raise KeyError(name)
        self._known[name](*arguments)
