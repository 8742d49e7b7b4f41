"""A day with the history and without a network: the full screen, then the commands, in a process that has none.

Run as `python -m tests.support.offline_day HOME`; prints what was seen as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import cast

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine
from tests.support.no_network import STARTED, take_network_away

PROVIDERS = """
providers:
  cloud: {kind: openai, models: [m], api_key: "${A_KEY}"}
  local: {kind: ollama, models: [m]}
"""
CHAT = [
    {
        "id": "c1",
        "conversations": [
            {"from": "human", "value": "what is a quokka?"},
            {"from": "gpt", "value": "A small marsupial that smiles."},
        ],
    }
]


async def full_screen(home: Path) -> list[str]:
    """Everything the history can do, by keys and commands; what was reached."""
    from tests.support.scripted_engine import ScriptedEngine
    from workbench.config.paths import resolve_paths
    from workbench.engine.options import EngineOptions
    from workbench.tui.screens.history import HistoryScreen

    paths = resolve_paths(home, {})
    paths.config_dir.mkdir(parents=True)
    paths.config_file.write_text(PROVIDERS)
    engine = ScriptedEngine(
        EngineOptions(paths=paths, environ={"A_KEY": "sk-none"}, offline=True, watch=True, warm=True, upkeep=True)
    )
    (home / "chats.json").write_text(json.dumps(CHAT))
    reached: list[str] = []
    async with driven(home, engine=cast("FakeEngine", engine), offline=True) as d:
        await d.until(d.app.desk.opened.is_set)
        await d.send("a prompt")
        await d.until(lambda: "nothing is sent" in d.screen())
        d.app.chat.composer.clear()
        await command(d, f"/import {home}/chats.json")
        await d.until(lambda: "enter import" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: "enter show them" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: isinstance(d.app.screen, HistoryScreen) and d.app.screen.results.row_count > 0)
        reached.append("imported")
        history = cast("HistoryScreen", d.app.screen)
        history.query_line.value = "marsup"
        await d.until(lambda: history.searching.results.total == 1 and not history.searching.running)
        await d.until(lambda: "smiles" in d.screen())
        reached.append("searched and read")
        await organise(d)
        reached.append("organised")
        for pane, word in (("f4", "cloud"), ("f5", "Events"), ("f6", "quokka")):
            await d.pilot.press(pane)
            await d.until(lambda word=word: word in d.screen())
        await command(d, f"/export {home}/quokka.md")
        await d.until((home / "quokka.md").exists)
        await command(d, "/storage")
        await d.until(lambda: "Largest conversations" in d.screen() and "esc close" in d.screen())
        await d.pilot.press("b")
        await d.until(lambda: "Backed up and verified" in d.screen())
        reached.append("exported and backed up")
    assert engine.stop(5.0)
    return reached


async def command(d: Driven, line: str) -> None:
    """A slash command, from the chat."""
    await d.pilot.press("f2")
    await d.until(lambda: d.app.screen is d.app.chat)
    d.app.chat.composer.focus()
    await d.send(line)


async def organise(d: Driven) -> None:
    """Open in the chat, rename, pin, delete and undo."""
    await d.pilot.press("tab", "g")
    await d.until(lambda: d.app.screen is d.app.chat and bool(d.app.desk.slot.conversation_id))
    await command(d, "/rename About the quokka")
    await d.until(lambda: d.app.desk.slot.title == "About the quokka")
    await command(d, "/pin")
    await d.until(lambda: "── pinned ──" in d.screen())
    await command(d, "/delete-conversation")
    await d.until(lambda: not d.app.desk.slot.conversation_id)
    await command(d, "/undo")
    await d.until(lambda: d.app.desk.slot.title == "About the quokka")


def commands(home: Path) -> dict[str, int]:
    """The commands of the history, with their exit codes."""
    from workbench.main import run

    os.environ["WORKBENCH_HOME"] = str(home)
    codes: dict[str, int] = {}
    everything = home / "all.json"
    for line in (
        "history list", "history search quokka", "history show last", "history stats", "backup", "providers list",
        f"history export --all --format json -o {everything}", f"history import --dry-run {everything}",
        "history rename last Quokkas", "history delete last --yes", "history restore last",
    ):  # fmt: skip
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            codes[" ".join(line.split()[:2])] = run(["--offline", *line.split()])
    return codes


def main() -> None:
    """Take the network away first."""
    take_network_away()
    home = Path(sys.argv[1])
    reached = asyncio.run(full_screen(home))
    codes = commands(home)
    loaded = sorted({name.partition(".")[0] for name in sys.modules} & {"litellm", "httpx", "openai"})
    sys.stdout.write(json.dumps({"reached": reached, "codes": codes, "loaded": loaded, "started": STARTED}))


if __name__ == "__main__":
    main()
