"""What is said about a message wherever it is told as text: who speaks, and what is wrong with it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from workbench.conversations.values import Message, MessageState, Role
from workbench.providers.values import Attempt

_RATINGS = {1: "rated good", -1: "rated bad"}


def speaker(message: Message) -> str:
    """Who speaks: `you`, `system`, or the provider and model."""
    if message.role is Role.USER:
        return "you"
    if message.role is Role.ASSISTANT and message.provider:
        return f"{message.provider}/{message.model}"
    return message.role.value


def state_line(message: Message) -> str | None:
    """What is to be said of a message that is not whole; None for one that is."""
    kept = f"{len(message.text)} character{'' if len(message.text) == 1 else 's'} kept"
    match message.state:
        case MessageState.DONE:
            return (
                "cut to length: its provider stopped at the longest answer it gives" if message.cut_to_length else None
            )
        case MessageState.STREAMING:
            return f"streaming: still being written; {len(message.text)} characters so far"
        case MessageState.INTERRUPTED:
            return f"interrupted: {message.reason or 'the program ended while this was streaming'}; {kept}"
        case MessageState.STOPPED:
            return f"stopped: {message.reason or 'ended by you'}; {kept}"
        case MessageState.FAILED:
            return f"failed: {message.reason or 'no provider gave a complete answer'}; {kept}"


def rating_line(message: Message) -> str | None:
    """How the user judged a reply; None for no judgement."""
    return _RATINGS.get(message.rating or 0)


def attempt_line(attempt: Attempt) -> str:
    """What became of one attempt: `alpha/a-1 failed: rate_limited, 429 (0.4 s)`."""
    why = ", ".join(str(word) for word in (attempt.error_kind, attempt.http_status, attempt.reason or None) if word)
    figures = [
        f"{attempt.duration_ms / 1000:.1f} s" if attempt.duration_ms is not None else "",
        f"{attempt.output_tokens:,} tokens" if attempt.output_tokens is not None else "",
        f"${attempt.cost_nano / 1e9:.4f}" if attempt.cost_nano is not None else "",
    ]
    told = ", ".join(figure for figure in figures if figure)
    line = f"{attempt.provider}/{attempt.model} {attempt.state}"
    return line + (f": {why}" if why else "") + (f" ({told})" if told else "")


def extra_lines(message: Message) -> list[str]:
    """What came with a message, or was kept of it, beside its text: a line each."""
    return [_extra_line(json.loads(part)) for part in message.extra]


def _extra_line(part: Mapping[str, object]) -> str:
    """A part of a message that is only kept, on a line: its kind and name."""
    if part.get("type") == "unknown":
        return f"a part of {part.get('format') or 'its source'} that is only kept"
    kind = str(part.get("type") or "part").replace("_", " ")
    name = next((str(part[key]) for key in ("name", "file_name", "title", "tool", "url") if part.get(key)), "")
    return f"{kind}: {name}" if name else kind
