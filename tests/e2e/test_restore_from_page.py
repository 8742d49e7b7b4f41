"""A backup is put back from the Storage page: the program ends its run, restores, and begins anew over it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import command_line, invoke
from tests.support.pty_session import MODES_RESTORED, PtySession

pytestmark = pytest.mark.timeout(90)

CTRL_Q = "\x11"


def test_a_backup_takes_the_place_of_the_database_and_the_program_goes_on_over_it(
    isolation: Path, tmp_path: Path
) -> None:  # fmt: skip
    said = tmp_path / "said.jsonl"
    said.write_text(json.dumps({"messages": [{"role": "user", "content": "kept in the backup"}]}) + "\n")
    assert invoke("history", "import", str(said), "--yes") == 0
    assert invoke("backup") == 0
    assert invoke("history", "delete", "last", "--yes") == 0
    assert invoke("history", "purge", "--yes") == 0
    environment = {"WORKBENCH_HOME": str(isolation), "TERM": "xterm-256color"}
    with PtySession(command_line("--offline"), columns=140, lines=42, env=environment, warm=True) as session:
        session.wait_for("Ask", within_s=15.0)
        session.wait_for("No conversation")
        session.send("/storage\r")
        session.wait_for("Largest conversations", "Backups")
        session.send("\x1b[F\r")
        session.wait_for("Restore this backup?", "backed up first")
        session.send("y")
        session.wait_for("Restored 1 conversations with 1 messages", "kept in the backup", within_s=20.0)
        session.send(CTRL_Q)
        assert session.wait_exit() == 0
        for mode in MODES_RESTORED:
            assert mode in session.raw
        assert b"Traceback" not in session.raw
    assert len(list((isolation / "data" / "backups").glob("*.db"))) == 2, "what was there before is backed up"
