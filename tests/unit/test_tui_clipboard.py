from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from textual.app import App

from workbench.tui.clipboard import (
    TERMINAL_LIMIT,
    ClipboardError,
    Copied,
    clipboard_tools,
    copy_text,
    takes_osc52,
    wrapped_for_tmux,
)
from workbench.tui.external import edit_text, memory_folder

TOOLS = ("pbcopy", "wl-copy", "xclip", "xsel", "clip.exe", "tmux")


class Terminal:
    """Keeps what is written to it."""

    def __init__(self) -> None:
        self.written = ""

    def write(self, text: str) -> None:
        self.written += text


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> tuple[App[Any], Terminal]:
    """An application that has a terminal and is not running."""
    app: App[Any] = App()
    terminal = Terminal()
    monkeypatch.setattr(app, "_driver", terminal)
    return app, terminal


def tools(folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str, fails: str = "") -> None:
    """Tools that keep their input in a file named after them."""
    for name in names:
        code = "exit 1" if name == fails else f"/bin/cat > '{folder}/{name}.got'"
        (folder / name).write_text(f"#!/bin/sh\n{code}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def osc52(text: str) -> str:
    return f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"


def test_the_tool_of_the_screen_one_sits_at_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools(tmp_path, monkeypatch, *TOOLS)

    def chosen(platform: str = "linux", **environ: str) -> list[str]:
        return [command[0] for command in clipboard_tools(environ, platform)]

    assert chosen("darwin") == ["pbcopy"]
    assert chosen("darwin", SSH_CONNECTION="1 2 3 4") == []
    assert chosen(WAYLAND_DISPLAY="w", DISPLAY=":0") == ["wl-copy", "xclip", "xsel"]
    assert chosen(DISPLAY="localhost:10", SSH_TTY="/dev/pts/1") == ["xclip", "xsel"]
    assert chosen(WSL_DISTRO_NAME="Debian") == ["clip.exe"]
    assert chosen() == []


def test_terminals_known_to_drop_the_sequence_do_not_get_it() -> None:
    assert takes_osc52({"TERM": "xterm-256color"})
    assert not takes_osc52({"TERM": "linux"})
    assert not takes_osc52({"TERM_PROGRAM": "Apple_Terminal"})
    assert not takes_osc52({"VTE_VERSION": "7006"})


async def test_a_tool_that_works_is_enough_and_the_next_is_tried_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: tuple[App[Any], Terminal]
) -> None:
    app, screen = terminal
    tools(tmp_path, monkeypatch, "xclip", "xsel", fails="xclip")
    copied = await copy_text(app, "red \x1b[31m", tmp_path, environ={"DISPLAY": ":0"})
    assert copied == Copied(characters=9, way="xsel")
    assert (tmp_path / "xsel.got").read_text() == "red ␛[31m"
    assert screen.written == ""
    assert copied.told == "Copied 9 characters, with xsel."


async def test_a_tool_that_hangs_is_ended_and_ten_megabytes_go_on_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: tuple[App[Any], Terminal]
) -> None:
    tools(tmp_path, monkeypatch, "xclip", "xsel")
    (tmp_path / "xclip").write_text(f"#!/bin/sh\necho $$ > '{tmp_path}/pid'\nexec /bin/sleep 60\n")
    monkeypatch.setattr("workbench.tui.clipboard._TOOL_LIMIT_S", 0.5)
    text = "ten bytes\n" * 1_000_000
    assert (await copy_text(terminal[0], text, tmp_path, environ={"DISPLAY": ":0"})).way == "xsel"
    assert (tmp_path / "xsel.got").read_text() == text
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_without_a_tool_the_terminal_gets_it_and_above_its_limit_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: tuple[App[Any], Terminal]
) -> None:
    app, screen = terminal
    tools(tmp_path, monkeypatch)
    copied = await copy_text(app, "hello", tmp_path, environ={"TERM": "xterm"})
    assert copied.told == "Copied 5 characters, through the terminal (OSC 52)."
    assert screen.written == osc52("hello")
    assert app.clipboard == "hello"

    screen.written = ""
    long = "x" * (TERMINAL_LIMIT + 1)
    copied = await copy_text(app, long, tmp_path / "state", environ={"TERM": "xterm"})
    file = tmp_path / "state" / "clipboard.txt"
    assert file.read_text() == long
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert copied.told == f"Written 74,995 characters to {file}: no clipboard can take it from here."
    assert screen.written == ""
    assert (await copy_text(app, "a", tmp_path / "state", environ={"TERM": "linux"})).way == str(file)


async def test_tmux_gets_it_in_its_buffer_and_wrapped_for_the_terminal_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: tuple[App[Any], Terminal]
) -> None:
    app, screen = terminal
    tools(tmp_path, monkeypatch, "tmux")
    environ = {"TMUX": "/tmp/x,1,0", "TERM": "screen-256color"}
    assert (await copy_text(app, "hello", tmp_path, environ=environ)).way == "tmux"
    assert (tmp_path / "tmux.got").read_text() == "hello"
    assert screen.written == wrapped_for_tmux(osc52("hello"))
    assert wrapped_for_tmux("\x1b]x\x07") == "\x1bPtmux;\x1b\x1b]x\x07\x1b\\"
    long = "x" * (TERMINAL_LIMIT + 1)
    assert (await copy_text(app, long, tmp_path, environ=environ)).way == "tmux"
    assert (tmp_path / "tmux.got").stat().st_size == len(long)
    (tmp_path / "tmux").unlink()
    assert (await copy_text(app, "again", tmp_path, environ=environ)).way == "terminal"


async def test_when_nothing_takes_it_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: tuple[App[Any], Terminal]
) -> None:
    tools(tmp_path, monkeypatch)
    (tmp_path / "file").write_text("")
    with pytest.raises(ClipboardError):
        await copy_text(terminal[0], "x", tmp_path / "file", environ={"TERM": "dumb"})


async def test_what_is_stored_nowhere_goes_into_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: tuple[App[Any], Terminal]
) -> None:
    tools(tmp_path, monkeypatch)
    with pytest.raises(ClipboardError, match="could not be copied"):
        await copy_text(terminal[0], "secret", None, environ={"TERM": "dumb"})
    assert list(tmp_path.iterdir()) == []


def test_what_the_editor_is_given_lies_in_memory_where_the_system_has_a_place_for_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert memory_folder() in ("/dev/shm", None)
    monkeypatch.setattr("workbench.tui.external._IN_MEMORY", tmp_path)
    seen: list[str] = []

    def edit(_: object, file: Path) -> None:
        assert file.parent.parent == tmp_path
        seen.append(file.read_text())
        file.write_text("edited")

    monkeypatch.setattr("workbench.tui.external.edit_file", edit)
    assert edit_text(App(), "before") == "edited"
    assert (seen, list(tmp_path.iterdir())) == (["before"], [])
    monkeypatch.setattr("workbench.tui.external._IN_MEMORY", tmp_path / "missing")
    assert memory_folder() is None
