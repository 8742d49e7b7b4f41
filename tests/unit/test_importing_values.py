"""Foreign values made into ours, and files told by their first bytes."""

from __future__ import annotations

import json

import pytest

from workbench.conversations.importing.opening import Content, content_of
from workbench.conversations.importing.shaping import digest, fenced, key_of, part, role_of, time_of
from workbench.conversations.values import Role

AT_MS = 1_760_000_000_000


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (1_760_000_000, AT_MS),
        (1_760_000_000.25, AT_MS + 250),
        (AT_MS, AT_MS),
        (AT_MS * 1000, AT_MS),
        ("2025-10-09T08:53:20Z", AT_MS),
        ("2025-10-09T10:53:20.500+02:00", AT_MS + 500),
        ("2025-10-09 08:53:20.123456", AT_MS + 123),
        ("2025-10-09", AT_MS - (8 * 3600 + 53 * 60 + 20) * 1000),
        (0, None),
        (-1, None),
        (True, None),
        (None, None),
        (10**30, None),
        (float("nan"), None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-12:00", None),
    ],
)
def test_times(told: object, expected: int | None) -> None:
    assert time_of(told) == expected


def test_names_roles_and_parts() -> None:
    assert (key_of("a"), key_of(7), key_of(""), key_of(None)) == ("a", "7", None, None)
    assert len(key_of("x" * 5000) or "") == 32
    assert digest("ab", "c") != digest("a", "bc")
    assert (role_of("Human"), role_of("developer"), role_of("nobody")) == (Role.USER, Role.SYSTEM, None)
    assert json.loads(part("tool_call", name="x", input=None, id="")) == {"type": "tool_call", "name": "x"}
    assert fenced("a ```` b", "c++; rm") == "`````c++rm\na ```` b\n`````"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"PK\x03\x04...", Content.ZIP),
        (b"SQLite format 3\0...", Content.SQLITE),
        (b"\xef\xbb\xbf \n[", Content.JSON),
        (b'{"a"', Content.JSON),
        (b"<!DOCTYPE html><title>", Content.HTML),
        (b"<html lang=", Content.HTML),
        (b"model: x\n", Content.YAML),
        (b"\x89PNG\0:", Content.OTHER),
        (b"", Content.OTHER),
    ],
)
def test_content_tells_what_a_file_is(head: bytes, expected: Content) -> None:
    assert content_of(head) is expected
