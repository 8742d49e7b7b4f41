"""A loopback provider that is spoken to over TLS, with certificates good and bad (made by `tls/make`)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from unittest import mock

from tests.support.doubles import FaultyProvider
from tests.support.exchange import Behaviour
from workbench.providers.calling.litellm_client import LiteLLMClient

FOLDER = Path(__file__).parent / "tls"


class TlsProvider(FaultyProvider):
    """`FaultyProvider` behind a certificate: `valid`, `expired`, `wrong-host` or `self-signed`."""

    def __init__(self, certificate: str, *script: Behaviour) -> None:
        """Nothing listens before it is entered."""
        super().__init__(*script)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(FOLDER / f"{certificate}.pem", FOLDER / "key.pem")

    @property
    def base_url(self) -> str:
        """What a client is configured with."""
        return f"https://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        """Listen on a free loopback port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self


@contextmanager
def authority_trusted(client: LiteLLMClient) -> Iterator[None]:
    """The client trusts who signed the test certificates, and nobody else.

    The program is told so by SSL_CERT_FILE when it starts; the library of a test process was loaded before.
    """
    library = client.library
    assert library is not None, "the library is not loaded"
    inner: Any = vars(library.transport)["_inner"]
    with mock.patch.object(inner, "_ssl_verify", ssl.create_default_context(cafile=FOLDER / "authority.pem")):
        yield
