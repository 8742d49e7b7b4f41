"""Makes Mistral's reasoning readable: LiteLLM breaks off at text that comes as a list of parts. Pure."""

from __future__ import annotations

import json
import re
from typing import cast

_LISTED = re.compile(rb'"content"\s*:\s*\[')


def flat(line: bytes) -> bytes:
    """One line of a stream in OpenAI's format, its listed parts as `content` and `reasoning_content`."""
    if not line.startswith(b"data:") or _LISTED.search(line) is None:
        return line
    try:
        event: object = json.loads(line[5:])
    except (ValueError, RecursionError):
        return line
    for choice in _items(_fields(event).get("choices")):
        delta = _fields(_fields(choice).get("delta"))
        if isinstance(delta.get("content"), list):
            parts = delta["content"]
            delta |= {"content": _text(parts, "text"), "reasoning_content": _text(parts, "thinking")}
    return b"data: " + json.dumps(event).encode() + line[len(line.rstrip(b"\r\n")) :]


def _text(parts: object, kind: str) -> str:
    """The text of all parts of that kind; a thinking part holds a list of text parts itself."""
    texts: list[str] = []
    for part in _items(parts):
        if _fields(part).get("type") != kind:
            continue
        value = _fields(part).get(kind)
        texts.append(value if isinstance(value, str) else _text(value, "text"))
    return "".join(texts)


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _fields(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
