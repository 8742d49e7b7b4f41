"""aichat's sessions: one YAML file each, without times and ids."""

from __future__ import annotations

from typing import cast

from workbench.conversations.importing.limits import YAML_DEPTH, YAML_EVENTS
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
    unknown_part,
    words_of,
)
from workbench.conversations.importing.trees import conversation_with, in_a_row, planted, under_system
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError
from workbench.conversations.values import Role
from workbench.core.errors import ConfigurationError

NAME = "aichat"
LABEL = "aichat"


def knows(document: Document) -> bool:
    """Whether this is a session of aichat."""
    told = documents_in(document.get("compressed_messages")) + documents_in(document.get("messages"))
    return "model" in document and bool(told) and all(role_of(one.get("role")) for one in told)


def document_in(text: str) -> Document | None:
    """The session that a YAML text is; None for one that is none. Raises MalformedError for dangerous YAML."""
    from workbench.config.foreign_yaml import plain_document

    try:
        found = plain_document(text, events=YAML_EVENTS, depth=YAML_DEPTH)
    except ConfigurationError as error:
        raise MalformedError(error.detail) from error
    document = document_of(cast("object", found))
    return document if knows(document) else None


def conversation_of(document: Document, name: str) -> ImportedConversation:
    """A session, titled by the file's name; raises MalformedError."""
    shortened = documents_in(document.get("compressed_messages"))
    told = [*shortened, *documents_in(document.get("messages"))]
    model = words_of(document.get("model"))
    urls = document_of(document.get("data_urls"))
    messages: list[ImportedMessage] = []
    above = ""
    for one in told:
        message = _message(one, above, model, urls)
        above = message.key
        messages.append(message)
    settings = {name: value for name, value in document.items() if name not in ("messages", "compressed_messages")}
    return conversation_with(
        planted(under_system(in_a_row(messages), text_of(document.get("agent_instructions"))), by_time=False),
        ImportedConversation(
            source=NAME,
            # A session that grew begins as it did, and what came since is added to it. All sessions of a role begin
            # with the same words: only the first reply tells them apart.
            source_id=digest_of(told[: _first_reply(told) + 1]),
            title=name,
            messages=(),
            created_ms=None,
            updated_ms=None,
            settings=kept_object(settings),
        ),
    )


def _first_reply(told: list[Document]) -> int:
    replies = (place for place, one in enumerate(told) if role_of(one.get("role")) is Role.ASSISTANT)
    return next(replies, len(told))


def _message(told: Document, above: str, model: str | None, urls: Document) -> ImportedMessage:
    role = role_of(told.get("role")) or Role.TOOL
    content = told.get("content")
    texts: list[str] = [text_of(content)]
    extra: list[str] = []
    for block in documents_in(content):
        match text_of(block.get("type")):
            case "text":
                texts.append(text_of(block.get("text")))
            case "image_url":
                url = text_of(document_of(block.get("image_url")).get("url"))
                extra.append(attachment(urls.get(digest(url)) or url[:80], media_type="image", value=block))
            case _:
                extra.append(unknown_part(NAME, block))
    for result in documents_in(document_of(content).get("tool_results")):
        call = document_of(result.get("call"))
        id_, name = text_of(call.get("id")), text_of(call.get("name"))
        extra.append(part("tool_call", id=id_, name=name, input=call.get("arguments")))
        extra.append(part("tool_result", id=id_, name=name, output=result.get("output")))
    texts.append(text_of(document_of(content).get("text")))
    text = joined(texts)
    provider, _, name = (model or "").partition(":")
    key = digest(above, role.value, text, *extra)
    ours = role is Role.ASSISTANT and bool(model)
    return ImportedMessage(
        key=key,
        source_id=key,
        parent=None,
        role=role,
        text=text,
        at_ms=None,
        provider=(provider if name else NAME) if ours else None,
        model=(name or model) if ours else None,
        extra=tuple(extra),
    )
