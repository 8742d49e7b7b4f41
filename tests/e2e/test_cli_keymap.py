"""A key map as the command line sees it: through the real entry point, which lends the commands the registry."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.in_process import Streams
from workbench.main import run

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.usefixtures("no_input")]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_validate_and_doctor_tell_what_is_wrong_with_the_keys(isolation: Path, streams: Streams) -> None:
    file = isolation / "config" / "keymap.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("chat.new: ctrl+b\n")
    assert run(["config", "validate"]) == 0
    streams.read()
    assert f"valid: {file}" in streams.err
    assert "tmux takes it" in streams.err
    file.write_text("chat.new: f12\nchat.trcae: f11\n")
    for arguments in (["config", "validate"], ["config", "validate", str(file)]):
        assert run(arguments) == 2
        assert streams.read().startswith(f"{file}:2:1: chat.trcae: there is no such action; did you mean")
    assert run(["config", "validate", "--json"]) == 2
    assert streams.json()["problems"][0]["line"] == 2
    run(["--offline", "doctor", "--json"])
    checks = {check["name"]: check for check in streams.json()["checks"]}
    assert checks["keys"]["state"] == "warning"
    assert ":2:1: chat.trcae" in checks["keys"]["detail"]
