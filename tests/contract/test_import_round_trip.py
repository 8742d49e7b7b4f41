"""What workbench wrote comes back as it was: `export json`, `import`, `export json`."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.support.importing import Room, written
from tests.support.storage import opened
from workbench.conversations.exporting.formats import ExportFormat
from workbench.conversations.exporting.service import Exporter
from workbench.conversations.importing.shaping import LATEST_MS
from workbench.conversations.telling.documents import tree_document
from workbench.conversations.values import BrokenPart, Conversation, Message, MessageState, Role, Seam
from workbench.core.ids import new_id
from workbench.providers.values import Attempt

AT_MS = 1_700_000_000_000
_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_names = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9)
_times = st.integers(0, 1_790_000_000_000) | st.just(LATEST_MS - 1)
_counts = st.none() | st.integers(0, 2**40)
_broken = st.builds(BrokenPart, provider=_texts, model=_texts, text=_texts)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_parts = st.builds(
    lambda kind, more: json.dumps({"type": kind} | more),
    st.sampled_from(["attachment", "tool_call", "citation", "novelty"]),
    st.dictionaries(st.text("abc", min_size=1), _json, max_size=3),
)


def _seams(text: str) -> st.SearchStrategy[tuple[Seam, ...]]:
    ended = st.sampled_from(["broke off", "was stopped"])
    seam = st.builds(Seam, at=st.integers(0, len(text)), after=_texts, provider=_texts, model=_texts, ended=ended)
    return st.lists(seam, max_size=2).map(lambda seams: tuple(sorted(seams, key=lambda one: one.at)))


@st.composite
def _attempts(draw: st.DrawFn) -> tuple[Attempt, ...]:
    """As they are read back: runs in the order in which they began, each with its own turn."""
    found: list[Attempt] = []
    for turn in range(draw(st.integers(0, 2))):
        run, start = new_id(), AT_MS + 1_000_000 * turn
        found += [draw(_attempt(run, number, start + number)) for number in range(draw(st.integers(1, 2)))]
    return tuple(found)


def _attempt(run: str, number: int, started_at_ms: int) -> st.SearchStrategy[Attempt]:
    return st.builds(
        Attempt,
        ord=st.just(number),
        provider=_texts,
        model=_texts,
        state=st.sampled_from(["ok", "failed", "cancelled", "skipped"]),
        error_kind=_names,
        http_status=_counts,
        reason=_texts,
        hint=_texts,
        first_token_ms=_counts,
        duration_ms=_counts,
        input_tokens=_counts,
        reasoning_tokens=_counts,
        cost_nano=st.none() | st.integers(0, 10**12),
        price_source=_names,
        key_ref=_names,
        run_id=st.just(run),
        started_at_ms=st.just(started_at_ms),
    )


@st.composite
def _conversations(draw: st.DrawFn) -> tuple[Conversation, list[Message]]:
    id_ = new_id()
    messages: list[Message] = []
    for number in range(draw(st.integers(0, 5))):
        role = draw(st.sampled_from(Role))
        text = draw(_texts)
        messages.append(
            Message(
                id=new_id(),
                conversation_id=id_,
                parent_id=draw(st.sampled_from([None, *(one.id for one in messages)])),
                role=role,
                text=text,
                state=draw(st.sampled_from([one for one in MessageState if one is not MessageState.STREAMING])),
                created_at_ms=draw(_times),
                reasoning=draw(_texts),
                broken=tuple(draw(st.lists(_broken, max_size=2))),
                seams=draw(_seams(text)),
                provider=draw(_names),
                model=draw(_names),
                finish_reason=draw(_names),
                reason=draw(_texts),
                extra=tuple(draw(st.lists(_parts, max_size=2))),
                source_id=draw(st.none() | st.just(f"source {number}")),
                rating=draw(st.sampled_from([None, 1, -1])) if role is Role.ASSISTANT else None,
                attempts=draw(_attempts()) if role is Role.ASSISTANT else (),
            )
        )  # fmt: skip
    created = draw(_times)
    source = draw(st.sampled_from([None, "chatgpt"]))
    conversation = Conversation(
        id=id_,
        title=" ".join(draw(st.text("abc äöü漢", max_size=20)).split()),
        created_at_ms=created,
        updated_at_ms=draw(st.integers(created, LATEST_MS)),
        messages=len(messages),
        models=tuple(sorted({one.model for one in messages if one.model is not None})),
        tags=tuple(draw(st.lists(st.sampled_from(["to do", "work", "漢字"]), max_size=2, unique=True))),
        pinned=draw(st.booleans()),
        archived=draw(st.booleans()),
        private=draw(st.booleans()),
        folder=draw(st.sampled_from([None, "work/rust"])),
        provider=draw(_names),
        model=draw(_names),
        source=source,
        source_id=None if source is None else new_id(),
        active_leaf_id=draw(st.sampled_from([one.id for one in messages])) if messages else None,
    )
    return conversation, messages


def _by_id(documents: Sequence[Any]) -> list[Any]:
    return sorted(documents, key=lambda document: document["id"])


@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(_conversations(), min_size=1, max_size=3), st.sampled_from([ExportFormat.JSON, ExportFormat.JSONL]))
def test_round_trip(told: list[tuple[Conversation, list[Message]]], format_: ExportFormat) -> None:
    documents = [tree_document(*one) for one in told]

    async def there_and_back(folder: Path) -> None:
        bundle = {"format": "workbench", "version": 1, "conversations": documents}
        async with opened(folder / "a.db") as first, opened(folder / "b.db") as second:
            a, b = Room(first), Room(second)
            report = await a.importer.run(written(folder / "first", bundle))
            assert (report.format, report.new, report.problems) == ("workbench", len(documents), ())
            assert _by_id(await a.documents()) == _by_id(json.loads(json.dumps(documents)))
            exports: list[bytes] = []
            for room in (a, b):
                if room is b:
                    assert (await b.importer.run(folder / "export-0")).new == len(documents)
                    assert not (await b.importer.run(folder / "export-0")).anything_new
                target = folder / f"export-{len(exports)}"
                await Exporter(room.conversations, room.store, room.clock).write(None, format_, target)
                exports.append(target.read_bytes())
            assert exports[0] == exports[1]

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(there_and_back(Path(folder)))


async def test_forks_and_bundles(tmp_path: Path) -> None:
    """A conversation that began as a branch of a later one of the file knows it again; a shared bundle is read too."""
    parent, child = new_id(), new_id()
    message = Message(
        id=new_id(), conversation_id=parent, parent_id=None, role=Role.USER, text="q", state=MessageState.DONE,
        created_at_ms=AT_MS,
    )  # fmt: skip
    begun = Conversation(id=child, title="child", created_at_ms=AT_MS, updated_at_ms=AT_MS)
    forked = tree_document(replace(begun, forked_from_id=message.id), [])
    whole = tree_document(replace(begun, id=parent, title="parent", active_leaf_id=message.id), [message])
    async with opened(tmp_path / "a.db") as first, opened(tmp_path / "b.db") as second:
        a, b = Room(first), Room(second)
        lines = tmp_path / "lines"
        lines.write_text("".join(json.dumps(one) + "\n" for one in (forked, whole)))
        await a.importer.run(lines)
        assert [one["forked_from_id"] for one in await a.documents()] == [message.id, None]
        await Exporter(a.conversations, a.store, a.clock).write(None, ExportFormat.BUNDLE, tmp_path / "bundle")
        report = await b.importer.run(tmp_path / "bundle")
        assert (report.format, report.new) == ("workbench", 2)
        assert await b.documents() == await a.documents()
    async with opened(tmp_path / "c.db") as third:
        alone, c = tmp_path / "alone", Room(third)
        alone.write_text(json.dumps(forked))
        await c.importer.run(alone)
        assert [one["forked_from_id"] for one in await c.documents()] == [message.id], "though that is not here"


async def test_ids_that_another_conversation_has_are_not_taken_over(tmp_path: Path) -> None:
    message = Message(
        id=new_id(), conversation_id="", parent_id=None, role=Role.USER, text="q", state=MessageState.DONE,
        created_at_ms=AT_MS,
    )  # fmt: skip
    begun = Conversation(id="", title="", created_at_ms=AT_MS, updated_at_ms=AT_MS, active_leaf_id=message.id)
    documents = [tree_document(replace(begun, id=new_id(), title=title), [message]) for title in ("a", "b", "c")]
    async with opened(tmp_path / "a.db") as store:
        room = Room(store)
        await room.importer.run(written(tmp_path / "one", documents[0]))
        await room.importer.run(written(tmp_path / "all", documents))
        found = await room.documents()
        assert [[one["text"] for one in document["messages"]] for document in found] == [["q"], ["q"], ["q"]]
        assert len({document["messages"][0]["id"] for document in found}) == 3
        assert all(document["active_leaf_id"] == document["messages"][0]["id"] for document in found)
        assert found[0]["messages"][0]["id"] == message.id
