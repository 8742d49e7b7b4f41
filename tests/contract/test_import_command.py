"""`workbench history import`, inside this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import import_formats as formats
from tests.support.cli import invoke
from tests.support.importing import written
from tests.support.in_process import Streams, type_in
from workbench.cli import question


@pytest.fixture
def streams(capfd: pytest.CaptureFixture[str]) -> Streams:
    return Streams(capfd)


def test_import_and_what_it_tells(isolation: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(written(isolation.parent / "export", [formats.chatgpt(), {"mapping": {}}, formats.claude()]))
    assert invoke("history", "import", file, "--dry-run", "--json") == 0
    document = streams.json()
    assert document["format"] == "chatgpt"
    assert document["conversations"] == {"new": 1, "known": 0, "failed": 2}
    assert document["messages"] == {"new": 6, "known": 0}
    assert document["problems"][0] == "item 2 of export: the conversation has no id"
    assert invoke("history", "import", file, "--json") == 2, "nobody can be asked"
    assert streams.json()["error"]["kind"] == "usage"
    assert invoke("history", "import", file) == 2
    assert "--yes" in (streams.read() or streams.err)

    monkeypatch.setattr(question, "person_present", lambda: True)
    type_in(monkeypatch, "n\n")
    assert invoke("history", "import", file) == 2
    assert streams.read() == "" and "Nothing was done" in streams.err
    type_in(monkeypatch, "yes\n")
    assert invoke("history", "import", file) == 0
    assert streams.read() == ("ChatGPT: 1 conversation and 6 messages added\n2 conversations cannot be read\n")
    assert "1 conversation and 6 messages would be added" in streams.err
    assert invoke("history", "import", file, "--yes") == 0
    assert "0 conversations and 0 messages added\n1 conversation and 6 messages were here already" in streams.read()
    assert invoke("history", "list", "--json") == 0
    assert [one["title"] for one in json.loads(streams.read())["conversations"]] == ["Leaves"] * 0, "it is archived"


def test_refusals(isolation: Path, streams: Streams) -> None:
    folder = isolation.parent
    assert invoke("history", "import", str(folder), "--yes", "--json") == 2
    error = streams.json()["error"]
    assert (error["kind"], error["hint"]) == ("import_refused", "Name one file in it, or a zip of it")
    broken = written(folder / "broken", [{"mapping": {}}])
    assert invoke("history", "import", str(broken), "--yes") == 1, "nothing of it can be read"
