"""`history export` without a terminal: every format, one, some or all, to a file, a folder or standard output."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path

import pytest

from tests.support.cli import invoke
from tests.support.in_process import Streams
from tests.support.storage import opened
from workbench.config.paths import resolve_paths
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.ordering.organizing import Organizer
from workbench.conversations.values import MessageState
from workbench.core.bus import EventBus
from workbench.core.clock import ManualClock

pytestmark = pytest.mark.usefixtures("no_input")

KEY = "sk-ant-api03-" + "k" * 40
SAID = ("Plan a garden", f"Ask Rosalind, her key is {KEY}"), ("Fix the roof", "<b>Rain</b> first")


async def _fill(database: Path) -> list[str]:
    ids: list[str] = []
    async with opened(database) as store:
        clock = ManualClock(1_791_590_400_000)
        conversations = Conversations(store, clock, "0instance")
        for prompt, answer in SAID:
            clock.advance(60)
            begun = await conversations.begin_turn(prompt=prompt, conversation_id=None)
            await conversations.finish_reply(begun.reply.id, state=MessageState.DONE, text=answer)
            again = await conversations.begin_reply(begun.conversation.id, begun.reply.id)
            await conversations.finish_reply(again.reply.id, state=MessageState.DONE, text=f"Anew: {answer}")
            ids.append(begun.conversation.id)
        await Organizer(store, clock, EventBus(clock)).tag(ids[:1], add=["green"])
    return ids


@pytest.fixture
def ids(isolation: Path) -> list[str]:
    database = resolve_paths(isolation, {}).database
    database.parent.mkdir(parents=True)
    return asyncio.run(_fill(database))


def test_every_format_goes_to_a_file_and_the_text_ones_to_standard_output(
    isolation: Path, streams: Streams, ids: list[str]
) -> None:
    folder = isolation / "out"
    folder.mkdir()
    told: dict[str, str] = {}
    for format_ in ("markdown", "html", "json", "jsonl", "bundle"):
        assert invoke("history", "export", ids[0][:-1], "--format", format_, "-o", str(folder)) == 0
        assert streams.read() == ""
        told[format_] = streams.err
    names = ["Plan-a-garden.html", "Plan-a-garden.json", "Plan-a-garden.jsonl", "Plan-a-garden.md", "Plan-a-garden.zip"]
    assert sorted(file.name for file in folder.iterdir()) == names
    assert told["markdown"] == f"2 messages written to {folder}/Plan-a-garden.md\n", "the branch in force"
    assert told["json"] == f"3 messages written to {folder}/Plan-a-garden.json\n", "all branches"
    document = json.loads((folder / names[1]).read_text())
    assert [m["text"] for m in document["messages"]] == [SAID[0][0], SAID[0][1], f"Anew: {SAID[0][1]}"]
    page = (folder / names[0]).read_text()
    assert "Anew: " in page and "<html" in page
    for format_, name in (("json", names[1]), ("jsonl", names[2]), ("markdown", names[3]), ("html", names[0])):
        assert invoke("history", "export", ids[0], "--format", format_) == 0
        assert streams.read() == (folder / name).read_text(), "the same as in the file"


def test_some_and_all_of_them(isolation: Path, streams: Streams, ids: list[str]) -> None:
    assert invoke("history", "export", "last", ids[1], ids[0], "--format", "jsonl") == 0
    lines = [json.loads(line) for line in streams.read().splitlines()]
    assert [line["id"] for line in lines] == [ids[1], ids[0]], "each once, in the order they were named"
    assert invoke("history", "export", "--query", "tag:green", "--format", "jsonl") == 0
    assert [json.loads(line)["id"] for line in streams.read().splitlines()] == ids[:1]
    assert invoke("history", "export", "--query", "rain first", "--format", "markdown") == 0
    assert "# Fix the roof" in streams.read(), "a whole conversation for a hit in one of its messages"
    assert invoke("history", "export", "--all", "-o", str(isolation), "--format", "json") == 0
    file = isolation / "conversations.json"
    assert streams.read() == ""
    assert streams.err == f"6 messages of 2 conversations written to {file}\n"
    assert [each["id"] for each in json.loads(file.read_text())["conversations"]] == ids


def test_a_bundle_masks_keys_and_the_words_one_names(isolation: Path, streams: Streams, ids: list[str]) -> None:
    file = isolation / "share.zip"
    assert invoke("history", "export", "--all", "--format", "bundle", "-o", str(file), "--redact", "rosalind") == 0
    streams.read()
    with zipfile.ZipFile(file) as bundle:
        parts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert len(parts) >= 2
    for text in parts.values():
        assert KEY not in text and "rosalind" not in text.lower()
    assert any("Plan a garden" in text for text in parts.values())


def test_what_cannot_be_is_said_and_no_file_is_touched(isolation: Path, streams: Streams, ids: list[str]) -> None:
    file = isolation / "kept.md"
    file.write_text("mine")
    for arguments, title in (
        ((), "Say which conversations"),
        (("last", "--all"), "Say which conversations"),
        (("nobody",), "There is no such conversation"),
        ((ids[0], "nobody", "-o", str(isolation / "new.md")), "There is no such conversation"),
        (("--query", "nothing like this"), "There is no conversation to export"),
        (("last", "--redact", "x"), "Only a bundle leaves words out"),
        (("last", "--format", "bundle"), "A bundle needs a file"),
        (("last", "--format", "pdf"), "pdf"),
        (("last", "-o", str(file)), "There is a file of that name already"),
        (("last", "-o", str(file)), "Choose another name, or --force"),
        (("last", "-o", f"{file}/x.md"), "cannot be written"),
    ):
        assert invoke("history", "export", *arguments) != 0, arguments
        assert streams.read() == ""
        assert title in streams.err
    assert file.read_text() == "mine"
    assert not (isolation / "new.md").exists()
    assert invoke("history", "export", "last", "-o", str(file), "--force") == 0
    assert "Fix the roof" in file.read_text()
