"""Times as people type them: `14:05`, `-2h`, `yesterday 14:05`, `2026-11-20 14:05`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

EXAMPLES = "14:05, -2h, yesterday 14:05 or 2026-11-20 14:05"
_AGO = re.compile(r"-\s*(\d{1,6})\s*(s|m|min|h|d|w)")
_UNIT_S = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class TimeError(ValueError):
    """What was typed is no time; the message says what would be."""


def parse_time(typed: str, now_ms: int) -> int:
    """The moment meant, in milliseconds, by the local clock; the last one that fits. Raises `TimeError`."""
    text = " ".join(typed.lower().replace("t", " ", 1).split()) if _DATE.match(typed) else typed.strip().lower()
    now = datetime.fromtimestamp(now_ms / 1000).astimezone()
    ago = _AGO.fullmatch(text)
    try:
        if text == "now":
            return now_ms
        if ago is not None:
            return max(now_ms - int(ago[1]) * _UNIT_S[ago[2]] * 1000, 0)
        first, _, rest = text.partition(" ")
        day = _day(first, now)
        if day is not None:
            moment = _at(day, rest.strip()) if rest else day
        else:
            moment = _at(now, text)
            if moment > now:
                # A time of day that has not come yet was yesterday's.
                moment = _at(_days_before(now, 1), text)
        return max(int(moment.timestamp() * 1000), 0)
    except (ValueError, OverflowError, OSError):
        raise TimeError(f"no time; try {EXAMPLES}") from None


def _days_before(moment: datetime, days: int) -> datetime:
    """The midnight that begins a day before that of `moment`."""
    # Without its zone, so that the zone's own offset of that day counts: a day may have 23 or 25 hours.
    midnight = moment.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    return (midnight - timedelta(days=days)).astimezone()


def _day(word: str, now: datetime) -> datetime | None:
    if word in ("today", "yesterday"):
        return _days_before(now, int(word == "yesterday"))
    for number, name in enumerate(_DAYS):
        if len(word) >= 3 and name.startswith(word):
            return _days_before(now, (now.weekday() - number) % 7)
    date = _DATE.fullmatch(word)
    if date is None:
        return None
    return datetime(int(date[1]), int(date[2]), int(date[3])).astimezone()


def _at(day: datetime, clock: str) -> datetime:
    found = _CLOCK.fullmatch(clock)
    if found is None:
        raise ValueError(clock)
    at = {"hour": int(found[1]), "minute": int(found[2]), "second": int(found[3] or 0), "microsecond": 0}
    return day.replace(tzinfo=None, **at).astimezone()
