"""A program in a real tmux of the test's own, with a real terminal looking at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from tests.support.pty_session import PtySession

_SETTINGS = """\
set -g set-clipboard on
set -g focus-events on
set -g allow-passthrough on
set -g status off
set -g escape-time 0
set -g default-terminal screen-256color
set -g set-titles off
"""


class TmuxSession:
    """Use it in a `with`: a server on a socket of its own, a shell in its only pane, and a terminal attached."""

    def __init__(self, folder: Path, *, columns: int, lines: int, env: Mapping[str, str]) -> None:
        """`folder` holds the socket and the settings."""
        program = shutil.which("tmux")
        assert program is not None, "tmux is not installed: tools/set-up test installs it"
        self._commands = 0
        settings = folder / "tmux.conf"
        settings.write_text(_SETTINGS, "utf-8")
        self._command = [program, "-S", str(folder / "tmux.sock"), "-f", str(settings)]
        self._env = {**{k: v for k, v in os.environ.items() if k not in ("TMUX", "TMUX_PANE")}, **env}
        size = ["-x", str(columns), "-y", str(lines)]
        self.tmux("new-session", "-d", *size, "/bin/bash --norc --noprofile -i")
        self.terminal = PtySession(
            [*self._command, "attach"], columns=columns, lines=lines, env={**self._env, "TERM": "xterm-256color"}
        )

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """End the server and everything in it."""
        subprocess.run([*self._command, "kill-server"], env=self._env, capture_output=True)
        self.terminal.__exit__(*exc)

    def tmux(self, *arguments: str) -> str:
        """Give tmux a command; what it prints."""
        done = subprocess.run([*self._command, *arguments], env=self._env, capture_output=True, timeout=10)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout.decode()

    @property
    def text(self) -> str:
        """The pane as it is now."""
        return self.tmux("capture-pane", "-p")

    @property
    def title(self) -> str:
        """The pane's title."""
        return self.tmux("display-message", "-p", "#{pane_title}").strip()

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names."""
        self.tmux("send-keys", *names)

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self.tmux("send-keys", "-l", text)

    def shell(self, command: str) -> str:
        """Run a command in the pane's shell; the pane afterwards."""
        self._commands += 1
        self.type(f"{command}; echo ended-$(({self._commands} + 40))")
        self.keys("Enter")
        self.wait_for(f"ended-{self._commands + 40}")
        return self.text

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the pane."""
        self.tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def wait_until(self, holds: Callable[[], object], within_s: float = 15.0, what: str = "") -> None:
        """Wait until `holds()`; AssertionError with the pane when it does not come."""
        deadline = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < deadline, f"not within {within_s} s: {what}\n{self.text}"
            time.sleep(0.05)

    def wait_for(self, *texts: str, within_s: float = 15.0) -> None:
        """Wait until the pane shows all `texts`."""
        self.wait_until(lambda: all(text in self.text for text in texts), within_s, f"waiting for {texts}")
