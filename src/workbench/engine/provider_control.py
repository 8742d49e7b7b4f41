"""What a person can change of providers: switch, order, reset, keys; in the configuration and in the shared state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from workbench.config.editing import ConfigurationEditor
from workbench.config.key_writing import KeyPlace, KeyWriter
from workbench.config.kinds import find_kind
from workbench.config.values import Configuration, Provider
from workbench.core.errors import NotFoundError, UsageError
from workbench.core.secret import Secret
from workbench.engine.configuring import CurrentConfiguration
from workbench.providers.health.directory import configured
from workbench.storage.waiting import to_the_end

T = TypeVar("T")


class Switches(Protocol):
    """The shared state of breakers and keys, as far as a person may change it."""

    async def reset_breaker(self, provider_name: str) -> None:
        """Close it."""
        ...

    async def reset_keys(self, provider_name: str) -> None:
        """Take those that rest or were refused for good again."""
        ...

    async def set_key_enabled(self, provider_name: str, key_ref: str, enabled: bool) -> None:
        """Use a key, or do not."""
        ...


class ProviderControl:
    """The verbs of the providers pane and of `workbench providers`.

    Those that change the configuration put it in force before they return; what runs keeps what it began with. All
    raise NotFoundError for a name that is not configured, UsageError for a scripted provider, ConfigurationError when
    the file cannot be changed.
    """

    def __init__(
        self, configuration: CurrentConfiguration, editor: ConfigurationEditor, keys: KeyWriter, switches: Switches
    ) -> None:
        """Files are changed on threads, so that no loop waits for a disk or a keyring."""
        self._configuration = configuration
        self._editor = editor
        self._keys = keys
        self._switches = switches

    async def enable(self, name: str, on: bool) -> None:
        """Switch a provider on or off."""
        configuration, provider = await self._editable(name)
        if provider.enabled is on and not configuration.discovered:
            return
        found = discovered_in(configuration)
        await self._change(lambda: self._editor.set_provider_enabled(name, on, discovered=found))

    async def reorder(self, names: Sequence[str]) -> None:
        """Try them in this order: priorities 1, 2, 3 and so on; those not named follow in the order they have."""
        configuration = await self._configuration()
        for name in names:
            _refuse_scripted(configured(configuration, name))
        present = sorted(configuration.providers, key=lambda provider: provider.priority)
        order = list(dict.fromkeys((*names, *(provider.name for provider in present))))
        wanted = {name: place for place, name in enumerate(order, start=1)}
        changed = {each.name: wanted[each.name] for each in present if each.priority != wanted[each.name]}
        if changed:
            found = discovered_in(configuration)
            await self._change(lambda: self._editor.set_priorities(changed, discovered=found))

    async def reset(self, name: str) -> None:
        """Close its breaker and take its keys for good again; the next request shows whether they are."""
        provider = configured(await self._configuration(), name)
        await self._switches.reset_breaker(provider.name)
        await self._switches.reset_keys(provider.name)

    async def set_key_enabled(self, name: str, ref: str, on: bool) -> None:
        """Use one of its keys, or do not; raises NotFoundError for a key that it does not have."""
        provider = configured(await self._configuration(), name)
        refs = [provider.key_ref(place) for place in range(len(provider.api_keys))]
        if ref not in refs:
            known = ", ".join(refs) or "none"
            raise NotFoundError(f"{name} has no key named {ref}", hint=f"Known keys: {known}")
        await self._switches.set_key_enabled(provider.name, ref, on)

    async def add_key(self, name: str, key: Secret, *, place: str) -> str:
        """Keep one more key in the keyring or in the `.env` file; what it is called from now on."""
        configuration, provider = await self._editable(name)
        found = discovered_in(configuration)
        return await self._change(lambda: self._keys.add(provider, key, place, discovered=found))

    async def add_provider(self, kind: str, key: Secret, *, place: str) -> str:
        """Configure a provider of a kind that has a usual model, with its first key; what the key is called.

        One that is configured under the kind's name gets one more key. Raises UsageError for a kind that is unknown
        or needs more than a key.
        """
        known = find_kind(kind)
        if known is None or not (known.needs_key and known.models):
            raise UsageError(f"{kind} needs more than a key", hint="Describe it in the configuration file")
        configuration = await self._configuration()
        if configuration.provider(known.name) is not None:
            return await self.add_key(known.name, key, place=place)
        priority = 1 + max((provider.priority for provider in configuration.providers), default=0)
        provider = Provider(name=known.name, kind=known.name, models=known.models, priority=priority)
        found = (*discovered_in(configuration), provider)
        return await self._change(lambda: self._keys.add(provider, key, place, discovered=found))

    async def key_places(self) -> tuple[KeyPlace, ...]:
        """Where a key can be put; a keyring that does not answer is given three seconds."""
        return await asyncio.to_thread(self._keys.places)

    async def _editable(self, name: str) -> tuple[Configuration, Provider]:
        configuration = await self._configuration()
        provider = configured(configuration, name)
        _refuse_scripted(provider)
        return configuration, provider

    async def _change(self, work: Callable[[], T]) -> T:
        """Do it, and put it in force even when the caller is cancelled meanwhile: the file has changed by then."""
        return await to_the_end(self._changed(work))

    async def _changed(self, work: Callable[[], T]) -> T:
        result = await asyncio.to_thread(work)
        await self._configuration.reload()
        return result


def discovered_in(configuration: Configuration) -> tuple[Provider, ...]:
    """Its providers when they were found rather than configured."""
    return configuration.providers if configuration.discovered else ()


def _refuse_scripted(provider: Provider) -> None:
    if provider.scripted:
        raise UsageError(
            f"{provider.name} is a scripted provider of the demonstration: it cannot be changed",
            hint="Start workbench without demo to change your own providers",
        )
