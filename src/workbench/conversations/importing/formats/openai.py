"""OpenAI's JSON lines: `messages` of one conversation a line, as for fine-tuning, and files of batches."""

from __future__ import annotations

from workbench.conversations.importing.format import Format, each
from workbench.conversations.importing.shaping import (
    Document,
    attachment,
    digest,
    digest_of,
    document_of,
    documents_in,
    joined,
    kept_object,
    part,
    role_of,
    text_of,
    time_of,
    unknown_part,
    words_of,
)
from workbench.conversations.importing.trees import conversation_with, in_a_row, planted, refuse_too_many
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError
from workbench.conversations.values import Role

NAME = "openai"


def knows(document: Document) -> bool:
    """Whether this has messages of OpenAI's shape: of a request, a training example or a batch's answer."""
    return bool(_messages(document))


def conversation_of(document: Document) -> ImportedConversation:
    """One line; nothing in it has a name, so its content is its id. Raises MalformedError."""
    told = _messages(document)
    if not told:
        raise MalformedError("there are no messages")
    refuse_too_many(len(told))
    body = _body(document)
    model = words_of(document.get("model")) or words_of(body.get("model"))
    at = time_of(document.get("created")) or time_of(body.get("created"))
    above = ""
    messages: list[ImportedMessage] = []
    for one in told:
        message = _message(one, above, model, at)
        above = message.key
        messages.append(message)
    others = {name: value for name, value in document.items() if name not in ("messages", "body", "response", "model")}
    custom = text_of(document.get("custom_id"))
    return conversation_with(
        planted(in_a_row(messages), begun_ms=at, by_time=False),
        ImportedConversation(
            source=NAME,
            source_id=digest_of([custom, told]),
            title=text_of(document.get("title")) or (custom if messages[0].role is Role.ASSISTANT else ""),
            messages=(),
            created_ms=at,
            updated_ms=at,
            settings=kept_object({**others, "custom_id": custom}),
        ),
    )


def _body(document: Document) -> Document:
    return document_of(document.get("body")) or document_of(document_of(document.get("response")).get("body"))


def _messages(document: Document) -> list[Document]:
    body = _body(document)
    told = documents_in(document.get("messages")) or documents_in(body.get("messages"))
    if not told:
        told = [document_of(choice.get("message")) for choice in documents_in(body.get("choices"))]
    return told if told and all(role_of(one.get("role")) for one in told) else []


def _message(told: Document, above: str, model: str | None, at_ms: int | None) -> ImportedMessage:
    role = role_of(told.get("role")) or Role.USER
    texts: list[str] = []
    extra: list[str] = []
    content = told.get("content")
    if isinstance(content, str):
        texts.append(content)
    for block in documents_in(content):
        match text_of(block.get("type")):
            case "text" | "input_text" | "output_text":
                texts.append(text_of(block.get("text")))
            case "refusal":
                texts.append(text_of(block.get("refusal")))
            case "image_url":
                url = text_of(document_of(block.get("image_url")).get("url"))
                extra.append(attachment(url[:80] if url.startswith("data:") else url, media_type="image", value=block))
            case _:
                extra.append(unknown_part(NAME, block))
    calls = documents_in(told.get("tool_calls"))
    calls += [{"function": told["function_call"]}] if told.get("function_call") else []
    for call in calls:
        function = document_of(call.get("function"))
        name, given = text_of(function.get("name")), function.get("arguments")
        extra.append(part("tool_call", id=text_of(call.get("id")), name=name, input=given))
    if role is Role.TOOL:
        extra.append(part("tool_result", id=text_of(told.get("tool_call_id")), name=text_of(told.get("name"))))
    text = joined(texts) or text_of(told.get("refusal"))
    key = digest(above, role.value, text, *extra)
    ours = role is Role.ASSISTANT and model is not None
    return ImportedMessage(
        key=key,
        source_id=key,
        parent=None,
        role=role,
        text=text,
        at_ms=at_ms,
        reasoning=text_of(told.get("reasoning_content")) or text_of(told.get("reasoning")),
        provider=NAME if ours else None,
        model=model if ours else None,
        extra=tuple(extra),
    )


FORMAT = Format(name=NAME, label="OpenAI messages", knows=knows, read=each(knows, conversation_of))
