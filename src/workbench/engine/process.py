"""The end of the process: on time, whatever a thread is still busy with."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import NoReturn

GRACE_S = 0.3
"""How long lingering threads may take to end by themselves."""


def leave(code: int) -> NoReturn:
    """End the process with `code`, without waiting for threads that cannot be interrupted.

    Python joins its worker threads at exit; one that is still importing a library or waits for a lock would
    keep the process, and the user's prompt, waiting for seconds. What must be written has been by now.
    """
    deadline = time.monotonic() + GRACE_S
    while _lingering() and time.monotonic() < deadline:
        time.sleep(0.01)
    if _lingering():
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        os._exit(code)
    sys.exit(code)


def _lingering() -> list[threading.Thread]:
    # Daemon threads too: those of an executor are joined at exit all the same.
    return [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
