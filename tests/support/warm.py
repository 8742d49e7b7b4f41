"""`workbench` in a process of its own, without the four seconds of CPU that importing the model library takes.

`tests/support/warm_server.py` imports it once and forks. For journeys that are not about the start: what a process
imports, when, and what is found in its folder and its environment while it does, is proved by processes that are not
warm: `tests/contract/test_litellm_loading.py`, the guards, and one cold journey of each command under `tests/e2e` (ask:
`test_cli_process.py`, chat: `test_canary.py`, the drill: `test_drill_command.py`, the full screen: `test_tmux.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import pexpect

_SERVER = Path(__file__).with_name("warm_server.py")


class WarmProcess:
    """A fork of the server, with what tests use of `subprocess.Popen`; it ends as its server's child, not as ours."""

    def __init__(self, report: int) -> None:
        self._report = os.fdopen(report, "rb", buffering=0)
        self._ended: int | None = None
        self.stdin: IO[bytes] | None = None
        self.stdout: IO[bytes] | None = None
        self.stderr: IO[bytes] | None = None
        self.pid = int(self._line(20.0))

    def _line(self, within_s: float) -> bytes:
        if not select.select([self._report], [], [], within_s)[0]:
            raise subprocess.TimeoutExpired("warm workbench", within_s)
        line = self._report.readline()
        if not line:
            raise RuntimeError("the server of warm processes has ended")
        return line

    @property
    def returncode(self) -> int | None:
        """As `Popen.returncode`: minus the signal's number after a signal, None while it runs or nobody has asked."""
        return self._ended

    def poll(self) -> int | None:
        """Look whether it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float = 60.0) -> int:
        """Wait for its end; `subprocess.TimeoutExpired` when it does not come."""
        if self._ended is None:
            self._ended = int(self._line(timeout))
        return self._ended

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            # Its server may have seen its end a moment before we have.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """End it, wait for that, and let go of its streams."""
        self.kill()
        self.wait()
        for stream in (self._report, self.stdin, self.stdout, self.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


class WarmServer:
    """Starts when it is first needed; ends with `close`, or when this process ends."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def _started(self) -> socket.socket:
        if self._control is None:
            ours, theirs = socket.socketpair()
            # The environment of whichever test comes first is as good as any: it is isolated, and replaced by each run.
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", str(_SERVER), str(theirs.fileno())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env={name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")},
                    cwd=tempfile.gettempdir(),
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            self._control = ours
            try:
                assert self._process.stdout is not None
                said = self._process.stdout.readline()
                assert said == b"ready\n", said + self._process.stdout.read()
            except BaseException:
                self.close()
                raise
        return self._control

    def start(
        self,
        command: Sequence[str],
        streams: tuple[int, int, int],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> WarmProcess:
        """Run `command`, which has to be the console script with arguments, on these descriptors."""
        assert Path(command[0]).name == "workbench", "only the program itself is warm"
        order = {"argv": list(command), "env": {**os.environ, **(env or {})}, "cwd": str(cwd or Path.cwd())}
        told = json.dumps(order).encode()
        control = self._started()
        ours, theirs = os.pipe()
        try:
            socket.send_fds(control, [len(told).to_bytes(4)], [*streams, theirs])
            control.sendall(told)
        finally:
            os.close(theirs)
        return WarmProcess(ours)

    def start_on_pipes(
        self,
        command: Sequence[str],
        *,
        stdin: int = subprocess.DEVNULL,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> WarmProcess:
        """The same with pipes for its output, and for its input when that is `subprocess.PIPE`."""
        own_input, its_input = (-1, -1)
        if stdin == subprocess.PIPE:
            its_input, own_input = os.pipe()
        else:
            its_input = os.open(os.devnull, os.O_RDONLY)
        own_output, its_output = os.pipe()
        own_errors, its_errors = os.pipe()
        try:
            process = self.start(command, (its_input, its_output, its_errors), env=env, cwd=cwd)
        finally:
            for descriptor in (its_input, its_output, its_errors):
                os.close(descriptor)
        process.stdout, process.stderr = os.fdopen(own_output, "rb"), os.fdopen(own_errors, "rb")
        if own_input >= 0:
            process.stdin = os.fdopen(own_input, "wb")
        return process

    def close(self) -> None:
        """End the server, and with it what it has forked."""
        if self._process is None or self._control is None:
            return
        self._control.close()
        with self._process as process:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        self._process = self._control = None


SERVER = WarmServer()
"""This process's; closed at the end of the session."""


class WarmTerminal:
    """A warm process in a pseudo-terminal, with what `PtySession` uses of `pexpect.spawn`."""

    def __init__(
        self, command: Sequence[str], *, size: tuple[int, int], env: Mapping[str, str], cwd: Path | None
    ) -> None:
        """`size` is lines and columns."""
        self.child_fd, its_end = os.openpty()
        self.setwinsize(*size)
        try:
            self._process = SERVER.start(command, (its_end, its_end, its_end), env=env, cwd=cwd)
        finally:
            os.close(its_end)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def exitstatus(self) -> int | None:
        """Its exit code; None when a signal ended it."""
        code = self._process.returncode
        return code if code is None or code >= 0 else None

    @property
    def signalstatus(self) -> int | None:
        """The number of the signal that ended it."""
        code = self._process.returncode
        return -code if code is not None and code < 0 else None

    def isalive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def kill(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def send(self, keys: str | bytes) -> None:
        """Type."""
        rest = keys.encode() if isinstance(keys, str) else keys
        while rest:
            rest = rest[os.write(self.child_fd, rest) :]

    def setwinsize(self, lines: int, columns: int) -> None:
        """Change the window's size."""
        fcntl.ioctl(self.child_fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read_nonblocking(self, size: int, timeout: float) -> bytes:
        """What it has written, waiting for at most `timeout` seconds; raises what pexpect raises."""
        if not select.select([self.child_fd], [], [], timeout)[0]:
            raise pexpect.TIMEOUT("nothing to read")
        data = os.read(self.child_fd, size)
        if not data:
            raise pexpect.EOF("the terminal is closed")
        return data

    def close(self) -> None:
        """End it and close the terminal."""
        self._process.close()
        os.close(self.child_fd)
