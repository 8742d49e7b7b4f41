"""Gemini's activity from Google Takeout, as `MyActivity.json` or `MyActivity.html`.

It has prompts and answers, newest first, but no conversations: what was asked within half an hour is taken for one.
Other products' activity is mixed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workbench.conversations.importing.format import Format, Outcome
from workbench.conversations.importing.formats.gemini_html import activities_in, markdown_of
from workbench.conversations.importing.json_stream import Found, Placed
from workbench.conversations.importing.limits import MESSAGES
from workbench.conversations.importing.opening import ByteStream
from workbench.conversations.importing.shaping import (
    Document,
    attachment,
    digest,
    documents_in,
    items_of,
    joined,
    text_of,
    time_of,
    unknown_part,
)
from workbench.conversations.importing.trees import conversation_with, in_a_row, planted
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError, Trouble
from workbench.conversations.values import Role

NAME = "gemini"
LABEL = "Gemini"
GAP_MS = 30 * 60 * 1000
"""After a pause this long another conversation begins."""
_PROMPTED = "Prompted "
_OURS = ("gemini", "bard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A prompt and what was answered."""

    prompt: str
    reply: str
    at_ms: int
    """0 where nobody knows."""
    extra: tuple[str, ...] = ()


def knows(document: Document) -> bool:
    """Whether this is an activity, of whichever product."""
    return "header" in document and "title" in document and "time" in document


def read(found: Iterable[Found]) -> Iterator[Outcome]:
    """The conversations of `MyActivity.json`."""

    def activities() -> Iterator[Activity | Trouble]:
        for one in found:
            activity = one if isinstance(one, Trouble) else _read(one)
            if activity is not None:
                yield activity

    yield from _together(activities())


def _read(one: Placed) -> Activity | Trouble | None:
    try:
        return _activity(one.value)
    except MalformedError as error:
        return Trouble(text=f"{one.place}: {error}", conversations=0)


def read_html(stream: ByteStream) -> Iterator[Outcome]:
    """The conversations of `MyActivity.html`."""

    def activities() -> Iterator[Activity | Trouble]:
        for cell in activities_in(stream):
            if isinstance(cell, Trouble):
                yield cell
            elif _is_ours(cell.header):
                prompt = _without_prefix(cell.prompt)
                yield Activity(prompt=prompt, reply=cell.reply, at_ms=cell.at_ms, extra=_files(cell.files))

    yield from _together(activities())


def _is_ours(header: str) -> bool:
    return any(word in header.lower() for word in _OURS)


def _without_prefix(title: str) -> str:
    return title.removeprefix(_PROMPTED).strip()


def _files(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(attachment(name) for name in names)


def _activity(document: Document) -> Activity | None:
    title = text_of(document.get("title"))
    products = [text_of(one) for one in items_of(document.get("products"))]
    if not _is_ours(" ".join((text_of(document.get("header")), *products))):
        return None
    replies = [markdown_of(text_of(one.get("html"))) for one in documents_in(document.get("safeHtmlItem"))]
    # What is no prompt has no answer: settings that were changed, a feature that was used.
    if not replies and not title.startswith(_PROMPTED):
        return None
    files = [text_of(one) or text_of(document.get("imageFile")) for one in items_of(document.get("attachedFiles"))]
    extra = [*_files(files), *(unknown_part(NAME, one) for one in documents_in(document.get("subtitles")))]
    at = time_of(document.get("time")) or 0
    return Activity(prompt=_without_prefix(title), reply=joined(replies), at_ms=at, extra=tuple(extra))


def _together(activities: Iterable[Activity | Trouble]) -> Iterator[Outcome]:
    near: list[Activity] = []
    for one in activities:
        if isinstance(one, Trouble):
            yield one
            continue
        if near and (abs(near[-1].at_ms - one.at_ms) > GAP_MS or len(near) >= MESSAGES // 2):
            yield _conversation(near)
            near = []
        near.append(one)
    if near:
        yield _conversation(near)


def _conversation(activities: list[Activity]) -> ImportedConversation:
    messages: list[ImportedMessage] = []
    # Sorting keeps those of one moment as they stood: and the file begins with the newest.
    in_order = activities[::-1]
    in_order.sort(key=lambda activity: activity.at_ms)
    for one in in_order:
        key = digest(str(one.at_ms), one.prompt)
        at = one.at_ms or None
        messages.append(
            ImportedMessage(
                key=f"{key}?",
                source_id=f"{key}?",
                parent=None,
                role=Role.USER,
                text=one.prompt,
                at_ms=at,
                extra=one.extra,
            )
        )
        if one.reply:
            messages.append(
                ImportedMessage(
                    key=f"{key}!", source_id=f"{key}!", parent=None, role=Role.ASSISTANT, text=one.reply, at_ms=at
                )
            )
    first, last = in_order[0], in_order[-1]
    return conversation_with(
        planted(in_a_row(messages), by_time=False),
        ImportedConversation(
            source=NAME,
            # The next export begins the conversation with the same prompt, however much has come since.
            source_id=digest(str(first.at_ms), first.prompt),
            title="",
            messages=(),
            created_ms=first.at_ms or None,
            updated_ms=last.at_ms or None,
        ),
    )


FORMAT = Format(name=NAME, label=LABEL, knows=knows, read=read)
