"""Exports of other programs, written by us in their exact shapes, with the traps they are known for."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

AT = 1_760_000_000
"""2025-10-09 08:53:20 UTC, in seconds."""


def chatgpt_node(
    key: str, parent: str | None, children: list[str], message: Document | None = None
) -> tuple[str, Document]:
    """One node of a mapping."""
    return key, {"id": key, "message": message, "parent": parent, "children": children}


def chatgpt_message(role: str, content: Document | str, at: float | None = AT, **more: Any) -> Document:
    """A message; a string is its only part."""
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    author = {"role": role, "name": more.pop("name", None), "metadata": {}}
    base = {"id": "ignored", "author": author, "create_time": at, "content": content, "weight": 1.0}
    return base | {"status": "finished_successfully", "recipient": "all", "metadata": {}, "channel": None} | more


def chatgpt() -> Document:
    """Root without a message, hidden and empty system messages, thoughts, code, a tool, an image, two answers.

    Children stand before their parents, as in some exports.
    """
    marked = "See \ue200cite\ue202turn0search0\ue201 there."
    reference = {
        "matched_text": "\ue200cite\ue202turn0search0\ue201", "start_idx": 4, "end_idx": 23,
        "alt": "([Leaf](https://leaf.example))", "items": [{"title": "Leaf", "url": "https://leaf.example"}],
    }  # fmt: skip
    gpt = {"model_slug": "gpt-4o"}
    nodes = [
        chatgpt_node("answer-2", "question", [], chatgpt_message("assistant", "Second.", AT + 90, metadata=gpt)),
        chatgpt_node(
            "answer-1", "thoughts", ["code"],
            chatgpt_message("assistant", marked, AT + 10.5, metadata=gpt | {"content_references": [reference]}),
        ),
        chatgpt_node(
            "thoughts", "question", ["answer-1"],
            chatgpt_message(
                "assistant",
                {"content_type": "thoughts", "thoughts": [{"summary": "Leaves", "content": "They are green."}]},
            ),
        ),
        chatgpt_node("root", None, ["system"]),
        chatgpt_node("system", "root", ["context"], chatgpt_message("system", "", None, weight=0.0)),
        chatgpt_node(
            "context", "system", ["question"],
            chatgpt_message(
                "user", {"content_type": "user_editable_context", "user_profile": "likes leaves"}, None,
                metadata={"is_visually_hidden_from_conversation": True},
            ),
        ),
        chatgpt_node(
            "question", "context", ["thoughts", "answer-2"],
            chatgpt_message(
                "user",
                {
                    "content_type": "multimodal_text",
                    "parts": [
                        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://f1", "size_bytes": 7},
                        "What is a leaf?",
                        {"content_type": "novelty", "payload": {"a": 1}},
                    ],
                },
                metadata={"attachments": [{"id": "f1", "name": "leaf.png", "size": 7, "mime_type": "image/png"}]},
            ),
        ),
        chatgpt_node(
            "code", "answer-1", ["between"],
            chatgpt_message(
                "assistant", {"content_type": "code", "language": "unknown", "text": "print('`')"}, AT + 20,
                recipient="python", metadata=gpt,
            ),
        ),
        chatgpt_node("between", "code", ["output"], chatgpt_message("system", "", None)),
        chatgpt_node(
            "output", "between", ["last"],
            chatgpt_message("tool", {"content_type": "execution_output", "text": "`"}, AT + 21, name="python"),
        ),
        chatgpt_node(
            "last", "output", [],
            chatgpt_message(
                "assistant", "Cut", AT + 30, metadata=gpt | {"finish_details": {"type": "max_tokens"}}
            ),
        ),
    ]  # fmt: skip
    return {
        "title": "Leaves",
        "create_time": AT - 0.25,
        "update_time": AT + 100.5,
        "mapping": dict(nodes),
        "moderation_results": [],
        "current_node": "last",
        "conversation_id": "c-chatgpt",
        "is_archived": True,
        "default_model_slug": "gpt-4o",
        "gizmo_id": "g-1",
        "id": "c-chatgpt",
    }


def claude() -> Document:
    """A text that is empty while its content is full, tool blocks without ids, an attachment with its text."""
    return {
        "uuid": "c-claude",
        "name": "Trees",
        "summary": "About trees.",
        "created_at": "2025-10-09T08:53:20.123456Z",
        "updated_at": "2025-10-09T09:00:00.000000Z",
        "account": {"uuid": "a"},
        "chat_messages": [
            {
                "uuid": "m1", "sender": "human", "text": "Count them",
                "content": [{"type": "text", "text": "Count them"}],
                "attachments": [
                    {"file_name": "trees.txt", "file_type": "text/plain", "file_size": 9,
                     "extracted_content": "oak\nfir"}
                ],
                "files": [{"file_name": "trees.jpg"}], "created_at": "2025-10-09T08:53:21.000000Z",
            },
            {
                "uuid": "m2", "sender": "assistant", "text": "", "attachments": [], "files": [],
                "created_at": "2025-10-09T08:53:25.000000Z",
                "content": [
                    {"type": "thinking", "thinking": "One, two."},
                    {"type": "tool_use", "name": "count", "input": {"of": "trees"}},
                    {"type": "tool_result", "name": "count", "content": [{"type": "text", "text": "2"}]},
                    {"type": "text", "text": "Two.", "citations": [{"url": "https://trees.example", "title": "Trees"}]},
                    {"type": "flag", "flag": "odd"},
                ],
            },
        ],
    }  # fmt: skip


def claude_tree() -> Document:
    """What dumps of its programming interface add: parents, and the end of the branch in force."""
    zero = "00000000-0000-4000-8000-000000000000"
    said = [("m1", zero, "human", "A"), ("m2", "m1", "assistant", "B"), ("m3", "m1", "assistant", "C")]
    messages = [
        {"uuid": key, "parent_message_uuid": parent, "sender": sender, "text": text, "content": []}
        for key, parent, sender, text in said
    ]
    more = {"chat_messages": messages, "current_leaf_message_uuid": "m2", "model": "claude-sonnet-4-5"}
    return claude() | more | {"uuid": "c-claude-tree"}


def open_webui() -> Document:
    """Reasoning and tools as HTML in one reply, as output in the other; a system prompt; two answers."""
    details = '<details type="reasoning" done="true" duration="3">\n<summary>Thought</summary>\n&gt; Hm.\n</details>\n'
    tool = '<details type="tool_calls" done="true"><summary>Tool</summary></details>'
    messages: Document = {
        "u": {"id": "u", "parentId": None, "childrenIds": ["a", "b"], "role": "user", "content": "Moss?",
              "timestamp": AT, "files": [{"type": "file", "name": "moss.pdf", "size": 5}]},
        "a": {"id": "a", "parentId": "u", "childrenIds": [], "role": "assistant", "model": "llama3:8b", "done": True,
              "timestamp": AT + 1, "content": f"{details}{tool}\nIt is green."},
        "b": {"id": "b", "parentId": "u", "childrenIds": [], "role": "assistant", "model": "qwen3", "done": False,
              "timestamp": AT + 2, "content": "ignored",
              "output": [
                  {"type": "reasoning", "content": [{"type": "output_text", "text": "Hm, hm."}]},
                  {"type": "function_call", "call_id": "1", "name": "look", "arguments": "{}"},
                  {"type": "function_call_output", "call_id": "1", "output": [{"type": "input_text", "text": "x"}]},
                  {"type": "message", "content": [{"type": "output_text", "text": "It is soft."}]},
              ]},
    }  # fmt: skip
    chat = {"title": "Moss", "models": ["llama3:8b"], "system": "Be short.", "tags": ["plants"]}
    return {
        "id": "c-webui", "user_id": "x", "title": "Moss", "updated_at": AT + 5, "created_at": AT, "archived": False,
        "pinned": True, "folder_id": None, "chat": chat | {"history": {"currentId": "a", "messages": messages}},
    }  # fmt: skip


def librechat(*, recursive: bool = False) -> Document:
    """A question with two answers, one of which failed; as a list or as children in children."""
    zero = "00000000-0000-0000-0000-000000000000"
    question = {"messageId": "q", "parentMessageId": zero, "text": "Fern?", "isCreatedByUser": True, "sender": "User",
                "createdAt": "2025-10-09T08:53:20.000Z"}  # fmt: skip
    good = {
        "messageId": "g", "parentMessageId": "q", "isCreatedByUser": False, "sender": "GPT", "model": "gpt-4o",
        "createdAt": "2025-10-09T08:53:22.000Z", "text": "",
        "content": [
            {"type": "think", "think": "Ferns."},
            {"type": "tool_call", "tool_call": {"id": "1", "name": "look", "args": "{}", "output": "seen"}},
            {"type": "text", "text": {"value": "A fern."}},
        ],
    }  # fmt: skip
    bad = {"messageId": "b", "parentMessageId": "q", "isCreatedByUser": False, "text": "Overloaded", "error": True,
           "createdAt": "2025-10-09T08:53:30.000Z"}  # fmt: skip
    base: Document = {"conversationId": "c-libre", "endpoint": "openAI", "title": "Ferns", "branches": True,
                      "exportAt": "9:00", "options": {"promptPrefix": "Be green."}}  # fmt: skip
    if recursive:
        nested = {key: value for key, value in question.items() if key != "parentMessageId"}
        children = [{k: v for k, v in one.items() if k != "parentMessageId"} | {"children": []} for one in (good, bad)]
        return base | {"recursive": True, "messagesTree": [nested | {"children": children}]}
    return base | {"recursive": False, "messages": [good, bad, question]}


def claude_code() -> list[Document]:
    """A summary, meta lines, a snapshot, a reply in three lines, a tool's result."""
    common = {"sessionId": "s-1", "cwd": "/home/me/garden", "version": "2.0.1", "isSidechain": False}

    def line(uuid: str, parent: str | None, kind: str, content: Any, second: int, **more: Any) -> Document:
        message = {"role": kind, "content": content} | more.pop("message", {})
        stamp = f"2025-10-09T08:53:{second:02d}.000Z"
        return (
            common | {"type": kind, "uuid": uuid, "parentUuid": parent, "timestamp": stamp, "message": message} | more
        )

    model = {"message": {"model": "claude-opus-4-5", "id": "msg_1"}}
    return [
        {"type": "summary", "summary": "Weeding", "leafUuid": "6"},
        {"type": "file-history-snapshot", "messageId": "1", "snapshot": {}},
        line("0", None, "user", "caveat", 10, isMeta=True),
        line("1", "0", "user", "Weed the garden", 11),
        line("2", "1", "assistant", [{"type": "thinking", "thinking": "Weeds."}], 12, **model),
        line("3", "2", "assistant", [{"type": "text", "text": "I look."}], 13, **model),
        line("4", "3", "assistant", [{"type": "tool_use", "id": "t", "name": "Read", "input": {"f": 1}}], 14, **model),
        line("5", "4", "user", [{"type": "tool_result", "tool_use_id": "t", "content": "a weed"}], 15),
        line("6", "5", "assistant", [{"type": "text", "text": "Done."}], 16, **model),
    ]


def gemini() -> list[Document]:
    """Newest first, with another product between, markup in the answers and a pause of an hour."""

    def activity(title: str, time: str, html: str | None, **more: Any) -> Document:
        base = {"header": "Gemini Apps", "title": title, "time": time, "products": ["Gemini Apps"]}
        return base | ({"safeHtmlItem": [{"html": html}]} if html else {}) | more

    return [
        activity("Prompted Later one", "2025-10-09T10:00:00.500Z", "<p>Yes.</p>"),
        activity("Used Search", "2025-10-09T09:01:00Z", None, header="Search", products=["Search"]),
        activity("Changed a setting", "2025-10-09T09:01:00Z", None),
        activity(
            "Prompted And bark?", "2025-10-09T09:00:00Z",
            "<p>Also.</p><ul><li>one</li><li>two &amp; a half</li></ul>",
        ),
        activity(
            "Prompted What is wood?", "2025-10-09T08:53:20Z",
            "<p>It is <b>hard</b>.</p><pre><code>knock()\n</code></pre><script>alert(1)</script>",
            subtitles=[{"name": "Attached 1 file"}],
        ),
    ]  # fmt: skip


def gemini_html() -> str:
    """The same as a page."""

    def cell(header: str, content: str) -> str:
        caption = "content-cell mdl-cell mdl-cell--12-col mdl-typography--caption"
        body = "content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1"
        return (
            '<div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"><div class="mdl-grid">'
            '<div class="header-cell mdl-cell mdl-cell--12-col">'
            f'<p class="mdl-typography--title">{header}<br></p></div>'
            f'<div class="{body}">{content}</div><div class="{body} mdl-typography--text-right"></div>'
            f'<div class="{caption}"><b>Products:</b><br> Gemini Apps<br></div></div></div>'
        )

    cells = [
        cell("Gemini Apps", "Prompted\xa0And bark?<br>Oct 9, 2025, 9:00:00\u202fAM UTC<br><p>Also.</p>"),
        cell("Search", "Searched for\xa0wood<br>Oct 9, 2025, 8:59:00\u202fAM UTC<br>"),
        cell(
            "Gemini Apps", "Prompted\xa0What is wood?<br>Oct 9, 2025, 8:53:20\u202fAM UTC<br><p>It is <b>hard</b>.</p>"
        ),
    ]
    style = "<style>.outer-cell{}</style>"
    return f"<html><head><title>My Activity</title>{style}</head><body>{''.join(cells)}</body></html>"


def own(id_: str, messages: int) -> Document:
    """A conversation of ours with messages in a row, whose ids begin like its own."""
    ids = [f"{id_[:-4]}{number:04}" for number in range(messages)]
    told = [
        {"id": one, "parent_id": above, "role": "user", "text": "q", "state": "done",
         "created_at": "2025-10-09T08:53:20.000Z"}
        for one, above in zip(ids, [None, *ids], strict=False)
    ]  # fmt: skip
    return {"id": id_, "title": "Own", "active_leaf_id": ids[-1], "messages": told}


AICHAT = """\
model: openai:gpt-4o
temperature: 0.5
role_name: gardener
agent_instructions: Be patient.
compressed_messages:
- role: user
  content: Old question
messages:
- role: user
  content:
  - type: text
    text: "Roots: yes?"
  - type: image_url
    image_url:
      url: data:image/png;base64,AAAA
- role: assistant
  content: |
    Yes.

    Deep ones.
data_urls: {}
"""
