from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.support.app import driven
from tests.support.fake_engine import FakeEngine
from tests.support.hostile import PAYLOADS, forbidden_in
from tests.support.transcript_host import click_actions
from workbench.conversations.values import Role
from workbench.core.clock import ManualClock
from workbench.tui.screens.code_blocks import CodeBlocksScreen
from workbench.tui.screens.links import LinksScreen

REPLY = """\
Two ways, see [the paper](https://a.example/paper) and [notes](notes.txt).

```sh
first --flag
```

```python
second = 2
```
"""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were opened."""
    found: list[str] = []
    monkeypatch.setattr("workbench.tui.browser.open_address", found.append)
    return found


def engine_with(*messages: tuple[Role, str]) -> tuple[FakeEngine, str]:
    engine = FakeEngine(clock=ManualClock())
    conversation = engine.core.store_conversation("parts")
    for role, text in messages:
        engine.core.store_message(conversation.id, role, text)
    return engine, conversation.id


async def test_code_blocks_links_and_folded_output_by_key_and_click(
    tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, conversation = engine_with(
        (Role.TOOL, "line of output\nand another"), (Role.USER, "?"), (Role.ASSISTANT, REPLY)
    )
    async with driven(tmp_path, engine=engine, size=(100, 30), conversation=conversation) as d:
        copied: list[str] = []
        monkeypatch.setattr(d.app, "copy", copied.append)
        await d.until(lambda: "second = 2" in d.screen())
        chat = d.app.chat
        chat.transcript.focus()
        assert "▸ tool output · 2 lines" in d.screen()
        assert "line of output" not in d.screen()
        chat.transcript.put_cursor("message-1")
        await d.pilot.press("o")
        await d.until(lambda: "line of output" in d.screen())
        await d.pilot.press("space")
        await d.until(lambda: "line of output" not in d.screen())

        chat.transcript.put_cursor("message-3")
        await d.pilot.press("Y")
        await d.until(lambda: isinstance(d.app.screen, CodeBlocksScreen))
        await d.until(lambda: "1. sh, 1 line" in d.screen() and "2. python, 1 line" in d.screen())
        await d.pilot.press("down", "enter")
        await d.until(lambda: copied == ["second = 2"])

        await d.pilot.press("l")
        await d.until(lambda: isinstance(d.app.screen, LinksScreen) and "Opens a.example" in d.screen())
        assert "https://a.example/paper" in d.screen()
        await d.pilot.press("y", "enter")
        await d.until(lambda: opened == ["https://a.example/paper"])
        assert copied[1:] == ["https://a.example/paper"]

        # A click asks for the same list, with the link that was clicked; what is no web address is not opened.
        y = next(y for y, line in enumerate(d.lines()) if "notes" in line)
        await d.pilot.click(offset=(d.lines()[y].index("notes") + 1, y))
        await d.until(lambda: isinstance(d.app.screen, LinksScreen) and "Only http and https" in d.screen())
        await d.pilot.press("enter", "escape")
        await d.until(lambda: d.app.screen is chat)
        assert opened == ["https://a.example/paper"]

        # A message without any says what to press.
        chat.transcript.put_cursor("message-2")
        await d.pilot.press("l")
        await d.until(lambda: "no links" in d.screen())
        await d.pilot.press("Y")
        await d.until(lambda: "y copies all of it" in d.screen())


async def test_links_with_hostile_labels_and_addresses_are_harmless(tmp_path: Path) -> None:
    text = "\n\n".join(
        f"[l{n} {payload}](<https://h.example/{payload}>)" for n, payload in enumerate(PAYLOADS.values())
    )
    engine, conversation = engine_with((Role.ASSISTANT, text + "\n\n[[/] x](https://ok.example/[/])"))
    async with driven(tmp_path, engine=engine, size=(100, 40), conversation=conversation) as d:
        await d.until(lambda: "ok.example" in d.screen())
        d.app.chat.transcript.focus()
        await d.pilot.press("l")
        await d.until(lambda: isinstance(d.app.screen, LinksScreen))
        listed = d.app.screen.query_one(OptionList)
        await d.until(lambda: listed.option_count > 10)
        for index in range(listed.option_count):
            listed.highlighted = index
            await d.pilot.pause()
            assert not any(forbidden_in(line) for line in d.lines())
            assert click_actions(d.app) == []
        assert d.app.is_running
