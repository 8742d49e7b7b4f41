"""Asks a provider, without cost, whether it is there: a GET that no provider charges for."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from workbench.config.model_listing import models_in
from workbench.config.values import Provider
from workbench.core.clock import Clock
from workbench.core.errors import ProvidersError
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret
from workbench.providers.calling.certificates import trusted_certificates
from workbench.providers.calling.classification import Signals, classify
from workbench.providers.calling.kinds import Probe, api_version_of, base_url_of, kind_of, speaks_plain_openai
from workbench.providers.calling.library_errors import message_in, presentable, reason_of, signals_of
from workbench.providers.values import ErrorKind

if TYPE_CHECKING:
    import httpx

DEADLINE_S = 5.0
"""For all probes together: they run in parallel."""

LONGEST_ANSWER = 4_000_000
ANTHROPIC_VERSION = "2023-06-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What a probe found."""

    name: str
    ok: bool
    latency_ms: int | None = None
    models: tuple[str, ...] = ()
    """What it offers, when it says."""
    error_kind: str | None = None
    """None when it answers, and when it was not checked because its kind has no free request."""
    reason: str = ""

    @property
    def checked(self) -> bool:
        """Whether anything was found out; a provider that was not checked has not failed."""
        return self.ok or self.error_kind not in (None, ErrorKind.DISABLED.value)


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    headers: dict[str, str]


def request_for(provider: Provider, key: Secret | None) -> _Request | None:
    """The free request for this provider; None when there is none or nobody knows where it lives."""
    base = base_url_of(provider)
    probe = kind_of(provider.kind).probe
    if base is None or probe is Probe.NONE:
        return None
    value = key.reveal() if key is not None else ""
    bearer = {"authorization": f"Bearer {value}"} if value else {}
    match probe:
        case Probe.MODELS:
            return _Request(f"{base}/models", bearer)
        case Probe.AZURE if speaks_plain_openai(provider):
            return _Request(f"{base}/models", bearer)
        case Probe.ANTHROPIC:
            return _Request(f"{base}/v1/models", {"x-api-key": value, "anthropic-version": ANTHROPIC_VERSION})
        case Probe.OLLAMA:
            return _Request(f"{base}/api/tags", bearer)
        case Probe.AZURE:
            return _Request(f"{base}/openai/models?api-version={api_version_of(provider)}", {"api-key": value})
        case Probe.OPENROUTER:
            return _Request(f"{base}/key", bearer)


async def probe_all(
    providers: Sequence[Provider], clock: Clock, *, deadline_s: float = DEADLINE_S
) -> list[ProbeResult]:
    """One result for each provider, in their order, within `deadline_s`."""
    untrusting = ""
    try:
        context = await asyncio.to_thread(trusted_certificates)
    except ProvidersError as problem:
        # Servers without TLS can be asked all the same.
        context, untrusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), str(problem)
    async with _client(context, deadline_s) as client:
        deadline = asyncio.get_running_loop().time() + deadline_s
        return list(await asyncio.gather(*(_probe(each, client, clock, deadline, untrusting) for each in providers)))


def _client(context: ssl.SSLContext, deadline_s: float) -> httpx.AsyncClient:
    import httpx

    # Neither proxies out of the environment nor redirects: the key goes to the configured host and nowhere else.
    return httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False, timeout=deadline_s)


async def _probe(
    provider: Provider, client: httpx.AsyncClient, clock: Clock, deadline: float, untrusting: str
) -> ProbeResult:
    """`untrusting` says why no certificate can be checked; empty when it can."""
    name = provider.name
    if provider.needs_key and not provider.api_keys:
        missing = ", ".join(provider.missing_keys)
        reason = f"no key, {missing} is not set" if missing else "no key is configured"
        return ProbeResult(name=name, ok=False, error_kind=ErrorKind.NO_KEY.value, reason=reason)
    key = provider.api_keys[0] if provider.api_keys else None
    if key is not None:
        REDACTOR.register(key)
    request = request_for(provider, key)
    if request is None:
        return ProbeResult(
            name=name, ok=False, reason=f"not checked: there is no free request for kind {provider.kind}"
        )
    if untrusting and request.url.lower().startswith("https:"):
        return ProbeResult(name=name, ok=False, error_kind=ErrorKind.CONNECTION.value, reason=untrusting)
    began = clock.monotonic()
    status, body, signals = 0, b"", Signals()
    try:
        async with asyncio.timeout_at(deadline), client.stream("GET", request.url, headers=request.headers) as response:
            status = response.status_code
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > LONGEST_ANSWER:
                    break
    except TimeoutError:
        signals = Signals(classes=("ReadTimeout",))
    except Exception as problem:
        signals = signals_of(problem)
    latency_ms = round((clock.monotonic() - began) * 1000)
    if status == 200 and not signals.classes:
        return _read(name, body, latency_ms, key)
    if status and status != 200:
        signals = Signals(status=status, text=body[:2000].decode("utf-8", "replace"), classes=signals.classes)
    kind = classify(signals, now_ms=clock.now_ms()).kind
    told = presentable(f"HTTP {status}: {_said(signals)}", key=key)
    reason = reason_of(signals, key=key) if signals.status is None else told
    return ProbeResult(name=name, ok=False, latency_ms=latency_ms, error_kind=kind.value, reason=reason)


def _said(signals: Signals) -> str:
    if "<html" in signals.text[:500].lower():
        return "an HTML page"
    with suppress(ValueError, RecursionError):
        return message_in(json.loads(signals.text)) or signals.text
    return signals.text or "no reason given"


def _read(name: str, body: bytes, latency_ms: int, key: Secret | None) -> ProbeResult:
    document: object = None
    with suppress(ValueError, RecursionError):
        document = json.loads(body)
    reason = _what_is_wrong(document, key)
    if reason:
        return ProbeResult(
            name=name, ok=False, latency_ms=latency_ms, error_kind=ErrorKind.EMPTY.value, reason=reason
        )  # fmt: skip
    return ProbeResult(name=name, ok=True, latency_ms=latency_ms, models=models_in(document))


def _what_is_wrong(document: object, key: Secret | None) -> str:
    """Why an answer with status 200 is none; empty when it is one."""
    if isinstance(document, dict):
        # LM Studio answers so where it has nothing.
        wrong = "error" in document and document["error"] is not None
        return presentable(f"HTTP 200 with an error: {message_in(cast('object', document))}", key=key) if wrong else ""
    return "" if isinstance(document, list) else "the answer is not one of its API: an HTML page or something else"
