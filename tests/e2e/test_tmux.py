"""One journey in a real tmux: title, sizes, focus, the clipboard, suspend and back, and the terminal as it was."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.support.cli import command_line, configure
from tests.support.doubles import endless, running_provider
from tests.support.tmux_session import TmuxSession

pytestmark = pytest.mark.timeout(90)

READY_S = 20.0
FIRST_ANSWER_S = 30.0


def put_aside_twice(tmux: TmuxSession, before: str) -> None:
    """By ctrl+z, and by a signal from outside for longer than a provider may be silent; `before` is the first title."""
    tmux.keys("Tab")
    tmux.wait_until(lambda: "╭─ Ask" in tmux.text, what="focus in the transcript")
    tmux.keys("C-z")
    tmux.wait_for("Stopped")
    assert tmux.title == before
    assert "modes=1" in tmux.shell("echo modes=$(stty -a | grep -c ' icanon.* echo ')"), "the shell's own modes"
    tmux.type("job=$(jobs -p); (sleep 3; pkill -TSTP -P $job) & fg %1")
    tmux.keys("Enter")
    tmux.wait_for("workbench  [f2 Chat]", "tell me everything", "streaming", within_s=10)
    tmux.wait_until(lambda: tmux.title == "workbench - tell me everything", what="our title")
    tmux.wait_for("Stopped", "$job")
    tmux.wait_until(lambda: tmux.title == before, what="the shell's own title")
    tmux.type("sleep 3; fg %1; echo left=$?")
    tmux.keys("Enter")
    tmux.wait_for("workbench  [f2 Chat]", "tell me everything", "streaming", within_s=10)
    tmux.wait_until(lambda: tmux.title == "workbench - tell me everything", what="our title")


def test_a_day_in_tmux(isolation: Path, tmp_path: Path) -> None:
    environment = {"WORKBENCH_HOME": str(isolation)}
    with running_provider(endless(0.05)) as slow:
        configure(isolation, [slow.base_url], {"stall_timeout": 2})
        with TmuxSession(tmp_path, columns=100, lines=30, env=environment) as tmux:
            tmux.wait_for("bash-")
            before = tmux.title
            # Inside of another program, as with `make run`: putting it aside puts both aside.
            tmux.type(shlex.join(["sh", "-c", f"{shlex.join(command_line())}; exit $?"]))
            tmux.keys("Enter")
            tmux.wait_for("Ask", within_s=READY_S)
            tmux.type("tell me everything")
            tmux.keys("Enter")
            tmux.wait_for("streaming", within_s=FIRST_ANSWER_S)
            tmux.wait_until(lambda: tmux.title == "workbench - tell me everything", what="our title")

            # Sizes: smaller, too small, and back.
            tmux.resize(60, 15)
            tmux.wait_for("Ask", "streaming")
            tmux.resize(18, 4)
            tmux.wait_for("too small")
            for step in range(60):
                tmux.resize(20 + step, 5 + step % 25)
            tmux.resize(100, 30)
            tmux.wait_for("workbench  [f2 Chat]", "tell me everything", "streaming", "┗")

            # Focus: the frame that has it says so, and is told when the terminal loses it.
            tmux.terminal.send("\x1b[O")
            tmux.wait_until(lambda: "┏" not in tmux.text, what="no heavy frame")
            tmux.terminal.send("\x1b[I")
            tmux.wait_for("┏")

            # Put aside in mid-stream, and back: nothing was lost.
            put_aside_twice(tmux, before)
            calls = len(slow.calls)

            tmux.keys("Escape")
            tmux.wait_for("stopped")
            assert (calls, len(slow.calls)) == (1, 1), "the reply went on"
            tmux.keys("y")
            tmux.wait_until(lambda: "Hello from" in tmux.tmux("list-buffers"), what="the copied text")
            assert "Hello from the double.Hello from the double." in tmux.tmux("show-buffer")

            tmux.keys("C-q")
            tmux.wait_for("left=0")
            assert tmux.title == before
            assert tmux.shell("echo modes=$(stty -a | grep -c ' icanon.* echo ')").count("modes=1") == 2
