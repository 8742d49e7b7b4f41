"""What a drill says of a configuration: what is different here, and what could be better there. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from workbench.config.values import Configuration, FallbackStrategy, OnBrokenStream, Provider
from workbench.providers.calling.kinds import base_url_of, known_as
from workbench.providers.values import Timeouts

LONG_SILENCE_S = 30.0
"""A first token that is waited for longer than that keeps a person waiting for the next provider."""


def notes_on(configuration: Configuration, limits: Timeouts, *, made_up: bool) -> tuple[str, ...]:
    """What is different from a real request; `limits` are those of the drill."""
    settings = configuration.settings
    notes = ["Nobody is contacted and nothing costs anything: stand-ins on this machine play the providers."]
    if made_up:
        why = "No provider is configured" if not configuration.providers else "No configured provider can be asked"
        notes.append(f"{why}, so three made-up ones play.")
    usable = [provider.name for provider in configuration.providers if provider.usable]
    if len(usable) == 1:
        notes.append(f"Only {usable[0]} can be asked: you will see what happens when nobody can take over.")
    notes.append(
        f"Time limits are shorter here: {limits.first_token_s:g} s for the first token (yours: "
        f"{settings.first_token_timeout:g} s), {limits.stall_s:g} s between tokens ({settings.stall_timeout:g} s), "
        f"{limits.total_s:g} s for an answer ({settings.request_timeout:g} s)."
    )
    if settings.fallback_strategy in (FallbackStrategy.FASTEST, FallbackStrategy.CHEAPEST):
        notes.append(f"Stand-ins have no history and no prices: `{settings.fallback_strategy}` goes without them here.")
    return tuple(notes)


def remarks_on(configuration: Configuration) -> tuple[str, ...]:
    """What stands between this configuration and an answer that always arrives."""
    settings = configuration.settings
    usable = [provider for provider in configuration.providers if provider.usable]
    remarks: list[str] = []
    if not usable:
        remarks.append("Nobody can be asked: configure a provider, or two, so that one can take over.")
    elif len(usable) == 1:
        remarks.append(f"Only {usable[0].name} can be asked: nobody takes over when it fails. Add a second provider.")
    elif len({_host(provider) for provider in usable}) == 1:
        remarks.append(f"All {len(usable)} usable providers are at one host: when it is down, all of them are.")
    keyless = [p for p in configuration.providers if p.enabled and p.needs_key and not p.api_keys]
    for provider in keyless:
        missing = ", ".join(provider.missing_keys)
        why = f" ({missing} is not set)" if missing else ""
        remarks.append(f"{provider.name} has no key{why}: it takes nothing over.")
    if settings.on_broken_stream is OnBrokenStream.STOP:
        remarks.append("on_broken_stream is stop: an answer that breaks off stays cut, and nobody goes on with it.")
    if settings.on_broken_stream is OnBrokenStream.ASK:
        remarks.append(
            "on_broken_stream is ask: the full screen asks you; where nobody can be asked, a short answer begins anew "
            "and a long one is kept as it is."
        )
    if settings.first_token_timeout > LONG_SILENCE_S:
        remarks.append(
            f"first_token_timeout is {settings.first_token_timeout:g} s: a provider that hangs costs that much before "
            "the next one is asked."
        )
    return tuple(remarks)


def _host(provider: Provider) -> str:
    """Where it is; the name of its kind where that alone says so."""
    return urlsplit(base_url_of(provider) or "").hostname or known_as(provider.kind)
