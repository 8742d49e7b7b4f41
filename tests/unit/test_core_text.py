"""`clean` lets nothing through that a terminal could obey, whatever the text and wherever it is cut."""

from __future__ import annotations

import itertools
import sqlite3
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.text import MARK, clean, clean_line, forbidden, safe_for_storage

HOSTILE = (
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]2;title\x1b\\",
    "\x1b[6n\x1b[c\x1b[>q",
    "\x1b[?1049l\x1b[2J\x1b[H",
    "\x1bc",
    "\x9b31m\x9d0;t\x9c\x90q\x9c\x85",
    "\u202eevil\u202c\u2066x\u2069\u200e\u200f\u061c",
    "a\u200bb\u2060c\ufeffd",
    "\U000e0041\U000e007f\U000e0100",
    "\ufff9a\ufffab\ufffb",
    "\u2028\u2029",
    "\ud83d lone \udc00",
    "\x00\x08\x0b\x0c\r\x7f",
    "\u3164\uffa0\u115f\u034f\u180e",
)
ORDINARY = (
    "plain ASCII, with\ttabs\nand lines",
    "Grüße, façade, Tiếng Việt, cafe\u0301",
    "Здравствуйте, Καλημέρα, שלום, مرحبا",
    "日本語と中文、한국어",
    "हिन्दी বাংলা தமிழ் ไทย ကမ္ဘာ",
    "∑ ∞ ≠ € → “quoted” — … • ✓ ░▒▓ ┌─┐",
    "👍🏽 🎉 🇫🇷",
)

any_text = st.text(st.characters(codec=None, exclude_categories=())) | st.text(
    st.sampled_from(sorted(map(chr, list(forbidden())[:400]))) | st.characters(codec=None, exclude_categories=())
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_has_nothing_to_obey(text: str) -> None:
    cleaned = clean(text)
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in cleaned.replace("\n", ""))
    assert cleaned, "something must be seen"


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_of_all_scripts_stays(text: str) -> None:
    assert clean(text) == text


def test_pictures_show_what_was_there() -> None:
    assert clean("\x1b[31m\x00\x7f\r\n\t") == "␛[31m␀␡␍\n\t"
    assert clean("\x9b\u202e") == MARK * 2


def test_joiners_of_ordinary_writing_leave_no_marks() -> None:
    assert clean("👩\u200d🚀 ⚠\ufe0f") == "👩🚀 ⚠"
    assert clean("می\u200cخواهم") == "میخواهم"
    assert clean("Donau\u00addampf") == "Donaudampf"


@given(any_text)
def test_clean_is_idempotent_and_lets_nothing_forbidden_through(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert forbidden().keys().isdisjoint(map(ord, cleaned))
    assert not any(0xD800 <= ord(c) <= 0xDFFF for c in cleaned)


@given(any_text, st.lists(st.integers(0, 200)))
def test_clean_does_not_care_where_text_is_cut(text: str, borders: list[int]) -> None:
    cuts = [0, *sorted(min(border, len(text)) for border in borders), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(cuts)]
    assert "".join(map(clean, pieces)) == clean(text)


@given(any_text, st.integers(1, 60))
def test_a_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = clean_line(text, limit)
    assert len(line) <= limit
    assert "\n" not in line
    assert "\t" not in line
    whole = clean(text).replace("\n", " ").replace("\t", " ")
    assert line == whole or (line.endswith("…") and whole.startswith(line[:-1]))


def test_a_line_of_a_huge_text_is_cut() -> None:
    assert clean_line("x" * 5_000_000, 10) == "x" * 9 + "…"
    assert clean_line("a\nb\tc") == "a b c"


@given(any_text)
def test_stored_text_comes_back_from_sqlite(text: str) -> None:
    stored = safe_for_storage(text)
    connection = sqlite3.connect(":memory:")
    try:
        assert connection.execute("select ?, length(?)", (stored, stored)).fetchone() == (stored, len(stored))
    finally:
        connection.close()
    assert safe_for_storage(stored) == stored
    if "\0" not in text and not any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        assert stored == text


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert safe_for_storage("\ud83d\ude00 \ud83d x") == f"😀 {MARK} x"
