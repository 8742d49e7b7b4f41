"""Pages, archives and many conversations in one file: harmless, without what must not be told, whole or not there."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.storage import opened
from workbench.conversations.exporting import html
from workbench.conversations.exporting.formats import ExportFormat
from workbench.conversations.exporting.redacting import MASKED, redacted_message, redactor_of
from workbench.conversations.exporting.service import Exporter
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.values import BrokenPart, Conversation, Message, MessageState, Role, Seam
from workbench.core.clock import ManualClock
from workbench.core.errors import NotFoundError
from workbench.core.export_file import FileExistsAlreadyError
from workbench.core.progress import Progress
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret
from workbench.core.text import clean, forbidden
from workbench.providers.values import Attempt
from workbench.storage.store import Store

HARMLESS = {
    "html", "head", "meta", "title", "style", "body", "nav", "ul", "ol", "li", "a", "section", "h1", "h2", "h3", "h4",
    "h5", "h6", "p", "article", "header", "b", "div", "details", "summary", "pre", "code", "span", "em", "strong", "s",
    "table", "thead", "tbody", "tr", "th", "td", "blockquote", "hr", "br",
}  # fmt: skip
HOSTILE = [
    "<script>alert(1)</script>", "![x](http://evil.example/x.png)", "[x](javascript:alert(1))", "<img src=x onerror=y>",
    "[a]: http://x\n![a]", "</style><script>", "```html\n<script>x</script>\n```", "`<b onclick=x>`", "<http://a.b>",
    "[x](vscode://file)", "[x](data:text/html,x)", "> <iframe src=//x>", "|a|\n|-|\n|<svg onload=x>|", "&lt;script&gt;",
    "[x](https://ok.example \"t' onclick=x\")", "\x1b]52;c;aGk=\x07", "a\u202eb", "```a\" onclick=\"x\ny\n```",
]  # fmt: skip


class Seen(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.said += data


def seen(page: str) -> Seen:
    parser = Seen()
    parser.feed(page)
    parser.close()
    return parser


def message(text: str, **more: Any) -> Message:
    values: dict[str, Any] = {
        "id": "m1", "conversation_id": "c1", "parent_id": None, "role": Role.ASSISTANT, "text": text,
        "state": MessageState.DONE, "created_at_ms": 0,
    }  # fmt: skip
    return Message(**(values | more))


def page(text: str, title: str = "t") -> str:
    conversation = Conversation(id="c1", title=title, created_at_ms=0, updated_at_ms=0, tags=(title,), folder=title)
    one = message(text, reasoning=text, provider=text, model=text, reason=text, extra=(json.dumps({"type": text}),))
    return html.opening_of(title, [("c1", title)]) + html.section_of(conversation, [one], trail=True) + html.CLOSING


def assert_harmless(written: str) -> None:
    found = seen(written)
    assert found.tags <= HARMLESS, found.tags - HARMLESS
    for name, value in found.attributes:
        assert name in {
            "lang", "charset", "name", "content", "http-equiv", "id", "href", "class", "title", "start", "style",
        }, name  # fmt: skip
        if name == "href":
            assert value.lower().startswith(("http://", "https://", "mailto:", "#c-")), value
        if name == "style":
            assert value.startswith("text-align:"), value
    assert not forbidden().keys() & set(map(ord, written)) - {0x0A}


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_is_never_markup_on_a_page(text: str) -> None:
    assert_harmless(page(text, title=text))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*HOSTILE, "\n", "* ", "```", " ", '"', "'", "x"]) | st.text(max_size=8), max_size=12))
def test_no_mixture_of_texts_is_markup_either(parts: list[str]) -> None:
    assert_harmless(page("".join(parts), title="".join(parts)[:20]))


def test_a_page_is_complete_in_itself_and_says_what_was_said() -> None:
    written = page("# Title\n\n```python\nprint('hi')\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert "default-src 'none'" in written
    assert "prefers-color-scheme: dark" in written
    assert "url(" not in written
    assert "@import" not in written
    assert '<span class="nb">print</span>' in written, "code is coloured"
    assert "<td>1</td>" in written
    assert "print('hi')" in seen(written).said


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    store: Store
    conversations: Conversations
    exporter: Exporter

    async def said(self, prompt: str, answer: str) -> str:
        begun = await self.conversations.begin_turn(prompt=prompt, conversation_id=None)
        await self.conversations.finish_reply(begun.reply.id, state=MessageState.DONE, text=answer, provider="alpha")
        return begun.conversation.id


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = ManualClock()
    async with opened(tmp_path / "workbench.db") as store:
        conversations = Conversations(store, clock, "0instance")
        yield Desk(store=store, conversations=conversations, exporter=Exporter(conversations, store, clock))


async def test_several_conversations_in_one_file_of_each_format(desk: Desk, tmp_path: Path) -> None:
    ids = [await desk.said(f"question {n}", f"answer {n}") for n in range(3)]
    told: list[Progress] = []
    written = {}
    for format_ in ExportFormat:
        path = tmp_path / f"out{format_.suffix}"
        done = await desk.exporter.write(None, format_, path, tell=told.append)
        assert (done.conversations, done.messages) == (3, 6), format_
        written[format_] = path.read_bytes()
    assert [(one.done, one.total) for one in told][:3] == [(1, 3), (2, 3), (3, 3)]
    assert [(one.done, one.total) for one in told][-6:] == [(step, 6) for step in range(1, 7)], (
        "a bundle has two passes"
    )
    document = json.loads(written[ExportFormat.JSON])
    assert (document["format"], document["version"]) == ("workbench", 1)
    lines = [json.loads(line) for line in written[ExportFormat.JSONL].splitlines()]
    assert document["conversations"] == lines
    assert [line["id"] for line in lines] == ids
    assert written[ExportFormat.MARKDOWN].decode().count("\n# question ") == 2
    assert [f"question {n}" in seen(written[ExportFormat.HTML].decode()).said for n in range(3)] == [True] * 3
    with zipfile.ZipFile(io.BytesIO(written[ExportFormat.BUNDLE])) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("manifest.json"))["conversations"] == 3
        assert len(archive.read("conversations.jsonl").splitlines()) == 3
        assert b"answer 2" in archive.read("index.html")
    # One alone is its document.
    await desk.exporter.write([ids[0]], ExportFormat.JSON, tmp_path / "one.json")
    assert json.loads((tmp_path / "one.json").read_text())["id"] == ids[0]


async def test_nothing_half_and_nothing_replaced(desk: Desk, tmp_path: Path) -> None:
    await desk.said("q", "a")
    await desk.said("q", "a")
    path = tmp_path / "out.jsonl"
    with pytest.raises(NotFoundError):
        await desk.exporter.write(["nobody"], ExportFormat.JSONL, path)

    def cancel(_: Progress) -> None:
        work.cancel()

    work = asyncio.create_task(desk.exporter.write(None, ExportFormat.JSONL, path, tell=cancel))
    with pytest.raises(asyncio.CancelledError):
        await work
    assert [file.name for file in tmp_path.iterdir() if "out" in file.name] == []
    path.write_text("mine")
    with pytest.raises(FileExistsAlreadyError):
        await desk.exporter.write(None, ExportFormat.JSONL, path)
    assert path.read_text() == "mine"


async def test_a_bundle_has_no_key_no_chosen_word_and_nothing_of_this_machine(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "somebody"))
    key = "canary-value-of-a-key-7391"
    REDACTOR.register(Secret(key))
    home = str(tmp_path / "somebody")
    id_ = await desk.said(f"Acme and {key} in {home}/x", f"acme sk-{'a' * 30} {home}")
    extra = json.dumps([{"type": "tool_call", "acme": [f"{key} Acme"], "path": home}])
    await desk.store.write(
        lambda t: t.execute(
            "update conversations set tags = ?, folder = 'Acme', title = ?", (json.dumps(["acme"]), f"Acme {key}")
        )
    )
    await desk.store.write(lambda t: t.execute("drop trigger messages_done_stay"))
    await desk.store.write(lambda t: t.execute("update messages set parts = ?, model = 'acme-1'", (extra,)))
    path = tmp_path / "bundle.zip"
    await desk.exporter.write([id_], ExportFormat.BUNDLE, path, redact=["acme", " "])
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name).decode()
            for secret in (key, "acme", "Acme", "a" * 30, home):
                assert secret not in content, (name, secret)
        assert MASKED in archive.read("index.html").decode()
        assert json.loads(archive.read("conversations.jsonl"))["id"] == id_, "ids stay, so that it can be imported"


def test_what_is_redacted_keeps_its_shape() -> None:
    secret = message(
        "before word after", reason="word", provider="word", finish_reason="word", source_id="a word",
        seams=(Seam(at=11, after="word", provider="a", model="m", ended="a word"),),
        broken=(BrokenPart(provider="p", model="m", text="a WORD"),),
        attempts=(Attempt(ord=0, provider="p", model="m", state="ok", reason="word", key_ref="KEY", request_id="r"),),
    )  # fmt: skip
    redacted = redacted_message(secret, redactor_of(["word"]))
    assert redacted.text == f"before {MASKED} after"
    assert redacted.text[: redacted.seams[0].at] == f"before {MASKED}"
    assert (redacted.reason, redacted.provider, redacted.broken[0].text) == (MASKED, MASKED, f"a {MASKED}")
    assert (redacted.finish_reason, redacted.seams[0].ended, redacted.source_id) == (MASKED, f"a {MASKED}", None)
    attempt = redacted.attempts[0]
    assert (attempt.reason, attempt.key_ref, attempt.request_id) == (MASKED, None, None)
    assert redacted_message(secret, redactor_of([])).text == secret.text


@pytest.mark.parametrize(
    "text",
    [
        "ac\u00adme", "\u200cA\u200dcme", "the Big\n  Secret", "Mu\u0308ller", "M\u00fcller",
        '{"name": "M\\u00fcller"}', "Mu\u0308\u200dller", "/home/me/x", "file:///home/me",
    ],
)  # fmt: skip
def test_words_are_found_however_they_are_written(text: str) -> None:
    redacted = redactor_of(["acme", "big secret", "m\u00fcller"], Path("/home/me"))(text)
    shown = clean(redacted).casefold()
    assert not any(word in shown for word in ("acme", "secret", "ller", "home/me")), redacted


def test_only_words_are_masked() -> None:
    """Not what only begins like the home folder, and not a number that has other digits."""
    redact = redactor_of(["4711"], Path("/root"))
    assert redact("/rootfs https://a.example/root a\u200db") == "/rootfs https://a.example/root a\u200db"
    told = redacted_message(message("q", extra=('{"type": "tool_call", "call": [4711, 12, true]}',)), redact)
    assert json.loads(told.extra[0])["call"] == [MASKED, 12, True]


def test_what_is_nested_deeply_or_has_endless_lines_is_plain_but_there() -> None:
    assert "needle" in seen(page("> " * 150 + "needle", title="t")).said
    assert "blockquote" in seen(page("> " * 90 + "needle", title="t")).tags
    assert "span" in seen(page("```python\nx = 1\n```", title="t")).tags
    endless = seen(page(f"```python\nx = '{'a' * 600}'\n```", title="t"))
    assert "span" not in endless.tags and "aaa" in endless.said
