"""What is read off chunks, lines and requests of LiteLLM, without LiteLLM."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from workbench.config.values import Provider
from workbench.providers.calling.answers import tool_calls
from workbench.providers.calling.aws import address_in, region_of
from workbench.providers.calling.content_parts import flat
from workbench.providers.calling.hints import hint_for
from workbench.providers.calling.litellm_shapes import Chunk
from workbench.providers.calling.prices import cost_nano, entry_of, price_nano
from workbench.providers.calling.transport import LONGEST_LINE, RewrittenStream
from workbench.providers.calling.upstream import OPENING, Upstream
from workbench.providers.values import ErrorKind, ToolCall


def piece(index: int | None, arguments: str, *, name: str | None = None, call_id: str | None = None) -> Chunk:
    function = SimpleNamespace(name=name, arguments=arguments)
    delta = SimpleNamespace(tool_calls=[SimpleNamespace(index=index, id=call_id, function=function)], model_extra=None)
    return cast("Chunk", SimpleNamespace(choices=[SimpleNamespace(delta=delta)]))


def test_pieces_of_calls_that_run_side_by_side_are_told_apart() -> None:
    found = tool_calls([
        piece(0, "", name="first", call_id="a"), piece(1, "", name="second", call_id="b"),
        piece(0, '{"x":'), piece(1, "{}"), piece(0, " 1}"),
    ])  # fmt: skip
    assert found == (
        ToolCall(id="a", name="first", arguments='{"x": 1}'),
        ToolCall(id="b", name="second", arguments="{}"),
    )


def test_a_new_id_is_a_new_call_whatever_its_index() -> None:
    found = tool_calls([piece(0, "{}", name="first", call_id="a"), piece(0, "{}", name="second", call_id="b")])
    assert [(call.id, call.name) for call in found] == [("a", "first"), ("b", "second")]


def test_an_id_that_is_repeated_or_missing_is_still_one_call() -> None:
    found = tool_calls([piece(None, '{"x"', name="f", call_id="a"), piece(None, ": 1}", call_id="a")])
    assert found == (ToolCall(id="a", name="f", arguments='{"x": 1}'),)
    assert tool_calls([piece(0, "{}", name="f")]) == (ToolCall(id="call_0", name="f", arguments="{}"),)


def line(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n"


def delta_in(changed: bytes) -> dict[str, Any]:
    return json.loads(changed.removeprefix(b"data:"))["choices"][0]["delta"]


def test_listed_parts_become_text_and_reasoning() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}, {"type": "text", "text": "!"}]},
        {"type": "text", "text": "Hello"},
        {"type": "reference", "reference_ids": [1]},
    ]
    delta = delta_in(flat(line({"choices": [{"index": 0, "delta": {"content": parts}}]})))
    assert delta == {"content": "Hello", "reasoning_content": "hm!"}


@pytest.mark.parametrize(
    "untouched",
    [
        b"",
        b"\n",
        b": comment\n",
        b"data: [DONE]\n",
        b'data: {"content": [not json\n',
        line({"choices": [{"delta": {"content": 'it says "content": "x"'}}]}),
        b"data: " + b'{"content": [' * 5000 + b"\n",
    ],
)
def test_other_lines_pass_as_they_are(untouched: bytes) -> None:
    assert flat(untouched) == untouched


@pytest.mark.parametrize("odd", [{"content": []}, {"choices": [None, {"delta": 3, "content": []}]}, [{"content": [1]}]])
def test_odd_lines_keep_their_meaning(odd: object) -> None:
    assert json.loads(flat(line(odd)).removeprefix(b"data:")) == odd


class Pieces(httpx.AsyncByteStream):
    """A body in these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for one in self.pieces:
            yield one

    async def aclose(self) -> None:
        self.closed = True


async def test_lines_are_changed_whole_however_they_are_cut() -> None:
    pieces = Pieces(b"one\ntw", b"o", b"\n\nthr", b"ee")
    stream = RewrittenStream(pieces, lambda line: b"<" + line.replace(b"\n", b">\n"))
    assert b"".join([part async for part in stream]) == b"<one>\n<two>\n<>\n<three"
    await stream.aclose()
    assert pieces.closed


async def test_a_line_without_an_end_is_not_waited_for() -> None:
    piece = b"x" * (LONGEST_LINE // 2 + 1)
    stream = RewrittenStream(Pieces(piece, piece, b"y"), lambda line: b"<" + line)
    assert [part async for part in stream] == [piece * 2, b"<y"]


def test_the_model_and_the_request_are_named_by_the_answer() -> None:
    upstream = Upstream()
    upstream.answered(200, {"X-Request-Id": " req-1 "})
    upstream.received(rb'data: {"text": "\"model\": \"fake\"", "model": ""}')
    assert upstream.model is None
    upstream.received(b'data: {"model":"real-1"}')
    assert (upstream.request_id, upstream.model) == ("req-1", "real-1")
    upstream.received(b"x" * OPENING * 2)
    assert len(upstream.opening) == OPENING
    upstream.answered(200, {})
    assert (upstream.request_id, upstream.model) == (None, None)


LISTED = {
    "groq/m": {"litellm_provider": "groq", "input_cost_per_token": 1e-6},
    "m": {"litellm_provider": "openai"},
    "anthropic.claude": {"litellm_provider": "bedrock_converse"},
}


@pytest.mark.parametrize(
    ("kind", "model", "name"),
    [
        ("groq", "m", "groq/m"),
        ("openai", "m", "m"),
        ("mistral", "m", None),
        ("openai-compatible", "m", None),
        ("bedrock", "invoke/anthropic.claude", "anthropic.claude"),
        ("bedrock", "eu.anthropic.claude", "anthropic.claude"),
        ("bedrock", "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude", "anthropic.claude"),
    ],
)
def test_a_model_is_listed_under_its_own_provider_only(kind: str, model: str, name: str | None) -> None:
    found = entry_of(LISTED, Provider(name="p", kind=kind), model)
    assert (found[0] if found else None) == name


def test_nothing_is_not_a_price() -> None:
    assert price_nano({"a": 1e-6}, "a") == pytest.approx(1000.0)
    for value in (0, -1.0, float("nan"), float("inf"), True, "1", None):
        assert price_nano({"a": value}, "a") is None
    assert cost_nano(0.0) == 0
    for value in (-1.0, float("nan"), float("inf"), 1e300, True, "1", None):
        assert cost_nano(value) is None


@pytest.mark.parametrize(
    ("base_url", "variables", "region"),
    [
        ("https://bedrock-runtime.eu-west-1.amazonaws.com", {"AWS_REGION": "us-east-1"}, "eu-west-1"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", {}, "us-gov-west-1"),
        ("https://vpce-1.bedrock-runtime.ca-central-1.vpce.amazonaws.com", {}, "ca-central-1"),
        (None, {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "us-east-1"),
        (None, {"AWS_REGION": "@evil.example/", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        (None, {}, "sa-east-1"),
    ],
)
async def test_the_region_of_the_address_goes_before_the_users(
    base_url: str | None, variables: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    provider = Provider(name="p", kind="bedrock", base_url=base_url)
    assert await region_of(provider, lambda: "sa-east-1") == region


async def test_a_region_that_is_none_is_not_believed() -> None:
    assert await region_of(Provider(name="p", kind="bedrock"), lambda: "evil.example/") is None
    assert await region_of(Provider(name="p", kind="bedrock"), lambda: None) is None


def test_bedrocks_addresses() -> None:
    assert address_in("eu-west-1") == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert address_in("cn-north-1") == "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_failure_but_a_wish_has_a_hint_of_one_line(kind: ErrorKind) -> None:
    hint = hint_for(kind, Provider(name="my {provider}", kind="openai", api_keys=(), key_refs=("OPENAI_API_KEY",)))
    assert bool(hint) is (kind is not ErrorKind.CANCELLED)
    assert "\n" not in hint
    assert len(hint) <= 120


def test_hints_name_what_is_to_be_changed() -> None:
    provider = Provider(name="work", kind="anthropic")
    assert hint_for(ErrorKind.AUTH, provider).startswith("Check ANTHROPIC_API_KEY")
    second = replace(provider, key_refs=("keyring:work",))
    assert hint_for(ErrorKind.AUTH, second).startswith("Check keyring:work")
    missing = replace(provider, missing_keys=("WORK_KEY",))
    assert hint_for(ErrorKind.NO_KEY, missing).startswith("Set WORK_KEY")
    assert "AWS_PROFILE" in hint_for(ErrorKind.NO_KEY, Provider(name="aws", kind="bedrock"))
    local = Provider(name="mine", kind="ollama", base_url="http://127.0.0.1:11434")
    assert hint_for(ErrorKind.CONNECTION, local).startswith("Start the server of mine")
    assert hint_for(ErrorKind.CONNECTION, provider).startswith("Check the network")
    assert "work" in hint_for(ErrorKind.EMPTY, provider)
