"""What a person changes of providers: in the file, in force at once, and never half."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.configuring import Home
from tests.support.scripted_model import provider
from workbench.config.editing import ConfigurationEditor
from workbench.config.key_writing import KeyWriter
from workbench.config.keyring_secrets import KeyringSecrets
from workbench.config.values import Configuration
from workbench.core.errors import ConfigurationError, NotFoundError, UsageError
from workbench.core.secret import Secret
from workbench.engine.configuring import CurrentConfiguration
from workbench.engine.provider_control import ProviderControl

THREE = """\
providers:
  a: {kind: openai, api_key: '${A}', priority: 1}   # first
  b: {kind: openai, api_key: '${B}', priority: 1}
  c: {kind: openai, api_key: '${C}', priority: 7}
"""
ENVIRON = {"A": "canary-a-0123456789", "B": "canary-b-0123456789", "C": "canary-c-0123456789"}


@dataclass
class Switches:
    """Remembers what it was told."""

    told: list[tuple[object, ...]] = field(default_factory=list)

    async def reset_breaker(self, provider_name: str) -> None:
        self.told.append(("breaker", provider_name))

    async def reset_keys(self, provider_name: str) -> None:
        self.told.append(("keys", provider_name))

    async def set_key_enabled(self, provider_name: str, key_ref: str, enabled: bool) -> None:
        self.told.append((provider_name, key_ref, enabled))


class Office:
    """A control over a home's files."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.fixed: Configuration | None = None
        self.switches = Switches()
        self.readings = 0
        self.current = CurrentConfiguration(self._read)
        self.editor = ConfigurationEditor(self.home.paths, environ=ENVIRON)
        keys = KeyWriter(self.editor, KeyringSecrets())
        self.control = ProviderControl(self.current, self.editor, keys, self.switches)

    async def _read(self) -> Configuration:
        self.readings += 1
        return self.fixed or self.home.load(ENVIRON)

    async def begin(self, text: str | None, fixed: Configuration | None = None) -> None:
        if text is not None:
            self.home.write(text)
        self.fixed = fixed
        await self.current.reload()

    async def priorities(self) -> dict[str, int]:
        return {each.name: each.priority for each in (await self.current()).providers}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    office = Office(tmp_path / "home")
    yield office
    await office.current.close()


async def test_a_provider_is_switched_off_and_on_at_once(office: Office) -> None:
    await office.begin(THREE)
    await office.control.enable("a", False)
    assert not (await office.current()).providers[0].enabled
    text = office.home.paths.config_file.read_text()
    assert "a: {kind: openai, api_key: '${A}', priority: 1, enabled: false}   # first" in text
    await office.control.enable("a", False)
    assert office.home.paths.config_file.read_text() == text
    await office.control.enable("a", True)
    assert (await office.current()).providers[0].enabled


@pytest.mark.parametrize(
    ("order", "expected", "untouched"),
    [
        (("c", "a", "b"), {"c": 1, "a": 2, "b": 3}, ()),
        (("a", "b", "c"), {"a": 1, "b": 2, "c": 3}, ("a: {kind: openai, api_key: '${A}', priority: 1}   # first",)),
        (("b",), {"b": 1, "a": 2, "c": 3}, ("b: {kind: openai, api_key: '${B}', priority: 1}",)),
    ],
)
async def test_an_order_is_priorities_in_the_file(
    order: tuple[str, ...], expected: dict[str, int], untouched: tuple[str, ...], office: Office
) -> None:
    await office.begin(THREE)
    await office.control.reorder(order)
    assert await office.priorities() == expected
    for line in untouched:
        assert line in office.home.paths.config_file.read_text()
    readings = office.readings
    await office.control.reorder(order)
    assert office.readings == readings, "nothing had to be changed"


async def test_breaker_and_keys_are_reset_together(office: Office) -> None:
    await office.begin(THREE)
    await office.control.reset("b")
    await office.control.set_key_enabled("b", "B", False)
    assert office.switches.told == [("breaker", "b"), ("keys", "b"), ("b", "B", False)]
    with pytest.raises(NotFoundError, match="no key named A"):
        await office.control.set_key_enabled("b", "A", True)


async def test_a_new_key_is_in_force_and_nowhere_to_be_seen(office: Office) -> None:
    await office.begin(THREE)
    key = Secret("canary-new-0123456789")
    assert await office.control.add_key("a", key, place="env-file") == "A_API_KEY"
    (a, *_) = (await office.current()).providers
    assert a.key_refs == ("A", "A_API_KEY") and a.api_keys[1] == key
    assert "canary" not in office.home.paths.config_file.read_text()
    places = {place.name: place.available for place in await office.control.key_places()}
    assert places == {"keyring": False, "env-file": True}
    with pytest.raises(ConfigurationError, match="not kept"):
        await office.control.add_key("a", Secret("canary-x"), place="keyring")


@pytest.mark.parametrize("text", [None, "# mine\nproviders:\n  # openai: {}\n", THREE])
async def test_a_kind_and_its_key_are_enough_for_a_provider(office: Office, text: str | None) -> None:
    await office.begin(text)
    before = len((await office.current()).providers)
    key = Secret("canary-first-0123456789")
    assert await office.control.add_provider("OpenAI", key, place="env-file") == "OPENAI_API_KEY"
    configuration = await office.current()
    made = configuration.provider("openai")
    assert made is not None and made.usable and made.api_keys == (key,) and not configuration.problems
    assert len(configuration.providers) == before + 1
    # A second key of the same kind joins the first.
    await office.control.add_provider("openai", Secret("canary-second-0123456789"), place="env-file")
    again = (await office.current()).provider("openai")
    assert again is not None and len(again.api_keys) == 2
    for kind in ("nonsense", "ollama", "azure"):
        with pytest.raises(UsageError, match="more than a key"):
            await office.control.add_provider(kind, key, place="env-file")


async def test_providers_that_were_found_are_written_out_first(office: Office) -> None:
    found = tuple(
        replace(provider(name.lower(), priority=place, retries=2), key_refs=(name,), api_keys=(Secret(ENVIRON[name]),))
        for place, name in enumerate("ABC", start=1)
    )
    await office.begin(None, Configuration(providers=found, discovered=True))
    office.fixed = None
    await office.control.enable("b", False)
    now = await office.current()
    assert [each.name for each in now.providers if not each.enabled] == ["b"]
    assert (now.providers[0], now.providers[2]) == (found[0], found[2])


async def test_names_that_nobody_has_and_scripted_providers_are_refused(office: Office) -> None:
    await office.begin(THREE)
    control = office.control
    switched = control.set_key_enabled("x", "A", True)
    added = control.add_key("x", Secret("k"), place="env-file")
    for verb in (control.enable("x", True), control.reset("x"), control.reorder(["x"]), switched, added):
        with pytest.raises(NotFoundError, match="named x"):
            await verb
    await office.begin(None, Configuration(providers=(replace(provider("a"), scripted=True),)))
    for verb in (
        control.enable("a", False),
        control.reorder(["a"]),
        control.add_key("a", Secret("k"), place="keyring"),
    ):
        with pytest.raises(UsageError, match="scripted"):
            await verb
    assert office.home.paths.config_file.read_text() == THREE


async def test_the_loop_goes_on_while_a_file_is_changed_and_a_cancelled_change_is_in_force(office: Office) -> None:
    await office.begin(THREE)
    taken, release = threading.Event(), threading.Event()

    def hold() -> None:
        with office.editor.lock.held():
            taken.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    while not taken.is_set():
        await asyncio.sleep(0.005)
    change = asyncio.create_task(office.control.enable("a", False))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not change.done()
    change.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await change
    holder.join(5)
    assert not (await office.current()).providers[0].enabled
