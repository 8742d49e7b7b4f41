"""Open WebUI's export: a list of chats, each with a tree of messages in `chat.history`.

`content` may hold reasoning and tool calls as HTML details; newer releases have the same in
`output`, which is preferred.
"""

from __future__ import annotations

from workbench.conversations.importing.format import Format, each
from workbench.conversations.importing.shaping import (
    Document,
    attachment,
    count_of,
    document_of,
    documents_in,
    items_of,
    joined,
    kept_object,
    key_of,
    part,
    role_of,
    text_of,
    time_of,
    unknown_part,
    words_of,
)
from workbench.conversations.importing.trees import (
    Node,
    conversation_with,
    in_a_row,
    planted,
    refuse_too_many,
    under_system,
)
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError
from workbench.conversations.values import MessageState, Role

NAME = "open-webui"
_DETAILS = "<details"
_DETAILS_END = "</details>"


def knows(document: Document) -> bool:
    """Whether this is a chat of Open WebUI."""
    chat = document_of(document.get("chat"))
    return isinstance(chat.get("history"), dict) or isinstance(chat.get("messages"), list)


def conversation_of(document: Document) -> ImportedConversation:
    """A chat with all of its branches; raises MalformedError."""
    chat = document_of(document.get("chat"))
    id_ = key_of(document.get("id")) or key_of(chat.get("id"))
    if id_ is None:
        raise MalformedError("the chat has no id")
    history = document_of(chat.get("history"))
    told = document_of(history.get("messages"))
    refuse_too_many(max(len(told), len(items_of(chat.get("messages")))))
    if told:
        nodes = [_node(key_of(name) or "", document_of(value)) for name, value in told.items()]
    else:
        listed = enumerate(documents_in(chat.get("messages")), 1)
        row = [_node(key_of(one.get("id")) or str(number), one).message for number, one in listed]
        nodes = in_a_row(message for message in row if message is not None)
    params = document_of(chat.get("params"))
    nodes = under_system(nodes, text_of(chat.get("system")) or text_of(params.get("system")))
    begun = time_of(document.get("created_at")) or time_of(chat.get("timestamp"))
    tags = [words_of(tag) for tag in items_of(chat.get("tags") or document_of(document.get("meta")).get("tags"))]
    return conversation_with(
        planted(nodes, begun_ms=begun, by_time=bool(told)),
        ImportedConversation(
            source=NAME,
            source_id=id_,
            title=text_of(document.get("title")) or text_of(chat.get("title")),
            messages=(),
            created_ms=begun,
            updated_ms=time_of(document.get("updated_at")),
            active=key_of(history.get("currentId")),
            tags=tuple(tag for tag in tags if tag),
            pinned=document.get("pinned") is True,
            archived=document.get("archived") is True,
            settings=kept_object({"models": chat.get("models"), "params": params, "folder": document.get("folder_id")}),
        ),
    )


def _node(key: str, told: Document) -> Node:
    role = role_of(told.get("role"))
    parent = key_of(told.get("parentId"))
    if role is None:
        return Node(key=key, parent=parent, message=None)
    extra = [
        attachment(
            one.get("name") or document_of(one.get("file")).get("filename") or one.get("url"),
            media_type=words_of(one.get("type")),
            size=count_of(one.get("size")),
        )
        for one in documents_in(told.get("files"))
    ]
    text, reasoning, parts = _from_output(documents_in(told.get("output")))
    if not text and not parts and not reasoning:
        text, reasoning, parts = _from_content(text_of(told.get("content")))
    extra += [*parts, *(unknown_part(NAME, one) for one in items_of(told.get("sources")))]
    model = words_of(told.get("model")) if role is Role.ASSISTANT else None
    error = told.get("error")
    failed = bool(error) and role is Role.ASSISTANT
    unfinished = told.get("done") is False and role is Role.ASSISTANT
    state = MessageState.FAILED if failed else MessageState.STOPPED if unfinished else MessageState.DONE
    reason = text_of(document_of(error).get("content")) or text_of(error) if failed else ""
    return Node(
        key=key,
        parent=parent,
        message=ImportedMessage(
            key=key,
            source_id=key,
            parent=parent,
            role=role,
            text=text,
            at_ms=time_of(told.get("timestamp")),
            reasoning=reasoning,
            provider=NAME if model else None,
            model=model,
            extra=tuple(extra),
            state=state,
            reason=reason or ("it was not whole in Open WebUI either" if unfinished else ""),
        ),
    )


def _from_output(output: list[Document]) -> tuple[str, str, list[str]]:
    texts: list[str] = []
    thoughts: list[str] = []
    extra: list[str] = []
    for item in output:
        match text_of(item.get("type")):
            case "message":
                texts.append(_text_in(item.get("content")))
            case "reasoning":
                thoughts.append(_text_in(item.get("content")) or _text_in(item.get("summary")))
            case "function_call":
                call, name = text_of(item.get("call_id")), text_of(item.get("name"))
                extra.append(part("tool_call", id=call, name=name, input=item.get("arguments")))
            case "function_call_output":
                extra.append(part("tool_result", id=text_of(item.get("call_id")), output=item.get("output")))
            case _:
                extra.append(unknown_part(NAME, item))
    return joined(texts), joined(thoughts), extra


def _text_in(blocks: object) -> str:
    return text_of(blocks) or joined(text_of(block.get("text")) for block in documents_in(blocks))


def _from_content(content: str) -> tuple[str, str, list[str]]:
    """The text, and what stands in it as HTML details."""
    texts: list[str] = []
    thoughts: list[str] = []
    extra: list[str] = []
    at = 0
    while (begin := content.find(_DETAILS, at)) >= 0:
        head_end = content.find(">", begin)
        end = content.find(_DETAILS_END, begin)
        if head_end < 0 or end < head_end:
            break
        head, inner = content[begin : head_end + 1], content[head_end + 1 : end]
        if 'type="reasoning"' in head:
            thoughts.append(_without_summary(inner))
        elif 'type="tool_calls"' in head or 'type="code_interpreter"' in head:
            extra.append(part("tool_call", html=content[begin : end + len(_DETAILS_END)]))
        else:
            inner = ""
            texts.append(content[at : end + len(_DETAILS_END)])
            at = end + len(_DETAILS_END)
            continue
        texts.append(content[at:begin].strip())
        at = end + len(_DETAILS_END)
    rest = content[at:]
    texts.append(rest.strip() if at else rest)
    return joined(texts), joined(thoughts), extra


def _without_summary(inner: str) -> str:
    """Reasoning without its heading and the `>` before each of its lines."""
    _, found, after = inner.partition("</summary>")
    lines = (after if found else inner).strip().split("\n")
    return "\n".join(line.removeprefix("&gt; ").removeprefix("> ") for line in lines)


FORMAT = Format(name=NAME, label="Open WebUI", knows=knows, read=each(knows, conversation_of))
