"""Keys are masked in every form in which they come back, and ordinary text is left alone."""

from __future__ import annotations

import base64
import json
import threading
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.redaction import PLACEHOLDERS, Redactor
from workbench.core.secret import MASK, Secret

CANARY = 'ca/na+ry"A1b2\\C3=é-D4e5F6'

keys = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=8, max_size=60).filter(
    lambda value: value == value.strip() and MASK not in value and value.lower() not in PLACEHOLDERS
)


def knowing(*values: str) -> Redactor:
    redactor = Redactor()
    for value in values:
        redactor.register(Secret(value))
    return redactor


ECHOES = {
    "raw": lambda v: f"invalid key {v} given",
    "json": lambda v: json.dumps({"error": v}),
    "json, characters kept": lambda v: json.dumps({"error": v}, ensure_ascii=False),
    "json in json": lambda v: json.dumps(json.dumps(v)),
    "url": lambda v: f"https://x/?q={quote(v)}",
    "url, all quoted": lambda v: quote(v, safe=""),
    "url, lower case": lambda v: quote(v, safe="").lower() if v == v.lower() else quote(v, safe=""),
    "form": lambda v: urlencode({"q": v}),
    "plus": quote_plus,
    "repr": repr,
    "hex": lambda v: v.encode().hex(),
}


@pytest.mark.parametrize("echo", ECHOES)
@given(value=keys)
def test_an_echo_of_a_key_is_masked(echo: str, value: str) -> None:
    text = knowing(value).redact(ECHOES[echo](value))
    assert MASK in text
    assert value not in text


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "\0\0"])
def test_a_key_in_base64_is_masked_whatever_stands_before_it(before: str) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode((before + CANARY).encode()).decode()
        shown = knowing(CANARY).redact(f"sent {whole}")
        assert MASK in shown
        left = shown.removeprefix("sent ").split(MASK)
        assert sum(map(len, left)) <= len(whole) - 24


def test_the_longest_key_is_masked_whole_when_one_holds_another() -> None:
    assert knowing("abcdefgh", "abcdefghijkl").redact("abcdefghijkl abcdefgh") == f"{MASK} {MASK}"


def test_words_that_stand_for_no_key_are_not_masked() -> None:
    redactor = knowing("ollama", "dummy", "x", "no-key", "EMPTY", "  ")
    assert redactor.redact("ollama is no dummy, x EMPTY") == "ollama is no dummy, x EMPTY"


def test_a_short_key_is_masked_only_where_it_stands_alone() -> None:
    assert knowing("abc12").redact("key abc12, not abc123 nor xabc12") == f"key {MASK}, not abc123 nor xabc12"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefghijklmnop",
        "authorization=Basic dXNlcjpwYXNz",
        "sk-proj-abcdefghijklmnopqrst",
        "sk-ant-api03-abcdefghijklmnop",
        "gsk_abcdefghijklmnopqrstuv",
        "AKIAIOSFODNN7EXAMPLE",
        "https://x/v1?key=AIzaSyA-abcdefghijklmnopqrstuvw",
        '{"api_key": "abcdefghijklmnop"}',
        '{\\"api_key\\": \\"abcdefghijklmnop\\"}',
        "OPENAI_API_KEY=abcdefghijklmnop",
        "x-api-key: abcdefghijklmnop",
        "password: abcdefghijklmnop",
        "https://user:abcdefghijklmnop@host/v1",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "xoxb-1234567890-abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijklmnop",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefghijklmnop\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEabcdefghijklmnop",
    ],
)
def test_what_looks_like_a_key_is_masked_without_being_registered(text: str) -> None:
    shown = Redactor().redact(text)
    assert MASK in shown
    assert "abcdefghij" not in shown
    assert "IOSFODNN7" not in shown
    assert "dXNlcjpwYXNz" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "The bearer of this letter",
        "a key question: what is the token limit?",
        "max_tokens=4096, input_tokens: 1234567890",
        "ask-me-anything about risk-assessment-methods",
        "429 Too Many Requests: rate limited, retry after 20 s",
        "claude-sonnet-4-6 answered after 1.20 s",
        "http://127.0.0.1:11434/api/tags",
        "01m7wfjdx59vzjq86ven33e8y1",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert Redactor().redact(text) == text


@given(st.text(max_size=300))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    redactor = knowing(CANARY, "abc12")
    once = redactor.redact(text)
    assert redactor.redact(once) == once


def test_a_key_broken_up_by_invisible_characters_is_masked_after_cleaning() -> None:
    shown = knowing("abcdefghijkl").scrub("abcd\u200defgh\u00adijkl \x1b[2J")
    assert shown == f"{MASK} ␛[2J"


def test_keys_may_be_registered_while_others_redact() -> None:
    redactor = Redactor()
    values = [f"canary-{number:05d}-key" for number in range(300)]
    failures: list[BaseException] = []
    done = threading.Event()

    def redact() -> None:
        try:
            while not done.is_set():
                redactor.redact("canary-00000-key and canary-00299-key")
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=redact) for _ in range(2)]
    writers = [threading.Thread(target=lambda part: [redactor.register(Secret(v)) for v in part], args=(values[n::3],))
               for n in range(3)]  # fmt: skip
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert failures == []
    assert all(redactor.redact(value) == MASK for value in values)
    assert "canary" not in repr(redactor)


def test_hostile_text_is_redacted_in_bounded_time() -> None:
    redactor = knowing(CANARY)
    for piece in (
        "-----BEGIN A PRIVATE KEY-----",
        "://a:",
        "key=",
        "eyJaaaaaaaaa.",
        "bearer ",
        "sk-",
        'api_key": "',
        "\\\\",
    ):
        begin = time.thread_time()
        redactor.redact(piece * (100_000 // len(piece)))
        assert time.thread_time() - begin < 3


def test_many_beginnings_of_keys_without_an_end_cost_little_and_are_masked() -> None:
    text = "-----BEGIN PRIVATE KEY-----MIIEvQIB" * 6000
    began = time.thread_time()
    assert "MIIE" not in Redactor().redact(text)
    assert time.thread_time() - began < 3


def test_a_key_broken_up_by_joiners_is_masked_whole_when_scrubbed() -> None:
    redactor = Redactor()
    redactor.register(Secret("sk-canary-0123456789abcdef-tail"))
    scrubbed = redactor.scrub("echo: sk-canary-0123456\u200c789abcdef-tail and more")
    assert "789abcdef-tail" not in scrubbed
    assert scrubbed.endswith("and more")
