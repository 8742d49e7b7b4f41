"""What a person can do about a failure. Pure."""

from __future__ import annotations

from workbench.config.kinds import find_kind, is_nearby
from workbench.config.values import Provider
from workbench.providers.calling.kinds import base_url_of, known_as
from workbench.providers.values import ErrorKind

_TRY_ANOTHER = "Ask again (R), or another provider (F8)"
_TAKES_TOO_LONG = "Ask another provider (F8), or raise the timeouts of the settings or of {name}"

_HINTS: dict[ErrorKind, str] = {
    ErrorKind.AUTH: "Check {key}, or put in another key: F4, then k",
    ErrorKind.QUOTA: "Top up the account of {name}, or use another provider: Ctrl+L",
    ErrorKind.RATE_LIMITED: "Wait, or give {name} another key",
    ErrorKind.TIMEOUT: _TAKES_TOO_LONG,
    ErrorKind.FIRST_TOKEN_TIMEOUT: _TAKES_TOO_LONG,
    ErrorKind.STALLED: _TAKES_TOO_LONG,
    ErrorKind.CONTEXT_WINDOW: "Use a model with a larger context window: Ctrl+L, or settings.context_window_fallback",
    ErrorKind.CONTENT_POLICY: "Reword the prompt, or name a provider in settings.content_policy_fallback",
    ErrorKind.BAD_REQUEST: "Check the models of {name}: F4, then t lists what it offers",
    ErrorKind.EMPTY: "Check the base_url of {name}: what answers there is not its API",
    ErrorKind.SERVER_ERROR: _TRY_ANOTHER,
    ErrorKind.BROKEN_STREAM: _TRY_ANOTHER,
    ErrorKind.BREAKER_OPEN: "Wait for its probe, or reset its breaker: F4, then b",
    ErrorKind.DISABLED: "Enable {name}: F4, then space",
    ErrorKind.INTERNAL: "Run workbench doctor",
    ErrorKind.CANCELLED: "",
}


def hint_for(kind: ErrorKind, provider: Provider) -> str:
    """One sentence, or nothing where there is nothing to do."""
    if kind is ErrorKind.NO_KEY:
        return _without_key(provider)
    if kind is ErrorKind.CONNECTION:
        return _unreachable(provider)
    return _HINTS[kind].format(name=provider.name, key=_key_of(provider))


def _key_of(provider: Provider) -> str:
    """What its key is called, never the key."""
    if provider.key_refs:
        return provider.key_refs[0]
    if provider.missing_keys:
        return provider.missing_keys[0]
    if known_as(provider.kind) == "bedrock":
        return "the AWS credentials"
    kind = find_kind(provider.kind)
    return kind.key_variables[0] if kind is not None and kind.key_variables else f"the key of {provider.name}"


def _without_key(provider: Provider) -> str:
    if known_as(provider.kind) == "bedrock":
        return "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK"
    return f"Set {_key_of(provider)}, or add a key: F4, then k"


def _unreachable(provider: Provider) -> str:
    base_url = base_url_of(provider) or ""
    if base_url and is_nearby(base_url):
        return f"Start the server of {provider.name}, or check its base_url"
    return "Check the network, or use a provider of your own machine"
