"""What the contract tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from workbench.providers.calling.litellm_client import LiteLLMClient


@pytest.fixture
async def client() -> AsyncIterator[LiteLLMClient]:
    """The library is loaded once for all tests of this process."""
    client = LiteLLMClient()
    await client.prepare()
    yield client
    await client.aclose()
