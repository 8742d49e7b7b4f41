"""A canary key through every failure there is: it reaches its provider, and no file, output, log or crash report."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cli import RunningCommand, configure, invoke
from tests.support.doubles import (
    content_policy,
    context_window,
    cut,
    empty_stop,
    garbage,
    hostile_error,
    html,
    in_band_error,
    keep_alive_only,
    ok,
    quota,
    rate_limited,
    redirect,
    reset,
    reset_at_once,
    running_provider,
    server_error,
    silence,
    stall,
    status,
    unauthorized,
)
from tests.support.in_process import Streams
from workbench.core.secret import MASK

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.usefixtures("no_input"),
]

KEY = "sk-Canary7Q-AAAA1111-BBBB2222-CCCC3333"
BROKEN_UP = KEY.replace("B", "\u200cB")
"""The key with invisible characters in it, which cleaning takes away again."""
TRACES = (b"AAAA1111", b"BBBB2222", b"CCCC3333", base64.b64encode(KEY.encode()), KEY.encode().hex().encode())
ANSWER = "Hello from the double."

CHAT_WITH_BUGS = """
import sys
from contextlib import aclosing
from workbench import main
from workbench.cli.chat import LineChat
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.resilience.shared_admission import SharedAdmission

known, whole, look_up = [], LiteLLMClient.stream, SharedAdmission.refresh

async def refresh(self, providers=()):
    for provider in providers:
        await self.reset_breaker(provider.name)
        await self.reset_keys(provider.name)
    await look_up(self, providers)

async def stream(self, call):
    known.append(call.api_key.reveal())
    if call.messages[-1].text == "a bug" and call.provider.name == "alpha":
        raise RuntimeError(f"a bug that tells {known[-1]}")
    async with aclosing(whole(self, call)) as parts:
        async for part in parts:
            yield part

def crash(self, name):
    raise ZeroDivisionError(f"a crash that tells {known[-1]}")

LiteLLMClient.stream, LineChat._choose_provider, SharedAdmission.refresh = stream, crash, refresh
sys.argv[1:] = ["chat"]
main.main()
"""
"""`workbench chat` in which the prompt "a bug" fails inside of an attempt, and /provider ends the program. Breakers and
keys are reset before each prompt, so that the first provider is asked however often it has failed."""


@contextmanager
def running_chat() -> Iterator[RunningCommand]:
    """Under umask 000, with the libraries asked to print all they know."""
    with subprocess.Popen(
        [sys.executable, "-c", CHAT_WITH_BUGS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LITELLM_LOG": "DEBUG", "OPENAI_LOG": "debug", "DETAILED_DEBUG": "1"},
        umask=0,
    ) as process:
        try:
            yield RunningCommand(process)
        finally:
            process.kill()


def say(command: RunningCommand, lines: list[str]) -> None:
    """Type into a running chat."""
    assert command.process.stdin is not None
    command.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
    command.process.stdin.flush()


def files_under(home: Path) -> dict[str, bytes]:
    """Everything the program wrote, by its path; not the file that the key was read from."""
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != ".env"}


def assert_no_trace(texts: dict[str, bytes]) -> None:
    """Neither the key, nor a part of it, nor an encoding of it."""
    found = [(name, trace) for name, text in texts.items() for trace in TRACES if trace in text]
    assert not found


def test_a_canary_key_is_nowhere_after_every_failure(isolation: Path, streams: Streams) -> None:
    with running_provider(probe=unauthorized()) as first, running_provider(ok()) as second:
        faults = [
            unauthorized(), unauthorized(403), quota(), quota(429), rate_limited("0"), rate_limited(None),
            context_window(), content_policy(), server_error(), server_error(503), html(), html(502), garbage(),
            garbage(2), reset_at_once(), reset(), cut(), cut(done=True), cut(chunked=False), silence(),
            keep_alive_only(), stall(), in_band_error(2, f"upstream refused {KEY} (Bearer {KEY})"), empty_stop(),
            hostile_error(), hostile_error(500, size=100_000), redirect(f"{second.base_url}/elsewhere?key={KEY}"),
            status(400, KEY.encode()), status(418, {"detail": {"api_key": KEY}}), status(400, {"error": BROKEN_UP}),
        ]  # fmt: skip
        first.behave(*faults)
        settings = {"first_token_timeout": 0.3, "stall_timeout": 0.3, "on_broken_stream": "restart"}
        configure(isolation, [first.base_url, second.base_url], settings)
        (isolation / "config" / ".env").write_text(f"DOUBLE_KEY={KEY}\n")
        with running_chat() as chat:
            prompts = ["hi"] * len(faults) + ["a bug"]
            say(chat, prompts)
            chat.wait_until(lambda: chat.out == f"{ANSWER}\n" * len(prompts))
            while_running = files_under(isolation)
            say(chat, ["/provider alpha"])
            done = chat.finish()
        assert done.code == 70, done.err
        assert done.err.count("alpha/model-alpha failed") == len(prompts)
        assert len(first.calls) == len(faults)
        assert {call.key for call in first.calls + second.calls} == {KEY}
        outputs = {"chat": done.raw_out, "chat's narration": done.raw_err}
        for command in (
            "events --json -n 10000", "events -n 10000", "history show last --json", "history show last", "config show",
            "config show --json", "providers list --json", "providers test --json", "doctor --json",
        ):  # fmt: skip
            invoke(*command.split())
            outputs[command] = streams.read().encode()
            outputs[f"{command}, narration"] = streams.err.encode()
    files = files_under(isolation)
    assert_no_trace(outputs)
    assert_no_trace(while_running)
    assert_no_trace(files)

    # What was searched is what would hold it: each of these told the key, and was masked.
    assert any(name.endswith("workbench.db-wal") for name in while_running)
    mask = MASK.encode()
    log = files[str(isolation / "state" / "workbench.log")]
    assert b"failed unexpectedly" in log and b"a bug that tells " + mask in log
    report = next(text for name, text in files.items() if "crash-" in name)
    assert b"a crash that tells " + mask in report
    for told in ("events --json -n 10000", "history show last --json", "providers test --json"):
        assert b"Incorrect API key provided: " + mask in outputs[told]
    for path in isolation.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
