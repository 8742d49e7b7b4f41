"""The `workbench` command: decides between the full screen and the command line, importing only what that takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from workbench.cli.invocation import Invocation
    from workbench.config.values import Problem

_VALUED = {"--home": "home", "--profile": "profile", "--conversation": "conversation", "--theme": "theme"}
_FLAGS = {"--offline": "offline", "--ascii": "ascii_only"}
_NO_TERMINAL = 2
_INTERRUPTED = 130
_PR_SET_DUMPABLE = 4


def main() -> NoReturn:
    """Run the command line of this process and end it."""
    protect_process()
    code = run(sys.argv[1:])
    from workbench.engine.process import leave

    leave(code)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; the exit code."""
    request = screen_request(arguments)
    if request is not None:
        return _guarded(request)
    from workbench.cli.app import run_command

    return run_command(arguments, open_screen, told_of_keymap)


def screen_request(arguments: Sequence[str]) -> Invocation | None:
    """What the full screen is asked for; None when the command line has to be parsed in earnest.

    Only the plainest forms are understood here, so that starting the full screen does not wait for a parser.
    """
    from workbench.cli.invocation import Invocation

    values: dict[str, str] = {}
    flags: dict[str, bool] = {}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, value = argument.partition("=")
        if argument in _FLAGS:
            flags[_FLAGS[argument]] = True
        elif argument == "demo" and not rest:
            flags["demo"] = True
        elif name in _VALUED and (equals or (rest and not rest[0].startswith("-"))):
            values[_VALUED[name]] = value if equals else rest.pop(0)
        else:
            return None
    if "" in values.values():
        return None
    return Invocation(
        open_screen=open_screen,
        told_of_keymap=told_of_keymap,
        home=Path(values["home"]) if "home" in values else None,
        profile=values.get("profile"),
        conversation=values.get("conversation"),
        theme=values.get("theme"),
        **flags,
    )


def told_of_keymap(file: Path) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """What is wrong in a key map, and what only speaks against some of its keys."""
    from workbench.tui.keys.reading import told_of_keymap as told

    return told(file)


def open_screen(request: Invocation) -> int:
    """Run the full screen until it is left; exit code 2 when there is no terminal for it."""
    missing = [name for name, stream in (("input", sys.stdin), ("output", sys.stdout)) if not _is_terminal(stream)]
    if missing:
        sys.stderr.write(
            f"workbench needs a terminal for its full screen, and standard {' and '.join(missing)} is none.\n"
            "  `workbench ask` and `workbench chat` work without one.\n"
        )
        return _NO_TERMINAL
    from workbench.tui.launch import FullScreenOptions, run_full_screen

    return run_full_screen(
        FullScreenOptions(
            paths=request.paths(),
            profile=request.profile,
            offline=request.offline,
            demo=request.demo,
            conversation=request.conversation,
            theme=request.theme,
            ascii_only=request.ascii_only,
        )
    )


def protect_process() -> None:
    """New files for their owner only, nothing imported from the current folder, no memory in core dumps."""
    os.umask(0o077)
    _open_missing_streams()
    sys.path[:] = [entry for entry in sys.path if entry not in {"", "."}]
    import contextlib
    import ctypes
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _open_missing_streams() -> None:
    """Give closed standard streams to /dev/null: else the next file opened, perhaps the database, is written to."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _guarded(request: Invocation) -> int:
    """The full screen, with failures outside of it told as commands tell them."""
    from workbench.core.errors import WorkbenchError

    try:
        return open_screen(request)
    except WorkbenchError as problem:
        from workbench.cli.failures import report

        return report(problem, as_json=False)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BaseException as problem:
        if isinstance(problem, SystemExit):
            raise
        from workbench.cli.failures import report_crash

        return report_crash(problem, request.paths, as_json=False)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False
