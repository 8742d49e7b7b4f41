"""Every test is alone: its own home, folder and environment, no keyring, no address but loopback."""

from __future__ import annotations

import gc
import itertools
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.isolation import NetworkGuard, isolated_environment

# Textual reads these once, when it is imported, which a pytest plugin may already have done.
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TZ"] = "UTC"
time.tzset()
if "textual.constants" in sys.modules:
    vars(sys.modules["textual.constants"])["TEXTUAL_ANIMATIONS"] = "none"


# Every screen leaves a hundred thousand objects to the collector: looking at all of them again and again takes a
# third of the suite's time.
gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Refines `--dist loadfile`; other ways of sharing the tests out are xdist's."""
    from tests.support.scheduling import OneServerScheduling

    return OneServerScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """What was imported and collected is no garbage: nobody need look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def network() -> Iterator[NetworkGuard]:
    """Refuses every address but loopback and remembers who asked."""
    guard = NetworkGuard()
    with guard.installed():
        yield guard


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for each test; `mktemp` would look through those of all tests before it, for each test."""
    together = tmp_path_factory.mktemp("alone")
    return (together / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def isolation(places: Iterator[Path], monkeypatch: pytest.MonkeyPatch, network: NetworkGuard) -> Iterator[Path]:
    """A home of its own under `WORKBENCH_HOME`; fails a test that asked for an address outside, even in a thread."""
    alone = next(places)
    home, folder = alone / "home", alone / "folder"
    folder.mkdir(parents=True)
    environment = isolated_environment(os.environ, alone)
    for name in os.environ.keys() - environment.keys():
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    monkeypatch.chdir(folder)
    network.refused.clear()
    yield home
    assert network.refused == [], "the test asked for addresses outside this machine"
