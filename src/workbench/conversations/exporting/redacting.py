"""Conversations without keys and without chosen words. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from workbench.conversations.values import BrokenPart, Conversation, Message, Seam
from workbench.core.redaction import REDACTOR
from workbench.core.text import clean
from workbench.providers.values import Attempt

MASKED = "[redacted]"
Redact = Callable[[str], str]


def redactor_of(words: Sequence[str], home: Path | None = None) -> Redact:
    """What takes known keys, what looks like one, these words in any case, and the home folder's name out of texts."""
    wanted = sorted({form for word in words for form in _forms(word)}, key=len, reverse=True)
    pattern = re.compile("|".join(wanted), re.IGNORECASE) if wanted else None
    # Only whole names of folders: `/root` is none of `/rootfs`.
    named = home is not None and home != Path(home.anchor)
    folder = re.compile(rf"(?<![\w.-]){re.escape(str(home))}(?![\w-])") if named else None

    def masked(text: str) -> str:
        text = REDACTOR.redact(text)
        text = folder.sub("~", text) if folder else text
        return pattern.sub(MASKED, text) if pattern else text

    def redact(text: str) -> str:
        found = masked(text)
        # What is invisible inside a word is left out where the text is shown, and the word is whole again.
        shown = clean(found)
        again = masked(shown)
        return found if again == shown else again

    return redact


def _forms(word: str) -> Iterator[str]:
    """Expressions for a word or phrase: with letters and accents composed or not, over lines, and escaped in JSON."""
    for form in ("NFC", "NFD"):
        parts = unicodedata.normalize(form, word).split()
        if parts:
            yield r"\s+".join(map(re.escape, parts))
            yield re.escape(json.dumps(" ".join(parts))[1:-1])


def redacted_conversation(conversation: Conversation, redact: Redact) -> Conversation:
    """A conversation's own words, redacted."""
    return replace(
        conversation,
        title=redact(conversation.title),
        tags=tuple(map(redact, conversation.tags)),
        models=tuple(map(redact, conversation.models)),
        folder=_maybe(conversation.folder, redact),
        provider=_maybe(conversation.provider, redact),
        model=_maybe(conversation.model, redact),
        source=_maybe(conversation.source, redact),
        source_id=_name(conversation.source_id, redact),
    )


def redacted_message(message: Message, redact: Redact) -> Message:
    """All words of a message, redacted."""
    return replace(
        message,
        text=redact(message.text),
        reasoning=redact(message.reasoning),
        reason=redact(message.reason),
        provider=_maybe(message.provider, redact),
        model=_maybe(message.model, redact),
        source_id=_name(message.source_id, redact),
        finish_reason=_maybe(message.finish_reason, redact),
        broken=tuple(_broken(part, redact) for part in message.broken),
        seams=tuple(_seam(seam, message.text, redact) for seam in message.seams),
        extra=tuple(json.dumps(_value(json.loads(part), redact), ensure_ascii=False) for part in message.extra),
        attempts=tuple(_attempt(attempt, redact) for attempt in message.attempts),
    )


def _maybe(text: str | None, redact: Redact) -> str | None:
    return None if text is None else redact(text)


def _name(name: str | None, redact: Redact) -> str | None:
    """What something is called elsewhere; nothing rather than a name that many have."""
    return name if _maybe(name, redact) == name else None


def _broken(part: BrokenPart, redact: Redact) -> BrokenPart:
    return BrokenPart(provider=redact(part.provider), model=redact(part.model), text=redact(part.text))


def _seam(seam: Seam, text: str, redact: Redact) -> Seam:
    # Where a word that goes is cut by the seam, the seam stands near its old place: the word goes all the same.
    return replace(
        seam,
        at=min(len(redact(text[: seam.at])), len(redact(text))),
        after=redact(seam.after),
        provider=redact(seam.provider),
        model=redact(seam.model),
        ended=redact(seam.ended),
    )


def _attempt(attempt: Attempt, redact: Redact) -> Attempt:
    return replace(
        attempt,
        provider=redact(attempt.provider),
        model=redact(attempt.model),
        reason=redact(attempt.reason),
        hint=redact(attempt.hint),
        # Where a key lies on this machine is nobody's business.
        key_ref=None,
        request_id=None,
        answered_model=_maybe(attempt.answered_model, redact),
    )


def _value(value: object, redact: Redact) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_value(one, redact) for one in cast("list[object]", value)]
    if isinstance(value, dict):
        return {redact(key): _value(one, redact) for key, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, (int, float)) and redact(str(value)) != str(value):
        return MASKED
    return value
