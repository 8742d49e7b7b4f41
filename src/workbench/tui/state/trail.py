"""The trail of one reply: everybody who was asked, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.conversations.values import Message
    from workbench.providers.values import Attempt

RUNNING = "running"
_NOT_A_CHOICE = frozenset({"disabled", "no_key"})
"""Skipped for these reasons, a provider was never in question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One provider asked, or passed over, for one reply."""

    ord: int
    provider: str
    model: str
    state: str
    """`running`, `ok`, `failed`, `skipped` or `cancelled`."""
    error_kind: str = ""
    http_status: int | None = None
    reason: str = ""
    hint: str = ""
    """What a person can do about it."""
    first_token_ms: int | None = None
    duration_ms: int | None = None
    next_step: str = ""
    """What followed, in words; empty after the last."""
    broken_characters: int = 0
    """Text that came before it broke off, and was set aside."""
    kept_characters: int = 0
    """Text of the reply before the place where it broke off and another one went on."""
    started_at_ms: int = 0
    """Wall time at which it was asked; 0 when only the stored trail is known."""

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.provider}/{self.model}" if self.model else self.provider


def trail_of(message: Message) -> tuple[Step, ...]:
    """The trail of a stored reply; what followed each step is told from the next one."""
    steps = [_stored(attempt) for attempt in sorted(message.attempts, key=lambda attempt: attempt.ord)]
    told: list[Step] = []
    broken = list(message.broken)
    for place, step in enumerate(steps):
        following = next((later for later in steps[place + 1 :] if later.state != "skipped"), None)
        characters = 0
        if step.state == "failed" and step.first_token_ms is not None:
            part = next((p for p in broken if (p.provider, p.model) == (step.provider, step.model)), None)
            if part is not None:
                broken.remove(part)
                characters = len(part.text)
        told.append(replace(step, next_step=_what_followed(step, following), broken_characters=characters))
    trail = tuple(told)
    for seam in message.seams:
        trail = went_on(trail, seam.after, seam.at)
    return trail


def went_on(trail: tuple[Step, ...], after: str, at: int) -> tuple[Step, ...]:
    """The trail with the note that another one went on where provider `after` broke off, `at` characters in."""
    broken = next(
        (step for step in trail if step.provider == after and step.state == "failed" and not step.kept_characters
         and step.first_token_ms is not None),
        None,
    )  # fmt: skip
    return tuple(replace(step, kept_characters=at) if step is broken else step for step in trail)


def _stored(attempt: Attempt) -> Step:
    return Step(
        ord=attempt.ord, provider=attempt.provider, model=attempt.model, state=attempt.state,
        error_kind=attempt.error_kind or "", http_status=attempt.http_status, reason=attempt.reason, hint=attempt.hint,
        first_token_ms=attempt.first_token_ms, duration_ms=attempt.duration_ms,
    )  # fmt: skip


def _what_followed(step: Step, following: Step | None) -> str:
    if step.state != "failed":
        return ""
    if following is None:
        return "stop"
    return "retry" if following.name == step.name else f"next: {following.name}"


def choice_number(trail: Sequence[Step]) -> int:
    """Which choice gave the answer, counted from 1; 0 when nobody did.

    A provider asked twice is one choice; one without a key, or switched off, is none.
    """
    seen: list[str] = []
    for step in trail:
        if step.state == "skipped" and step.error_kind in _NOT_A_CHOICE:
            continue
        if step.name not in seen:
            seen.append(step.name)
        if step.state == "ok":
            return seen.index(step.name) + 1
    return 0


def tries_of_answer(trail: Sequence[Step]) -> int:
    """How often the provider that answered was asked."""
    answer = next((step for step in trail if step.state == "ok"), None)
    return sum(1 for step in trail if answer is not None and step.name == answer.name and step.state != "skipped")


def total_ms(trail: Sequence[Step]) -> int | None:
    """Milliseconds that all attempts took together; None when none is known."""
    known = [step.duration_ms for step in trail if step.duration_ms is not None]
    return sum(known) if known else None
