"""Where Bedrock lives for this user: the region, from the usual AWS places."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable

from workbench.config.kinds import host_of
from workbench.config.values import Provider
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret

REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_REGION_NAME")
SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
_IN_HOST = re.compile(r"(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")


async def region_of(provider: Provider, profile_region: Callable[[], str | None]) -> str | None:
    """The region of its address, else of the environment, else of the AWS profile; None when none says one.

    `profile_region` reads AWS's own files, so it is called in a thread.
    """
    found = _IN_HOST.search(host_of(provider.base_url or ""))
    if found is not None:
        return found.group(1)
    for name in REGION_VARIABLES:
        if _REGION.fullmatch(os.environ.get(name, "").strip()):
            return os.environ[name].strip()
    region = await asyncio.to_thread(profile_region)
    return region if region is not None and _REGION.fullmatch(region) else None


def address_in(region: str) -> str:
    """Bedrock's address in a region."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://bedrock-runtime.{region}.{domain}"


def hide_credentials() -> None:
    """Redact the AWS secrets of the environment wherever text leaves the program."""
    for name in SECRET_VARIABLES:
        value = os.environ.get(name, "")
        if value:
            REDACTOR.register(Secret(value))
