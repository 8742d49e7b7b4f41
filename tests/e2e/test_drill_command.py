"""`workbench providers drill`: what it prints, what it leaves alone, how it ends."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.support.cli import KEY, configure, invoke, running_cli
from tests.support.doubles import ok, running_provider
from tests.support.in_process import Streams
from workbench.config.paths import resolve_paths
from workbench.engine.engine import Engine
from workbench.engine.options import EngineOptions
from workbench.providers.scripted.drill_values import DrillEnded, DrillStep

pytestmark = [
    # Each test runs a drill, or a process that loads the model library.
    pytest.mark.timeout(60),
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.usefixtures("no_input"),
]


def test_it_tells_people_what_they_would_have_seen(isolation: Path, streams: Streams) -> None:
    with running_provider(ok()) as one, running_provider(ok()) as two:
        configure(isolation, [one.base_url, two.base_url])
        assert invoke("providers", "drill", "--scene", "server-error", "--scene", "dead-host") == 0
        assert (one.requests, two.requests) == ([], [])
    out = streams.read()
    assert "1.  alpha/model-alpha" in out
    assert "1/2 server-error: alpha has an error: HTTP 500" in out
    assert "alpha/model-alpha failed server_error 500" in out
    assert "2/2 dead-host: nobody listens where alpha should be" in out
    assert "ok  server-error: beta/model-beta answered after" in out
    assert "All 2 usable providers are at one host" in out
    assert KEY not in out + streams.err
    assert "\x1b" not in out
    # Neither a database nor a lock: nothing is stored.
    assert sorted(path.name for path in isolation.rglob("*") if path.is_file()) == [".env", "config.yaml"]


def test_one_document(isolation: Path, streams: Streams) -> None:
    configure(isolation, ["http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1"])
    assert invoke("providers", "drill", "--json", "--scene", "bad-key") == 0
    document = streams.json()
    assert document["as_promised"] is True
    assert [link["provider"] for link in document["chain"]] == ["alpha", "beta"]
    (scene,) = document["scenes"]
    assert (scene["scene"], scene["as_promised"]) == ("bad-key", True)
    assert [prompt["answered_by"] for prompt in scene["prompts"]] == ["beta/model-beta"] * 2
    assert any("failed auth 401" in line["text"] for line in scene["lines"])
    assert "1/1 bad-key" in streams.err


def test_a_document_for_every_step_without_a_configuration_and_offline(streams: Streams) -> None:
    assert invoke("--offline", "providers", "drill", "--ndjson", "--scene", "server-error") == 0
    steps = [json.loads(line) for line in streams.read().splitlines()]
    kinds = [step["kind"] for step in steps]
    assert kinds[:2] == ["drill.started", "scene.started"]
    assert set(kinds[2:-2]) == {"scene.line"}
    assert kinds[-2:] == ["scene.ended", "drill.ended"]
    assert steps[0]["made_up"] is True
    assert steps[-1]["as_promised"] is True


def test_a_key_in_the_environment_makes_a_chain(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert invoke("providers", "drill", "--json", "--scene", "server-error") == 0
    document = streams.json()
    assert [link["provider"] for link in document["chain"]] == ["openai"]
    assert document["remarks"][0].startswith("Only openai can be asked")


def test_a_broken_promise_is_exit_code_1(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.providers.scripted.scenes.DRILL_ANSWER", "Another text.")
    assert invoke("providers", "drill", "--scene", "server-error") == 1
    assert "problem  server-error: the answer is called complete" in streams.read()


@pytest.mark.parametrize("arguments", [("--scene", "earthquake"), ("--json", "--ndjson")])
def test_what_is_asked_for_wrongly(arguments: tuple[str, ...], streams: Streams) -> None:
    assert invoke("providers", "drill", *arguments) == 2
    streams.read()
    assert "rate-limit" in streams.err or "exclude each other" in streams.out


def test_in_a_running_core_it_leaves_no_event_no_attempt_and_no_breaker(isolation: Path) -> None:
    configure(isolation, ["http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1"])
    engine = Engine(EngineOptions(paths=resolve_paths(isolation)))
    told: list[DrillStep] = []
    with engine.bus.subscribe() as heard:
        engine.start()
        try:
            engine.run(lambda core: core.drill(told.append))
            tables = ("attempts", "messages", "breakers", "provider_keys", "rotations")
            rows = {
                name: engine.run(lambda core, name=name: core.store.read(f"select 1 from {name}")) for name in tables
            }
            statuses = engine.run(lambda core: core.providers.list())
        finally:
            assert engine.stop(5.0)
        kinds = {event.kind for event in heard.drain()}
    last = told[-1]
    assert isinstance(last, DrillEnded)
    assert last.as_promised
    assert not any(rows.values()), rows
    assert kinds <= {"engine.started", "engine.stopping", "config.loaded", "provider.client"}
    assert [(status.name, status.breaker.state) for status in statuses] == [("alpha", "closed"), ("beta", "closed")]


def test_interrupted(isolation: Path) -> None:
    configure(isolation, ["http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1"])
    with running_cli("providers", "drill", "--ndjson", "--scene", "hang") as command:
        command.wait_until(lambda: "asking alpha" in command.out)
        at = time.monotonic()
        command.send(signal.SIGINT)
        done = command.finish()
        assert time.monotonic() - at < 2.0
    assert done.code == 130
    assert "Traceback" not in done.err
    assert "never awaited" not in done.err
