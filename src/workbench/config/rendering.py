"""A configuration as a YAML document for people: keys as references, never as values."""

from __future__ import annotations

import io
from typing import Protocol, cast

from ruamel.yaml import YAML

from workbench.config.gathering import Gathered
from workbench.config.interpolation import parse_reference
from workbench.config.kinds import KINDS
from workbench.config.schema import API_KEY
from workbench.config.tree import Node
from workbench.config.values import Configuration, Provider, Settings
from workbench.core.redaction import REDACTOR
from workbench.core.secret import MASK
from workbench.core.text import clean_line

_HEAD = "# What is in effect: files, profile, environment and command line over the defaults. Keys are never shown.\n"


class _Writer(Protocol):
    def dump(self, data: object, stream: io.StringIO) -> None: ...


def render(configuration: Configuration, gathered: Gathered | None = None) -> str:
    """The settings and providers in effect; texts with variables as `gathered` has them, not filled in."""
    settings = gathered.settings if gathered is not None else {}
    written = gathered.providers if gathered is not None else {}
    document: dict[str, object] = {
        "settings": {
            key: _shown(value, settings.get(key)) for key, value in _settings(configuration.settings).items()
        },
        "providers": {
            _text(provider.name): _provider(provider, written.get(provider.name))
            for provider in configuration.providers
        },
    }  # fmt: skip
    yaml = YAML()
    yaml.width = 4096
    stream = io.StringIO()
    cast("_Writer", yaml).dump(document, stream)
    return _HEAD + stream.getvalue()


def _settings(settings: Settings) -> dict[str, object]:
    return {
        "default_provider": settings.default_provider,
        "fallback_strategy": str(settings.fallback_strategy),
        "on_broken_stream": str(settings.on_broken_stream),
        "request_timeout": settings.request_timeout,
        "first_token_timeout": settings.first_token_timeout,
        "stall_timeout": settings.stall_timeout,
        "max_tokens": settings.max_tokens,
        "temperature": settings.temperature,
        "max_concurrent_requests": settings.max_concurrent_requests,
        "health_check_interval": settings.health_check_interval,
        "model_titles": settings.model_titles,
        "trash_days": settings.trash_days,
        "event_days": settings.event_days,
        "context_window_fallback": list(settings.context_window_fallback),
        "content_policy_fallback": list(settings.content_policy_fallback),
    }


def _provider(provider: Provider, written: Node | None) -> dict[str, object]:
    entries = written.entries() if written is not None else {}
    values: dict[str, object] = {
        "kind": provider.kind,
        "base_url": provider.base_url,
        "models": list(provider.models),
        "priority": provider.priority,
        "weight": provider.weight,
        "timeout": provider.timeout_s,
        "max_retries": provider.max_retries,
        "rate_limit": provider.rate_limit,
        "token_limit": provider.token_limit,
        "max_concurrent": provider.max_concurrent,
        "key_rate_limit": provider.key_rate_limit,
        "key_token_limit": provider.key_token_limit,
        "key_max_concurrent": provider.key_max_concurrent,
        "context_window": provider.context_window,
        "api_version": provider.api_version,
        "enabled": provider.enabled,
        "private": provider.private,
    }
    shown = {key: _shown(value, entries.get(key)) for key, value in values.items() if value is not None}
    keys = _keys(provider, entries.get(API_KEY))
    return shown if keys is None else {"kind": shown.pop("kind"), API_KEY: keys, **shown}


def _keys(provider: Provider, written: Node | None) -> object:
    if written is None or written.value in (None, ""):
        if not provider.api_keys:
            return None
        # A provider that was found, not configured: its key is in its kind's variable.
        kind = KINDS.get(provider.kind)
        return f"${{{kind.key_variables[0]}}}" if kind is not None and kind.key_variables else MASK
    shown = [_reference(item) for item in written.items()]
    return shown[0] if len(shown) == 1 else shown


def _reference(item: Node) -> str:
    if not isinstance(item.value, str) or parse_reference(item.value) is None:
        return MASK
    return str(item.value).strip()


def _shown(value: object, written: Node | None) -> object:
    """The value, or the text with variables that it came from, cleaned and redacted."""
    if isinstance(value, list):
        items = cast("list[object]", value)
        texts = [item.value for item in written.items()] if written is not None else []
        if any(isinstance(text, str) and "$" in text for text in texts):
            items = list(texts)
        return [_text(item) if isinstance(item, str) else item for item in items]
    if written is not None and isinstance(written.value, str) and "$" in written.value:
        return _text(written.value)
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    return REDACTOR.redact(clean_line(text, 2000))
