"""`--offline`: everything that history can do works in a process that the kernel lets open no socket but Unix ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import REPOSITORY
from tests.support.isolation import isolated_environment

pytestmark = pytest.mark.timeout(60)

OPENS_ONE = """
import socket
import threading

from tests.support.no_network import take_network_away

take_network_away()
left, right = socket.socketpair()
left.send(b"x")
assert right.recv(1) == b"x"
thread = threading.Thread(target=lambda: socket.socket(socket.AF_INET))
thread.start()
thread.join()
"""


def ended(arguments: list[str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """A Python of its own, with homes of its own."""
    return subprocess.run(
        [sys.executable, *arguments], check=False, capture_output=True, text=True, cwd=REPOSITORY, timeout=55,
        env=isolated_environment(os.environ, tmp_path),
    )  # fmt: skip


def test_a_process_without_network_does_not_outlive_a_socket(tmp_path: Path) -> None:
    assert ended(["-c", OPENS_ONE], tmp_path).returncode == -signal.SIGSYS


def test_a_day_of_history_needs_no_network(tmp_path: Path) -> None:
    done = ended(["-m", "tests.support.offline_day", str(tmp_path / "home")], tmp_path)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["reached"] == ["imported", "searched and read", "organised", "exported and backed up"]
    assert set(seen["codes"].values()) == {0}, seen["codes"]
    # Neither the model library nor an HTTP client, and no program.
    assert (seen["loaded"], seen["started"]) == ([], [])
