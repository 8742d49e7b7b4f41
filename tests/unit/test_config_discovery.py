"""Discovery believes keys in the environment and servers that answer like model servers, and nothing else."""

from __future__ import annotations

import ast
import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.configuring import revealed
from workbench.config.discovery import LOCAL_PORTS, LocalServer, discover, discovery_notes
from workbench.config.kinds import ALIASES, KINDS, OPENAI_COMPATIBLE, find_kind, is_loopback, is_nearby
from workbench.config.model_listing import models_in
from workbench.core.redaction import REDACTOR
from workbench.providers.calling.kinds import kind_of

KEY = "canary-key-A1b2C3-D4e5F6"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[LocalServer]:
    """A server on a free loopback port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield LocalServer(name="found", kind=OPENAI_COMPATIBLE, port=port)
    finally:
        server.close()


def replying(body: bytes, status: str = "200 OK", headers: str = "") -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)
        await writer.drain()

    return answer


GOOD = json.dumps({"data": [{"id": "nomic-embed-text"}, {"id": "qwen3"}, {"id": "qwen3"}, {"id": 7}, 3]}).encode()


async def test_keys_of_the_environment_are_found_with_a_model_each() -> None:
    found = await discover(
        {"OPENAI_API_KEY": KEY, "GOOGLE_API_KEY": f"{KEY}g", "MISTRAL_API_KEY": " ", "GROQ_API_KEY": "two words"},
        ports=(),
    )
    assert [(p.name, p.kind, p.priority) for p in found] == [("openai", "openai", 1), ("gemini", "gemini", 2)]
    assert all(p.usable for p in found)
    assert revealed(found[0]) == [KEY]
    assert KEY not in REDACTOR.redact(f"echo {KEY}g")


async def test_nothing_at_all_finds_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\n")
    (tmp_path / "config.yaml").write_text("providers: {p: {kind: ollama}}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert await discover({}, ports=()) == ()


async def test_a_local_server_is_found_with_its_models_those_that_chat_first() -> None:
    async with listening(replying(GOOD)) as server:
        (provider,) = await discover({}, ports=[server])
    assert provider.models == ("qwen3", "nomic-embed-text")
    assert provider.base_url == f"http://127.0.0.1:{server.port}/v1"
    assert (provider.needs_key, provider.private, provider.usable) == (False, True, True)


async def test_ollama_is_asked_in_its_own_way() -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        body = json.dumps({"models": [{"name": "llama3.2:latest"}]}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with listening(answer) as server:
        ollama = LocalServer(name="ollama", kind="ollama", port=server.port, listing="/api/tags", base_path="")
        _, provider = await discover({"OPENAI_API_KEY": KEY}, ports=[ollama])
    assert asked[0].startswith(b"GET /api/tags HTTP/1.1")
    assert KEY.encode() not in asked[0]
    assert b"authorization" not in asked[0].lower()
    assert (provider.kind, provider.models) == ("ollama", ("llama3.2:latest",))
    assert provider.base_url == f"http://127.0.0.1:{ollama.port}"


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"5\r\n[[[[[\r\n")
        await writer.drain()
        await asyncio.sleep(0.005)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(-1)


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff SSH-2.0\r\n\r\n")


HOSTILE: dict[str, Answer] = {
    "html": replying(b"<html>hello</html>", headers="Content-Type: text/html\r\n"),
    "10 MB": replying(b'{"data": [{"id": "x"}], "pad": "' + b"x" * 10_000_000 + b'"}'),
    "redirect": replying(b"", "302 Found", "Location: http://192.0.2.1/v1/models\r\n"),
    "unauthorised": replying(GOOD, "401 Unauthorized"),
    "error": replying(GOOD, "500 Oops"),
    "no list": replying(b'{"data": {"id": "x"}}'),
    "empty": replying(b'{"data": []}'),
    "array": replying(b"[1, 2]"),
    "deep": replying(b'{"data": ' + b"[" * 100_000),
    "huge number": replying(b'{"data": ' + b"9" * 6000 + b"}"),
    "not utf-8": replying(b'{"data": [{"id": "\xff"}]}'),
    "false gzip": replying(GOOD, headers="Content-Encoding: gzip\r\n\x00: x\r\n"),
    "endless": endless,
    "silent": silent,
    "garbage": garbage,
    "hidden names": replying(json.dumps({"data": [{"id": "a\x1b[2J"}, {"id": ""}, {"id": "x" * 300}]}).encode()),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_whatever_else_answers_is_ignored_in_time_and_hides_nobody(what: str) -> None:
    async with listening(HOSTILE[what]) as hostile, listening(replying(GOOD)) as good:
        begin = time.monotonic()
        found = await discover({"OPENAI_API_KEY": KEY}, ports=[hostile, good], deadline_s=0.8)
        took = time.monotonic() - begin
    assert [p.name for p in found] == ["openai", "found"]
    assert found[1].base_url == f"http://127.0.0.1:{good.port}/v1"
    assert took < 4


async def test_all_ports_are_asked_at_once_under_one_deadline() -> None:
    async with listening(silent) as server:
        begin = time.monotonic()
        assert await discover({}, ports=[server] * 12, deadline_s=0.4) == ()
        assert time.monotonic() - begin < 3


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    async def trap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(100))

    async with listening(trap) as proxy, listening(replying(GOOD)) as good:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.address)
        monkeypatch.setenv("OLLAMA_HOST", proxy.address)
        assert len(await discover({}, ports=[good])) == 1
    assert seen == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["data", "models", "id", "name"]), inner)
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_document_gives_only_clean_names(document: object) -> None:
    for name in models_in(document):
        assert name
        assert name == name.strip()
        assert name.isprintable() or not name.isascii()


# The table of kinds, against the library it speaks of


def prices() -> dict[str, dict[str, object]]:
    spec = find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "model_prices_and_context_window_backup.json"
    return json.loads(path.read_text())


def test_every_default_model_is_one_that_the_library_knows_and_that_goes_on() -> None:
    known = prices()
    for kind in KINDS.values():
        for model in kind.models:
            found = known.get(f"{kind.name}/{model}") or known.get(model)
            assert found is not None, f"{kind.name}/{model}"
            assert found["litellm_provider"] == kind.name
            assert found["mode"] == "chat"
            assert found.get("deprecation_date") is None


def test_every_kind_is_one_of_the_librarys_providers() -> None:
    spec = find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse((Path(spec.origin).parent / "types" / "utils.py").read_text())
    (providers,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "LlmProviders"]
    names = {
        n.value.value for n in providers.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)
    } | {OPENAI_COMPATIBLE}
    for kind in KINDS.values():
        assert kind_of(kind.name).route.partition("/")[0] in names, kind.name


async def test_what_was_found_is_told_without_the_key() -> None:
    async with listening(replying(GOOD)) as local:
        notes = discovery_notes(await discover({"OPENAI_API_KEY": KEY}, ports=[local]))
    assert notes == (
        "openai: its key is in OPENAI_API_KEY",
        f"found: answers at {local.address}/v1 with 2 models",
    )


def test_what_was_looked_for_is_told_when_nothing_is_found() -> None:
    keys, servers = discovery_notes(())
    assert keys.startswith("no key in the environment: none of OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY and")
    assert servers.endswith("ollama 11434, lm-studio 1234, llama.cpp 8080, vllm 8000")


def test_aliases_lead_to_kinds() -> None:
    assert set(ALIASES.values()) <= set(KINDS)
    assert not set(ALIASES) & set(KINDS)
    for wanted in ("OpenAI", " Ollama ", "LMStudio", "llama-cpp", "openai_compatible"):
        assert find_kind(wanted) is not None
    assert find_kind("nonsense") is None
    assert [server.port for server in LOCAL_PORTS] == [11434, 1234, 8080, 8000]


@pytest.mark.parametrize(
    ("url", "loopback", "nearby"),
    [
        ("http://localhost:1/v1", True, True),
        ("http://a.localhost", True, True),
        ("http://LOCALHOST.", True, True),
        ("http://127.8.8.8", True, True),
        ("http://[::1]:1", True, True),
        ("http://10.1.1.1", False, True),
        ("http://localhost.example.com", False, False),
        ("http://127.0.0.1.nip.io", False, False),
        ("http://0.0.0.0", False, False),
        ("http://8.8.8.8", False, False),
        ("http://[::1", False, False),
        ("", False, False),
    ],
)
def test_what_is_near(url: str, loopback: bool, nearby: bool) -> None:
    assert (is_loopback(url), is_nearby(url)) == (loopback, nearby)
