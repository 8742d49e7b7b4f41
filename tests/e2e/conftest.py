"""Commands run inside the test's process find an empty standard input and a fresh signal handler."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.in_process import Streams, type_in
from tests.support.warm import SERVER
from workbench.cli.signals import HANDLERS


@pytest.fixture(scope="session", autouse=True)
def warm_processes() -> Iterator[None]:
    """Ends the server of warm processes, if a test has started it."""
    yield
    SERVER.close()


@pytest.fixture
def streams(capsys: pytest.CaptureFixture[str]) -> Streams:
    """What the commands print."""
    return Streams(capsys)


@pytest.fixture
def no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty standard input, and interrupts as at the start of a process."""
    type_in(monkeypatch, "")
    HANDLERS.rearm()
