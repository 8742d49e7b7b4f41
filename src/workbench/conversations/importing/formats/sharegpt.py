"""ShareGPT's shape of training data: `conversations` with `from` and `value`, and its variants."""

from __future__ import annotations

from workbench.conversations.importing.format import Format, each
from workbench.conversations.importing.shaping import (
    Document,
    digest,
    digest_of,
    documents_in,
    kept_object,
    key_of,
    role_of,
    text_of,
    words_of,
)
from workbench.conversations.importing.trees import conversation_with, in_a_row, planted, refuse_too_many, under_system
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError
from workbench.conversations.values import Role

NAME = "sharegpt"


def knows(document: Document) -> bool:
    """Whether this is a conversation in this shape."""
    return bool(_told(document))


def conversation_of(document: Document) -> ImportedConversation:
    """One conversation; where it has no id its content is. Raises MalformedError."""
    told = _told(document)
    if not told:
        raise MalformedError("there are no messages")
    refuse_too_many(len(told))
    model = words_of(document.get("model"))
    messages: list[ImportedMessage] = []
    above = ""
    for one in told:
        role = _role(one) or Role.USER
        text = text_of(one.get("value")) or text_of(one.get("content"))
        above = digest(above, role.value, text)
        ours = role is Role.ASSISTANT and model is not None
        messages.append(
            ImportedMessage(
                key=above,
                source_id=above,
                parent=None,
                role=role,
                text=text,
                at_ms=None,
                provider=NAME if ours else None,
                model=model if ours else None,
            )
        )
    others = {name: value for name, value in document.items() if name not in ("conversations", "conversation", "items")}
    # Ids of such files are numbers of lines as often as not: alone they would make two files one.
    id_ = digest(key_of(document.get("id")) or "", digest_of(told))
    return conversation_with(
        planted(under_system(in_a_row(messages), text_of(document.get("system"))), by_time=False),
        ImportedConversation(
            source=NAME,
            source_id=id_,
            title=text_of(document.get("title")),
            messages=(),
            created_ms=None,
            updated_ms=None,
            settings=kept_object(others),
        ),
    )


def _told(document: Document) -> list[Document]:
    for name in ("conversations", "conversation", "items"):
        told = documents_in(document.get(name))
        if told and all(_role(one) for one in told):
            return told
    return []


def _role(told: Document) -> Role | None:
    return role_of(told.get("from")) or role_of(told.get("role"))


FORMAT = Format(name=NAME, label="ShareGPT", knows=knows, read=each(knows, conversation_of))
