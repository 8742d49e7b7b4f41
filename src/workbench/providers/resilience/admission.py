"""The seam for breakers, limits and keys: who may be asked now, with which key, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from workbench.core.secret import Secret
from workbench.providers.routing.order import Candidate, Skipped
from workbench.providers.values import Attempt, AttemptFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Leave to ask a provider once; every one is given back through `Admission.record`."""

    api_key: Secret | None
    key_ref: str | None = None
    """Which of the provider's keys, never the key itself."""


class Admission(Protocol):
    """Decides just before each attempt, and learns from each."""

    async def admit(self, candidate: Candidate) -> Admitted | Skipped:
        """Leave to ask, perhaps after waiting for a free place, or the reason to pass over."""
        ...

    def record(
        self, candidate: Candidate, admitted: Admitted, attempt: Attempt, failure: AttemptFailure | None
    ) -> None:
        """What became of an admitted attempt; also of a cancelled one, exactly once."""
        ...


class OpenAdmission:
    """Lets everyone in, with the provider's first key."""

    async def admit(self, candidate: Candidate) -> Admitted | Skipped:
        """Always leave."""
        keys = candidate.provider.api_keys
        return Admitted(api_key=keys[0] if keys else None, key_ref="key-1" if keys else None)

    def record(
        self, candidate: Candidate, admitted: Admitted, attempt: Attempt, failure: AttemptFailure | None
    ) -> None:
        """Nothing to learn."""
