"""Free probes over real HTTP: what they ask for, what they find, what they tell, and where keys go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.doubles import (
    FaultyProvider,
    closed_port,
    html,
    providers,
    redirect,
    server_error,
    silence,
    stall,
    status,
    unauthorized,
)
from tests.support.health import KEY, Ward, at
from tests.support.storage import opened
from workbench.core.clock import ManualClock
from workbench.core.errors import NotFoundError
from workbench.core.provider_events import ProviderChecked
from workbench.core.secret import Secret
from workbench.providers.calling.kinds import AZURE_API_VERSION
from workbench.providers.health.documents import probe_document
from workbench.providers.health.probe_log import ProbeLog
from workbench.providers.resilience.values import BreakerState, BreakerView, KeyCondition, KeyView
from workbench.storage.store import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db", clock=ManualClock()) as store:
        yield store


async def test_probes_are_free_requests_and_tell_what_is_there() -> None:
    async with providers((), (), ()) as (openai, ollama, anthropic):
        openai.models = ("m-1", "m-2\x1b[2J")
        clock = ManualClock()
        ward = Ward(
            None, clock, at("openai", openai), at("ollama", ollama, "ollama"), at("claude", anthropic, "anthropic")
        )
        results = await ward.directory.test()
        assert [(result.name, result.ok) for result in results] == [
            ("openai", True),
            ("ollama", True),
            ("claude", True),
        ]
        assert results[0].models == ("m-1",)
        seen = [(double.requests[0].method, double.requests[0].path) for double in (openai, ollama, anthropic)]
        assert seen == [("GET", "/v1/models"), ("GET", "/api/tags"), ("GET", "/v1/models")]
        assert [double.requests[0].key for double in (openai, ollama, anthropic)] == [KEY.reveal()] * 3
        status = (await ward.directory.list())[0]
        assert (status.state, status.heard_at_ms) == ("ok", clock.now_ms())
        assert set(probe_document(results[0])) == {"name", "ok", "latency_ms", "models", "error_kind", "reason"}


async def test_probe_failures_have_the_attempts_kinds() -> None:
    async with (
        FaultyProvider(probe=unauthorized()) as wrong_key,
        FaultyProvider(probe=server_error(503)) as ill,
        FaultyProvider(probe=html()) as portal,
        FaultyProvider(probe=silence()) as silent,
        FaultyProvider() as elsewhere,
    ):
        refused = f"http://127.0.0.1:{closed_port()}/v1"
        keyless = replace(at("keyless", portal), api_keys=(), missing_keys=("X_KEY",))
        off = replace(at("off", portal), enabled=False)
        ward = Ward(
            None, ManualClock(), at("wrong", wrong_key), at("ill", ill), at("portal", portal), at("silent", silent),
            at("refused", refused), at("cloud", elsewhere, "bedrock"), keyless, off,
        )  # fmt: skip
        results = {result.name: result for result in await ward.directory.test(deadline_s=0.5)}
        assert {name: result.error_kind for name, result in results.items()} == {
            "wrong": "auth", "ill": "server_error", "portal": "empty", "silent": "timeout", "refused": "connection",
            "cloud": None, "keyless": "no_key", "off": "disabled",
        }  # fmt: skip
        assert not any(result.ok for result in results.values())
        assert KEY.reveal() not in str(results)
        assert "X_KEY" in results["keyless"].reason
        assert elsewhere.requests == []
        known = await ward.log.newest(list(results))
        assert set(known) == {"wrong", "ill", "portal", "silent", "refused"}, "the others were not asked"
        assert (await ward.directory.test(["off"]))[0].error_kind == "empty"
        with pytest.raises(NotFoundError, match="nobody"):
            await ward.directory.test(["nobody"])


async def test_azure_is_asked_where_and_in_the_version_in_which_requests_go() -> None:
    async with FaultyProvider() as double:
        host = f"http://127.0.0.1:{double.port}"
        ward = Ward(
            None, ManualClock(), at("a", f"{host}/gate/openai/deployments/d", "azure"),
            replace(at("b", host, "azure"), api_version="2024-10-21"), at("c", f"{host}/openai/v1", "azure"),
        )  # fmt: skip
        for name in ("a", "b", "c"):
            await ward.directory.test([name])
        assert [(sent.path, sent.headers.get("api-key") or sent.key) for sent in double.requests] == [
            (f"/gate/openai/models?api-version={AZURE_API_VERSION}", KEY.reveal()),
            ("/openai/models?api-version=2024-10-21", KEY.reveal()),
            ("/openai/v1/models", KEY.reveal()),
        ]


async def test_an_error_with_status_200_is_no_answer() -> None:
    said = {"error": f"Unexpected endpoint, your key was {KEY.reveal()}. Returning 200 anyway"}
    async with (
        FaultyProvider(probe=status(200, said)) as lost,
        FaultyProvider(probe=status(200, b'"hello"')) as other,
        FaultyProvider(probe=status(200, b"[]")) as bare,
        FaultyProvider(probe=status(200, {"data": [], "error": None})) as well,
        FaultyProvider(probe=stall()) as cut,
    ):
        ward = Ward(
            None, ManualClock(), at("lost", lost), at("other", other), at("bare", bare), at("well", well),
            at("cut", cut),
        )  # fmt: skip
        found = {each.name: each for each in await ward.directory.test(deadline_s=0.5)}
    assert {name: each.error_kind for name, each in found.items()} == {
        "lost": "empty", "other": "empty", "bare": None, "well": None, "cut": "timeout",
    }  # fmt: skip
    assert found["lost"].reason.startswith("HTTP 200 with an error: Unexpected endpoint")
    assert KEY.reveal() not in found["lost"].reason
    assert found["cut"].reason == "no data within the time limit"


async def test_certificates_that_cannot_be_read_are_told_and_cost_only_who_needs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    async with FaultyProvider() as double:
        ward = Ward(None, ManualClock(), at("plain", double), at("safe", f"https://127.0.0.1:{double.port}/v1"))
        plain, safe = await ward.directory.test()
        assert plain.ok
        assert (safe.ok, safe.error_kind, len(double.requests)) == (False, "connection", 1)
        assert "SSL_CERT_FILE" in safe.reason and "missing.pem" in safe.reason


async def test_a_redirect_does_not_carry_the_key_away() -> None:
    async with FaultyProvider() as thief, FaultyProvider() as double:
        double.probe = redirect(thief.base_url + "/models", 302)
        result = (await Ward(None, ManualClock(), at("a", double)).directory.test())[0]
        assert not result.ok
        assert thief.requests == []


async def test_the_proxy_variables_have_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FaultyProvider() as proxy, FaultyProvider() as double:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await Ward(None, ManualClock(), at("a", double)).directory.test())[0].ok
        assert proxy.requests == []


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (("ok", "ok", "ok"), "key-1"),
        (("bad", "limited", "ok"), "key-3"),
        (("bad", "limited", "disabled"), "key-2"),
        (("disabled", "bad", "disabled"), "key-2"),
        (("disabled", "disabled", "disabled"), None),
    ],
)
async def test_the_key_that_is_in_use_is_the_one_that_is_tried(
    conditions: tuple[str, ...], expected: str | None
) -> None:
    async with FaultyProvider() as double:
        keys = tuple(Secret(f"canary-of-key-{number}") for number in (1, 2, 3))
        provider = replace(at("a", double), api_keys=keys, key_refs=("key-1", "key-2", "key-3"))
        ward = Ward(None, ManualClock(), provider)
        ward.standings.key_views["a"] = tuple(
            KeyView(ref=f"key-{number}", condition=KeyCondition(word)) for number, word in enumerate(conditions, 1)
        )
        (result,) = await ward.directory.test()
        assert [request.key for request in double.requests] == ([f"canary-of-{expected}"] if expected else [])
        assert result.ok is (expected is not None)
        assert result.reason == ("" if expected else "all its keys are switched off")


async def test_only_something_new_is_told(store: Store) -> None:
    async with FaultyProvider(probe=unauthorized()) as double:
        ward = Ward(store, ManualClock(), at("a", double))

        async def told() -> list[tuple[bool, str | None]]:
            await ward.directory.test()
            return [(e.ok, e.error_kind) for e in ward.events.drain() if isinstance(e, ProviderChecked)]

        assert await told() == [(False, "auth")]
        assert await told() == []
        double.probe = server_error(500)
        assert await told() == [(False, "server_error")]
        double.probe = None
        assert await told() == [(True, None)]
        assert await told() == []


async def test_a_probe_of_another_process_is_known_here(store: Store) -> None:
    async with FaultyProvider() as double:
        clock = ManualClock()
        here, there = Ward(store, clock, at("a", double)), Ward(store, clock, at("a", double))
        await there.directory.test()
        (status,) = await here.directory.list()
        assert (status.state, status.checked) == ("ok", (await there.log.newest(["a"]))["a"])
        assert here.events.drain() == []


async def test_recovery_is_noticed_only_of_an_open_breaker() -> None:
    async with FaultyProvider() as well, FaultyProvider(probe=server_error()) as ill:
        ward = Ward(None, ManualClock(), at("back", well), at("never-away", well), at("ill", ill))
        ward.standings.breakers["back"] = BreakerView(state=BreakerState.OPEN)
        ward.standings.breakers["ill"] = BreakerView(state=BreakerState.OPEN)
        await ward.directory.test()
        assert ward.standings.recovered == ["back"]


async def test_a_store_that_refuses_costs_the_sharing_not_the_probe(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await store.close()
    async with FaultyProvider() as double:
        ward = Ward(store, ManualClock(), at("a", double))
        for _ in range(2):
            assert [result.ok for result in await ward.prober.check([at("a", double)])] == [True]
        assert (await ward.log.newest(["a"]))["a"].ok
        assert await ward.log.claim_round(30)
        assert caplog.text.count("cannot be shared") == 1


async def test_a_clock_that_was_put_back_does_not_hide_new_probes(store: Store) -> None:
    clock = ManualClock()
    async with FaultyProvider() as double:
        early = clock.now_ms()
        clock.advance(3600)
        await Ward(store, clock, at("a", double)).directory.test()
        back = ManualClock(early)
        log = ProbeLog(store, back)
        assert await log.claim_round(30)
        assert not await log.claim_round(30)
        await Ward(store, back, at("a", double)).directory.test()
        assert (await ProbeLog(store, back).newest(["a"]))["a"].at_ms == early
