"""The failover drill: real requests along the configured chain, played by stand-ins that fail on demand.

Routing, admission, attempt loop and LiteLLM are the real ones, over real HTTP on loopback. Everything is in memory:
no row, no event and no breaker of the home is touched, and no configured address or key is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from random import Random

from workbench.config.values import Configuration, OnBrokenStream, Provider, Settings
from workbench.core.bus import EventBus
from workbench.core.clock import Clock, SystemClock
from workbench.core.ids import new_id
from workbench.providers.answering.failover import Failover
from workbench.providers.resilience.shared_admission import SharedAdmission
from workbench.providers.routing.order import Candidate, Route
from workbench.providers.routing.router import Router
from workbench.providers.scripted.drill_values import (
    ChainLink,
    DrillEnded,
    DrillLine,
    DrillStarted,
    DrillStep,
    LibraryLoading,
    PromptResult,
    SceneEnded,
    SceneName,
    SceneStarted,
    Tone,
)
from workbench.providers.scripted.remarks import notes_on, remarks_on
from workbench.providers.scripted.scenes import SCENES, Promise, Scene, result_of, summary_of
from workbench.providers.scripted.stand_ins import Fault, StandIns, chain_of
from workbench.providers.scripted.story import Happening, Story
from workbench.providers.scripted.texts import DRILL_PROMPT
from workbench.providers.values import AnswerRequest, BrokenStream, ChatModel, PromptMessage, Resume, Timeouts

LIMITS = Timeouts(first_token_s=1.0, stall_s=1.0, total_s=4.0)
"""Of every request of a drill, so that all of it takes seconds."""

WAIT_S = 4.0
"""How long a request waits for a free place."""

QUIET_LOAD_S = 0.1
"""Loading that takes longer is told."""


class DrillClock:
    """Real time that can be told to have passed."""

    def __init__(self, clock: Clock) -> None:
        """`clock` runs on underneath."""
        self._clock = clock
        self._skipped_ms = 0

    def skip(self, milliseconds: int) -> None:
        """Let so much time have passed."""
        self._skipped_ms += milliseconds

    def now_ms(self) -> int:
        """Wall time in milliseconds, with what was skipped."""
        return self._clock.now_ms() + self._skipped_ms

    def monotonic(self) -> float:
        """Seconds, with what was skipped."""
        return self._clock.monotonic() + self._skipped_ms / 1000

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass in earnest."""
        await self._clock.sleep(seconds)


async def drill(
    configuration: Configuration,
    model: ChatModel,
    *,
    scenes: Sequence[SceneName] = (),
    clock: Clock | None = None,
) -> AsyncGenerator[DrillStep, None]:
    """Play these scenes, or all, and tell each step; closing the generator ends it at any time.

    `DrillStarted` first, `DrillEnded` last. Raises what `model.prepare` raises.
    """
    clock = clock or SystemClock()
    began_s = clock.monotonic()
    chain = chain_of(configuration)
    stand_ins = StandIns(chain, clock)
    chosen = [scene for scene in SCENES if not scenes or scene.name in scenes]
    try:
        await stand_ins.start()
        theatre = _Theatre(configuration.settings, stand_ins, model, clock)
        route = await theatre.route()
        yield DrillStarted(
            chain=_links(route),
            strategy=route.strategy,
            made_up=chain is not configuration.providers,
            notes=notes_on(configuration, LIMITS, made_up=chain is not configuration.providers),
        )
        async with aclosing(_loading(model)) as steps:
            async for loading in steps:
                yield loading
        ended: list[SceneEnded] = []
        for number, scene in enumerate(chosen, start=1):
            title = scene.title.format(first=route.candidates[0].provider.name)
            yield SceneStarted(scene=scene.name, number=number, count=len(chosen), title=title)
            async with aclosing(theatre.play(scene, route)) as steps:
                async for step in steps:
                    if isinstance(step, SceneEnded):
                        ended.append(step)
                    yield step
        took_ms = round((clock.monotonic() - began_s) * 1000)
        yield DrillEnded(scenes=tuple(ended), remarks=remarks_on(configuration), took_ms=took_ms)
    finally:
        await stand_ins.stop()


def _links(route: Route) -> tuple[ChainLink, ...]:
    asked = [ChainLink(provider=each.provider.name, model=each.model) for each in route.candidates]
    passed_over = [
        ChainLink(provider=each.provider, model=each.model, left_out=each.reason) for each in route.skipped
    ]  # fmt: skip
    return (*asked, *passed_over)


async def _loading(model: ChatModel) -> AsyncGenerator[LibraryLoading, None]:
    loading = asyncio.create_task(model.prepare(), name="drill-load")
    try:
        done, _ = await asyncio.wait({loading}, timeout=QUIET_LOAD_S)
        if not done:
            yield LibraryLoading()
        await loading
    finally:
        loading.cancel()


@dataclass(frozen=True, slots=True)
class _Stage:
    """What the prompts of one scene share; every scene begins with everybody well."""

    clock: DrillClock
    bus: EventBus
    admission: SharedAdmission
    failover: Failover


class _Theatre:
    """Plays scenes."""

    def __init__(self, settings: Settings, stand_ins: StandIns, model: ChatModel, clock: Clock) -> None:
        self._settings = settings
        self._stand_ins = stand_ins
        self._model = model
        self._clock = clock

    async def route(self) -> Route:
        """The way that the strategy gives; it has a first candidate, because somebody can be asked."""
        request = self._request(self._stand_ins.providers, self._settings.default_provider)
        return (await Router(clock=self._clock, random=Random()).route(request))[0]

    async def play(self, scene: Scene, route: Route) -> AsyncGenerator[DrillLine | SceneEnded, None]:
        """The lines of one scene, then its end."""
        first = route.candidates[0]
        alone = len(route.candidates) == 1
        self._stand_ins.fail({
            candidate.provider.name: scene.fault
            for candidate in route.candidates
            if scene.everybody or candidate is first
        })  # fmt: skip
        stage = self._stage()
        results: list[PromptResult] = []
        try:
            stays_cut = scene.fault is Fault.CUT and self._settings.on_broken_stream is OnBrokenStream.STOP
            promises = [Promise(whole=not (alone or scene.everybody or stays_cut))]
            if scene.again:
                promises.append(Promise(whole=not alone, no_failure=not alone))
            if scene.recovers:
                promises.append(Promise(whole=True, by=first.provider.name))
            for number, promise in enumerate(promises):
                if number:
                    yield self._between(scene, stage, first)
                async with aclosing(self._prompt(stage, first.provider.name, promise)) as steps:
                    async for step in steps:
                        if isinstance(step, PromptResult):
                            results.append(step)
                        else:
                            yield step
        finally:
            await stage.admission.aclose()
        yield SceneEnded(scene=scene.name, prompts=tuple(results), summary=summary_of(tuple(results)))

    def _between(self, scene: Scene, stage: _Stage, first: Candidate) -> DrillLine:
        if not scene.recovers:
            return DrillLine(text="the next prompt, while that lasts:", tone=Tone.NOTE)
        self._stand_ins.fail({})
        probe_at_ms = stage.admission.breaker(first.provider).probe_at_ms
        rest_ms = max(0, (probe_at_ms or 0) - stage.clock.now_ms()) + 1
        stage.clock.skip(rest_ms)
        later = f"{rest_ms / 1000:.1f} s later, which are skipped here, {first.provider.name} is well again"
        return DrillLine(text=f"{later}; the next prompt:", tone=Tone.NOTE)

    def _stage(self) -> _Stage:
        clock = DrillClock(self._clock)
        bus = EventBus(clock)
        limit = self._settings.max_concurrent_requests
        admission = SharedAdmission(None, bus, clock, Random(), owner="drill", limit=lambda: limit)
        router = Router(clock=clock, random=Random())
        failover = Failover(
            self._model, None, bus, clock, Random(), admission=admission, router=router
        )  # fmt: skip
        return _Stage(clock, bus, admission, failover)

    async def _prompt(
        self, stage: _Stage, first: str, promise: Promise
    ) -> AsyncGenerator[DrillLine | PromptResult, None]:
        """One prompt: its lines as they come, then its result."""
        happenings: asyncio.Queue[tuple[int, Happening] | None] = asyncio.Queue()

        def note(happening: Happening) -> None:
            happenings.put_nowait((stage.clock.now_ms(), happening))

        async def decide(broken: BrokenStream) -> Resume:
            note(broken)
            return Resume.CONTINUE

        request = replace(self._request(self._stand_ins.providers, first), decide=decide)

        async def ask() -> None:
            try:
                async with aclosing(stage.failover.answer(request)) as parts:
                    async for part in parts:
                        note(part)
            finally:
                happenings.put_nowait(None)

        def hear() -> None:
            for event in subscription.drain():
                note(event)

        began_ms = stage.clock.now_ms()
        story = Story(began_ms=began_ms, first_token_s=self._settings.first_token_timeout)
        subscription = stage.bus.subscribe(wake=hear)
        asking = asyncio.create_task(ask(), name="drill-prompt")
        try:
            yield DrillLine(text=f"you ask: {DRILL_PROMPT}", at_ms=0)
            while (found := await happenings.get()) is not None:
                for line in story.take(found[1], found[0]):
                    yield line
            await asking
        finally:
            subscription.close()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        yield result_of(story.answered, story.text, stage.clock.now_ms() - began_ms, promise)

    def _request(self, providers: tuple[Provider, ...], first: str | None) -> AnswerRequest:
        settings = self._settings
        return AnswerRequest(
            turn_id=new_id(),
            conversation_id=None,
            message_id=None,
            messages=(PromptMessage(role="user", text=DRILL_PROMPT),),
            providers=providers,
            strategy=settings.fallback_strategy,
            default_provider=first,
            on_broken_stream=settings.on_broken_stream,
            timeouts=LIMITS,
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
            wait_s=WAIT_S,
        )
