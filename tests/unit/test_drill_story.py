"""What a drill tells and judges, without a request: lines of events, promises, remarks, rows."""

from __future__ import annotations

import pytest

from workbench.config.values import Configuration, FallbackStrategy, OnBrokenStream, Provider, Settings
from workbench.core.clock import ManualClock
from workbench.core.events import AttemptEnded, AttemptStarted, FirstToken, RouteChosen
from workbench.core.provider_events import BreakerChanged, KeyChanged, RequestWaiting
from workbench.core.secret import Secret
from workbench.providers.scripted.drill import LIMITS
from workbench.providers.scripted.drill_rows import rows_of
from workbench.providers.scripted.drill_values import (
    ChainLink,
    DrillEnded,
    DrillLine,
    DrillStarted,
    LibraryLoading,
    PromptResult,
    SceneEnded,
    SceneName,
    SceneStarted,
    Tone,
)
from workbench.providers.scripted.remarks import notes_on, remarks_on
from workbench.providers.scripted.scenes import SCENES, Promise, result_of, summary_of
from workbench.providers.scripted.stand_ins import MADE_UP, StandIns, chain_of
from workbench.providers.scripted.story import LONGEST_LINE, Happening, Story
from workbench.providers.scripted.texts import DRILL_ANSWER
from workbench.providers.values import (
    Answered,
    Answering,
    Attempt,
    BrokenStream,
    Continued,
    ErrorKind,
    Restarted,
    TextPart,
    Usage,
)

HALF = DRILL_ANSWER[:100]


def answered(*attempts: Attempt, complete: bool = True, provider: str = "b", reason: str = "") -> Answered:
    return Answered(
        complete=complete, provider=provider, model="m", finish_reason="stop" if complete else None, usage=Usage(),
        attempts=attempts, reason=reason,
    )  # fmt: skip


def attempt(provider: str, state: str, kind: ErrorKind | None = None) -> Attempt:
    return Attempt(ord=0, provider=provider, model="m", state=state, error_kind=kind)


def lines_of(*happenings: Happening, at_ms: int = 5_000) -> list[DrillLine]:
    story = Story(began_ms=4_000, first_token_s=15.0)
    return [line for happening in happenings for line in story.take(happening, at_ms)]


def failed(provider: str, kind: ErrorKind) -> AttemptEnded:
    return AttemptEnded(provider=provider, model="m", ord=0, state="failed", error_kind=kind, next_step="next: b/m")


def test_what_an_attempt_taught_is_told_after_its_end() -> None:
    lines = lines_of(
        AttemptStarted(provider="a", model="m", ord=0),
        KeyChanged(provider="a", key_ref="A_KEY", state="bad", reason="refused (HTTP 401)"),
        BreakerChanged(provider="a", before="closed", after="open", reason="its key was refused"),
        failed("a", ErrorKind.AUTH),
        AttemptStarted(provider="b", model="m", ord=1),
    )
    assert [line.text for line in lines] == [
        "asking a/m",
        "a/m failed auth → next: b/m",
        "key A_KEY of a: bad, refused (HTTP 401)",
        "breaker of a: closed → open, its key was refused",
        "asking b/m",
    ]
    assert [line.tone for line in lines] == [Tone.PLAIN, Tone.TROUBLE, Tone.TROUBLE, Tone.TROUBLE, Tone.PLAIN]
    assert {line.at_ms for line in lines} == {1_000}


def test_a_probe_is_told_before_its_request() -> None:
    lines = lines_of(
        BreakerChanged(provider="a", before="open", after="half_open", reason="one probe goes"),
        AttemptStarted(provider="a", model="m", ord=0),
    )
    assert [line.text for line in lines] == ["breaker of a: open → half-open, one probe goes", "asking a/m"]


def test_what_was_learned_last_is_told_before_the_end() -> None:
    closing = BreakerChanged(provider="a", before="half_open", after="closed")
    lines = lines_of(TextPart(text=DRILL_ANSWER), closing, answered())
    assert [line.text for line in lines] == [
        "breaker of a: half-open → closed",
        f"the answer is complete: {len(DRILL_ANSWER)} characters",
    ]


def test_a_hang_says_what_the_configuration_would_cost() -> None:
    lines = lines_of(failed("a", ErrorKind.FIRST_TOKEN_TIMEOUT))
    assert lines[-1] == DrillLine(text="your configuration would wait 15 s here", tone=Tone.NOTE)


def test_a_nameless_key_is_told_by_its_provider() -> None:
    lines = lines_of(KeyChanged(provider="a", key_ref="", state="limited", reason="rate limited"), answered())
    assert lines[0].text == "a: limited, rate limited"


@pytest.mark.parametrize(
    ("happening", "text"),
    [
        (FirstToken(provider="a", model="m", first_token_ms=40), "first token after 0.04 s from a/m"),
        (RequestWaiting(reason="its 2 requests a minute are used", ready_in_s=30), "about 30 s"),
        (AttemptEnded(provider="a", model="m", ord=0, state="skipped", error_kind="no_key"), "a/m skipped no_key"),
        (Continued(provider="b", model="m", after="a"), "b goes on where a broke off, after 0 characters"),
        (
            BrokenStream(
                provider="a", model="m", reason="gone", characters=80, next_provider="b", next_model="m"
            ),
            "continue with b, restart there, or keep 80 characters; here the answer is: continue",
        ),
    ],
)  # fmt: skip
def test_lines(happening: Happening, text: str) -> None:
    (line,) = lines_of(happening)
    assert text in line.text


@pytest.mark.parametrize(
    "happening",
    [Answering(provider="a", model="m"), TextPart(text="x"), RouteChosen(strategy="", order=(), skipped={})],
)
def test_what_is_no_news_has_no_line(happening: Happening) -> None:
    assert lines_of(happening) == []


def test_a_restart_sets_the_text_aside() -> None:
    story = Story(began_ms=0, first_token_s=15.0)
    for part in (TextPart(text="Of course! "), TextPart(text="hm", reasoning=True), TextPart(text="I")):
        story.take(part, 1)
    (line,) = story.take(Restarted(provider="a", model="m"), 2)
    assert line.text == "the 12 characters of a are set aside, another answers from the start"
    story.take(TextPart(text="Anew"), 3)
    assert story.text == "Anew"


def test_an_answer_that_is_not_complete_is_told_as_such() -> None:
    broken = answered(complete=False, reason="a broke off")
    assert lines_of(TextPart(text="12345"), broken)[0].text == (
        "5 characters are kept, marked as not complete: a broke off"
    )
    assert lines_of(broken)[0].text == "a broke off"


def test_a_line_is_short_and_clean() -> None:
    (line,) = lines_of(answered(complete=False, reason="\x1b[31m" + "x" * 1000))
    assert len(line.text) == LONGEST_LINE
    assert "\x1b" not in line.text


WHOLE = Promise(whole=True)
MAY_FAIL = Promise(whole=False)
REASON = "no provider answered"
LIMITED = attempt("b", "skipped", ErrorKind.RATE_LIMITED)


@pytest.mark.parametrize(
    ("result", "text", "promise", "broken"),
    [
        (answered(), DRILL_ANSWER, WHOLE, ""),
        (answered(), DRILL_ANSWER + DRILL_ANSWER[-9:], WHOLE, "not the text that was sent"),
        (answered(), HALF, WHOLE, "not the text that was sent"),
        (answered(), HALF + DRILL_ANSWER[101:], WHOLE, "not the text that was sent"),
        (answered(complete=False, reason=REASON), "", MAY_FAIL, ""),
        (answered(complete=False, reason=REASON), HALF, MAY_FAIL, ""),
        (answered(complete=False, reason=REASON), HALF + "?", MAY_FAIL, "not the beginning"),
        (answered(complete=False), HALF, MAY_FAIL, "nothing says why"),
        (answered(complete=False, reason=REASON), "", WHOLE, "another provider was well"),
        (answered(LIMITED, complete=False, reason=REASON), "", WHOLE, ""),
        (answered(attempt("a", "failed")), DRILL_ANSWER, Promise(whole=True, no_failure=True), "asked again"),
        (answered(attempt("a", "skipped")), DRILL_ANSWER, Promise(whole=True, no_failure=True), ""),
        (answered(), DRILL_ANSWER, Promise(whole=True, by="a"), "a was well again and was not asked"),
        (answered(provider="a"), DRILL_ANSWER, Promise(whole=True, by="a"), ""),
        (answered(LIMITED), DRILL_ANSWER, Promise(whole=True, by="a"), ""),
        (None, "", MAY_FAIL, "without a result"),
    ],
)
def test_promises(result: Answered | None, text: str, promise: Promise, broken: str) -> None:
    found = result_of(result, text, 500, promise).broken_promise
    assert broken in found
    assert bool(broken) == bool(found)


def test_summaries() -> None:
    well = result_of(answered(), DRILL_ANSWER, 1234, WHOLE)
    cut = result_of(answered(complete=False, reason=REASON), HALF, 100, MAY_FAIL)
    nothing = result_of(answered(complete=False, reason=REASON), "", 100, MAY_FAIL)
    lost = result_of(answered(complete=False, reason=REASON), "", 100, WHOLE)
    assert summary_of((well, nothing)) == (
        "b/m answered after 1.23 s, nothing was lost; then no answer after 0.10 s, with the reason; the prompt is kept"
    )
    assert summary_of((cut,)) == (
        f"100 of {len(DRILL_ANSWER)} characters after 0.10 s, kept and marked as not complete"
    )  # fmt: skip
    assert (cut.kept, cut.missing) == (100, len(DRILL_ANSWER) - 100)
    assert "another provider was well" in summary_of((lost,))


def test_every_scene_is_played_in_its_order() -> None:
    assert [scene.name for scene in SCENES] == list(SceneName)


def provider(name: str, *, host: str = "", keyless: bool = False) -> Provider:
    return Provider(
        name=name,
        kind="openai-compatible",
        models=(f"{name}-m",),
        api_keys=() if keyless else (Secret(f"canary-{name}-5566"),),
        key_refs=() if keyless else (f"{name.upper()}_KEY",),
        missing_keys=(f"{name.upper()}_KEY",) if keyless else (),
        base_url=f"https://{host or name}.example/v1",
        rate_limit=7,
        max_concurrent=3,
        weight=2.5,
        timeout_s=90.0,
    )


def configured(
    *providers: Provider,
    on_broken_stream: OnBrokenStream = OnBrokenStream.RESTART,
    first_token_timeout: float = 15.0,
    fallback_strategy: FallbackStrategy = FallbackStrategy.PRIORITY,
) -> Configuration:
    settings = Settings(
        on_broken_stream=on_broken_stream, first_token_timeout=first_token_timeout, fallback_strategy=fallback_strategy
    )
    return Configuration(settings=settings, providers=providers)


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        (configured(provider("a"), provider("b")), ()),
        (configured(), ("Nobody can be asked",)),
        (configured(provider("a", keyless=True)), ("Nobody can be asked", "a has no key (A_KEY is not set)")),
        (configured(provider("a")), ("Only a can be asked: nobody takes over",)),
        (configured(provider("a", host="x"), provider("b", host="x")), ("All 2 usable providers are at one host",)),
        (configured(provider("a"), provider("b"), on_broken_stream=OnBrokenStream.STOP), ("on_broken_stream is stop",)),
        (configured(provider("a"), provider("b"), on_broken_stream=OnBrokenStream.ASK), ("on_broken_stream is ask",)),
        (configured(provider("a"), provider("b"), first_token_timeout=45.0), ("first_token_timeout is 45 s",)),
    ],
)
def test_remarks(configuration: Configuration, expected: tuple[str, ...]) -> None:
    remarks = remarks_on(configuration)
    assert len(remarks) == len(expected)
    for remark, beginning in zip(remarks, expected, strict=True):
        assert remark.startswith(beginning)


def test_two_of_one_kind_without_an_address_are_at_one_host() -> None:
    same = [Provider(name=name, kind="openai", models=("m",), api_keys=(Secret("k"),)) for name in ("a", "b")]
    assert remarks_on(configured(*same))[0].startswith("All 2 usable providers are at one host")


@pytest.mark.parametrize(
    ("configuration", "made_up", "expected"),
    [
        (configured(provider("a"), provider("b")), False, "1 s for the first token (yours: 15 s)"),
        (configured(provider("a")), False, "Only a can be asked: you will see what happens when nobody can take over."),
        (configured(), True, "No provider is configured, so three made-up ones play."),
        (configured(provider("a", keyless=True)), True, "No configured provider can be asked, so three made-up ones"),
        (configured(provider("a"), fallback_strategy=FallbackStrategy.CHEAPEST), False, "`cheapest` goes without"),
    ],
)
def test_notes(configuration: Configuration, made_up: bool, expected: str) -> None:
    notes = notes_on(configuration, LIMITS, made_up=made_up)
    assert expected in " ".join(notes)
    assert "Nobody is contacted" in notes[0]


def test_the_chain_is_the_configured_one_when_somebody_can_be_asked() -> None:
    chain = (provider("a", keyless=True), provider("b"))
    assert chain_of(configured(*chain)) == chain
    assert chain_of(configured(chain[0])) == MADE_UP
    assert chain_of(configured()) == MADE_UP


def test_a_stand_in_has_everything_of_its_provider_but_address_and_keys() -> None:
    real = provider("a")
    (played,) = StandIns([real], ManualClock()).providers
    assert (played.name, played.models, played.weight, played.rate_limit) == ("a", ("a-m",), 2.5, 7)
    assert (played.max_concurrent, played.key_refs, played.scripted) == (3, ("A_KEY",), True)
    # The drill has time limits of its own.
    assert (played.base_url, played.timeout_s, played.api_version) == (None, None, None)
    assert [key.reveal() for key in played.api_keys] == ["stand-in-key-1"]


def test_a_keyless_provider_stays_keyless() -> None:
    (played,) = StandIns([provider("a", keyless=True)], ManualClock()).providers
    assert not played.usable
    assert played.missing_keys == ("A_KEY",)


GOOD = PromptResult(answered_by="b/m", took_ms=1, kept=1, missing=0)
BAD = PromptResult(answered_by=None, took_ms=1, kept=0, missing=1, broken_promise="doubled")


def test_rows() -> None:
    started = DrillStarted(
        chain=(ChainLink(provider="a", model="m"), ChainLink(provider="b", model="", left_out="no key")),
        strategy="random", made_up=False, notes=("a note",),
    )  # fmt: skip
    assert [(row.lead, row.text) for row in rows_of(started)] == [
        ("", "Failover drill, order by random"), ("1.", "a/m"), ("–", "b: no key"), ("", "a note")
    ]  # fmt: skip
    heading = rows_of(SceneStarted(scene=SceneName.HANG, number=3, count=8, title="a hangs"))[-1]
    assert (heading.text, heading.tone) == ("3/8 hang: a hangs", Tone.HEADING)
    assert [(row.lead, row.text) for row in rows_of(DrillLine(text="x", at_ms=1234))] == [("1.23 s", "x")]
    assert [row.text for row in rows_of(LibraryLoading())] == ["loading the model library"]
    scenes = tuple(
        SceneEnded(scene=SceneName.HANG, prompts=(GOOD, prompt), summary="told") for prompt in (GOOD, BAD)
    )  # fmt: skip
    end = DrillEnded(scenes=scenes, remarks=("Only a can be asked.",), took_ms=9100)
    assert [(row.lead, row.text, row.tone) for row in rows_of(end)] == [
        ("", "", Tone.PLAIN),
        ("", "Summary, after 9.1 s", Tone.HEADING),
        ("ok", "hang: told", Tone.GOOD),
        ("problem", "hang: told", Tone.BAD),
        ("→", "Only a can be asked.", Tone.PLAIN),
    ]
    assert [(row.lead, row.tone) for row in rows_of(scenes[1])] == [("problem", Tone.BAD)]
    assert not end.as_promised
    assert scenes[0].as_promised
