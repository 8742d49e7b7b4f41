from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from workbench.tui.events.times import TimeError, parse_time

# A Friday.
NOW = datetime(2026, 11, 20, 9, 41, 30).astimezone()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("09:00", "2026-11-20 09:00:00"), ("14:05", "2026-11-19 14:05:00"), ("9:41:02", "2026-11-20 09:41:02"),
        ("-2h", "2026-11-20 07:41:30"), ("- 90 s", "2026-11-20 09:40:00"), ("-1d", "2026-11-19 09:41:30"),
        ("-1w", "2026-11-13 09:41:30"), ("yesterday", "2026-11-19 00:00:00"), ("Yesterday 9:00", "2026-11-19 09:00:00"),
        ("today", "2026-11-20 00:00:00"), ("mon 10:30", "2026-11-16 10:30:00"), ("friday", "2026-11-20 00:00:00"),
        ("2026-11-20 14:05", "2026-11-20 14:05:00"), ("2025-1-2", "2025-01-02 00:00:00"),
        ("2026-11-20T14:05:06", "2026-11-20 14:05:06"), ("now", "2026-11-20 09:41:30"),
        ("-99999w", "1970-01-01 00:00:00"),
    ],
)  # fmt: skip
def test_times_as_people_type_them(typed: str, meant: str) -> None:
    assert parse_time(typed, int(NOW.timestamp() * 1000)) == int(datetime.fromisoformat(meant).timestamp() * 1000)


@pytest.mark.parametrize(
    "typed",
    ["", "soon", "25:00", "14:65", "2026-13-01", "2026-02-30", "-2y", "14", "yesterday soon", "9:00 x", "٣:٠٠ x"],
)
def test_what_is_no_time_is_told(typed: str) -> None:
    with pytest.raises(TimeError, match="14:05"):
        parse_time(typed, int(NOW.timestamp() * 1000))


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("now", "typed", "meant"),
    [
        ("2026-10-25 12:00", "today", "2026-10-25 00:00+02:00"), ("2026-10-26 12:00", "sun", "2026-10-25 00:00+02:00"),
        ("2026-10-25 12:00", "yesterday 14:05", "2026-10-24 14:05+02:00"),
        ("2026-10-26 00:10", "00:30", "2026-10-25 00:30+02:00"),
        ("2026-10-26 00:10", "23:00", "2026-10-25 23:00+01:00"),
        ("2026-03-29 12:00", "today", "2026-03-29 00:00+01:00"),
        ("2026-03-30 12:00", "yesterday", "2026-03-29 00:00+01:00"),
        ("2026-11-20 12:00", "2026-10-25", "2026-10-25 00:00+02:00"),
    ],
)  # fmt: skip
def test_days_of_23_and_of_25_hours_begin_at_midnight(now: str, typed: str, meant: str) -> None:
    at_ms = int(datetime.fromisoformat(now).timestamp() * 1000)
    assert parse_time(typed, at_ms) == int(datetime.fromisoformat(meant).timestamp() * 1000)
