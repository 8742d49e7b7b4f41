"""Foreign JSON values made into what they should be: nothing here fails, whatever the file says. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from workbench.conversations.importing.limits import KEY_CHARACTERS, PART_DEPTH
from workbench.conversations.values import Role
from workbench.core.text import safe_for_storage

Document = dict[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MS = 253_402_300_799_999
"""The end of the year 9999: later times have no ISO form."""
_MICROSECONDS_FROM = 1e14
_MILLISECONDS_FROM = 1e11
"""Seconds reach the year 5138 before they look like milliseconds, and those the same before microseconds."""

_ROLES = {
    "user": Role.USER,
    "human": Role.USER,
    "you": Role.USER,
    "assistant": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "gpt": Role.ASSISTANT,
    "chatgpt": Role.ASSISTANT,
    "bard": Role.ASSISTANT,
    "bing": Role.ASSISTANT,
    "bot": Role.ASSISTANT,
    "ai": Role.ASSISTANT,
    "function_call": Role.ASSISTANT,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "tool": Role.TOOL,
    "function": Role.TOOL,
    "observation": Role.TOOL,
}


def document_of(value: object) -> Document:
    """A JSON object; an empty one for anything else."""
    return cast("Document", value) if isinstance(value, dict) else {}


def items_of(value: object) -> list[object]:
    """A JSON array; an empty one for anything else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def documents_in(value: object) -> list[Document]:
    """The objects of a JSON array."""
    return [cast("Document", item) for item in items_of(value) if isinstance(item, dict)]


def text_of(value: object) -> str:
    """A string, or a number as one; empty for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""


def words_of(value: object) -> str | None:
    """A string that is not blank, on no more than a name's length; None for anything else."""
    text = safe_for_storage(text_of(value)).strip()
    return text[:KEY_CHARACTERS] or None


def count_of(value: object) -> int | None:
    """A whole number that a database holds; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -(2**63) <= value < 2**63 else None


def key_of(value: object) -> str | None:
    """What a file calls something: a string that is not empty, or a number; long ones are hashed."""
    text = safe_for_storage(text_of(value))
    if not text:
        return None
    return text if len(text) <= KEY_CHARACTERS else digest(text)


def role_of(value: object) -> Role | None:
    """Who speaks; None for somebody unknown."""
    return _ROLES.get(text_of(value).strip().lower())


def time_of(value: object) -> int | None:
    """A time in milliseconds: of ISO 8601 (without a zone it is UTC) or of seconds, milli- or microseconds.

    None for what is no time, or one that no conversation was at.
    """
    if isinstance(value, str):
        return _iso_time(value.strip())
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < LATEST_MS * 1000:
        return None
    factor = 0.001 if value >= _MICROSECONDS_FROM else 1 if value >= _MILLISECONDS_FROM else 1000
    at = round(value * factor)
    return at if 0 < at <= LATEST_MS else None


def _iso_time(text: str) -> int | None:
    try:
        at = datetime.fromisoformat(text)
        since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    whole = since // timedelta(milliseconds=1)
    return whole if 0 <= whole <= LATEST_MS else None


def digest(*texts: str) -> str:
    """A short name for texts, the same for the same ones."""
    hashed = hashlib.sha256()
    for text in texts:
        content = safe_for_storage(text).encode()
        hashed.update(len(content).to_bytes(8))
        hashed.update(content)
    return hashed.hexdigest()[:32]


def digest_of(value: object) -> str:
    """A short name for a JSON value."""
    return digest(json.dumps(_plain(value, PART_DEPTH), sort_keys=True))


def part(kind: str, **fields: object) -> str:
    """A part that is only kept and shown, of `kind`, as JSON; fields that are None or empty are left out."""
    kept = {name: _plain(value, PART_DEPTH) for name, value in fields.items() if value not in (None, "", [], {})}
    return json.dumps({"type": kind, **kept}, ensure_ascii=False)


def same_part(told: Document) -> str:
    """A part that workbench kept before, as it was."""
    return json.dumps(_plain(told, PART_DEPTH + 1), ensure_ascii=False)


def unknown_part(format_: str, value: object) -> str:
    """A part that nobody here knows, as it is."""
    return part("unknown", format=format_, value=value)


def kept_object(value: Mapping[str, object]) -> str | None:
    """What a file says of a conversation beyond what is known here, as JSON; None for nothing."""
    kept = {name: item for name, item in value.items() if item not in (None, "", [], {})}
    return json.dumps(_plain(kept, PART_DEPTH), ensure_ascii=False) if kept else None


def attachment(name: object, **more: object) -> str:
    """A file that came with a message; of most only the name is known."""
    return part("attachment", name=text_of(name) or "file", **more)


def fenced(text: str, language: str = "") -> str:
    """`text` as a block of code in Markdown, whatever fences it has itself."""
    longest = 2
    run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    fence = "`" * (longest + 1)
    word = "".join(c for c in language if c.isalnum() or c in "+-#._")
    return f"{fence}{word}\n{text.rstrip()}\n{fence}"


def joined(texts: Iterable[str]) -> str:
    """Blocks of text, a blank line between them."""
    return "\n\n".join(text for text in texts if text.strip())


def _plain(value: object, depth: int) -> object:
    """A JSON value that SQLite and UTF-8 can hold: what is too deep becomes text, what JSON lacks its name."""
    if isinstance(value, str):
        return safe_for_storage(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth == 0 and isinstance(value, (dict, list)):
        return _deep_text(cast("object", value))
    if isinstance(value, dict):
        items = cast("Mapping[str, object]", value).items()
        return {safe_for_storage(str(name)): _plain(item, depth - 1) for name, item in items}
    if isinstance(value, list):
        return [_plain(item, depth - 1) for item in cast("list[object]", value)]
    return value if value is None or isinstance(value, (bool, int)) else str(value)


def _deep_text(value: object) -> str:
    try:
        return safe_for_storage(json.dumps(value))
    except RecursionError:
        return "…"
