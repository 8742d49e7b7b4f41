"""The log and crash reports: readable JSON, owner-only, without keys, and never in the way."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.core.logs import (
    KEPT_CRASH_REPORTS,
    JsonFormatter,
    RotatingFile,
    start_logging,
    stop_logging,
    write_crash_report,
)
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret

CANARY = "canary-logs-A1b2C3-D4e5F6"
REDACTOR.register(Secret(CANARY))
log = logging.getLogger("test.logs")


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """A running log in an own folder."""
    path = tmp_path / "workbench.log"
    start_logging(path)
    yield path
    stop_logging()


def lines(path: Path) -> list[dict[str, str]]:
    stop_logging()
    return [json.loads(line) for line in path.read_text().splitlines()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_line_is_json_without_keys_and_control_characters(log_file: Path) -> None:
    log.warning("refused %s \x1b]52;c;x\x07 for %s", CANARY, Secret(CANARY))
    (line,) = lines(log_file)
    assert line["message"] == "refused •••• ␛]52;c;x␇ for ••••"
    assert (line["level"], line["logger"]) == ("WARNING", "test.logs")
    assert line["at"].endswith("Z")


def test_a_traceback_is_kept_with_its_cause_but_without_locals(log_file: Path) -> None:
    hidden = "local-variable-value"
    try:
        try:
            raise OSError(f"no {CANARY} {len(hidden)}")
        except OSError as error:
            raise ValueError("[/] \x1b[2J") from error
    except ValueError:
        log.exception("it failed")
    (line,) = lines(log_file)
    assert "OSError: no •••• 20" in line["traceback"]
    assert "direct cause" in line["traceback"]
    assert "\x1b" not in line["traceback"]
    assert "hidden = " not in line["traceback"].replace('hidden = "', "")


def test_arguments_are_read_when_they_are_logged(log_file: Path) -> None:
    changing = ["before"]
    log.info("now %s", changing)
    changing[0] = "after"
    assert lines(log_file)[0]["message"] == "now ['before']"


def test_a_bad_log_call_prints_nothing_and_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The test runner's own handlers raise on a bad call.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    log_file = tmp_path / "workbench.log"
    start_logging(log_file)
    log.warning("%d", CANARY)

    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError(CANARY)

    log.warning("%s", Unprintable())
    log.warning("good")
    messages = [line["message"] for line in lines(log_file)]
    assert "good" in messages
    assert any("2 log line(s) lost" in message for message in messages)
    assert capsys.readouterr() == ("", "")


def test_a_huge_message_is_cut(log_file: Path) -> None:
    log.info("x" * 3_000_000)
    (line,) = lines(log_file)
    assert len(line["message"]) < 25_000
    assert "3000000 characters" in line["message"]


def test_files_are_their_owners_alone_under_any_umask(tmp_path: Path) -> None:
    earlier = os.umask(0)
    try:
        path = tmp_path / "workbench.log"
        start_logging(path)
        log.warning("x")
        stop_logging()
        crash = write_crash_report(tmp_path, ValueError("x"))
        assert (mode(path), mode(crash)) == (0o600, 0o600)
    finally:
        os.umask(earlier)


def test_a_full_file_is_put_aside_and_old_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "workbench.log"
    file = RotatingFile(path, max_bytes=1000, kept=2)
    for number in range(100):
        file.write(f"{number:03d} " + "x" * 95)
    file.close()
    kept = {p.name: p.stat().st_size for p in tmp_path.iterdir() if not p.name.endswith(".lock")}
    assert sorted(kept) == ["workbench.log", "workbench.log.1", "workbench.log.2"]
    assert max(kept.values()) <= 1000
    assert path.read_text().splitlines()[-1].startswith("099")
    assert all(mode(p) == 0o600 for p in tmp_path.iterdir())


def test_two_writers_share_a_file_across_rotations_without_losing_a_line(tmp_path: Path) -> None:
    path = tmp_path / "workbench.log"

    def write(writer: int) -> None:
        file = RotatingFile(path, max_bytes=20_000, kept=50)
        for number in range(500):
            file.write(f"{writer}-{number:04d} " + "x" * 100)
        file.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = [line for p in tmp_path.glob("workbench.log*") for line in p.read_text().splitlines()]
    assert sorted(line.split()[0] for line in written) == sorted(f"{w}-{n:04d}" for w in range(3) for n in range(500))
    assert {len(line) for line in written} == {107}


def test_a_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("keep")
    (tmp_path / "workbench.log").symlink_to(target)
    start_logging(tmp_path / "workbench.log")
    log.warning("x")
    stop_logging()
    assert target.read_text() == "keep"


def test_a_disk_that_cannot_be_written_costs_lines_not_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(tmp_path / "missing" / "workbench.log")
    log.warning("lost")
    stop_logging()
    assert capsys.readouterr() == ("", "")


def test_logging_never_waits_for_the_disk(tmp_path: Path) -> None:
    pipe = tmp_path / "workbench.log"
    os.mkfifo(pipe)
    start_logging(pipe)
    begin = time.monotonic()
    for number in range(12_000):
        log.warning("line %d", number)
    stop_logging(0.2)
    assert time.monotonic() - begin < 10
    # Let the writer thread end: a reader opens its pipe.
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    os.close(reader)


def test_start_and_stop_may_be_repeated_and_leave_logging_as_it_was(tmp_path: Path) -> None:
    root = logging.getLogger()

    def looks() -> tuple[int, list[logging.Handler]]:
        return root.level, [handler for handler in root.handlers if not isinstance(handler, logging.NullHandler)]

    before = looks()
    start_logging(tmp_path / "a.log")
    start_logging(tmp_path / "b.log")
    log.info("second")
    stop_logging()
    stop_logging()
    assert looks() == before
    assert not (tmp_path / "a.log").exists()
    assert "second" in (tmp_path / "b.log").read_text()


def deep(levels: int) -> None:
    if levels:
        deep(levels - 1)
    secret_local = CANARY
    raise RuntimeError(f"crash with {secret_local} and \x1b]2;x\x07 Bearer abcdefghijklmnop")


def test_a_crash_report_has_the_traceback_and_no_key(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as raised:
        deep(3)
    path = write_crash_report(tmp_path / "state", raised.value)
    text = path.read_text()
    assert path.parent == tmp_path / "state"
    assert "RuntimeError: crash with •••• and ␛]2;x␇ Bearer ••••" in text
    assert "workbench " in text
    assert CANARY not in text
    assert "secret_local = " not in text.replace("secret_local = CANARY", "")


def test_a_crash_report_finds_another_place_when_the_folder_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "state").write_text("a file")
    path = write_crash_report(tmp_path / "state", ValueError("x"))
    assert "ValueError: x" in path.read_text()
    assert mode(path.parent) == 0o700


def test_only_the_newest_crash_reports_are_kept(tmp_path: Path) -> None:
    for _ in range(KEPT_CRASH_REPORTS + 5):
        write_crash_report(tmp_path, ValueError("x"))
    assert len(list(tmp_path.glob("crash-*.txt"))) == KEPT_CRASH_REPORTS


def test_an_exception_that_cannot_be_shown_and_a_huge_one_are_reported(tmp_path: Path) -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert "Broken" in write_crash_report(tmp_path, Broken()).read_text()
    assert write_crash_report(tmp_path, ValueError("x" * 5_000_000)).stat().st_size < 600_000


def test_the_formatter_copes_with_lone_surrogates() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "\ud83d \x00", None, None)
    assert json.loads(JsonFormatter().format(record))["message"] == "\ufffd ␀"


def test_a_writer_notices_that_another_one_put_the_file_aside(tmp_path: Path) -> None:
    path = tmp_path / "workbench.log"
    mine, other = RotatingFile(path, max_bytes=1000), RotatingFile(path, max_bytes=1000)
    mine.write("first")
    other.write("x" * 995)
    mine.write("second")
    aside = path.with_name("workbench.log.1")
    mine.close()
    other.close()
    assert path.read_text() == "second\n"
    assert aside.read_text() == "x" * 995 + "\n"
    assert path.with_name("workbench.log.2").read_text() == "first\n"


def test_nothing_is_printed_when_something_is_logged_after_the_end(tmp_path: Path) -> None:
    script = (
        "import logging, sys\n"
        "from pathlib import Path\n"
        "from workbench.core.logs import start_logging, stop_logging\n"
        "start_logging(Path(sys.argv[1]))\n"
        "stop_logging()\n"
        "logging.getLogger('asyncio').error('Task exception was never retrieved')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "x.log")], capture_output=True, text=True, timeout=30, check=True
    )
    assert (ran.stdout, ran.stderr) == ("", "")
