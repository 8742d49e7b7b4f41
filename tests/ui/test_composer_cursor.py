"""The terminal's own cursor is where the caret is, so that input methods open their window there."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.support.cli import command_line
from tests.support.pty_session import PtySession


def caret(session: PtySession, before: str) -> tuple[int, int]:
    """Row and column behind `before`, on the last line that has it; (-1, -1) before it is on the screen."""
    found = [(place, line) for place, line in enumerate(session.rows) if before in line]
    if not found:
        return -1, -1
    row, line = found[-1]
    return row, cell_len(line[: line.index(before) + len(before)])


@pytest.mark.timeout(60)
def test_the_real_cursor_follows_the_caret(isolation: Path) -> None:
    environment = {"WORKBENCH_HOME": str(isolation), "TERM": "xterm-256color"}
    command = command_line("--offline")
    with PtySession(command, columns=80, lines=24, env=environment) as session:
        session.wait_for("Ask", within_s=15)
        session.send("hello 日本")
        session.wait_until(lambda: session.cursor == caret(session, "hello 日本"), what="wide characters were typed")
        session.send("\n")
        row = session.cursor[0]
        session.wait_until(lambda: session.rows[row - 1].startswith("┃ hello"), what="the composer has grown")
        session.wait_until(lambda: session.cursor == (row, 2), what="a new line was begun")
        session.send("next\x1b[D\x1b[D")
        session.wait_until(lambda: session.cursor == caret(session, "┃ ne"), what="the caret was moved left")
        session.resize(60, 20)
        session.wait_until(lambda: session.cursor == caret(session, "┃ ne"), what="the window has another size")
        session.send("\x11")
        assert session.wait_exit() == 0
