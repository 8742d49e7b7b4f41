"""Where keys come from, where they never stand, and what a provider is without one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.support.configuring import Home, everything_said, revealed
from workbench.config.discovery import discover
from workbench.config.interpolation import MalformedError, interpolate, parse_reference
from workbench.config.keyring_secrets import SERVICE, KeyringSecrets
from workbench.config.loading import effective_document
from workbench.config.rendering import render
from workbench.config.values import Configuration
from workbench.core.redaction import REDACTOR

KEY = "canary-key-A1b2C3-D4e5F6"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


def one(home: Home, body: str) -> Home:
    home.write(f"providers:\n  p: {{models: [m], {body}}}\n")
    return home


def test_a_key_comes_from_its_variable_and_is_known_to_the_redactor(home: Home) -> None:
    provider = one(home, "kind: openai, api_key: '${K}'").provider({"K": f" {KEY}-one\n"})
    assert revealed(provider) == [f"{KEY}-one"]
    assert provider.usable
    assert KEY not in REDACTOR.redact(f"x {KEY}-one x")
    assert KEY not in repr(provider)


def test_several_keys_are_kept_in_order_and_missing_ones_are_named(home: Home) -> None:
    home.keyring.stored["work"] = f"{KEY}-ring"
    provider = one(home, "kind: openai, api_key: ['${A}', '${B}', 'keyring:work', 'keyring:gone', '${A}']").provider(
        {"B": f"{KEY}-b", "A": f"{KEY}-a"}
    )
    assert revealed(provider) == [f"{KEY}-a", f"{KEY}-b", f"{KEY}-ring"]
    assert provider.missing_keys == ("keyring:gone",)
    assert provider.usable


@pytest.mark.parametrize("environ", [{}, {"K": ""}, {"K": "  "}])
def test_a_missing_variable_disables_only_its_provider(home: Home, environ: dict[str, str]) -> None:
    home.write("providers:\n  p: {kind: openai, api_key: '${K}'}\n  q: {kind: ollama, models: [x]}\n")
    configuration = home.load(environ)
    assert configuration.problems == ()
    p, q = configuration.providers
    assert (p.usable, p.enabled, p.missing_keys) == (False, True, ("K",))
    assert q.usable
    assert any("K is not set" in note for note in configuration.notes)


def test_a_missing_variable_in_an_address_never_sends_the_key_elsewhere(home: Home) -> None:
    provider = one(home, "kind: openai, api_key: '${K}', base_url: '${WHERE}'").provider({"K": KEY})
    assert not provider.usable
    assert provider.api_keys == ()
    assert provider.missing_keys == ("WHERE",)
    local = one(home, "kind: ollama, base_url: '${WHERE}'").provider({})
    assert not local.usable
    assert local.base_url is None


@pytest.mark.parametrize(
    "written",
    [KEY, f"'{KEY}'", f"'x${{A}}{KEY}'", f"'${{A:-{KEY}}}'", "12345678901234", "true", f"'$${KEY}'", "'keyring:'",
     "'keyring:a b'", "'${A} ${B}'", "'${}'", "'${A'"],
)  # fmt: skip
def test_a_literal_key_is_refused_with_what_to_write_instead(home: Home, written: str) -> None:
    configuration = one(home, f"kind: openai, api_key: {written}").load({"A": "a-key-of-a", "B": "b"})
    (problem,) = configuration.problems
    assert (problem.line, problem.column, problem.key) == (2, 43, "providers.p.api_key")
    assert "${OPENAI_API_KEY}" in problem.expected
    assert "keyring:p" in problem.expected
    assert configuration.providers[0].api_keys == ()
    assert not configuration.providers[0].usable
    assert "A1b2C3" not in everything_said(configuration)
    assert "123456789" not in everything_said(configuration)


def test_a_refused_literal_is_masked_everywhere_from_then_on(home: Home) -> None:
    one(home, f"kind: openai, api_key: literal-{KEY}").load()
    assert KEY not in REDACTOR.redact(f"echo literal-{KEY}")


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "nicht-äscii-schlüssel", "esc\x1b[31m-key-value"])
def test_a_value_that_no_header_could_carry_is_no_key(home: Home, value: str) -> None:
    configuration = one(home, "kind: openai, api_key: '${K}'").load({"K": value})
    assert configuration.providers[0].api_keys == ()
    assert len(configuration.problems) == 1
    assert value not in everything_said(configuration)


@pytest.mark.parametrize(
    ("body", "needs_key", "private"),
    [
        ("kind: openai", True, False),
        ("kind: ollama", False, True),
        ("kind: lm_studio", False, True),
        ("kind: lmstudio", False, True),
        ("kind: llama.cpp", False, True),
        ("kind: vllm", False, True),
        ("kind: ollama, base_url: 'http://10.0.0.7:11434'", False, False),
        ("kind: openai-compatible, base_url: 'http://localhost:9/v1'", False, True),
        ("kind: openai-compatible, base_url: 'http://127.0.0.1:9/v1'", False, True),
        ("kind: openai-compatible, base_url: 'http://[::1]:9/v1'", False, True),
        ("kind: openai-compatible, base_url: 'http://192.168.1.5:9/v1'", False, False),
        ("kind: openai-compatible, base_url: 'https://api.example.com/v1'", True, False),
        ("kind: openai-compatible, base_url: 'https://127.0.0.1.example.com/v1'", True, False),
        ("kind: bedrock", False, False),
        ("kind: ollama, api_key: '${GONE}'", True, True),
        ("kind: openai, private: true", True, True),
        ("kind: ollama, private: false", False, False),
    ],
)
def test_who_needs_a_key_and_who_is_local(home: Home, body: str, needs_key: bool, private: bool) -> None:
    provider = one(home, body).provider({})
    assert (provider.needs_key, provider.private) == (needs_key, private)
    assert provider.usable is not needs_key


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "x", "http://", "http:///v1", "https://u@x/v1", "https://u:p@x", "http://x:99999", "http://x:0",
     "http://x/?q=1", "http://x/#f", "http://x y", "http://[::1", "file:///etc/passwd", "javascript:alert(1)",
     "http://x\\@y", "https://ex\u0430mple.com"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(home: Home, url: str) -> None:
    configuration = one(home, f'kind: openai, api_key: "${{K}}", base_url: {url!r}').load({"K": KEY})
    assert [p.key for p in configuration.problems] == ["providers.p.base_url"]
    assert not configuration.providers[0].usable


def test_keys_sent_in_the_open_are_remarked(home: Home) -> None:
    configuration = one(home, "kind: openai, api_key: '${K}', base_url: 'http://example.com/v1'").load({"K": KEY})
    assert any("not encrypted" in note for note in configuration.notes)


def test_the_keyring_is_asked_only_when_a_provider_refers_to_it(home: Home) -> None:
    one(home, "kind: openai, api_key: '${K}'").load({"K": KEY})
    assert home.keyring.asked == []
    one(home, "kind: openai, api_key: 'keyring:openai'").load()
    assert home.keyring.asked == ["openai"]


# The keyring itself


class Backend:
    """A keyring backend that a test controls."""

    priority = 5.0

    def __init__(self) -> None:
        self.released = threading.Event()
        self.mode = "good"

    def get_password(self, service: str, username: str) -> str | None:
        if self.mode == "hang":
            self.released.wait(15)
        if self.mode == "raise":
            raise RuntimeError(KEY)
        return KEY if (service, username, self.mode) == (SERVICE, "label", "good") else None


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """The one that `keyring` picks."""
    backend = Backend()
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    yield backend
    backend.released.set()


def test_a_key_is_read_from_the_keyring(backend: Backend) -> None:
    answer = KeyringSecrets().get("label")
    assert answer.secret is not None
    assert answer.secret.reveal() == KEY
    assert KeyringSecrets().get("other").reason == "the keyring has no such key"


def test_a_keyring_that_raises_or_never_answers_is_told_in_time(backend: Backend) -> None:
    backend.mode = "raise"
    assert KeyringSecrets().get("label").reason == "the keyring failed (RuntimeError)"
    backend.mode = "hang"
    silent = KeyringSecrets(timeout_s=0.1)
    assert silent.get("label").reason == "the keyring did not answer in time"
    backend.mode = "good"
    assert silent.get("label").secret is None


@pytest.mark.parametrize(
    "module", ["keyrings.alt.file", "keyring.backends.fail", "keyring.backends.null", "mine.PlaintextThing"]
)
def test_untrustworthy_backends_are_refused_alone_and_in_a_chain(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    untrusted = type("Keyring", (Backend,), {"__module__": module})()
    for picked in (untrusted, SimpleNamespace(backends=[backend, untrusted], priority=9.0)):
        monkeypatch.setattr(keyring, "get_keyring", lambda picked=picked: picked)
        answer = KeyringSecrets().get("label")
        assert answer.secret is None
        assert "plain text" in answer.reason or "no usable keyring" in answer.reason


# Interpolation


@pytest.mark.parametrize(
    ("text", "result", "missing"),
    [
        ("${A}", "1", ()),
        ("x${A}y${A}", "x1y1", ()),
        ("${B}", "", ("B",)),
        ("${EMPTY}", "", ("EMPTY",)),
        ("${B:-two}", "two", ()),
        ("${B:-}", "", ()),
        ("${B:-${A}}", "1", ()),
        ("${B:-${C:-deep}}x", "deepx", ()),
        ("${B:-${C}}", "", ("C",)),
        ("${A:-${C}}", "1", ()),
        ("$$", "$", ()),
        ("$${A}", "${A}", ()),
        ("$$${A}", "$1", ()),
        ("$A costs 5$", "$A costs 5$", ()),
        ("${B:-a:-b}", "a:-b", ()),
    ],
)
def test_variables_are_filled_in(text: str, result: str, missing: tuple[str, ...]) -> None:
    filled = interpolate(text, {"A": "1", "EMPTY": ""})
    assert (filled.text, filled.missing) == (result, missing)


@pytest.mark.parametrize(
    "text", ["${", "${A", "${}", "${1A}", "${A:-", "${A:-${B}", "${A-b}", "${A:b}", "${ A}", "${Ä}"]
)
def test_malformed_variables_are_told(text: str) -> None:
    with pytest.raises(MalformedError):
        interpolate(text, {"A": "1"})


def test_variables_cannot_make_a_text_explode() -> None:
    with pytest.raises(MalformedError):
        interpolate("${A}" * 100, {"A": "x" * 1000})
    with pytest.raises(MalformedError):
        interpolate("${B:-" * 50 + "}" * 50, {})


@given(st.text(st.sampled_from("${}:-AB$ x"), max_size=40), st.text(max_size=5))
def test_a_value_is_never_interpolated_again(text: str, value: str) -> None:
    try:
        filled = interpolate(text, {"A": value})
    except MalformedError:
        return
    marked = interpolate(text, {"A": "\0"})
    if value:
        assert filled.text == marked.text.replace("\0", value)


@given(st.text(st.characters(exclude_characters="$"), max_size=50))
def test_text_without_a_dollar_stays_and_a_doubled_one_is_one(text: str) -> None:
    assert interpolate(text, {}).text == text
    assert interpolate(f"$${text}", {}).text == f"${text}"


@pytest.mark.parametrize(
    ("text", "name"),
    [("${A}", "A"), (" ${A} ", "A"), ("${A:-}", "A"), ("${A:-dummy}", "A"), ("keyring:work.1", "keyring:work.1")],
)
def test_references_are_recognised(text: str, name: str) -> None:
    reference = parse_reference(text)
    assert reference is not None
    assert reference.name == name


# Showing


def test_what_is_shown_is_yaml_with_references_and_no_value(home: Home) -> None:
    home.write(
        "settings: {request_timeout: '${T:-9}', default_provider: a}\n"
        "providers:\n"
        "  a: {kind: openai, api_key: ['${K}', 'keyring:x', '${N:-dummy}'],\n"
        "      base_url: 'https://${H}/v1', models: ['${M}']}\n"
        f'  b: {{kind: openai, api_key: {KEY}, models: ["\\e]0;x\\a \\u202e"]}}\n'
        f"  c: {{kind: openai, api_key: '${{K:-{KEY}}}'}}\n"
        f"  d: {{kind: openai, api_key: 'pre$x{KEY}'}}\n"
    )
    environ = {"K": f"{KEY}-shown", "H": "hidden.example", "M": "hidden-model"}
    text = effective_document(home.paths, environ=environ)
    document = YAML(typ="safe", pure=True).load(text)
    assert document["settings"]["request_timeout"] == "${T:-9}"
    assert document["settings"]["max_tokens"] == 4096
    assert document["providers"]["a"]["api_key"] == ["${K}", "keyring:x", "${N:-dummy}"]
    assert document["providers"]["a"]["base_url"] == "https://${H}/v1"
    assert document["providers"]["a"]["models"] == ["${M}"]
    for name in "bcd":
        assert document["providers"][name]["api_key"] == "••••"
    assert "canary" not in text
    assert "hidden" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert home.keyring.asked == []


def test_what_is_shown_can_be_read_again(home: Home) -> None:
    home.write(
        "settings: {temperature: 1, max_tokens: 5}\nproviders: {p: {kind: ollama, models: [a, b], timeout: 3}}\n"
    )
    first = home.load()
    home.write(effective_document(home.paths, environ={}))
    again = home.load()
    assert again.problems == ()
    assert (again.settings, again.providers) == (first.settings, first.providers)


async def test_found_providers_are_shown_by_their_variable() -> None:
    found = await discover({"OPENAI_API_KEY": KEY}, ports=())
    text = render(Configuration(providers=found, discovered=True))
    assert "${OPENAI_API_KEY}" in text
    assert KEY not in text
