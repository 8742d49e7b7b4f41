"""LibreChat's export: one conversation a file, as a list of messages or as a tree of children in children."""

from __future__ import annotations

from workbench.conversations.importing.format import Format, each
from workbench.conversations.importing.limits import MESSAGES
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
    text_of,
    time_of,
    unknown_part,
    words_of,
)
from workbench.conversations.importing.trees import Node, conversation_with, planted, under_system
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError
from workbench.conversations.values import MessageState, Role

NAME = "librechat"
_NO_PARENT = "00000000-0000-0000-0000-000000000000"


def knows(document: Document) -> bool:
    """Whether this is a conversation of LibreChat."""
    return "conversationId" in document and (
        isinstance(document.get("messages"), list) or isinstance(document.get("messagesTree"), list)
    )


def conversation_of(document: Document) -> ImportedConversation:
    """A conversation with all of its branches; raises MalformedError."""
    id_ = key_of(document.get("conversationId"))
    if id_ is None:
        raise MalformedError("the conversation has no id")
    endpoint = words_of(document.get("endpoint"))
    told = _flat(documents_in(document.get("messages")) or documents_in(document.get("messagesTree")))
    nodes = [_node(one, above, f"{id_}#{number}", endpoint) for number, (one, above) in enumerate(told, 1)]
    options = document_of(document.get("options"))
    nodes = under_system(nodes, text_of(options.get("promptPrefix")) or text_of(options.get("system")))
    times = [node.message.at_ms for node in nodes if node.message is not None and node.message.at_ms is not None]
    return conversation_with(
        planted(nodes, begun_ms=min(times, default=None)),
        ImportedConversation(
            source=NAME,
            source_id=id_,
            title=text_of(document.get("title")),
            messages=(),
            created_ms=time_of(document.get("createdAt")) or min(times, default=None),
            updated_ms=max(times, default=None),
            settings=kept_object({"endpoint": endpoint, "options": options}),
        ),
    )


def _flat(messages: list[Document]) -> list[tuple[Document, str | None]]:
    """All messages, those within others too, with the name of the one they were found in."""
    found: list[tuple[Document, str | None]] = []
    waiting: list[tuple[Document, str | None]] = [(one, None) for one in reversed(messages)]
    while waiting and len(found) <= MESSAGES:
        one, above = waiting.pop()
        found.append((one, above))
        name = key_of(one.get("messageId"))
        waiting += [(child, name) for child in reversed(documents_in(one.get("children")))]
    return found


def _node(told: Document, above: str | None, instead: str, endpoint: str | None) -> Node:
    key = key_of(told.get("messageId")) or instead
    parent = key_of(told.get("parentMessageId")) or above
    role = Role.USER if told.get("isCreatedByUser") is True else Role.ASSISTANT
    text, reasoning, extra = _content(told)
    model = words_of(told.get("model")) if role is Role.ASSISTANT else None
    state = MessageState.DONE
    reason = ""
    if told.get("error") is True:
        state, reason = MessageState.FAILED, "it failed in LibreChat"
    elif told.get("unfinished") is True:
        state, reason = MessageState.STOPPED, "it was not whole in LibreChat either"
    extra += [
        attachment(one.get("filename"), media_type=words_of(one.get("type")), size=count_of(one.get("bytes")))
        for one in documents_in(told.get("files"))
    ]
    return Node(
        key=key,
        parent=None if parent == _NO_PARENT else parent,
        message=ImportedMessage(
            key=key,
            source_id=key,
            parent=parent,
            role=role,
            text=text,
            at_ms=time_of(told.get("createdAt")),
            reasoning=reasoning,
            provider=(words_of(told.get("endpoint")) or endpoint or NAME) if model else None,
            model=model,
            extra=tuple(extra),
            state=state,
            reason=reason,
        ),
    )


def _content(told: Document) -> tuple[str, str, list[str]]:
    texts: list[str] = []
    thoughts: list[str] = []
    extra: list[str] = []
    for block in items_of(told.get("content")):
        known = document_of(block)
        match text_of(known.get("type")):
            case "text":
                texts.append(text_of(known.get("text")) or text_of(document_of(known.get("text")).get("value")))
            case "think":
                thoughts.append(text_of(known.get("think")) or text_of(document_of(known.get("think")).get("value")))
            case "tool_call":
                call = document_of(known.get("tool_call"))
                id_, name = text_of(call.get("id")), text_of(call.get("name"))
                extra.append(part("tool_call", id=id_, name=name, input=call.get("args")))
                if call.get("output") is not None:
                    extra.append(part("tool_result", id=id_, name=name, output=call.get("output")))
            case "error":
                texts.append(text_of(known.get("error")))
            case _:
                extra.append(unknown_part(NAME, block))
    return joined(texts) or text_of(told.get("text")), joined(thoughts), extra


FORMAT = Format(name=NAME, label="LibreChat", knows=knows, read=each(knows, conversation_of))
