"""The log file and crash reports: JSON lines, owner-only, redacted and cleaned, never in the program's way."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import logging.handlers
import os
import platform
import queue
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

from workbench import __version__
from workbench.core.clock import iso_utc
from workbench.core.ids import new_id
from workbench.core.redaction import REDACTOR

MAX_BYTES = 5_000_000
"""Size at which the log file is put aside."""
KEPT_LOGS = 3
"""Older log files kept, `workbench.log.1` the newest of them."""
KEPT_CRASH_REPORTS = 10
_QUEUE_BOUND = 10_000
_LONGEST_TEXT = 20_000
_LONGEST_CRASH_REPORT = 500_000
_NO_FOLLOW = os.O_CLOEXEC | os.O_NOFOLLOW


def _scrubbed(text: str) -> str:
    cut = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}… ({len(text)} characters)"
    return REDACTOR.scrub(cut)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, `thread` and, after an exception, `traceback`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        document: dict[str, object] = {
            "at": iso_utc(int(record.created * 1000)),
            "level": record.levelname,
            "logger": record.name,
            "message": _scrubbed(record.getMessage()),
            "thread": record.threadName or "",
            "pid": record.process or 0,
        }
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = describe_exception(record.exc_info[1])
        if record.exc_text:
            document["traceback"] = _scrubbed(record.exc_text)
        return REDACTOR.redact(json.dumps(document, ensure_ascii=False))


class RotatingFile(logging.Handler):
    """Appends to a 0600 file that several processes may share, and puts it aside when it is full.

    A line is one append; rotation happens under a lock file, by whoever gets there first. A disk that cannot
    be written loses lines (`lost` counts them), never the program.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, kept: int = KEPT_LOGS) -> None:
        """Nothing is opened before the first line."""
        super().__init__()
        self._path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._file: int | None = None
        self.lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self.lost += 1
        with contextlib.suppress(Exception):
            self.write(self.format(record))
            self.lost -= 1

    def write(self, line: str) -> None:
        """Append `line`; raises OSError when the file cannot be written."""
        payload = line.encode("utf-8", "replace") + b"\n"
        file = self._current()
        if os.fstat(file).st_size + len(payload) > self._max_bytes:
            self._rotate(len(payload))
            file = self._current()
        os.write(file, payload)

    def _current(self) -> int:
        """The open file, reopened when somebody else has put it aside."""
        if self._file is not None:
            try:
                there, here = self._path.stat(follow_symlinks=False), os.fstat(self._file)
            except FileNotFoundError:
                self.close_file()
            else:
                if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
                    return self._file
                self.close_file()
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_FOLLOW, 0o600)
        os.fchmod(self._file, 0o600)
        return self._file

    def _rotate(self, incoming: int) -> None:
        lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT | _NO_FOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            size = os.fstat(self._current()).st_size
            if size == 0 or size + incoming <= self._max_bytes:
                return
            for number in range(self._kept, 0, -1):
                newer = self._path if number == 1 else self._aside(number - 1)
                with contextlib.suppress(FileNotFoundError):
                    newer.replace(self._aside(number))
        finally:
            os.close(lock)

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def close_file(self) -> None:
        """Let go of the file; the next line opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def close(self) -> None:
        """Let go of the file for good."""
        self.close_file()
        super().close()


class _ToQueue(logging.handlers.QueueHandler):
    """Hands records on without blocking; counts those that a full queue or a bad format string loses."""

    def __init__(self, records: queue.Queue[logging.LogRecord | None]) -> None:
        super().__init__(records)
        self.lost = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The record with its text made now, because arguments may change before it is written."""
        exception = record.exc_info[1] if record.exc_info else None
        made = logging.LogRecord(
            record.name, record.levelno, record.pathname, record.lineno, record.getMessage(), None, None
        )
        made.created, made.threadName, made.process = record.created, record.threadName, record.process
        if exception is not None:
            made.exc_text = describe_exception(exception)
        return made

    def emit(self, record: logging.LogRecord) -> None:
        """Queue it, or count it; the standard way would print the arguments on the screen."""
        self.lost += 1
        with contextlib.suppress(Exception):
            self.enqueue(self.prepare(record))
            self.lost -= 1


class _Running:
    """The queue's reader, and what was changed in `logging` to feed it."""

    def __init__(self, log_file: Path, level: int) -> None:
        self.file = RotatingFile(log_file)
        self.file.setFormatter(JsonFormatter())
        self._records: queue.Queue[logging.LogRecord | None] = queue.Queue(_QUEUE_BOUND)
        self._handler = _ToQueue(self._records)
        self._thread = threading.Thread(target=self._write_all, name="log-writer", daemon=True)
        root = logging.getLogger()
        self._earlier_level = root.level
        root.setLevel(level)
        root.addHandler(self._handler)
        self._thread.start()

    def _write_all(self) -> None:
        reported = 0
        ended = False
        while not ended:
            record = self._records.get()
            ended = record is None
            if record is not None:
                self.file.handle(record)
            lost = self._handler.lost + self.file.lost
            if lost > reported and (ended or self._records.empty()):
                reported = lost
                self.file.handle(_record(logging.WARNING, f"{lost} log line(s) lost so far"))
        self.file.close()

    def stop(self, timeout_s: float) -> None:
        """Write what is queued and end the thread; give up after `timeout_s`."""
        root = logging.getLogger()
        root.removeHandler(self._handler)
        root.setLevel(self._earlier_level)
        self._handler.close()
        with contextlib.suppress(queue.Full):
            self._records.put(None, timeout=timeout_s)
            self._thread.join(timeout_s)


def _record(level: int, message: str) -> logging.LogRecord:
    return logging.LogRecord("workbench.core.logs", level, __file__, 0, message, None, None)


_lock = threading.Lock()
_nowhere = logging.NullHandler()
_running: list[_Running] = []
"""The one that runs, or none."""


def start_logging(log_file: Path, *, level: int = logging.INFO) -> None:
    """Send everything that is logged to `log_file`, through a queue and a thread; starting twice starts anew.

    Nothing is printed and nothing raised when the file cannot be written. From the first start on, nothing that is
    logged while no file takes it is printed either: Python would show it on the screen, with keys in it.
    """
    logging.getLogger().addHandler(_nowhere)
    with _lock:
        while _running:
            _running.pop().stop(1.0)
        _running.append(_Running(log_file, level))


def stop_logging(timeout_s: float = 1.0) -> None:
    """Write what is queued and stop, within about `timeout_s` seconds; stopping twice is once."""
    with _lock:
        while _running:
            _running.pop().stop(timeout_s)


def describe_exception(exc: BaseException) -> str:
    """The traceback with causes, without local variables; neither redacted nor cleaned."""
    text = f"{type(exc).__name__} (its traceback could not be made)"
    with contextlib.suppress(Exception):
        text = "".join(traceback.TracebackException.from_exception(exc, capture_locals=False).format())
    return text


def write_crash_report(state_dir: Path, exc: BaseException) -> Path:
    """Write what happened to a new 0600 file and return its path; in a temporary folder when `state_dir` fails.

    It holds versions and the traceback, no local variables, redacted and cleaned; the newest ten are kept.
    Raises OSError when nothing at all can be written.
    """
    now_ms = time.time_ns() // 1_000_000
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_ms / 1000))
    name = f"crash-{stamp}-{new_id()[-6:]}.txt"
    head = (
        f"workbench {__version__}\nat {iso_utc(now_ms)}\npython {platform.python_version()} on {platform.platform()}\n"
        f"thread {threading.current_thread().name}, recursion limit {sys.getrecursionlimit()}\n\n"
    )
    body = describe_exception(exc)
    if len(body) > _LONGEST_CRASH_REPORT:
        half = _LONGEST_CRASH_REPORT // 2
        body = f"{body[:half]}\n… ({len(body)} characters) …\n{body[-half:]}"
    text = REDACTOR.scrub(head + body)
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = _write_new(state_dir / name, text)
    except OSError:
        return _write_new(Path(tempfile.mkdtemp(prefix="workbench-")) / name, text)
    with contextlib.suppress(OSError):
        for old in sorted(state_dir.glob("crash-*.txt"))[:-KEPT_CRASH_REPORTS]:
            old.unlink(missing_ok=True)
    return path


def _write_new(path: Path, text: str) -> Path:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
    with os.fdopen(file, "w", encoding="utf-8", errors="replace") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(text)
    return path
