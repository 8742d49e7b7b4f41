"""Conversations as files: readable, harmless, whole, and never over another file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.conversations.exporting.formats import ExportFormat, file_name_of, format_of
from workbench.conversations.exporting.markdown import markdown_of, with_closed_fence
from workbench.conversations.exporting.own import json_of
from workbench.conversations.values import Conversation, Message, MessageState, Role, Seam
from workbench.core.text import forbidden

MARKUP = "*bold* [x](http://a) \x1b[2J"


def message(role: Role, text: str, state: MessageState = MessageState.DONE, **more: Any) -> Message:
    return Message(
        id="m-1", conversation_id="c-1", parent_id=None, role=role, text=text, state=state, created_at_ms=0, **more
    )


CONVERSATION = Conversation(id="c-1", title=MARKUP, created_at_ms=0, updated_at_ms=0, private=True)
BRANCH = [
    message(Role.USER, "why?"),
    message(
        Role.ASSISTANT, "one two\n```python\nprint(1)", MessageState.STOPPED, provider="alpha", model="a_1",
        seams=(Seam(at=4, after="beta", provider="alpha", model="a_1", ended="was stopped"),), rating=-1,
        reason="stopped by you",
    ),
    message(Role.USER, "and?"),
    message(Role.ASSISTANT, "so", finish_reason="length", rating=1),
]  # fmt: skip


def test_a_branch_is_written_to_be_read() -> None:
    assert (
        markdown_of(CONVERSATION, BRANCH)
        == """\
# \\*bold\\* \\[x\\](http://a) ␛\\[2J

Conversation c-1, begun 1970-01-01T00:00:00.000Z, private

## you, 1970-01-01T00:00:00.000Z

why?

## alpha/a\\_1, 1970-01-01T00:00:00.000Z

one

*[alpha/a\\_1 goes on here; beta was stopped]*

two
```python
print(1)
```

*[stopped: stopped by you; 26 characters kept]*

*[rated bad]*

## you, 1970-01-01T00:00:00.000Z

and?

## assistant, 1970-01-01T00:00:00.000Z

so

*[cut to length: its provider stopped at the longest answer it gives]*

*[rated good]*
"""
    )


def test_json_holds_everything_as_it_is_stored_and_nothing_a_terminal_obeys() -> None:
    hostile = message(Role.ASSISTANT, "\x1b[2J\x9b2J \u202e \U000e0041 \u200d 你好", rating=1)
    written = json_of(CONVERSATION, [hostile])
    document = json.loads(written)
    assert document["title"] == MARKUP
    (stored,) = document["messages"]
    assert (stored["text"], stored["rating"]) == (hostile.text, 1)
    assert not forbidden().keys() & {ord(character) for character in written}
    assert "你好" in written


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("```\na", "\n```"),
        ("```\na\n```", ""),
        ("~~~~ py\n```\n~~~", "\n~~~~"),
        ("```` `x` ````", ""),
        ("```a`b", ""),
        ("    ```", ""),
        ("```\n``` x", "\n```"),
        ("plain", ""),
    ],
)
def test_a_fence_that_a_cut_answer_left_open_is_closed(text: str, end: str) -> None:
    assert with_closed_fence(text) == text + end


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Retry budgets: how?", "Retry-budgets-how.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("-rf ~", "rf.md"),
        (".bashrc", "bashrc.md"),
        ("\x1b[2J\0", "2J.md"),
        ("[/]", "conversation.md"),
        ("con", "conversation-con.md"),
        ("Café 你好", "Café-你好.md"),
        ("", "conversation.md"),
    ],
)
def test_a_title_becomes_a_harmless_file_name(title: str, name: str) -> None:
    assert file_name_of(title, ExportFormat.MARKDOWN) == name


@given(st.text())
def test_every_title_gives_a_name_within_one_folder(title: str) -> None:
    name = file_name_of(title, ExportFormat.JSON)
    assert Path(name).name == name
    assert not name.startswith((".", "-"))
    assert len(name.encode()) <= 255
    assert format_of(name) is ExportFormat.JSON


def test_what_came_with_a_message_is_told() -> None:
    parts = ({"type": "attachment", "name": "a*.png"}, {"type": "tool_call"}, {"type": "unknown", "format": "chatgpt"})
    prompt = message(Role.USER, "see", extra=tuple(map(json.dumps, parts)))
    told = "*[attachment: a\\*.png]*\n\n*[tool call]*\n\n*[a part of chatgpt that is only kept]*\n"
    assert markdown_of(CONVERSATION, [prompt]).endswith(f"\n\nsee\n\n{told}")
