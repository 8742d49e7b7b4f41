"""Claude's export: `conversations.json`, usually in a zip.

The `text` of a message may be empty, or lack blocks, while `content` is full. Messages follow one another, unless they
name a parent.
"""

from __future__ import annotations

from workbench.conversations.importing.format import Format, each
from workbench.conversations.importing.shaping import (
    Document,
    attachment,
    count_of,
    document_of,
    documents_in,
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
from workbench.conversations.importing.trees import Node, conversation_with, in_a_row, planted, refuse_too_many
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError
from workbench.conversations.values import Role

NAME = "claude"
_NO_PARENT = frozenset({"00000000-0000-4000-8000-000000000000", "00000000-0000-0000-0000-000000000000"})


def knows(document: Document) -> bool:
    """Whether this is a conversation of Claude."""
    return isinstance(document.get("chat_messages"), list) and "uuid" in document


def conversation_of(document: Document) -> ImportedConversation:
    """A conversation; raises MalformedError."""
    id_ = key_of(document.get("uuid"))
    if id_ is None:
        raise MalformedError("the conversation has no uuid")
    model = words_of(document.get("model"))
    told = documents_in(document.get("chat_messages"))
    refuse_too_many(len(told))
    messages = [_message(one, f"{id_}#{number}", model) for number, one in enumerate(told, 1)]
    begun = time_of(document.get("created_at"))
    parents = [key_of(one.get("parent_message_uuid")) for one in told]
    if any(parents):
        nodes = [
            Node(key=message.key, parent=None if parent in _NO_PARENT else parent, message=message)
            for message, parent in zip(messages, parents, strict=True)
        ]
    else:
        nodes = in_a_row(messages)
    return conversation_with(
        planted(nodes, begun_ms=begun, by_time=any(parents)),
        ImportedConversation(
            source=NAME,
            source_id=id_,
            title=text_of(document.get("name")),
            messages=(),
            created_ms=begun,
            updated_ms=time_of(document.get("updated_at")),
            active=key_of(document.get("current_leaf_message_uuid")),
            pinned=document.get("is_starred") is True,
            settings=kept_object({"summary": document.get("summary"), "project": document.get("project")}),
        ),
    )


def _message(told: Document, instead: str, model: str | None) -> ImportedMessage:
    key = key_of(told.get("uuid")) or instead
    role = role_of(told.get("sender")) or Role.TOOL
    texts: list[str] = []
    thoughts: list[str] = []
    extra: list[str] = []
    for block in documents_in(told.get("content")):
        match text_of(block.get("type")):
            case "text":
                texts.append(text_of(block.get("text")))
                extra += [_citation(one) for one in documents_in(block.get("citations"))]
            case "thinking":
                thoughts.append(text_of(block.get("thinking")) or text_of(block.get("text")))
            case "tool_use":
                name, given = text_of(block.get("name")), block.get("input")
                extra.append(part("tool_call", id=text_of(block.get("id")), name=name, input=given))
            case "tool_result":
                call = text_of(block.get("tool_use_id"))
                name, output = text_of(block.get("name")), block.get("content")
                failed = block.get("is_error") is True or None
                extra.append(part("tool_result", id=call, name=name, output=output, error=failed))
            case _:
                extra.append(unknown_part(NAME, block))
    for one in documents_in(told.get("attachments")):
        size, kind = count_of(one.get("file_size")), words_of(one.get("file_type"))
        name = one.get("file_name")
        extra.append(attachment(name, media_type=kind, size=size, text=text_of(one.get("extracted_content"))))
    extra += [attachment(one.get("file_name")) for one in documents_in(told.get("files"))]
    return ImportedMessage(
        key=key,
        source_id=key,
        parent=None,
        role=role,
        text=joined(texts) or text_of(told.get("text")),
        at_ms=time_of(told.get("created_at")),
        reasoning=joined(thoughts),
        provider=NAME if model and role is Role.ASSISTANT else None,
        model=model if role is Role.ASSISTANT else None,
        extra=tuple(extra),
    )


def _citation(one: Document) -> str:
    details = document_of(one.get("details"))
    url = text_of(one.get("url")) or text_of(details.get("url"))
    place = {"start": count_of(one.get("start_index")), "end": count_of(one.get("end_index"))}
    return part("citation", title=text_of(one.get("title")), url=url, **place)


FORMAT = Format(name=NAME, label="Claude", knows=knows, read=each(knows, conversation_of))
