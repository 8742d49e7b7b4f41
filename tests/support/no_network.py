"""Takes the network away from this process for good: a socket that is not a Unix one ends it with SIGSYS.

The kernel does it, so nothing in Python, C or a thread gets around it, and no tool or right is needed for it.
"""

from __future__ import annotations

import ctypes
import platform
import socket
import sys

_NUMBERS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Of each machine its audit number, and that of the system call `socket`."""
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_SET_SECCOMP, _FILTER, _NO_NEW_PRIVILEGES = 22, 2, 38

STARTED: list[str] = []
"""Programs that were started since."""


class _Step(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_ushort), ("if_true", ctypes.c_ubyte), ("if_false", ctypes.c_ubyte), ("k", ctypes.c_uint)
    ]  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step))]


def take_network_away() -> None:
    """From now on; and note every program that is started."""
    audit, number = _NUMBERS[platform.machine()]
    # Offsets in what the kernel hands over: number 0, machine 4, first argument 16. Jumps count from the next step.
    rules = (
        (_LOAD, 0, 0, 4),
        (_EQUAL, 0, 5, audit),
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 2, number),
        (_LOAD, 0, 0, 16),
        (_EQUAL, 0, 1, socket.AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _KILL_PROCESS),
    )
    steps = (_Step * len(rules))(*(_Step(*rule) for rule in rules))
    program = _Program(len(steps), steps)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program)):
        raise OSError(ctypes.get_errno(), "the filter was refused")
    sys.addaudithook(_note)


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork"):
        STARTED.append(f"{event} {arguments[:1]}")
