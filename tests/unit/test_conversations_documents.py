"""The JSON shapes that scripts rely on."""

from __future__ import annotations

import json

from workbench.conversations.telling.documents import conversation_document, tree_document
from workbench.conversations.values import Conversation, Message, MessageState, Role
from workbench.providers.values import Attempt

NOW_MS = 1_790_000_000_000


def test_documents_have_the_promised_fields() -> None:
    conversation = Conversation(
        id="c1", title="t", created_at_ms=NOW_MS, updated_at_ms=NOW_MS, messages=2, active_leaf_id="m2"
    )
    question = Message(
        id="m1",
        conversation_id="c1",
        parent_id=None,
        role=Role.USER,
        text="q",
        state=MessageState.DONE,
        created_at_ms=NOW_MS,
    )
    answer = Message(
        id="m2",
        conversation_id="c1",
        parent_id="m1",
        role=Role.ASSISTANT,
        text="a",
        state=MessageState.DONE,
        created_at_ms=NOW_MS,
        attempts=(Attempt(ord=0, provider="main", model="m-1", state="ok", cost_nano=1500),),
    )
    document = json.loads(json.dumps(tree_document(conversation, [question, answer])))
    names = {"id", "title", "created_at", "updated_at", "models", "tags", "pinned", "archived"}
    assert names <= document.keys()
    assert conversation_document(conversation)["messages"] == 2
    assert document["created_at"] == "2026-09-21T14:13:20.000Z"
    assert document["active_leaf_id"] == "m2"
    message = document["messages"][1]
    assert (message["parent_id"], message["role"], message["text"], message["state"]) == (
        "m1",
        "assistant",
        "a",
        "done",
    )
    (one,) = message["attempts"]
    assert {
        "provider",
        "model",
        "state",
        "error_kind",
        "http_status",
        "reason",
        "first_token_ms",
        "duration_ms",
    } <= one.keys()
    assert one["cost_usd"] == 1.5e-06
