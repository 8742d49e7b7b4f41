"""A provider's keys as values: which may be used, how long one rests, when one is given up. Pure.

Times are wall-clock milliseconds. A provider that needs no key has one nameless key, so that it can rest as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from workbench.config.values import Provider
from workbench.providers.resilience.values import KeyCondition, KeyView
from workbench.providers.values import Attempt, AttemptFailure, ErrorKind

FIRST_REST_MS = 2_000
LONGEST_REST_MS = 60_000
"""Of the back-off, when a provider does not say how long to wait."""
QUOTA_REST_MS = 600_000
NO_KEY_REF = ""
"""The reference of the one nameless key."""

_FINGERPRINT_BYTES = 4


class KeySign(StrEnum):
    """What can be told of a key."""

    WORKED = "worked"
    LIMITED = "limited"
    EXHAUSTED = "exhausted"
    """Its quota or balance is used up."""
    REFUSED = "refused"
    RESET = "reset"
    SWITCHED_OFF = "switched_off"
    SWITCHED_ON = "switched_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """One thing that happened to a key."""

    sign: KeySign
    at_ms: int
    fingerprint: str = ""
    """Of the key that was used; empty when it is told of whatever key has the name."""
    retry_after_s: float | None = None
    status: int | None = None
    """Of the response, if it had one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """How a key is; `LIMITED` is over at `until_ms`, but only a success forgets how long the rest was."""

    condition: KeyCondition = KeyCondition.OK
    until_ms: int | None = None
    limited_at_ms: int | None = None
    reason: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTransition:
    """A key rests, was refused, works again or was switched."""

    before: Key
    key: Key
    reason: str


def fingerprints(provider: Provider) -> dict[str, str]:
    """References and fingerprints of its keys, in the order of the configuration.

    A fingerprint is enough to notice that a key was changed, too little to find it: 32 bits as 8 hex digits.
    """
    found: dict[str, str] = {}
    for place, key in enumerate(provider.api_keys):
        ref = provider.key_ref(place)
        # The name is hashed with it, so that equal keys in two places do not look equal.
        found.setdefault(ref, _hashed(f"{provider.name}\0{ref}\0{key.reveal()}"))
    return found or {NO_KEY_REF: ""}


def _hashed(text: str) -> str:
    value = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(value, digest_size=_FINGERPRINT_BYTES, key=b"workbench key").hexdigest()


def sign_of(attempt: Attempt, failure: AttemptFailure | None) -> KeySign | None:
    """What an attempt says of its key; None for nothing."""
    if failure is None:
        return KeySign.WORKED if attempt.state == "ok" else None
    match failure.kind:
        case ErrorKind.RATE_LIMITED:
            return KeySign.LIMITED
        case ErrorKind.QUOTA:
            return KeySign.EXHAUSTED
        case ErrorKind.AUTH:
            return KeySign.REFUSED
        case _:
            return None


def matching(key: Key, print_now: str) -> Key:
    """The key as it stands now that its fingerprint is `print_now`: a changed one begins anew, if it is not off."""
    if print_now == key.fingerprint:
        return key
    if key.condition is KeyCondition.DISABLED:
        return replace(key, fingerprint=print_now)
    return Key(fingerprint=print_now)


def rest_ms(key: Key, now_ms: int) -> int:
    """Milliseconds that it still rests; none when the clock was set back to before the rest began."""
    if key.condition is not KeyCondition.LIMITED or key.until_ms is None or now_ms < (key.limited_at_ms or 0):
        return 0
    return max(0, key.until_ms - now_ms)


def usable(key: Key, now_ms: int) -> bool:
    """Whether it may be used now."""
    return key.condition is KeyCondition.OK or (key.condition is KeyCondition.LIMITED and not rest_ms(key, now_ms))


def view(ref: str, key: Key, now_ms: int) -> KeyView:
    """What can be seen of it now."""
    if usable(key, now_ms):
        return KeyView(ref=ref)
    until_ms = key.until_ms if key.condition is KeyCondition.LIMITED else None
    return KeyView(ref=ref, condition=key.condition, until_ms=until_ms, reason=key.reason)


def choose(
    keys: Mapping[str, Key], used: Mapping[str, int], now_ms: int, fits: Callable[[str], bool] = lambda ref: True
) -> str | None:
    """The usable key that was limited longest ago, among equals the one used longest ago; None when there is none.

    `used` counts up with every use; `fits` says whether a key has a place left.
    """
    free = [ref for ref, key in keys.items() if usable(key, now_ms) and fits(ref)]
    return min(free, key=lambda ref: (keys[ref].limited_at_ms or 0, used.get(ref, 0)), default=None)


def all_given_up(keys: Sequence[tuple[str, Key]]) -> str:
    """Why no key can be used before a person does something; empty while one can, or rests."""
    if any(key.condition not in (KeyCondition.BAD, KeyCondition.DISABLED) for _, key in keys):
        return ""
    bad = [(ref, key) for ref, key in keys if key.condition is KeyCondition.BAD]
    if not bad:
        return "all its keys are switched off: switch one on again"
    ref, key = bad[0]
    if ref == NO_KEY_REF:
        return f"a request without a key was {key.reason}: give it a key, or reset it when it needs none"
    who = f"its key {ref} was {key.reason}"
    if len(keys) > 1:
        who += ", the others are refused or switched off as well"
    return f"{who}: change the key, or reset it when it is valid again"


def after(key: Key, report: KeyReport) -> tuple[Key, KeyTransition | None]:
    """The key after `report`, and the change if there is one to tell."""
    if report.fingerprint:
        key = matching(key, report.fingerprint)
    changed, reason = key, ""
    match report.sign:
        case KeySign.WORKED:
            if key.condition is KeyCondition.LIMITED and not rest_ms(key, report.at_ms):
                changed, reason = replace(key, condition=KeyCondition.OK, until_ms=None, reason=""), "it works again"
        case KeySign.LIMITED | KeySign.EXHAUSTED:
            changed = _resting(key, report)
        case KeySign.REFUSED:
            if key.condition is not KeyCondition.DISABLED:
                status = f" (HTTP {report.status})" if report.status else ""
                changed = replace(key, condition=KeyCondition.BAD, until_ms=None, reason=f"refused{status}")
        case KeySign.RESET:
            if key.condition in (KeyCondition.BAD, KeyCondition.LIMITED):
                changed, reason = Key(fingerprint=key.fingerprint), "reset by hand"
        case KeySign.SWITCHED_OFF:
            changed = Key(
                condition=KeyCondition.DISABLED, fingerprint=key.fingerprint, reason="switched off by hand"
            )  # fmt: skip
        case KeySign.SWITCHED_ON:
            if key.condition is KeyCondition.DISABLED:
                changed, reason = Key(fingerprint=key.fingerprint), "switched on by hand"
    if (changed.condition, changed.until_ms) == (key.condition, key.until_ms):
        return key, None
    return changed, KeyTransition(before=key, key=changed, reason=reason or changed.reason)


def _resting(key: Key, report: KeyReport) -> Key:
    if key.condition in (KeyCondition.BAD, KeyCondition.DISABLED):
        return key
    now_ms = report.at_ms
    resting = rest_ms(key, now_ms) > 0
    asked_ms = None if report.retry_after_s is None else round(report.retry_after_s * 1000)
    if report.sign is KeySign.EXHAUSTED:
        length_ms = max(QUOTA_REST_MS, asked_ms or 0)
    elif asked_ms is not None:
        length_ms = asked_ms
    elif resting:
        # Requests that left together are refused together: one rest for all of them.
        return key
    else:
        before_ms = 0
        if key.condition is KeyCondition.LIMITED and key.until_ms is not None:
            before_ms = key.until_ms - (key.limited_at_ms or key.until_ms)
        length_ms = max(FIRST_REST_MS, min(LONGEST_REST_MS, 2 * before_ms))
    until_ms = now_ms + length_ms
    if resting and key.until_ms is not None and until_ms <= key.until_ms:
        return key
    status = f" (HTTP {report.status})" if report.status else ""
    words = "its quota is used up" if report.sign is KeySign.EXHAUSTED else "rate limited"
    return replace(
        key,
        condition=KeyCondition.LIMITED,
        until_ms=until_ms,
        limited_at_ms=now_ms,
        reason=f"{words}{status}",
    )
