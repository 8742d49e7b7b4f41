"""ChatGPT's export: `conversations.json` (newer ones `conversations-000.json` and so on), usually in a zip.

A conversation is a `mapping` of nodes by id, in any order, each with its parent. Many nodes are no messages of anybody:
the root, hidden instructions, the model's thoughts; what hangs under them goes under what is above them.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.conversations.importing.format import Format, each
from workbench.conversations.importing.shaping import (
    Document,
    attachment,
    count_of,
    document_of,
    documents_in,
    fenced,
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
from workbench.conversations.importing.trees import Node, conversation_with, planted, refuse_too_many
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError
from workbench.conversations.values import CUT_TO_LENGTH, MessageState, Role

NAME = "chatgpt"
_HIDDEN = frozenset({"user_editable_context", "model_editable_context"})
"""What the program tells the model before each conversation."""
_QUOTED = frozenset(
    {"tether_browsing_display", "tether_quote", "system_error", "citable_code_output", "computer_output"}
)
_POINTERS = frozenset({"image_asset_pointer", "audio_asset_pointer", "video_container_asset_pointer"})


@dataclass(slots=True)
class _Said:
    """What a message's content amounts to."""

    text: str = ""
    reasoning: str = ""
    extra: tuple[str, ...] = ()
    only_carried: bool = False
    """Whether it is part of the reply below it."""


def knows(document: Document) -> bool:
    """Whether this is a conversation of ChatGPT."""
    return isinstance(document.get("mapping"), dict)


def conversation_of(document: Document) -> ImportedConversation:
    """A conversation with all of its branches; raises MalformedError."""
    id_ = key_of(document.get("conversation_id")) or key_of(document.get("id"))
    if id_ is None:
        raise MalformedError("the conversation has no id")
    mapping = document_of(document.get("mapping"))
    refuse_too_many(len(mapping))
    begun = time_of(document.get("create_time"))
    model = words_of(document.get("default_model_slug"))
    nodes = [_node(key_of(name) or "", document_of(value)) for name, value in mapping.items()]
    tree = planted(nodes, begun_ms=begun)
    settings = {name: document.get(name) for name in ("gizmo_id", "default_model_slug", "conversation_origin", "voice")}
    return conversation_with(
        tree,
        ImportedConversation(
            source=NAME,
            source_id=id_,
            title=text_of(document.get("title")),
            messages=(),
            created_ms=begun,
            updated_ms=time_of(document.get("update_time")),
            active=key_of(document.get("current_node")),
            pinned=document.get("is_starred") is True,
            archived=document.get("is_archived") is True,
            settings=kept_object({**settings, "default_model_slug": model}),
        ),
    )


def _node(key: str, node: Document) -> Node:
    parent = key_of(node.get("parent"))
    message = document_of(node.get("message"))
    author = document_of(message.get("author"))
    role = role_of(author.get("role")) or (Role.TOOL if author else None)
    metadata = document_of(message.get("metadata"))
    if role is None or message.get("weight") == 0 or metadata.get("is_visually_hidden_from_conversation") is True:
        return Node(key=key, parent=parent, message=None)
    said = _said(message, role)
    leaf = not items_of(node.get("children"))
    if said.only_carried and not leaf:
        return Node(key=key, parent=parent, message=None, reasoning=said.reasoning, extra=said.extra)
    if role is Role.SYSTEM and not said.text.strip():
        return Node(key=key, parent=parent, message=None)
    model = words_of(metadata.get("model_slug")) if role is Role.ASSISTANT else None
    state, reason, finish_reason = _end_of(message, metadata, role)
    return Node(
        key=key,
        parent=parent,
        message=ImportedMessage(
            key=key,
            source_id=key,
            parent=parent,
            role=role,
            text=said.text,
            at_ms=time_of(message.get("create_time")),
            reasoning=said.reasoning,
            provider=NAME if model else None,
            model=model,
            extra=(*said.extra, *_attachments(metadata), *_citations(metadata)),
            state=state,
            reason=reason,
            finish_reason=finish_reason,
        ),
    )


def _said(message: Document, role: Role) -> _Said:
    content = document_of(message.get("content"))
    kind = text_of(content.get("content_type"))
    name = words_of(document_of(message.get("author")).get("name"))
    recipient = words_of(message.get("recipient"))
    called = role is Role.ASSISTANT and recipient not in (None, "all")
    extra: list[str] = []
    if role is Role.TOOL:
        extra.append(part("tool_result", name=name))
    match kind:
        case "text" | "multimodal_text" | "":
            text, parts = _parts(items_of(content.get("parts")))
            extra += parts
            text = _without_marks(text, document_of(message.get("metadata")))
        case "code" | "execution_output":
            said = text_of(content.get("text"))
            language = text_of(content.get("language")) if kind == "code" else ""
            text = fenced(said, "" if language == "unknown" else language) if said.strip() else ""
        case "thoughts":
            thoughts = documents_in(content.get("thoughts"))
            told = (joined((text_of(one.get("summary")), text_of(one.get("content")))) for one in thoughts)
            return _Said(reasoning=joined(told), only_carried=True)
        case "reasoning_recap":
            return _Said(extra=(unknown_part(NAME, content),), only_carried=True)
        case _ if kind in _HIDDEN:
            return _Said(extra=(unknown_part(NAME, content),), only_carried=True)
        case _ if kind in _QUOTED:
            text = text_of(content.get("text")) or text_of(content.get("result"))
            extra.append(unknown_part(NAME, {name: item for name, item in content.items() if name != "text"}))
        case _:
            text = text_of(content.get("text"))
            extra.append(unknown_part(NAME, content))
    if called:
        extra.append(part("tool_call", name=recipient))
    return _Said(text=text, extra=tuple(extra))


def _parts(parts: list[object]) -> tuple[str, list[str]]:
    texts: list[str] = []
    extra: list[str] = []
    for item in parts:
        if isinstance(item, str):
            texts.append(item)
            continue
        known = document_of(item)
        kind = text_of(known.get("content_type"))
        if kind == "audio_transcription":
            texts.append(text_of(known.get("text")))
        elif kind in _POINTERS:
            name = known.get("asset_pointer")
            extra.append(attachment(name, media_type=kind.split("_")[0], size=count_of(known.get("size_bytes"))))
        else:
            extra.append(unknown_part(NAME, item))
    return joined(texts), extra


def _without_marks(text: str, metadata: Document) -> str:
    """The text with what its citations look like to a reader; of those that overlap the first."""
    references = [
        (start, end, one)
        for one in documents_in(metadata.get("content_references"))
        if (start := count_of(one.get("start_idx"))) is not None and (end := count_of(one.get("end_idx"))) is not None
    ]
    pieces: list[str] = []
    at = 0
    for start, end, one in sorted(references, key=lambda reference: reference[:2]):
        matched = one.get("matched_text")
        if isinstance(matched, str) and matched.strip() and at <= start < end and text[start:end] == matched:
            pieces += [text[at:start], text_of(one.get("alt"))]
            at = end
    return "".join([*pieces, text[at:]])


def _attachments(metadata: Document) -> list[str]:
    return [
        attachment(one.get("name"), media_type=words_of(one.get("mime_type")), size=count_of(one.get("size")))
        for one in documents_in(metadata.get("attachments"))
    ]


def _citations(metadata: Document) -> list[str]:
    found: list[str] = []
    for one in documents_in(metadata.get("citations")):
        more = document_of(one.get("metadata"))
        found.append(
            part(
                "citation",
                title=text_of(more.get("title")),
                url=text_of(more.get("url")),
                text=text_of(more.get("text")),
                start=count_of(one.get("start_ix")),
                end=count_of(one.get("end_ix")),
            )
        )
    for one in documents_in(metadata.get("content_references")):
        links = [document_of(item) for item in items_of(one.get("items"))]
        found += [part("citation", title=text_of(link.get("title")), url=text_of(link.get("url"))) for link in links]
    return found


def _end_of(message: Document, metadata: Document, role: Role) -> tuple[MessageState, str, str | None]:
    if role is not Role.ASSISTANT:
        return MessageState.DONE, "", None
    if text_of(document_of(metadata.get("finish_details")).get("type")) == "max_tokens":
        return MessageState.DONE, "", CUT_TO_LENGTH
    if text_of(message.get("status")) in ("in_progress", "finished_partial_completion"):
        return MessageState.STOPPED, "it was not whole in ChatGPT either", None
    return MessageState.DONE, "", None


FORMAT = Format(name=NAME, label="ChatGPT", knows=knows, read=each(knows, conversation_of))
