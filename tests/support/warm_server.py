"""A process that has imported the model library and becomes `workbench`, again and again, by forking.

Started by `tests.support.warm` as a script of its own. What it imports is what the library imports; the program's own
modules are forgotten before each fork, so that every child runs the program from its first line and ends as the
interpreter ends: by its exit handlers, or by `os._exit`, or by a signal.
"""

from __future__ import annotations

import io
import json
import os
import select
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from typing import Any

ENDING_S = 10.0
LENGTH_BYTES = 4
DESCRIPTORS = 4
"""Standard input, output and error of the program, and where its pid and its end are reported."""


@dataclass(frozen=True)
class Wanted:
    """One run of the program."""

    order: dict[str, Any]
    streams: tuple[int, int, int]


def warm_up() -> None:
    """Import the library as the program does, and forget the program."""
    from workbench.providers.calling.litellm_loader import load_litellm

    load_litellm()
    for name in [name for name in sys.modules if name.partition(".")[0] == "workbench"]:
        del sys.modules[name]
    # One that ends with the loop of the warm-up call may need a moment on a busy machine.
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(ENDING_S)
    if threading.active_count() > 1:
        raise RuntimeError(f"nothing that forks may have threads: {threading.enumerate()}")


def serve(control: socket.socket) -> Wanted | None:
    """Fork for every order; returns in a child with what it shall be, and in the server when nobody orders any more."""
    reports: dict[int, int] = {}
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _report_ended(reports)
        if control not in ready:
            continue
        head, descriptors, _, _ = socket.recv_fds(control, LENGTH_BYTES, DESCRIPTORS)
        if not head:
            for pid in reports:
                os.kill(pid, signal.SIGKILL)
            return None
        order = json.loads(control.recv(int.from_bytes(head), socket.MSG_WAITALL))
        stdin, stdout, stderr, report = descriptors
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return Wanted(order, (stdin, stdout, stderr))
        for descriptor in (stdin, stdout, stderr):
            os.close(descriptor)
        reports[pid] = report
        os.write(report, f"{pid}\n".encode())


def _report_ended(reports: dict[int, int]) -> None:
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        report = reports.pop(pid)
        os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(report)


def become(wanted: Wanted) -> None:
    """Take the environment, folder, arguments and streams of the ordered run; the terminal too, if it has one."""
    order = wanted.order
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv[:] = order["argv"]
    if os.isatty(wanted.streams[0]):
        os.login_tty(os.dup(wanted.streams[0]))
    for number, descriptor in enumerate(wanted.streams):
        os.dup2(descriptor, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())


def main() -> None:
    """Import, say so, serve; in a child: run the program."""
    control = socket.socket(fileno=int(sys.argv[1]))
    warm_up()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    wanted = serve(control)
    if wanted is None:
        return
    control.detach()
    become(wanted)
    from workbench.main import main as program

    program()


if __name__ == "__main__":
    main()
