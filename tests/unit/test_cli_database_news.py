"""What every command says, on standard error, of the database it opens."""

from __future__ import annotations

import pytest

from workbench.cli.session import DatabaseNews
from workbench.core.bus import EventBus
from workbench.core.storage_events import DatabaseNotice, DatabaseUpgrading

STEPS = ("backing it up first, copying  1 %", "messages in their place", "")


def told(*, notices: bool) -> None:
    bus = EventBus()
    DatabaseNews(notices=notices).listen(bus)
    for doing in STEPS:
        bus.publish(DatabaseUpgrading(doing=doing))
    bus.publish(DatabaseNotice(notice="its log is\x1b[31m gone"))


def test_a_pipe_gets_a_line_for_an_upgrade_and_one_for_each_notice(capsys: pytest.CaptureFixture[str]) -> None:
    told(notices=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "The database is being upgraded; it is backed up first"
    assert lines[1].startswith("Warning: its log is")
    assert "\x1b" not in lines[1]
    assert len(lines) == 2
    told(notices=False)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_terminal_gets_a_line_that_is_written_over_and_cleared(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.cli.output.obeys_sequences", lambda _: True)
    told(notices=False)
    written = capsys.readouterr().err.split("\r\x1b[K")
    assert written == [
        "",
        f"The database is being upgraded: {STEPS[0]}",
        f"The database is being upgraded: {STEPS[1]}",
        "",
    ]
