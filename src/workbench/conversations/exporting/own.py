"""Our own format: all that is known of conversations, in documents that can be imported again. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

from workbench.conversations.telling.documents import Document, tree_document
from workbench.conversations.values import Conversation, Message
from workbench.core.text import forbidden

FORMAT = "workbench"
VERSION = 1
OPENING = f'{{"format": "{FORMAT}", "version": {VERSION}, "conversations": [\n'
"""What several conversations in one JSON document begin with; documents and commas follow, then `CLOSING`."""
CLOSING = "\n]}\n"


def json_of(conversation: Conversation, messages: Sequence[Message]) -> str:
    """All that is known, as it is stored; what a terminal could obey or a person could not see is escaped."""
    return _encoded(tree_document(conversation, messages), indent=2) + "\n"


def line_of(conversation: Conversation, messages: Sequence[Message]) -> str:
    """The same on one line."""
    return _encoded(tree_document(conversation, messages)) + "\n"


def encoded(document: Document) -> str:
    """Any document as JSON in lines."""
    return _encoded(document, indent=2) + "\n"


@cache
def _escapes() -> dict[int, str]:
    return {code: json.dumps(chr(code))[1:-1] for code in forbidden()}


def _encoded(document: Document, indent: int | None = None) -> str:
    return json.dumps(document, ensure_ascii=False, indent=indent).translate(_escapes())
