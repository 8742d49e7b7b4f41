"""Finds providers when none is configured: keys in the environment, and model servers on this machine's usual ports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import httpx

from workbench.config.kinds import KINDS
from workbench.config.model_listing import models_in
from workbench.config.values import Provider
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret

DEADLINE_S = 1.5
MAX_ANSWER_BYTES = 1_000_000
_MAX_PARALLEL = 16
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServer:
    """A model server that may be listening on this machine."""

    name: str
    kind: str
    port: int
    listing: str = "/v1/models"
    """Path that lists its models without costing anything."""
    base_path: str = "/v1"

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"


LOCAL_PORTS: tuple[LocalServer, ...] = (
    LocalServer(name="ollama", kind="ollama", port=11434, listing="/api/tags", base_path=""),
    LocalServer(name="lm-studio", kind="lm_studio", port=1234),
    LocalServer(name="llama.cpp", kind="llama.cpp", port=8080),
    LocalServer(name="vllm", kind="vllm", port=8000),
)


_VARIABLES_NAMED = 3


def discovery_notes(found: Sequence[Provider], *, ports: Sequence[LocalServer] = LOCAL_PORTS) -> tuple[str, ...]:
    """What discovery found, a sentence each; when it found nothing, what it looked for."""
    if found:
        return tuple(_found_note(provider) for provider in found)
    variables = [kind.key_variables[0] for kind in KINDS.values() if kind.models and kind.key_variables]
    named, more = ", ".join(variables[:_VARIABLES_NAMED]), len(variables) - _VARIABLES_NAMED
    servers = ", ".join(f"{server.name} {server.port}" for server in ports)
    return (
        f"no key in the environment: none of {named} and {more} more is set",
        f"no local server answers on its usual port: {servers}",
    )


def _found_note(provider: Provider) -> str:
    if provider.key_refs:
        return f"{provider.name}: its key is in {provider.key_refs[0]}"
    count = len(provider.models)
    return f"{provider.name}: answers at {provider.base_url} with {count} model{'' if count == 1 else 's'}"


async def discover(
    environ: Mapping[str, str],
    *,
    ports: Sequence[LocalServer] = LOCAL_PORTS,
    deadline_s: float = DEADLINE_S,
) -> tuple[Provider, ...]:
    """The providers that could be used right now, keys of the environment first; at most `deadline_s` seconds.

    Only `environ` and loopback are looked at: no file, no proxy, no other host. Whatever answers on a port is
    believed only when it answers like a model server. Never raises.
    """
    keyed = _from_environment(environ)
    local = await _from_ports(ports, deadline_s)
    return tuple(replace(provider, priority=number) for number, provider in enumerate((*keyed, *local), start=1))


def _from_environment(environ: Mapping[str, str]) -> list[Provider]:
    found: list[Provider] = []
    for kind in KINDS.values():
        if not kind.models:
            continue
        found_in = next((name for name in kind.key_variables if environ.get(name, "").strip()), "")
        value = environ.get(found_in, "").strip()
        if value and value.isascii() and value.isprintable() and " " not in value:
            key = Secret(value)
            REDACTOR.register(key)
            found.append(
                Provider(name=kind.name, kind=kind.name, models=kind.models, api_keys=(key,), key_refs=(found_in,))
            )
    return found


async def _from_ports(ports: Sequence[LocalServer], deadline_s: float) -> list[Provider]:
    if not ports:
        return []
    found: dict[int, Provider] = {}
    limits = httpx.Limits(max_connections=_MAX_PARALLEL, max_keepalive_connections=0)
    # No proxy and no .netrc: a proxy of the environment would see, and could answer, what is meant for this machine.
    # An empty TLS context, because loading the machine's certificates takes longer than all the answers.
    async with httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        timeout=deadline_s,
        limits=limits,
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    ) as client:

        async def look(index: int, server: LocalServer) -> None:
            models = await _models(client, server)
            if models:
                found[index] = Provider(
                    name=server.name,
                    kind=server.kind,
                    models=models,
                    needs_key=False,
                    base_url=server.address + server.base_path,
                    private=True,
                )

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                await asyncio.gather(*(look(index, server) for index, server in enumerate(ports)))
    return [found[index] for index in sorted(found)]


async def _models(client: httpx.AsyncClient, server: LocalServer) -> tuple[str, ...]:
    """The models that a server lists, those that chat first; nothing when it is no model server."""
    try:
        async with client.stream("GET", server.address + server.listing) as reply:
            if reply.status_code != _OK:
                return ()
            content = bytearray()
            async for chunk in reply.aiter_raw():
                content += chunk
                if len(content) > MAX_ANSWER_BYTES:
                    return ()
        document: object = json.loads(content)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError, RecursionError):
        return ()
    return models_in(document)
