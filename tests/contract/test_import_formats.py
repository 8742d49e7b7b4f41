"""Every format that can be imported, in a fixture with its traps."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import import_databases as databases
from tests.support import import_formats as formats
from workbench.conversations.importing.reading import ImportFile
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, Trouble
from workbench.conversations.values import MessageState

AT_MS = formats.AT * 1000


def read(file: Path, format_: str) -> list[ImportedConversation]:
    """The conversations of a file, in which nothing is wrong."""
    source = ImportFile(file)
    outcomes = list(source.outcomes())
    assert source.format == format_
    assert [one for one in outcomes if isinstance(one, Trouble)] == []
    return [one for one in outcomes if isinstance(one, ImportedConversation)]


def read_json(tmp_path: Path, document: object, format_: str) -> ImportedConversation:
    """The one conversation of a file named so that its name tells nothing."""
    file = tmp_path / "some.bin"
    file.write_text(json.dumps(document))
    (conversation,) = read(file, format_)
    return conversation


def told(conversation: ImportedConversation) -> list[tuple[str, str, str]]:
    """Of each message who said it, its text, and the text above it."""
    by_key = {message.key: message.text for message in conversation.messages}
    return [(one.role.value, one.text, by_key[one.parent] if one.parent else "-") for one in conversation.messages]


def by_text(conversation: ImportedConversation, text: str) -> ImportedMessage:
    """The message with that text."""
    return next(message for message in conversation.messages if message.text == text)


def parts(message: ImportedMessage) -> list[dict[str, Any]]:
    """What a message only keeps."""
    return [json.loads(part) for part in message.extra]


def test_chatgpt(tmp_path: Path) -> None:
    conversation = read_json(tmp_path, [formats.chatgpt()], "chatgpt")
    answer = "See ([Leaf](https://leaf.example)) there."
    code, out = "```\nprint('`')\n```", "```\n`\n```"
    assert told(conversation) == [
        ("user", "What is a leaf?", "-"),
        ("assistant", answer, "What is a leaf?"),
        ("assistant", code, answer),
        ("tool", out, code),
        ("assistant", "Cut", out),
        ("assistant", "Second.", "What is a leaf?"),
    ]
    assert (conversation.title, conversation.source_id, conversation.archived) == ("Leaves", "c-chatgpt", True)
    assert (conversation.created_ms, conversation.updated_ms) == (AT_MS - 250, AT_MS + 100_500)
    assert conversation.active == "last"
    question, first = conversation.messages[:2]
    assert [(p["type"], p.get("name"), p.get("value")) for p in parts(question)] == [
        ("attachment", "file-service://f1", None),
        ("unknown", None, {"content_type": "novelty", "payload": {"a": 1}}),
        ("attachment", "leaf.png", None),
    ]
    assert first.reasoning == "Leaves\n\nThey are green."
    assert (first.provider, first.model, first.at_ms) == ("chatgpt", "gpt-4o", AT_MS + 10_500)
    assert parts(first)[-1] == {"type": "citation", "title": "Leaf", "url": "https://leaf.example"}
    assert by_text(conversation, "Cut").finish_reason == "length"
    assert conversation.problems == ()


def test_chatgpt_in_a_zip_of_several_files(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    second = formats.chatgpt() | {"conversation_id": "c-2", "id": "c-2"}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("chat.html", "<html><body><div>no activity</div></body></html>")
        archive.writestr("user.json", json.dumps({"id": "user", "email": "me@example.org"}))
        archive.writestr("../../conversations-001.json", json.dumps([second]))
        archive.writestr("conversations-000.json", json.dumps([formats.chatgpt()]))
        archive.writestr("file-f1-leaf.png", b"\x89PNG")
    assert [one.source_id for one in read(file, "chatgpt")] == ["c-2", "c-chatgpt"]
    assert not (tmp_path.parent / "conversations-001.json").exists()


def test_claude(tmp_path: Path) -> None:
    conversation = read_json(tmp_path, [formats.claude()], "claude")
    assert told(conversation) == [("user", "Count them", "-"), ("assistant", "Two.", "Count them")]
    question, answer = conversation.messages
    assert parts(question)[0] == {
        "type": "attachment", "name": "trees.txt", "media_type": "text/plain", "size": 9, "text": "oak\nfir"
    }  # fmt: skip
    assert parts(question)[1] == {"type": "attachment", "name": "trees.jpg"}
    assert answer.reasoning == "One, two."
    kinds = [p["type"] for p in parts(answer)]
    assert kinds == ["tool_call", "tool_result", "citation", "unknown"]
    assert (conversation.created_ms, question.at_ms) == (AT_MS + 123, AT_MS + 1000)
    tree = read_json(tmp_path, [formats.claude_tree()], "claude")
    assert told(tree) == [("user", "A", "-"), ("assistant", "B", "A"), ("assistant", "C", "A")]
    assert (tree.active, tree.messages[1].model, tree.problems) == ("m2", "claude-sonnet-4-5", ())


def test_open_webui(tmp_path: Path) -> None:
    conversation = read_json(tmp_path, [formats.open_webui()], "open-webui")
    assert told(conversation) == [
        ("system", "Be short.", "-"),
        ("user", "Moss?", "Be short."),
        ("assistant", "It is green.", "Moss?"),
        ("assistant", "It is soft.", "Moss?"),
    ]
    green, soft = conversation.messages[2:]
    assert (green.reasoning, soft.reasoning, green.model) == ("Hm.", "Hm, hm.", "llama3:8b")
    assert [p["type"] for p in parts(green)] == ["tool_call"]
    assert [p["type"] for p in parts(soft)] == ["tool_call", "tool_result"]
    assert (green.state, soft.state) == (MessageState.DONE, MessageState.STOPPED)
    assert (conversation.pinned, conversation.tags, conversation.active) == (True, ("plants",), "a")


@pytest.mark.parametrize("recursive", [False, True])
def test_librechat(tmp_path: Path, recursive: bool) -> None:
    conversation = read_json(tmp_path, formats.librechat(recursive=recursive), "librechat")
    assert told(conversation) == [
        ("system", "Be green.", "-"),
        ("user", "Fern?", "Be green."),
        ("assistant", "A fern.", "Fern?"),
        ("assistant", "Overloaded", "Fern?"),
    ]
    good, bad = conversation.messages[2:]
    assert (good.reasoning, good.provider, good.model) == ("Ferns.", "openAI", "gpt-4o")
    assert [p["type"] for p in parts(good)] == ["tool_call", "tool_result"]
    assert bad.state is MessageState.FAILED


def test_claude_code(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    file.write_text(databases.jsonl(formats.claude_code()))
    (conversation,) = read(file, "claude-code")
    assert told(conversation) == [
        ("user", "Weed the garden", "-"),
        ("assistant", "I look.", "Weed the garden"),
        ("assistant", "", "I look."),
        ("tool", "", ""),
        ("assistant", "Done.", ""),
    ]
    assert (conversation.title, conversation.source_id, conversation.active) == ("Weeding", "s-1", "6")
    assert conversation.messages[1].reasoning == "Weeds."
    assert conversation.messages[1].model == "claude-opus-4-5"
    assert parts(conversation.messages[3]) == [{"type": "tool_result", "id": "t", "output": "a weed"}]


def test_claude_code_that_is_still_being_written(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    file.write_text(databases.jsonl(formats.claude_code()) + '{"type": "user", "uu')
    (conversation,) = (one for one in ImportFile(file).outcomes() if isinstance(one, ImportedConversation))
    assert len(conversation.messages) == 5


def test_gemini(tmp_path: Path) -> None:
    file = tmp_path / "MyActivity.json"
    file.write_text(json.dumps(formats.gemini()))
    later, earlier = read(file, "gemini")
    assert told(earlier) == [
        ("user", "What is wood?", "-"),
        ("assistant", "It is **hard**.\n\n```\nknock()\n\n```", "What is wood?"),
        ("user", "And bark?", "It is **hard**.\n\n```\nknock()\n\n```"),
        ("assistant", "Also.\n\n- one\n- two & a half", "And bark?"),
    ]
    assert (earlier.created_ms, len(later.messages)) == (AT_MS, 2)
    page = tmp_path / "MyActivity.html"
    page.write_text(formats.gemini_html())
    (same,) = read(page, "gemini")
    assert [one.text for one in same.messages] == ["What is wood?", "It is **hard**.", "And bark?", "Also."]
    assert same.source_id == earlier.source_id, "both files name it alike"


def test_openai_messages_and_batches(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {"role": "developer", "content": "Be kind."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Hi"}, {"type": "input_audio", "input_audio": {"data": ""}}],
        },
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "seen"},
        {"role": "assistant", "content": "Hello"},
    ]
    body = {
        "choices": [{"message": {"role": "assistant", "content": "42"}}],
        "model": "gpt-4o-mini",
        "created": formats.AT,
    }
    lines = [{"messages": messages}, {"custom_id": "job-1", "response": {"status_code": 200, "body": body}}]
    file = tmp_path / "train.jsonl"
    file.write_text(databases.jsonl(lines))
    one, batch = read(file, "openai")
    assert [(m.role.value, m.text) for m in one.messages] == [
        ("system", "Be kind."), ("user", "Hi"), ("assistant", ""), ("tool", "seen"), ("assistant", "Hello"),
    ]  # fmt: skip
    assert parts(one.messages[1])[0]["value"]["type"] == "input_audio"
    assert parts(one.messages[2])[0] == {"type": "tool_call", "id": "1", "name": "look", "input": "{}"}
    assert (batch.title, batch.messages[0].model, batch.created_ms) == ("job-1", "gpt-4o-mini", AT_MS)


def test_sharegpt(tmp_path: Path) -> None:
    said = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
    variant = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    file = tmp_path / "share.json"
    file.write_text(json.dumps([{"id": 0, "conversations": said, "system": "Be kind."}, {"conversation": variant}]))
    first, second = read(file, "sharegpt")
    assert told(first) == [("system", "Be kind.", "-"), ("user", "Hi", "Be kind."), ("assistant", "Hello", "Hi")]
    assert told(second) == [("user", "Hi", "-"), ("assistant", "Ho", "Hi")]


def test_aichat(tmp_path: Path) -> None:
    file = tmp_path / "garden.yaml"
    file.write_text(formats.AICHAT)
    (conversation,) = read(file, "aichat")
    assert told(conversation) == [
        ("system", "Be patient.", "-"),
        ("user", "Old question", "Be patient."),
        ("user", "Roots: yes?", "Old question"),
        ("assistant", "Yes.\n\nDeep ones.\n", "Roots: yes?"),
    ]
    assert (conversation.title, conversation.messages[-1].provider, conversation.messages[-1].model) == (
        "garden", "openai", "gpt-4o",
    )  # fmt: skip
    assert parts(conversation.messages[2])[0]["type"] == "attachment"


def test_sessions_of_aichat_that_grow_and_that_share_a_role(tmp_path: Path) -> None:
    def source_of(more: str, model: str = "openai:a") -> str | None:
        file = tmp_path / "session"
        said = "{role: system, content: Be brief.}, {role: user, content: Hi}, {role: assistant, content: %s}"
        file.write_text(f"model: {model}\nmessages: [{said % more}]\n")
        return read(file, "aichat")[0].source_id

    grown = source_of("Hello}, {role: user, content: More", model="openai:b")
    assert source_of("Hello") == grown
    assert source_of("Good day") != grown


def test_llm_of_old(tmp_path: Path) -> None:
    alone, conversation = read(databases.llm_old(tmp_path / "logs"), "llm")
    prompt = "A long text about pelicans.\n\nName one"
    assert told(conversation) == [
        ("system", "Be brief", "-"),
        ("user", prompt, "Be brief"),
        ("assistant", "Percy", prompt),
        ("user", "Another", "Percy"),
        ("assistant", "Pam", "Another"),
    ]
    assert (conversation.title, conversation.created_ms) == ("Pelicans", AT_MS + 123)
    assert parts(conversation.messages[1]) == [
        {"type": "attachment", "name": "/tmp/pelican.png", "media_type": "image/png", "size": 2}
    ]
    assert [p["type"] for message in conversation.messages[2:4] for p in parts(message)] == ["tool_call", "tool_result"]
    assert conversation.messages[2].reasoning == "P..."
    assert (alone.source_id, alone.messages[-1].model) == ("r3", "o1")


def test_llm_of_both_generations(tmp_path: Path) -> None:
    found = {one.source_id: one for one in read(databases.llm_both(tmp_path / "logs.db"), "llm")}
    assert found.keys() == {"c1", "t1", "r3"}
    assert told(found["t1"]) == [
        ("user", "A novel.\nWhat is it?", "-"),
        ("assistant", "A book.", "A novel.\nWhat is it?"),
        ("user", "Name a walrus", "A book."),
        ("assistant", "Wallace", "Name a walrus"),
        ("user", "Name a seal", "A book."),
        ("assistant", "Sam", "Name a seal"),
    ]
    assert by_text(found["t1"], "Sam").model == "o3"
    assert found["t1"].active == by_text(found["t1"], "Wallace").key
    (before,) = (one for one in read(databases.llm_old(tmp_path / "old.db"), "llm") if one.source_id == "c1")
    assert [m.key for m in before.messages] == [m.key for m in found["c1"].messages[:5]], "it went on; it is the same"


def test_elia_and_oterm(tmp_path: Path) -> None:
    (rain,) = read(databases.elia(tmp_path / "elia.sqlite"), "elia")
    assert told(rain) == [("system", "Be wet.", "-"), ("user", "Rain?", "Be wet."), ("assistant", "Wet.", "Rain?")]
    assert (rain.created_ms, rain.messages[2].at_ms, rain.messages[2].model) == (AT_MS, AT_MS + 2500, "gpt-4o")
    assert parts(rain.messages[2])[0]["value"] == {"tokens": 2}
    (snow,) = read(databases.oterm(tmp_path / "store.db"), "oterm")
    assert told(snow) == [("system", "Be cold.", "-"), ("user", "Snow?", "Be cold."), ("assistant", "Cold.", "Snow?")]
    assert parts(snow.messages[1])[0]["type"] == "attachment"
    assert (snow.messages[2].provider, snow.messages[2].model) == ("oterm", "llama3.2")
