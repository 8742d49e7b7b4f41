"""Where a provider's requests go, with which key and through which HTTP client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.config.values import Provider
from workbench.core.errors import Cause
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret
from workbench.providers.calling.aws import address_in, hide_credentials, region_of
from workbench.providers.calling.kinds import api_version_of, base_url_of, kind_of, known_as
from workbench.providers.values import AttemptFailure, ErrorKind

if TYPE_CHECKING:
    from workbench.providers.calling.litellm_loader import Library

NO_REGION = "no AWS region: set AWS_REGION, or a base_url like https://bedrock-runtime.eu-central-1.amazonaws.com"


async def endpoint_of(provider: Provider, key: Secret | None, library: Library) -> dict[str, object]:
    """LiteLLM's arguments for it; everything explicit, so that no environment variable decides.

    Raises AttemptFailure when it is not known where to send.
    """
    if key is not None:
        REDACTOR.register(key)
    kind = kind_of(provider.kind)
    endpoint: dict[str, object] = {
        "api_base": base_url_of(provider),
        "api_key": key.reveal() if key is not None else kind.without_key,
        "max_retries": 0,
    }
    if kind.own_client:
        endpoint["client"] = library.own_handler
    match known_as(provider.kind):
        case "azure":
            endpoint["api_version"] = api_version_of(provider)
        case "bedrock":
            hide_credentials()
            region = await region_of(provider, library.aws_region)
            if region is None:
                raise AttemptFailure(ErrorKind.BAD_REQUEST, NO_REGION, cause=Cause.PERMANENT)
            endpoint["aws_region_name"] = region
            endpoint["api_base"] = endpoint["api_base"] or address_in(region)
        case _:
            pass
    return endpoint
