"""The installed command as a process: killed, interrupted, piped, baited, crashed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.cli import (
    RunningCommand,
    command_line,
    configure,
    invoke,
    provider_entry,
    run_cli,
    running_cli,
    script,
)
from tests.support.doubles import HOSTILE_TEXT, endless, hostile_error, ok, running_provider
from tests.support.in_process import Streams
from tests.support.warm import SERVER

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.usefixtures("no_input"),
]
"""The model library uses what its own dependencies have deprecated, and loading it takes seconds of CPU."""

CONTROLS = (b"\x1b", b"\x07", b"\x00", b"\r", b"\xc2\x9b", b"\xc2\x9d", "\u202e".encode(), "\u2066".encode())
"""Bytes of `HOSTILE_TEXT` that no pipe may see."""


def streamed(command: RunningCommand) -> str:
    """The answer's text so far, from `--ndjson` lines."""
    lines = [json.loads(line) for line in command.out.splitlines(keepends=True) if line.endswith("\n")]
    return "".join(line["data"]["delta"] for line in lines if line["kind"] == "reply.delta")


def shown_reply(streams: Streams) -> dict[str, str]:
    """The newest conversation's last message, as another process reads it."""
    streams.read()
    assert invoke("history", "show", "last", "--json") == 0
    return streams.json()["messages"][-1]


def test_killed_in_the_middle(isolation: Path, streams: Streams) -> None:
    with running_provider(endless(0.02)) as double:
        configure(isolation, [double.base_url])
        with running_cli("ask", "--ndjson", "tell me a long story", warm=True) as command:
            command.wait_until(lambda: len(streamed(command)) > 100)
            seen, at = streamed(command), time.monotonic()
            command.wait_until(lambda: time.monotonic() > at + 0.5)
            command.send(signal.SIGKILL)
            assert command.finish().code == -signal.SIGKILL
    reply = shown_reply(streams)
    assert reply["state"] == "interrupted"
    assert reply["text"].startswith(seen)
    assert invoke("history", "show", "last") == 0
    text = streams.read()
    assert "tell me a long story" in text
    assert f"{len(reply['text'])} characters kept]" in text


@pytest.mark.parametrize(("number", "state"), [(signal.SIGINT, "stopped"), (signal.SIGTERM, "interrupted")])
def test_interrupted(number: signal.Signals, state: str, isolation: Path, streams: Streams) -> None:
    with running_provider(endless(0.02)) as double:
        configure(isolation, [double.base_url])
        with running_cli("ask", "--ndjson", "tell me a long story", warm=True) as command:
            command.wait_until(lambda: len(streamed(command)) > 50)
            seen, at = streamed(command), time.monotonic()
            command.send(number)
            done = command.finish()
            assert time.monotonic() - at < 2.0
        assert double.calls[0].closed_at is not None
    assert done.code == 130
    assert done.lines[-1]["error"]["kind"] == "interrupted"
    assert "Traceback" not in done.err
    reply = shown_reply(streams)
    assert reply["state"] == state
    assert reply["text"].startswith(seen)


def test_terminated_while_the_library_loads(isolation: Path) -> None:
    with running_provider(ok()) as double:
        configure(isolation, [double.base_url])
        with running_cli("ask", "--json", "hi") as command:
            command.wait_until((isolation / "data" / "workbench.db-wal").exists)
            at = time.monotonic()
            command.send(signal.SIGTERM)
            done = command.finish()
            assert time.monotonic() - at < 2.5
    assert done.code == 130
    assert done.json["error"]["kind"] == "interrupted"


def test_a_reader_that_has_seen_enough(isolation: Path) -> None:
    with running_provider(endless(0.01)) as double:
        configure(isolation, [double.base_url], {"on_broken_stream": "stop"})
        with closing(SERVER.start_on_pipes(command_line("ask", "tell me a long story"))) as process:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.read(20) == b"Hello from the double."[:20]
            process.stdout.close()
            assert process.wait() == 0
            assert process.stderr.read() == b""


def test_a_full_disk_under_the_output(isolation: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([str(script()), "config", "path"], stdout=full, stderr=subprocess.PIPE, timeout=50)
    assert done.returncode == 1
    assert b"The output could not be written" in done.stderr
    assert b"Traceback" not in done.stderr
    assert isolation.name == "home"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(closed: str, isolation: Path) -> None:
    done = subprocess.run(["bash", "-c", f"{script()} history list --json {closed}"], capture_output=True, timeout=50)
    assert done.returncode == 0
    assert done.stderr == b""
    assert (b'"total": 0' in done.stdout) is (">&-" not in closed.replace("2>&-", ""))
    assert (isolation / "data" / "workbench.db").read_bytes()[:15] == b"SQLite format 3"
    assert not (isolation / "state").exists() or not list((isolation / "state").glob("crash-*"))


def test_no_terminal_no_full_screen() -> None:
    for arguments in ((), ("demo",), ("--offline",)):
        done = run_cli(*arguments)
        assert (done.code, done.out) == (2, "")
        assert "workbench ask" in done.err


def test_demonstration_without_any_configuration(isolation: Path, streams: Streams) -> None:
    assert invoke("ask", "--demo", "hello") == 0
    assert streams.read().strip()
    assert "scripted" in streams.err.splitlines()[0]
    assert "rate_limited 429" in streams.err
    assert "broken_stream" in streams.err
    assert not (isolation / "data").exists()


def test_hostile_text_on_pipes(isolation: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with running_provider(hostile_error()) as first, running_provider(ok(HOSTILE_TEXT)) as second:
        entries = {
            "alpha": provider_entry(first.base_url, priority=1, models=["m\x1b]2;x\x07"]),
            "beta": provider_entry(second.base_url, priority=2),
        }
        configure(isolation, entries)
        answered = run_cli("ask", "title \x1b[2J\x9b6n\u202e of the conversation", warm=True)
        assert answered.code == 0, answered.err
    assert "[@click=app.quit]x[/]" in answered.out
    commands = (
        ["history", "list"], ["history", "list", "--json"], ["history", "show", "last"],
        ["history", "show", "last", "--json"], ["events"], ["events", "--ndjson"], ["events", "--json"],
        ["providers", "list"], ["providers", "list", "--json"], ["config", "show"],
    )  # fmt: skip
    printed = [(answered.raw_out, answered.raw_err)]
    for arguments in commands:
        assert invoke(*arguments) == 0
        out, err = capfdbinary.readouterr()
        printed.append((out, err))
    for out, err in printed:
        for control in CONTROLS:
            assert control not in out + err
            escaped = json.dumps(control.decode())[1:-1].encode()
            assert escaped == control or escaped not in out


BAIT = "import os, pathlib\npathlib.Path({marker!r}).write_text(__name__)\nos.environ['WORKBENCH_HOME'] = {home!r}\n"


@pytest.mark.parametrize("module", [False, True], ids=["console script", "python -m"])
def test_bait_in_the_working_directory_changes_nothing(module: bool, isolation: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bait"
    folder.mkdir()
    marker = tmp_path / "bitten"
    with running_provider(ok("from the trap")) as trap, running_provider(ok("from alpha")) as double:
        code = BAIT.format(marker=str(marker), home=str(folder))
        for name in ("litellm", "sitecustomize", "usercustomize", "typer", "openai", "httpx", "json5", "rich"):
            (folder / f"{name}.py").write_text(code)
        variables = (
            f"OPENAI_API_KEY=sk-bait-0123456789\nOPENAI_BASE_URL={trap.base_url}\nOPENAI_API_BASE={trap.base_url}\n"
            f"WORKBENCH_HOME={folder}\nDOUBLE_KEY=sk-bait-0123456789\nWORKBENCH_PROVIDERS__alpha__BASE_URL={trap.base_url}\n"
        )
        (folder / ".env").write_text(variables)
        configure(folder, [trap.base_url])
        for name in ("config.yaml", "workbench.yaml", "litellm_config.yaml"):
            (folder / name).write_text((folder / "config" / "config.yaml").read_text())
        configure(isolation, [double.base_url])
        done = run_cli("ask", "hi", cwd=folder, module=module)
        assert trap.requests == []
    assert (done.code, done.out) == (0, "from alpha\n"), done.err
    assert not marker.exists()
    assert not (folder / "data").exists()
    assert not (folder / "__pycache__").exists()


def test_following_the_log(isolation: Path) -> None:
    with running_provider(ok()) as double:
        configure(isolation, [double.base_url])
        assert invoke("ask", "first") == 0
        with running_cli("events", "--follow", "--ndjson", "--source", "engine") as command:
            command.wait_until(lambda: command.out.count("engine.started") == 1)
            assert invoke("history", "list") == 0
            assert invoke("ask", "second") == 0
            command.wait_until(lambda: command.out.count("engine.started") == 2)
            command.send(signal.SIGINT)
            done = command.finish(3)
    assert done.code == 130
    # Commands that only read leave no trace in the log.
    assert done.out.count("engine.started") == 2
    seqs = [line["seq"] for line in done.lines if "seq" in line]
    assert seqs == sorted(set(seqs))


def test_a_crash_is_reported_without_locals(isolation: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom workbench.cli import history_search as history\nfrom workbench import main\n"
        "def explode(*a, **k):\n    hidden = 'local-canary-0815'\n    raise ZeroDivisionError(len(hidden))\n"
        "history.running_engine = explode\nsys.argv[1:] = ['history', 'list', '--json']\nmain.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=50, cwd=tmp_path)
    assert done.returncode == 70, done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["kind"] == "internal"
    report = Path(error["hint"].removeprefix("The report is in "))
    assert report.parent == isolation / "state"
    assert "ZeroDivisionError" in report.read_text()
    assert b"local-canary" not in report.read_bytes() + done.stdout + done.stderr


def test_reading_history_needs_no_provider_library(isolation: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom workbench import main\n"
        "for line in (['history', 'list'], ['history', 'show', 'last'], ['events'], ['config', 'path']):\n"
        "    main.run(line)\n"
        "print(sorted({'litellm', 'openai', 'keyring', 'textual'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=50, cwd=tmp_path)
    assert done.stdout.decode().splitlines()[-1] == "[]", done.stderr
    assert isolation.is_dir()
