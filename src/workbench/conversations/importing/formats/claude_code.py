"""Claude Code's sessions: a line of JSON for each event, which names the one before it.

A reply is several lines, one for each block; its thoughts belong to the text that follows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workbench.conversations.importing.format import Format, Outcome
from workbench.conversations.importing.json_stream import Found
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
    role_of,
    text_of,
    time_of,
    unknown_part,
    words_of,
)
from workbench.conversations.importing.trees import Node, conversation_with, planted
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError, Trouble
from workbench.conversations.values import Role

NAME = "claude-code"
_SPOKEN = frozenset({"user", "assistant", "system"})


def knows(document: Document) -> bool:
    """Whether this is an event of a session."""
    return "sessionId" in document and "uuid" in document and text_of(document.get("type")) in _SPOKEN


def read(found: Iterable[Found]) -> Iterator[Outcome]:
    """The sessions of a file; most files have one."""
    sessions: dict[str, list[Document]] = {}
    titles: dict[str, str] = {}
    for one in found:
        if isinstance(one, Trouble):
            # The last line of a session that is still being written may be half of one.
            yield Trouble(text=one.text, conversations=0)
            continue
        document = one.value
        if text_of(document.get("type")) == "summary":
            titles[key_of(document.get("leafUuid")) or ""] = text_of(document.get("summary"))
        session = key_of(document.get("sessionId"))
        if session is not None and key_of(document.get("uuid")) is not None:
            lines = sessions.setdefault(session, [])
            if len(lines) <= MESSAGES:
                lines.append(document)
    for session, documents in sessions.items():
        try:
            yield _conversation(session, documents, titles)
        except MalformedError as error:
            yield Trouble(text=f"session {session}: {error}")


def _conversation(session: str, documents: list[Document], titles: dict[str, str]) -> ImportedConversation:
    parents = {key_of(one.get("parentUuid")) for one in documents}
    nodes = [_node(one, leaf=key_of(one.get("uuid")) not in parents) for one in documents]
    times = [at for one in documents if (at := time_of(one.get("timestamp"))) is not None]
    keys = {node.key for node in nodes}
    title = next((title for leaf, title in titles.items() if leaf in keys), "")
    main = [one for one in documents if one.get("isSidechain") is not True]
    first = document_of(documents[0])
    settings = {name: first.get(name) for name in ("cwd", "gitBranch", "version")}
    return conversation_with(
        planted(nodes, begun_ms=min(times, default=None)),
        ImportedConversation(
            source=NAME,
            source_id=session,
            title=title,
            messages=(),
            created_ms=min(times, default=None),
            updated_ms=max(times, default=None),
            active=key_of(main[-1].get("uuid")) if main else None,
            settings=kept_object(settings),
        ),
    )


def _node(event: Document, *, leaf: bool) -> Node:
    key = key_of(event.get("uuid")) or ""
    parent = key_of(event.get("parentUuid")) or key_of(event.get("logicalParentUuid"))
    message = document_of(event.get("message"))
    role = role_of(message.get("role"))
    if role is None or event.get("isMeta") is True:
        return Node(key=key, parent=parent, message=None)
    texts: list[str] = [text_of(message.get("content"))]
    thoughts: list[str] = []
    extra: list[str] = []
    for block in items_of(message.get("content")):
        _take(document_of(block), texts, thoughts, extra)
    text, reasoning = joined(texts), joined(thoughts)
    if role is Role.ASSISTANT and reasoning and not text and not extra and not leaf:
        return Node(key=key, parent=parent, message=None, reasoning=reasoning)
    results = [block for block in documents_in(message.get("content")) if block.get("type") == "tool_result"]
    if role is Role.USER and results and not text:
        role = Role.TOOL
    if event.get("isSidechain") is True:
        extra.append(part("sidechain", agent=text_of(event.get("agentId"))))
    model = words_of(message.get("model")) if role is Role.ASSISTANT else None
    return Node(
        key=key,
        parent=parent,
        message=ImportedMessage(
            key=key,
            source_id=key,
            parent=parent,
            role=role,
            text=text,
            at_ms=time_of(event.get("timestamp")),
            reasoning=reasoning,
            provider=NAME if model else None,
            model=model,
            extra=tuple(extra),
        ),
    )


def _take(block: Document, texts: list[str], thoughts: list[str], extra: list[str]) -> None:
    match text_of(block.get("type")):
        case "text":
            texts.append(text_of(block.get("text")))
        case "thinking":
            thoughts.append(text_of(block.get("thinking")))
        case "tool_use":
            extra.append(
                part(
                    "tool_call", id=text_of(block.get("id")), name=text_of(block.get("name")), input=block.get("input")
                )
            )
        case "tool_result":
            failed = block.get("is_error") is True or None
            call = text_of(block.get("tool_use_id"))
            extra.append(part("tool_result", id=call, output=block.get("content"), error=failed))
        case "image" | "document":
            source = document_of(block.get("source"))
            size = count_of(len(text_of(source.get("data")))) or None
            kind = words_of(source.get("media_type"))
            extra.append(attachment(block.get("title") or block.get("type"), media_type=kind, size=size, value=block))
        case _:
            extra.append(unknown_part(NAME, block))


FORMAT = Format(name=NAME, label="Claude Code", knows=knows, read=read)
