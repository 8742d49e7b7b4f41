"""New keys: kept where keys may be, referred to in the configuration, told to nobody."""

from __future__ import annotations

import io
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import keyring as keyring_library
import pytest
from dotenv.parser import parse_stream
from hypothesis import given
from hypothesis import strategies as st

from tests.support.configuring import Home, revealed
from workbench.config.editing import ConfigurationEditor
from workbench.config.key_writing import ENV_FILE, KEYRING, KeyWriter, with_variable
from workbench.config.keyring_secrets import NO_SUCH_KEY, KeyringAnswer, KeyringSecrets
from workbench.config.values import Provider
from workbench.core.errors import ConfigurationError, UsageError
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret

NEW = Secret("canary-new-0123456789")
OLD = "canary-old-0123456789"


@dataclass
class Ring:
    """A keyring in memory, which refuses with `refusal`."""

    stored: dict[str, str] = field(default_factory=dict)
    refusal: str = ""

    def get(self, label: str) -> KeyringAnswer:
        if self.refusal or label not in self.stored:
            return KeyringAnswer(reason=self.refusal or NO_SUCH_KEY)
        return KeyringAnswer(secret=Secret(self.stored[label]))

    def put(self, label: str, secret: Secret) -> str:
        if not self.refusal:
            self.stored[label] = secret.reveal()
        return self.refusal

    def remove(self, label: str) -> str:
        self.stored.pop(label, None)
        return self.refusal

    def trouble(self) -> str:
        return self.refusal


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


class Desk:
    """Adds keys to the provider `p` of a home."""

    def __init__(self, home: Home, text: str, environ: dict[str, str] | None = None) -> None:
        home.write(text)
        self.home, self.environ = home, environ or {}
        self.ring = Ring(home.keyring.stored)
        self.writer = KeyWriter(ConfigurationEditor(home.paths, environ=self.environ), self.ring)

    def add(self, place: str, secret: Secret = NEW, name: str = "p") -> str:
        return self.writer.add(self.home.provider(self.environ, name), secret, place)

    @property
    def keys(self) -> list[tuple[str, str]]:
        provider = self.home.provider(self.environ)
        return list(zip(provider.key_refs, revealed(provider), strict=True))


def test_a_key_goes_into_the_keyring_and_its_label_into_the_configuration(home: Home) -> None:
    desk = Desk(home, "providers:\n  p: {kind: openai} # mine\n")
    assert desk.add(KEYRING) == "keyring:p"
    assert desk.keys == [("keyring:p", NEW.reveal())]
    assert home.paths.config_file.read_text().endswith("# mine\n")
    assert "canary" not in home.paths.config_file.read_text()
    assert REDACTOR.redact(f"it is {NEW.reveal()}") == "it is ••••"


def test_a_key_goes_into_the_env_file_which_stays_private(home: Home) -> None:
    desk = Desk(home, "providers:\n  p: {kind: openai}\n")
    home.paths.env_file.write_text("# mine\n\nOTHER='x y' # kept\n")
    assert desk.add(ENV_FILE) == "P_API_KEY"
    assert desk.keys == [("P_API_KEY", NEW.reveal())]
    assert home.paths.env_file.read_text() == f"# mine\n\nOTHER='x y' # kept\nP_API_KEY={NEW.reveal()}\n"
    assert stat.S_IMODE(home.paths.env_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", [KEYRING, ENV_FILE])
def test_one_more_key_stands_behind_those_that_are_there(place: str, home: Home) -> None:
    desk = Desk(home, "providers:\n  p: {kind: openai, api_key: '${A}'}\n", {"A": OLD})
    reference = desk.add(place)
    assert desk.keys == [("A", OLD), (reference, NEW.reveal())]


@pytest.mark.parametrize(
    ("written", "place", "expected"),
    [
        ("${MISSING}", ENV_FILE, "MISSING"),
        ("keyring:mine", KEYRING, "keyring:mine"),
        ("${MISSING}", KEYRING, "keyring:p"),
        ("keyring:mine", ENV_FILE, "P_API_KEY"),
    ],
)
def test_a_reference_without_a_key_is_filled_first(written: str, place: str, expected: str, home: Home) -> None:
    desk = Desk(home, f"providers:\n  p: {{kind: openai, api_key: '{written}'}}\n")
    before = home.paths.config_file.read_text()
    home.paths.env_file.write_text("MISSING=\nKEPT=1\n")
    assert desk.add(place) == expected
    assert desk.keys == [(expected, NEW.reveal())]
    assert (home.paths.config_file.read_text() == before) is (expected in ("MISSING", "keyring:mine"))
    assert "KEPT=1\n" in home.paths.env_file.read_text()


def test_names_that_are_taken_are_not_written_over(home: Home) -> None:
    desk = Desk(home, "providers:\n  p: {kind: openai, api_key: 'keyring:p'}\n  q: {kind: openai}\n",
                {"P_API_KEY": "canary-of-the-environment", "P_API_KEY_3": ""})  # fmt: skip
    desk.ring.stored |= {"p": OLD, "p-2": "canary-of-somebody-else"}
    home.paths.env_file.write_text("P_API_KEY_2=canary-in-the-file\n")
    assert desk.add(KEYRING) == "keyring:p-3"
    assert desk.add(ENV_FILE, Secret("canary-third-012345")) == "P_API_KEY_4"
    assert desk.ring.stored["p-2"] == "canary-of-somebody-else"
    assert [value for _, value in desk.keys] == [OLD, NEW.reveal(), "canary-third-012345"]
    with pytest.raises(UsageError, match="already"):
        desk.add(KEYRING)


def test_names_that_begin_with_anything_make_labels_and_variables(home: Home) -> None:
    desk = Desk(home, "providers:\n  _x.1: {kind: openai}\n  1x: {kind: openai}\n")
    assert desk.add(KEYRING, name="_x.1") == "keyring:key_x.1"
    assert desk.add(ENV_FILE, name="1x") == "KEY_1X_API_KEY"
    assert home.provider(name="1x").api_keys == (NEW,)


@pytest.mark.parametrize(
    "text", ["", "with blank", "canary-line\n", "canary-\x00", "canary-\u00e9", "canary" * 2_000, "\ttab"]
)
def test_what_is_no_key_is_refused_without_being_repeated(text: str, home: Home) -> None:
    desk = Desk(home, "providers:\n  p: {kind: openai}\n")
    before = home.paths.config_file.read_text()
    for place in (KEYRING, ENV_FILE):
        with pytest.raises(UsageError, match="no key") as raised:
            desk.add(place, Secret(text))
        assert not text or text not in str(raised.value)
    assert home.paths.config_file.read_text() == before
    assert (desk.ring.stored, home.paths.env_file.exists()) == ({}, False)


def test_a_keyring_that_refuses_changes_nothing(home: Home) -> None:
    desk = Desk(home, "providers:\n  p: {kind: openai}\n")
    desk.ring.refusal = "this machine has no usable keyring"
    before = home.paths.config_file.read_text()
    with pytest.raises(ConfigurationError, match="not kept"):
        desk.add(KEYRING)
    assert home.paths.config_file.read_text() == before
    ring, env_file = desk.writer.places()
    assert (ring.name, ring.available, ring.why) == (KEYRING, False, desk.ring.refusal)
    assert (env_file.name, env_file.available) == (ENV_FILE, True)
    desk.ring.refusal = ""
    assert desk.writer.places()[0].available
    with pytest.raises(UsageError, match="no place"):
        desk.add("paper")


@pytest.mark.parametrize("env_file", [None, "A=1\n"])
def test_a_configuration_that_cannot_be_edited_keeps_no_key_either(env_file: str | None, home: Home) -> None:
    desk = Desk(home, "x-a: &a {kind: openai}\nproviders:\n  p: *a\n")
    if env_file is not None:
        home.paths.env_file.write_text(env_file)
    for place in (KEYRING, ENV_FILE):
        with pytest.raises(ConfigurationError, match="only you can change"):
            desk.add(place)
    assert desk.ring.stored == {}
    assert (home.paths.env_file.read_text() if home.paths.env_file.exists() else None) == env_file


def test_a_key_for_a_provider_that_was_found_writes_all_of_them_out(home: Home) -> None:
    found = (
        Provider(name="openai", kind="openai", models=("m",), api_keys=(Secret(OLD),), key_refs=("OPENAI_API_KEY",)),
        Provider(name="groq", kind="groq", models=("m",), api_keys=(Secret("canary-g"),), key_refs=("GROQ_API_KEY",),
                 priority=2),
    )  # fmt: skip
    environ = {"OPENAI_API_KEY": OLD, "GROQ_API_KEY": "canary-g"}
    writer = KeyWriter(ConfigurationEditor(home.paths, environ=environ), Ring(home.keyring.stored))
    assert writer.add(found[0], NEW, KEYRING, discovered=found) == "keyring:openai"
    assert home.provider(environ, "openai").key_refs == ("OPENAI_API_KEY", "keyring:openai")
    assert home.provider(environ, "groq") == found[1]


PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)
LINES = st.lists(st.sampled_from(["# note", "", "A=1", "export B='x # y'", "broken line", "NAME=old", "  NAME = '1'"]))


@given(value=PRINTABLE, lines=LINES, newline=st.sampled_from(["\n", "\r\n"]), ended=st.booleans())
def test_any_key_comes_back_from_the_env_file_and_other_lines_stay(
    value: str, lines: list[str], newline: str, ended: bool
) -> None:
    before = newline.join(lines) + (newline if ended and lines else "")
    after = with_variable(before, "NAME", value)
    values = {binding.key: binding.value for binding in parse_stream(io.StringIO(after, newline=""))}
    assert values["NAME"] == value
    kept = [line for line in before.splitlines() if "NAME" not in line and line]
    assert [line for line in after.splitlines() if "NAME" not in line and line] == kept


# The keyring itself


class Backend:
    """A keyring backend that a test controls."""

    priority = 5.0

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], str] = {}
        self.change: Callable[[str], str] = str

    def get_password(self, service: str, username: str) -> str | None:
        return self.stored.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.stored[service, username] = self.change(password)

    def delete_password(self, service: str, username: str) -> None:
        del self.stored[service, username]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    backend = Backend()
    monkeypatch.setattr(keyring_library, "get_keyring", lambda: backend)
    return backend


def test_the_keyring_keeps_reads_back_and_forgets(backend: Backend) -> None:
    ring = KeyringSecrets()
    assert (ring.trouble(), ring.put("p", NEW)) == ("", "")
    assert backend.stored == {("workbench", "p"): NEW.reveal()}
    assert ring.get("p").secret == NEW
    assert ring.remove("p") == ""
    assert ring.get("p").reason == NO_SUCH_KEY
    assert ring.remove("p") == "the keyring failed (KeyError)"


def test_a_keyring_that_keeps_something_else_is_told(backend: Backend) -> None:
    backend.change = str.upper
    assert KeyringSecrets().put("p", NEW) == "the keyring did not keep the key"


def test_a_keyring_of_plain_text_is_given_no_key(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backend, "__module__", "keyrings.alt.file")
    ring = KeyringSecrets()
    assert "plain text" in ring.put("p", NEW)
    assert "plain text" in ring.remove("p")
    assert "plain text" in ring.trouble()
    assert backend.stored == {}


def test_a_keyring_that_waits_for_its_owner_is_not_waited_for(backend: Backend) -> None:
    gate = threading.Event()

    def wait(password: str) -> str:
        gate.wait(10)
        return password

    backend.change = wait
    ring = KeyringSecrets(timeout_s=0.05)
    assert ring.put("p", NEW) == ring.trouble() == "the keyring did not answer in time"
    gate.set()
