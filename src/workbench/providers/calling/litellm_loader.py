"""Loads LiteLLM once: without network, without stalling the event loop, without output of its own."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import socket
import ssl
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httpx
from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

from workbench.core.errors import ProvidersError
from workbench.core.text import clean_line
from workbench.providers.calling.certificates import trusted_certificates
from workbench.providers.calling.litellm_shapes import AwsSession, HandlerFactory, LibraryModule
from workbench.providers.calling.requests import CONNECT_TIMEOUT_S
from workbench.providers.calling.transport import OneCallTransport
from workbench.providers.calling.upstream import current_call

ENVIRONMENT = {
    # DEV, the default, loads a `.env` found from the working directory.
    "LITELLM_MODE": "PRODUCTION",
    # Each of these would otherwise be fetched from the network.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_OFFLINE_MODE": "true",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Set before the import, over whatever the user's environment says."""

UNWANTED = ("LITELLM_LOG", "OPENAI_LOG", "DETAILED_DEBUG", "LITELLM_HTTP2", "EXPERIMENTAL_OPENAI_BASE_LLM_HTTP_HANDLER")
"""Variables that make the libraries print, or take another way than the one that was measured."""

LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
QUIET_LOGGERS = ("openai", "httpx", "httpcore", "aiohttp", "botocore", "urllib3")
"""Their lower levels tell addresses and headers."""

CONNECTIONS_PER_HOST = 32
KEEP_ALIVE_S = 60.0

_lock = threading.Lock()
_loaded: Library | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """The loaded module and the HTTP layer it was given."""

    module: LibraryModule
    transport: OneCallTransport
    own_handler: object
    """LiteLLM's HTTP handler on our transport, for kinds that do not go through OpenAI's client."""

    def aws_region(self) -> str | None:
        """The region of the AWS profile, out of AWS's own files."""
        try:
            session = cast("Callable[[], AwsSession]", importlib.import_module("boto3").Session)
            return session().region_name
        except Exception:
            # A profile that does not exist, a file that cannot be read: the call itself will tell.
            return None


def load_litellm() -> Library:
    """Import and prepare LiteLLM; about two seconds of CPU, so run it in a thread. Later calls return at once.

    Raises ProvidersError when it cannot be imported.
    """
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _load()
        return _loaded


def _load() -> Library:
    os.environ.update(ENVIRONMENT)
    for name in UNWANTED:
        os.environ.pop(name, None)
    # The import reads them as well, and would fail without saying what it read.
    context = trusted_certificates()
    collecting = gc.isenabled()
    # Collections during the import stall every thread, the event loop's among them.
    gc.disable()
    try:
        module = _import()
        library = _with_own_http(module, context)
        asyncio.run(_warm_up(library))
        # What the import left behind is never garbage: later collections need not look at it.
        gc.freeze()
    except Exception as problem:
        detail = clean_line(f"{type(problem).__name__}: {problem}")
        raise ProvidersError(
            "The model library could not be loaded", detail=detail, hint="Install workbench again", where="litellm"
        ) from None
    finally:
        if collecting:
            gc.enable()
    return library


def _import() -> LibraryModule:
    # The import adds filters of its own for the whole process.
    with warnings.catch_warnings():
        module = cast("LibraryModule", importlib.import_module("litellm"))
    warnings.filterwarnings("ignore", category=UserWarning, module=r"pydantic\.")
    # It makes its request's coroutine on a thread; a call that is cancelled meanwhile never awaits it.
    never_awaited = r"coroutine '.*(completion|streaming)' was never"
    warnings.filterwarnings("ignore", message=never_awaited, category=RuntimeWarning)
    module.suppress_debug_info = True
    module.disable_hf_tokenizer_download = True
    module.disable_aiohttp_trust_env = True
    module.aiohttp_trust_env = False
    # For embeddings it takes "no retries" for "not said".
    module.DEFAULT_MAX_RETRIES = 0
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = False
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    return module


def _with_own_http(module: LibraryModule, context: ssl.SSLContext) -> Library:
    # SSL_CERT_FILE and SSL_CERT_DIR are honoured: they add trust. LiteLLM's SSL_VERIFY, which removes it, is not.
    transport = OneCallTransport(_aiohttp_transport(context))
    handlers = importlib.import_module("litellm.llms.custom_httpx.http_handler")
    module.aclient_session = httpx.AsyncClient(transport=transport, follow_redirects=False, trust_env=False)
    own_handler = cast("HandlerFactory", handlers.AsyncHTTPHandler)(transport=transport, follow_redirects=False)
    return Library(module=module, transport=transport, own_handler=own_handler)


class _Resolver(ThreadedResolver):
    """Looks names up within the time of a connection: aiohttp's limit counts from the first address on."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        upstream = current_call()
        limits = upstream.timeout if upstream is not None else None
        async with asyncio.timeout((limits or {}).get("connect", CONNECT_TIMEOUT_S)):
            return await super().resolve(host, port, family)


def _aiohttp_transport(context: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    def new_session() -> ClientSession:
        connector = TCPConnector(
            ssl=context, limit_per_host=CONNECTIONS_PER_HOST, keepalive_timeout=KEEP_ALIVE_S, resolver=_Resolver()
        )
        return ClientSession(connector=connector, cookie_jar=DummyCookieJar(), trust_env=False)

    transports = importlib.import_module("litellm.llms.custom_httpx.aiohttp_transport")
    make = cast("Callable[..., httpx.AsyncBaseTransport]", transports.LiteLLMAiohttpTransport)
    return make(client=new_session, ssl_verify=context)


_WARM_ANSWER = (
    b'data: {"id":"w","object":"chat.completion.chunk","created":1,"model":"w","choices":'
    b'[{"index":0,"delta":{"role":"assistant","content":"warm"},"finish_reason":null}]}\n\n'
    b'data: {"id":"w","object":"chat.completion.chunk","created":1,"model":"w","choices":'
    b'[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b'data: {"id":"w","object":"chat.completion.chunk","created":1,"model":"w","choices":[],'
    b'"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\ndata: [DONE]\n\n'
)


async def _warm_up(library: Library) -> None:
    """One streamed call to ourselves over loopback: the first real call would pay for it with a stall."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + _WARM_ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(10):
            stream = await library.module.acompletion(
                model="openai/warm-up",
                api_base=f"http://127.0.0.1:{port}/v1",
                api_key="warm-up",
                messages=[{"role": "user", "content": "warm"}],
                stream=True,
                stream_options={"include_usage": True},
                max_retries=0,
            )
            async for _ in stream:
                pass
    finally:
        server.close()
        await library.transport.close_connections()
