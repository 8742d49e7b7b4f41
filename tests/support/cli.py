"""The real `workbench` command in a process of its own, with a home that the test chooses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.warm import SERVER, WarmProcess

REPOSITORY = Path(__file__).parents[2]
TIMEOUT_S = 50.0
"""Loading the model library takes seconds of CPU, and more on a busy machine."""
KEY = "sk-double-0123456789abcdef"
"""The key that `configure` puts into `config/.env`."""


def script() -> Path:
    """The installed console script, beside the interpreter that runs the tests."""
    return Path(sys.executable).parent / "workbench"


def command_line(*arguments: str, module: bool = False) -> list[str]:
    """What starts workbench: the console script, or `python -m workbench`."""
    start = [sys.executable, "-m", "workbench"] if module else [str(script())]
    return [*start, *arguments]


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    raw_out: bytes
    raw_err: bytes
    seconds: float

    @property
    def out(self) -> str:
        """Standard output."""
        return self.raw_out.decode()

    @property
    def err(self) -> str:
        """Standard error."""
        return self.raw_err.decode()

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.raw_out)

    @property
    def lines(self) -> list[Any]:
        """Standard output as a JSON document a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def run_cli(
    *arguments: str,
    stdin: str | bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    module: bool = False,
    warm: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> Finished:
    """Run one command to its end. Without `stdin` there is none (/dev/null); `env` is added to the test's own.

    A warm one has no `stdin` and is no `module`.
    """
    if warm:
        with running_cli(*arguments, env=env, cwd=cwd, warm=True) as command:
            return command.finish(timeout_s)
    given = stdin.encode() if isinstance(stdin, str) else stdin
    began = time.monotonic()
    done = subprocess.run(
        command_line(*arguments, module=module),
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        timeout=timeout_s,
    )
    return Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


class RunningCommand:
    """A command that is still at work; its output is collected by threads."""

    def __init__(self, process: subprocess.Popen[bytes] | WarmProcess) -> None:
        self.process = process
        self._out = bytearray()
        self._err = bytearray()
        self._began = time.monotonic()
        self._readers = [
            threading.Thread(target=self._read, args=(stream, kept), daemon=True)
            for stream, kept in ((process.stdout, self._out), (process.stderr, self._err))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: Any, kept: bytearray) -> None:
        while data := stream.read1(65536):
            kept.extend(data)

    @property
    def out(self) -> str:
        """Standard output so far."""
        return bytes(self._out).decode("utf-8", "replace")

    @property
    def err(self) -> str:
        """Standard error so far."""
        return bytes(self._err).decode("utf-8", "replace")

    def wait_until(self, predicate: Callable[[], object], within_s: float = 40.0) -> None:
        """Wait for `predicate()`; AssertionError, with what was written, when it does not come."""
        deadline = time.monotonic() + within_s
        while not predicate():
            assert time.monotonic() < deadline, f"not within {within_s} s; out: {self.out!r}; err: {self.err!r}"
            assert self.process.poll() is None or predicate(), f"ended early; out: {self.out!r}; err: {self.err!r}"
            time.sleep(0.01)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def finish(self, within_s: float = 10.0) -> Finished:
        """Wait for its end."""
        code = self.process.wait(within_s)
        for reader in self._readers:
            reader.join(2)
        return Finished(code, bytes(self._out), bytes(self._err), time.monotonic() - self._began)


@contextmanager
def running_cli(
    *arguments: str,
    stdin: int = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    warm: bool = False,
) -> Iterator[RunningCommand]:
    """Start a command, warm or from nothing; it is killed if it still runs at the end of the block."""
    if warm:
        with closing(SERVER.start_on_pipes(command_line(*arguments), stdin=stdin, env=env, cwd=cwd)) as process:
            yield RunningCommand(process)
        return
    with subprocess.Popen(
        command_line(*arguments),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
        cwd=cwd,
    ) as process:
        try:
            yield RunningCommand(process)
        finally:
            if process.poll() is None:
                process.kill()


def provider_entry(base_url: str, *, key: str = "${DOUBLE_KEY}", **more: object) -> dict[str, object]:
    """The configuration of a loopback double."""
    entry: dict[str, object] = {
        "kind": "openai-compatible",
        "base_url": base_url,
        "api_key": key,
        "models": ["double"],
        "max_retries": 0,
    }
    return entry | more


def configure(
    home: Path,
    providers: Mapping[str, Mapping[str, object]] | Sequence[str],
    settings: Mapping[str, object] | None = None,
) -> Path:
    """Write `config.yaml` into `home`: providers by name, or base URLs, named alpha, beta, gamma in that order."""
    if isinstance(providers, Mapping):
        entries = dict(providers)
    else:
        names = ("alpha", "beta", "gamma")
        entries = {
            name: provider_entry(url, priority=number, models=[f"model-{name}"])
            for number, (name, url) in enumerate(zip(names, providers, strict=False), 1)
        }
    path = home / "config" / "config.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / ".env").write_text(f"DOUBLE_KEY={KEY}\n", "utf-8")
    # JSON is YAML.
    path.write_text(json.dumps({"settings": dict(settings or {}), "providers": entries}, indent=1), "utf-8")
    return path


def invoke(*arguments: str) -> int:
    """Run one command inside this process, with its streams: for many variants, because the model library loads once.

    Handlers of signals are put back afterwards.
    """
    from workbench.cli.app import run_command

    def no_screen(invocation: object) -> int:
        raise AssertionError(f"the full screen was asked for: {invocation}")

    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        return run_command(arguments, no_screen)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
