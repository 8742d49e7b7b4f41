"""Builds the provider layer: who is asked, who may be asked, how they are, and what a person can change of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from workbench.config.editing import ConfigurationEditor
from workbench.config.key_writing import KeyWriter
from workbench.config.keyring_secrets import KeyringSecrets
from workbench.config.paths import Paths
from workbench.core.bus import EventBus
from workbench.engine.configuring import CurrentConfiguration
from workbench.engine.options import EngineOptions
from workbench.engine.provider_control import ProviderControl
from workbench.providers.answering.attempt_log import AttemptLog
from workbench.providers.answering.failover import Failover
from workbench.providers.calling.announced import AnnouncedModel
from workbench.providers.calling.litellm_catalogue import LiteLLMCatalogue
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.health.directory import ProviderDirectory
from workbench.providers.health.monitor import HealthMonitor
from workbench.providers.health.probe_log import ProbeLog
from workbench.providers.health.prober import Prober
from workbench.providers.resilience.shared_admission import SharedAdmission
from workbench.providers.routing.preview import RoutePreview
from workbench.providers.routing.rotation import Rotation
from workbench.providers.routing.router import Router
from workbench.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLayer:
    """The services of the provider layer."""

    model: AnnouncedModel
    failover: Failover
    aside: Failover
    """The same for requests that answer no prompt: their attempts belong to no message."""
    directory: ProviderDirectory
    control: ProviderControl
    answers_in: Callable[[Store, EventBus], Failover]
    """Another attempt loop over the same providers, with its trail in another store and told on another bus."""


def build_provider_layer(
    options: EngineOptions,
    paths: Paths,
    *,
    store: Store,
    bus: EventBus,
    configured: CurrentConfiguration,
    owner: str,
    teardown: AsyncExitStack,
) -> ProviderLayer:
    """`owner` names this process to the others of the home; `teardown` takes everything down again."""
    clock, chance = options.clock, random.SystemRandom()
    client = LiteLLMClient(clock)
    teardown.push_async_callback(client.aclose)
    model = AnnouncedModel(client, bus, clock)
    catalogue = LiteLLMCatalogue(lambda: client.library)
    admission = SharedAdmission(
        store, bus, clock, chance, owner=owner, limit=lambda: configured.settings.max_concurrent_requests
    )
    teardown.push_async_callback(admission.aclose)
    router = Router(clock=clock, random=chance, catalogue=catalogue, rotation=Rotation(store), store=store)
    prober = Prober(ProbeLog(store, clock), bus, clock, admission, heard_well=admission.heard_well)
    if options.watch and not options.offline:
        monitor = HealthMonitor(configured, prober, admission, clock=clock, random=chance)
        monitor.start()
        teardown.push_async_callback(monitor.aclose)
    editor = ConfigurationEditor(paths, profile=options.profile, environ=options.environ)

    def answering(log: AttemptLog, told: EventBus) -> Failover:
        return Failover(model, log, told, clock, chance, admission=admission, router=router)

    def answers_in(kept: Store, told: EventBus) -> Failover:
        return answering(AttemptLog(kept), told)

    return ProviderLayer(
        model=model,
        answers_in=answers_in,
        failover=answers_in(store, bus),
        aside=answering(AttemptLog(store, of_messages=False), bus),
        directory=ProviderDirectory(
            configured,
            store,
            clock,
            standing=admission,
            catalogue=catalogue,
            router=RoutePreview(router, admission),
            prober=prober,
            offline=options.offline,
        ),
        control=ProviderControl(configured, editor, KeyWriter(editor, KeyringSecrets()), admission),
    )
