"""The failover drill as a whole: real loop, real LiteLLM, real HTTP; every promise holds and nobody real is asked."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from tests.support.doubles import eventually, providers
from workbench.config.values import Configuration, FallbackStrategy, OnBrokenStream, Provider, Settings
from workbench.core.secret import Secret
from workbench.engine.drill import play
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.scripted.drill_values import (
    DrillEnded,
    DrillLine,
    DrillStarted,
    DrillStep,
    SceneEnded,
    SceneName,
    SceneStarted,
)
from workbench.providers.scripted.stand_ins import StandIns

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM.
    pytest.mark.timeout(60),
]

KEY = "canary-99ee88dd77cc66bb"


def real(name: str, base_url: str = "http://127.0.0.1:9/v1", priority: int = 1, keys: int = 1) -> Provider:
    return Provider(
        name=name, kind="openai", base_url=base_url, models=(f"{name}-model",), priority=priority,
        api_keys=tuple(Secret(f"{KEY}-{place}") for place in range(keys)),
        key_refs=tuple(f"{name.upper()}_KEY_{place}" for place in range(keys)),
    )  # fmt: skip


def configured(*chain: Provider, **settings: object) -> Configuration:
    made = Settings(on_broken_stream=OnBrokenStream.RESTART)
    return Configuration(settings=replace(made, **settings), providers=chain)


async def played(
    client: LiteLLMClient, configuration: Configuration, *scenes: SceneName
) -> tuple[list[DrillStep], DrillEnded]:
    """Every step, and the last."""
    steps: list[DrillStep] = []
    await play(configuration, steps.append, model=client, scenes=scenes)
    last = steps[-1]
    assert isinstance(last, DrillEnded)
    assert isinstance(steps[0], DrillStarted)
    return steps, last


def lines(steps: Sequence[DrillStep], scene: SceneName) -> list[str]:
    """What was told in one scene."""
    found: list[str] = []
    inside = False
    for step in steps:
        if isinstance(step, SceneStarted):
            inside = step.scene is scene
        elif isinstance(step, DrillLine) and inside:
            found.append(step.text)
    return found


def told(steps: Sequence[DrillStep], scene: SceneName, *texts: str) -> None:
    """These are told in this order, among others."""
    rest = iter(lines(steps, scene))
    for text in texts:
        assert any(text in line for line in rest), f"{text!r} is missing in {lines(steps, scene)}"


def answers(ended: DrillEnded, scene: SceneName) -> list[str | None]:
    """Who answered each prompt of a scene."""
    (found,) = [each for each in ended.scenes if each.scene is scene]
    return [prompt.answered_by for prompt in found.prompts]


async def test_every_scene_ends_as_promised_and_nobody_real_is_asked(client: LiteLLMClient) -> None:
    async with providers([], [], []) as doubles:
        chain = [
            real(name, double.base_url, priority)
            for priority, (name, double) in enumerate(zip("abc", doubles, strict=True), 1)
        ]
        steps, ended = await played(client, configured(*chain))
        assert [double.requests for double in doubles] == [[], [], []]
    assert [scene.scene for scene in ended.scenes] == list(SceneName)
    assert [prompt.broken_promise for scene in ended.scenes for prompt in scene.prompts] == [""] * 11
    assert ended.as_promised
    assert KEY not in repr(steps)
    b = "b/b-model"
    assert [answers(ended, scene) for scene in SceneName] == [
        [b], [b], [b, b], [b], [b, b], [b], [None], [b, "a/a-model"],
    ]  # fmt: skip
    told(steps, SceneName.RATE_LIMIT, "a/a-model failed rate_limited 429", "key A_KEY_0 of a: limited", "asking b")
    told(steps, SceneName.SERVER_ERROR, "a/a-model failed server_error 500", "asking b/b-model")
    told(
        steps, SceneName.HANG, "no first token within 1 s", "breaker of a: closed → open",
        "your configuration would wait 15 s", "asking b/b-model", "the next prompt", "a/a-model skipped breaker_open",
        "asking b/b-model",
    )  # fmt: skip
    told(steps, SceneName.CUT_STREAM, "failed broken_stream", "characters of a are set aside", "b/b-model answered")
    told(steps, SceneName.BAD_KEY, "failed auth 401", "key A_KEY_0 of a: bad", "the next prompt", "a/a-model skipped")
    told(steps, SceneName.DEAD_HOST, "connection refused → next: b/b-model", "asking b/b-model")
    told(steps, SceneName.ALL_DOWN, "asking a", "asking b", "asking c", "retry", "no provider answered: a: 503")
    told(
        steps, SceneName.RECOVERY, "closed → open", "which are skipped here, a is well again", "open → half-open",
        "asking a/a-model", "half-open → closed", "the answer is complete",
    )  # fmt: skip
    hang = next(scene for scene in ended.scenes if scene.scene is SceneName.HANG)
    assert 1000 <= hang.prompts[0].took_ms < 3000
    # A hang costs its time once.
    assert hang.prompts[1].took_ms < 1000


async def test_with_one_provider_everything_that_fails_says_so_and_loses_nothing(client: LiteLLMClient) -> None:
    steps, ended = await played(client, configured(real("a")))
    assert ended.as_promised
    started = steps[0]
    assert isinstance(started, DrillStarted)
    assert "Only a can be asked: you will see what happens when nobody can take over." in started.notes
    assert ended.remarks[0].startswith("Only a can be asked")
    a = "a/a-model"
    assert [answers(ended, scene) for scene in SceneName] == [
        [a], [None], [None, None], [None], [None, None], [None], [None], [None, a],
    ]  # fmt: skip
    told(steps, SceneName.RATE_LIMIT, "→ retry in 1", "asking a/a-model", "the answer is complete")
    cut = next(scene for scene in ended.scenes if scene.scene is SceneName.CUT_STREAM)
    assert cut.prompts[0].kept > 100
    assert "kept and marked as not complete" in cut.summary
    unexplained = [p for scene in ended.scenes for p in scene.prompts if p.answered_by is None and not p.reason]
    assert unexplained == []


@pytest.mark.parametrize("strategy", list(FallbackStrategy))
async def test_whatever_the_strategy_the_first_of_the_route_fails_and_comes_back(
    client: LiteLLMClient, strategy: FallbackStrategy
) -> None:
    configuration = configured(real("a"), real("b", priority=2), fallback_strategy=strategy)
    steps, ended = await played(client, configuration, SceneName.SERVER_ERROR, SceneName.RECOVERY)
    started = steps[0]
    assert isinstance(started, DrillStarted)
    first, second = started.chain
    assert ended.as_promised
    assert answers(ended, SceneName.SERVER_ERROR) == [second.name]
    assert answers(ended, SceneName.RECOVERY) == [second.name, first.name]


@pytest.mark.parametrize(
    ("policy", "answered_by", "text"),
    [
        (OnBrokenStream.ASK, "b/b-model", "you would be asked: continue with b"),
        (OnBrokenStream.CONTINUE, "b/b-model", "b goes on where a broke off"),
        (OnBrokenStream.RESTART, "b/b-model", "are set aside"),
        (OnBrokenStream.STOP, None, "marked as not complete"),
    ],
)
async def test_a_cut_answer_goes_the_configured_way(
    client: LiteLLMClient, policy: OnBrokenStream, answered_by: str | None, text: str
) -> None:
    configuration = configured(real("a"), real("b", priority=2), on_broken_stream=policy)
    steps, ended = await played(client, configuration, SceneName.CUT_STREAM)
    assert ended.as_promised
    assert answers(ended, SceneName.CUT_STREAM) == [answered_by]
    told(steps, SceneName.CUT_STREAM, "failed broken_stream", text)


async def test_a_second_key_takes_over_before_the_next_provider(client: LiteLLMClient) -> None:
    steps, ended = await played(client, configured(real("a", keys=2), real("b", priority=2)), SceneName.BAD_KEY)
    assert ended.as_promised
    assert answers(ended, SceneName.BAD_KEY) == ["a/a-model", "a/a-model"]
    told(steps, SceneName.BAD_KEY, "next key of a", "key A_KEY_0 of a: bad", "the next prompt")


async def test_limits_of_the_configuration_hold_in_the_drill_too(client: LiteLLMClient) -> None:
    limited = replace(real("b", priority=2), rate_limit=1)
    steps, ended = await played(client, configured(real("a"), limited), SceneName.HANG)
    assert ended.as_promised
    told(steps, SceneName.HANG, "the next prompt", "its 1 requests a minute are used")


async def test_who_cannot_be_asked_is_named_with_the_reason(client: LiteLLMClient) -> None:
    keyless = replace(real("a"), api_keys=(), key_refs=(), missing_keys=("A_KEY",))
    configuration = configured(keyless, real("b", priority=2), real("c", priority=3))
    steps, ended = await played(client, configuration, SceneName.SERVER_ERROR)
    started = steps[0]
    assert isinstance(started, DrillStarted)
    assert [(link.provider, link.left_out) for link in started.chain] == [
        ("b", ""), ("c", ""), ("a", "no key, A_KEY is not set"),
    ]  # fmt: skip
    assert answers(ended, SceneName.SERVER_ERROR) == ["c/c-model"]


async def test_without_a_provider_three_made_up_ones_play(client: LiteLLMClient) -> None:
    steps, ended = await played(client, Configuration(), SceneName.DEAD_HOST)
    started = steps[0]
    assert isinstance(started, DrillStarted)
    assert started.made_up
    assert len(started.chain) == 3
    assert ended.as_promised
    assert ended.remarks[0].startswith("Nobody can be asked")


async def test_ending_it_in_the_middle_closes_everything_at_once(
    client: LiteLLMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answer = StandIns._answer

    async def noted(self: StandIns, provider: Provider, request: web.Request) -> web.StreamResponse:
        asked.append(provider.base_url or str(request.url))
        return await answer(self, provider, request)

    monkeypatch.setattr(StandIns, "_answer", noted)
    before = asyncio.all_tasks()
    steps: list[DrillStep] = []
    chain = configured(real("a"), real("b", priority=2))
    playing = asyncio.create_task(play(chain, steps.append, model=client, scenes=[SceneName.HANG]))
    await eventually(lambda: asked)
    began = time.monotonic()
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)
    assert time.monotonic() - began < 0.8
    assert playing.cancelled()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", urlsplit(asked[0]).port or 0)) != 0
    await eventually(lambda: {task for task in asyncio.all_tasks() if not task.done()} <= before)


async def test_two_drills_at_once_do_not_disturb_each_other(client: LiteLLMClient) -> None:
    chain = configured(real("a"), real("b", priority=2))
    both = await asyncio.gather(*(played(client, chain, SceneName.HANG) for _ in range(2)))
    assert [ended.as_promised for _, ended in both] == [True, True]


async def test_a_promise_that_is_broken_is_told(client: LiteLLMClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge can say no: text that differs by one word is no whole answer."""
    monkeypatch.setattr("workbench.providers.scripted.scenes.DRILL_ANSWER", "Another text.")
    _, ended = await played(client, configured(real("a"), real("b", priority=2)), SceneName.SERVER_ERROR)
    assert not ended.as_promised
    (scene,) = ended.scenes
    assert isinstance(scene, SceneEnded)
    assert "it is not the text that was sent" in scene.summary
