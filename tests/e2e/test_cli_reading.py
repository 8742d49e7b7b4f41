"""What the reading commands tell, over real HTTP and inside this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import configure, invoke, provider_entry
from tests.support.doubles import closed_port, ok, running_provider, server_error, silence, status, unauthorized
from tests.support.in_process import Streams

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.usefixtures("no_input")]
"""The model library uses what its own dependencies have deprecated."""

ANSWER = "Hello from the double."


def test_history_events_and_providers_after_an_answer(isolation: Path, streams: Streams) -> None:
    with running_provider(server_error()) as first, running_provider(ok()) as second:
        configure(isolation, [first.base_url, second.base_url])
        assert invoke("ask", "--json", "hi") == 0
        conversation = streams.json()["conversation_id"]
        assert (
            invoke("events", "--json", "--conversation", conversation[:25], "--level", "warning", "--since", "1h") == 0
        )
        events = streams.json()["events"]
        assert [(e["kind"], e["level"], e["data"]["provider"]) for e in events] == [
            ("attempt.ended", "warning", "alpha")
        ]
        assert invoke("events", "--source", "provider", "--ndjson", "-n", "2") == 0
        assert [json.loads(line)["source"] for line in streams.read().splitlines()] == ["provider"] * 2
        assert invoke("events", "--level", "warning") == 0
        assert "warning  provider  alpha/model-alpha failed server_error 500" in streams.read()
        assert invoke("providers", "list", "--json") == 0
        listed = {p["name"]: p for p in streams.json()["providers"]}
        assert listed["alpha"]["error_rate"] == 1.0
        assert listed["beta"]["p50_ms"] is not None
        assert invoke("history", "export", "last") == 0
        assert f"\n\n{ANSWER}\n" in streams.read()
        file = isolation / "exported.json"
        assert invoke("history", "export", conversation[:25], "--format", "json", "-o", str(file)) == 0
        assert [message["text"] for message in json.loads(file.read_text())["messages"]] == ["hi", ANSWER]
        assert invoke("history", "export", "last", "-o", str(file)) == 2, "nothing is written over"
        assert listed["beta"]["checked_at"].endswith("Z")
        assert invoke("providers", "list") == 0
        assert "beta" in streams.read()
        assert invoke("test-llm", "--json") == 0
        tested = streams.json()["providers"]
        assert [(p["name"], p["ok"], p["models"]) for p in tested] == [
            ("alpha", True, ["double"]),
            ("beta", True, ["double"]),
        ]


def test_providers_that_do_not_answer(isolation: Path, streams: Streams) -> None:
    with running_provider(probe=unauthorized()) as double:
        configure(isolation, [double.base_url, f"http://127.0.0.1:{closed_port()}/v1"])
        assert invoke("providers", "test") == 1
        lines = streams.read().splitlines()
        assert lines[0].startswith("problem  alpha  auth")
        assert lines[1].startswith("problem  beta  connection")
        assert invoke("providers", "test", "beta") == 3
        assert invoke("doctor", "--json") == 1
        checks = {check["name"]: check for check in _last_json(streams)["checks"]}
    assert checks["providers"]["state"] == "problem"


def test_error_bodies_of_every_shape_and_a_provider_without_a_free_request(isolation: Path, streams: Streams) -> None:
    detail = status(404, {"detail": "Not Found"})
    with running_provider(probe=detail) as first, running_provider(probe=status(500, {"error": "no model"})) as second:
        entries = {"alpha": provider_entry(first.base_url), "beta": provider_entry(second.base_url)}
        unchecked = provider_entry(first.base_url) | {"kind": "perplexity"}
        configure(isolation, entries | {"gamma": unchecked})
        assert invoke("providers", "test") == 1
        lines = streams.read().splitlines()
        assert "alpha  bad_request  HTTP 404" in lines[0] and "Not Found" in lines[0]
        assert lines[1].startswith("problem  beta  server_error  HTTP 500: no model")
        assert lines[2].startswith("–        gamma  not checked")
        assert invoke("providers", "test", "gamma", "--json") == 0
        assert "error" not in streams.json()
        configure(isolation, {"gamma": unchecked})
        assert invoke("doctor", "--json") == 0
        checks = {check["name"]: check for check in streams.json()["checks"]}
        assert len(first.requests) == len(second.requests) == 1
    assert checks["providers"]["state"] == "ok"
    assert "gamma not checked" in checks["providers"]["detail"]


def _last_json(streams: Streams) -> Any:
    text = streams.read()
    return json.loads(text[text.index("{") :])


def test_doctor(isolation: Path, streams: Streams) -> None:
    with running_provider(ok()) as double:
        configure(isolation, [double.base_url])
        assert invoke("doctor", "--json") == 0
        checks = {check["name"]: check for check in streams.json()["checks"]}
        asked = len(double.requests)
        assert asked == 1
        assert invoke("--offline", "doctor") == 0
        assert len(double.requests) == asked
    expected = "python, terminal, configuration, keys, database, keyring, providers, permissions, dependencies"
    assert set(expected.split(", ")) == set(checks)
    assert checks["providers"]["state"] == "ok"
    assert "alpha answers in" in checks["providers"]["detail"]
    assert all(check["hint"] for check in checks.values() if check["state"] != "ok")


def test_doctor_tells_of_an_open_breaker_and_a_refused_key(
    isolation: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECOND_KEY", "another-key-0123456789")
    with running_provider(unauthorized(), silence()) as double:
        entry = provider_entry(double.base_url) | {"api_key": ["${DOUBLE_KEY}", "${SECOND_KEY}"]}
        configure(isolation, {"alpha": entry}, {"first_token_timeout": 0.2})
        assert invoke("ask", "hi") == 1
        streams.read()
        assert invoke("--offline", "doctor", "--json") == 0
        checks = {check["name"]: check for check in streams.json()["checks"]}
        assert invoke("doctor", "--json") == 0
        online = {check["name"]: check for check in streams.json()["checks"]}
    assert "alpha: its breaker is open after " in checks["providers"]["detail"]
    for found in (checks["providers"], online["providers"]):
        assert found["state"] == "warning"
        assert "alpha: key DOUBLE_KEY was refused (HTTP 401)" in found["detail"]
        assert "(no first token within 0.2 s)" in found["detail"]
        assert "workbench providers reset NAME" in found["hint"]


def test_doctor_finds_a_broken_configuration(isolation: Path, streams: Streams) -> None:
    configure(isolation, {"alpha": provider_entry("http://127.0.0.1:9/v1", prioriti=1)}).chmod(0o644)
    assert invoke("--offline", "doctor", "--json") == 1
    checks = {check["name"]: check for check in streams.json()["checks"]}
    assert checks["configuration"]["state"] == "problem"
    assert "providers.alpha.prioriti" in checks["configuration"]["detail"]
    assert checks["permissions"]["state"] == "warning"
    assert "config.yaml is 0644" in checks["permissions"]["detail"]


def test_doctor_finds_a_broken_database(isolation: Path, streams: Streams) -> None:
    (isolation / "data").mkdir(parents=True)
    (isolation / "data" / "workbench.db").write_bytes(b"this is no database at all, just some words" * 100)
    assert invoke("--offline", "doctor", "--json") == 1
    checks = {check["name"]: check for check in streams.json()["checks"]}
    assert checks["database"]["state"] == "problem"
    assert checks["python"]["state"] == "ok"


def test_configuration_commands(isolation: Path, streams: Streams) -> None:
    path = configure(isolation, ["http://127.0.0.1:9/v1"], {"request_timeout": 20})
    assert invoke("config", "path") == 0
    assert streams.read() == f"{path}\n"
    assert invoke("config", "path", "--json") == 0
    assert streams.json()["database"] == str(isolation / "data" / "workbench.db")
    assert invoke("config", "show") == 0
    assert "request_timeout: 20" in streams.read()
    assert "${DOUBLE_KEY}" in streams.out
    assert invoke("config", "show", "--json") == 0
    shown = streams.json()
    assert shown["settings"]["request_timeout"] == 20
    assert shown["providers"]["alpha"]["keys"] == 1
    assert invoke("config", "validate") == 0
    assert invoke("config", "validate", "--json") == 0
    assert _last_json(streams) == {"valid": True, "problems": []}
    path.write_text("settings:\n  request_timeout: soon\n")
    assert invoke("config", "validate") == 2
    assert streams.read().startswith(f"{path}:2:20: settings.request_timeout: ")
    assert invoke("config", "validate", "--json", str(path)) == 2
    problem = streams.json()["problems"][0]
    assert (problem["file"], problem["line"], problem["column"]) == (str(path), 2, 20)
    assert set(problem) == {"file", "line", "column", "key", "problem", "expected"}
