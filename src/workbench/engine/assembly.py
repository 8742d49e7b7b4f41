"""Builds the core in order and takes it down in the opposite one."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from workbench import __version__
from workbench.chat.service import ChatService
from workbench.config.loading import load_configuration
from workbench.config.paths import Paths, prepare_folders, resolve_paths
from workbench.config.values import Configuration, OnBrokenStream, Provider, Settings
from workbench.core.bus import EventBus
from workbench.core.errors import WorkbenchError
from workbench.core.events import ConfigurationLoaded, EngineStarted
from workbench.core.logs import start_logging, stop_logging
from workbench.core.progress import Progress
from workbench.core.redaction import REDACTOR
from workbench.core.storage_events import DatabaseUpgrading
from workbench.engine.configuring import CurrentConfiguration
from workbench.engine.core import Core
from workbench.engine.history_layer import begin_background_work, build_history_layer
from workbench.engine.options import EngineOptions
from workbench.engine.provider_layer import build_provider_layer
from workbench.engine.temporary import Temporary, TemporaryEvents
from workbench.providers.calling.announced import AnnouncedModel
from workbench.providers.scripted.demonstration import DemonstrationServer
from workbench.storage.event_log import EventLog
from workbench.storage.event_recorder import EventRecorder
from workbench.storage.instance import Instance
from workbench.storage.store import Store
from workbench.storage.upkeep.recovery import Recovery, open_store

logger = logging.getLogger(__name__)


async def build_core(options: EngineOptions, bus: EventBus, teardown: AsyncExitStack) -> Core:
    """Everything a front end needs; `teardown` takes it down again, also when building fails half-way."""
    paths = options.paths
    demo_providers: tuple[Provider, ...] = ()
    if options.demo:
        paths = _throw_away_home(teardown)
        server = DemonstrationServer()
        teardown.push_async_callback(server.stop)
        demo_providers = await server.start()
    prepare_folders(paths)
    start_logging(paths.log_file)
    teardown.callback(stop_logging)
    teardown.push(_log_trouble)
    instance = Instance.claim(paths.data_dir)
    teardown.callback(instance.release)
    store = await _open_store(options, paths, bus)
    teardown.push_async_callback(store.close)
    events = EventLog(store)
    temporary_events = TemporaryEvents()
    if not store.read_only:
        recorder = EventRecorder(bus, events, passed_over=temporary_events)
        recorder.start()
        teardown.push_async_callback(recorder.close)
    recovery = Recovery(store, bus)
    teardown.push_async_callback(recovery.close)
    if options.salvage or options.upkeep:
        await recovery.start()
    else:
        recovery.tell_state()

    async def load() -> Configuration:
        return await _load_configuration(options, paths, bus, demo_providers)

    configured = CurrentConfiguration(load)
    teardown.push_async_callback(configured.close)
    history = build_history_layer(store, bus, options.clock, owner=instance.id)
    layer = build_provider_layer(
        options, paths, store=store, bus=bus, configured=configured, owner=instance.id, teardown=teardown
    )
    chat = ChatService(
        conversations=history.conversations,
        failover=layer.failover,
        model=layer.model,
        configuration=configured,
        bus=bus,
        clock=options.clock,
        offline=options.offline,
    )
    teardown.push_async_callback(chat.close)
    temporary = Temporary(events=temporary_events, answers=layer.answers_in, owner=instance.id)
    teardown.push_async_callback(temporary.close)
    core = Core(
        paths=paths,
        clock=options.clock,
        bus=bus,
        configured=configured,
        store=store,
        conversations=history.conversations,
        drafts=history.drafts,
        prompts=history.prompts,
        trash=history.trash,
        search=history.search,
        upkeep=history.upkeep,
        recovery=recovery,
        outlines=history.outlines,
        forking=history.forking,
        organizer=history.organizer,
        importer=history.importer,
        exporter=history.exporter,
        events=events,
        chat=chat,
        providers=layer.directory,
        provider_control=layer.control,
        model=layer.model,
        temporary=temporary,
        demo=options.demo,
        offline=options.offline,
    )
    if options.announce:
        bus.publish(EngineStarted(version=__version__, offline=options.offline))
    if not store.read_only:
        await chat.mark_interrupted(lambda owner: Instance.is_alive(paths.data_dir, owner))
        begin_background_work(core, options, titles_by=layer.aside, teardown=teardown)
    if options.warm and not options.offline:
        _warm(layer.model, configured, teardown)
    return core


def _log_trouble(kind: type[BaseException] | None, trouble: BaseException | None, trace: TracebackType | None) -> bool:
    """Log what went wrong while the services were taken down, as long as there is a log; the rest goes on."""
    del kind, trace
    if not isinstance(trouble, Exception):
        return False
    logger.error("a service could not be closed", exc_info=trouble)
    return True


def _throw_away_home(teardown: AsyncExitStack) -> Paths:
    """A home of its own for a demonstration, removed at the end."""
    home = tempfile.TemporaryDirectory(prefix="workbench-demo-", ignore_cleanup_errors=True)
    teardown.callback(home.cleanup)
    return resolve_paths(Path(home.name), {})


async def _open_store(options: EngineOptions, paths: Paths, bus: EventBus) -> Store:
    """The database; whoever listens hears of it while an older one is upgraded, which can take a while."""
    told: list[DatabaseUpgrading] = []

    def tell(progress: Progress) -> None:
        told.append(bus.publish(DatabaseUpgrading(doing=progress.words)))

    try:
        return await open_store(
            paths.database, options.clock, salvage=options.salvage or options.upkeep, tell=tell
        )  # fmt: skip
    finally:
        if told:
            bus.publish(DatabaseUpgrading(doing=""))


async def _load_configuration(
    options: EngineOptions, paths: Paths, bus: EventBus, demo_providers: tuple[Provider, ...]
) -> Configuration:
    environ = os.environ if options.environ is None else options.environ
    if demo_providers:
        configuration = Configuration(
            settings=Settings(on_broken_stream=OnBrokenStream.RESTART), providers=demo_providers
        )
    else:
        configuration = await asyncio.to_thread(
            load_configuration, paths, profile=options.profile, environ=environ, overrides=options.overrides
        )
        if not configuration.providers and not configuration.problems and not options.offline:
            # Imported here: most starts find a configuration and need no HTTP client yet.
            from workbench.config.discovery import discover, discovery_notes

            found = await discover(environ)
            notes = (*configuration.notes, *discovery_notes(found))
            configuration = replace(configuration, providers=found, discovered=bool(found), notes=notes)
    for provider in configuration.providers:
        for key in provider.api_keys:
            REDACTOR.register(key)
    if options.announce:
        bus.publish(
            ConfigurationLoaded(
                providers=tuple(p.name for p in configuration.providers),
                discovered=configuration.discovered,
                problems=tuple(str(problem) for problem in configuration.problems),
            )
        )
    return configuration


def _warm(model: AnnouncedModel, configured: CurrentConfiguration, teardown: AsyncExitStack) -> None:
    async def prepare() -> None:
        try:
            if any(provider.usable for provider in (await configured()).providers):
                await model.prepare()
        except WorkbenchError as problem:
            logger.warning("the model library could not be loaded early: %s", problem)

    task = asyncio.create_task(prepare(), name="warm-up")

    async def end() -> None:
        task.cancel()

    teardown.push_async_callback(end)
