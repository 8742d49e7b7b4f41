"""Loading LiteLLM: no network, no files of the working directory, no output, no stall, nobody waits for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM: seconds of CPU, many more on a machine that does other things.
    pytest.mark.timeout(60),
]


LEAVER = """
import asyncio, time
from workbench.providers.calling.litellm_client import LiteLLMClient

async def main():
    loading = asyncio.ensure_future(LiteLLMClient().prepare())
    await asyncio.sleep(0.3)
    assert not loading.done()
    loading.cancel()

asyncio.run(main())
print(time.process_time())
"""


def test_leaving_while_it_loads_waits_for_nothing() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", LEAVER], env=environment, capture_output=True, text=True, timeout=30
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    # Loading takes seconds of CPU, of which almost none was spent.
    assert float(done.stdout) < 1.5


DISTRUSTER = """
import asyncio, sys
from workbench.core.errors import ProvidersError
from workbench.providers.calling.litellm_client import LiteLLMClient

try:
    asyncio.run(LiteLLMClient().prepare())
except ProvidersError as problem:
    print(problem.title, problem.detail, problem.hint, "litellm" in sys.modules, sep="|")
"""


@pytest.mark.parametrize("content", [None, "these are no certificates"])
def test_certificates_that_cannot_be_read_are_named(content: str | None, tmp_path: Path) -> None:
    named = tmp_path / "named.pem"
    if content is not None:
        named.write_text(content)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "SSL_CERT_FILE": str(named)}
    done = subprocess.run(
        [sys.executable, "-c", DISTRUSTER], env=environment, capture_output=True, text=True, timeout=30
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    title, detail, hint, imported = done.stdout.strip().split("|")
    assert title == "The trusted certificates cannot be read"
    assert f"SSL_CERT_FILE={named}" in detail
    assert "SSL_CERT_FILE" in hint
    assert imported == "False"


LOADER = """
import asyncio, gc, json, os, socket, sys, threading, time

asked = []
real = socket.socket.connect
def connect(self, address):
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
        asked.append(str(address))
        raise OSError("no network here")
    return real(self, address)
socket.socket.connect = connect
socket.getaddrinfo = lambda host, *rest, **more: (asked.append(str(host)), (_ for _ in ()).throw(OSError("no")))[1]
opened = []
def hook(name, arguments):
    # Python 3.13 asks for the source of code that has none, under names such as <unknown>.
    if name == "open" and isinstance(arguments[0], str) and not arguments[0].startswith("<"):
        opened.append(arguments[0])
sys.addaudithook(hook)

async def main():
    from workbench.providers.calling.litellm_client import LiteLLMClient
    assert "litellm" not in sys.modules
    gaps, last, done = [], time.perf_counter(), False
    async def tick():
        nonlocal last
        while not done:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now
    ticking = asyncio.create_task(tick())
    client = LiteLLMClient()
    began = time.perf_counter()
    await asyncio.gather(*(client.prepare() for _ in range(5)))
    took = time.perf_counter() - began
    done = True
    await ticking
    began = time.perf_counter()
    await LiteLLMClient().prepare()
    again = time.perf_counter() - began
    await client.aclose()
    here = os.getcwd()
    print(json.dumps({
        "asked": asked, "took": took, "again": again, "worst": max(gaps), "frozen": gc.get_freeze_count(),
        "collecting": gc.isenabled(), "bait": os.environ.get("BAIT"), "mode": os.environ["LITELLM_MODE"],
        "opened": [name for name in opened if os.path.abspath(name).startswith(here + os.sep)],
    }))

asyncio.run(main())
"""


def test_loading(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """No network, no file of the working directory, no output, no long stall of the loop; once for all."""
    bait = tmp_path / "bait"
    bait.mkdir()
    (bait / ".env").write_text("BAIT=taken\nOPENAI_API_BASE=http://bait.example\n")
    (bait / "litellm.py").write_text("raise SystemExit('bait')\n")
    (bait / "config.yaml").write_text("litellm_settings: {}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LITELLM_MODE": "DEV", "LITELLM_LOG": "DEBUG"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOADER], cwd=bait, env=environment, capture_output=True, text=True, timeout=55
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    told = json.loads(done.stdout)
    assert told["asked"] == []
    assert told["opened"] == []
    assert (told["bait"], told["mode"]) == (None, "PRODUCTION")
    assert told["collecting"]
    assert told["frozen"] > 10_000
    assert told["again"] < 0.1
    record_property("seconds to load", told["took"])
    record_property("worst stall of the loop in seconds", told["worst"])
    # A plain import in the loop's thread would be one stall of the whole length.
    assert told["worst"] < max(1.0, told["took"] / 2)
