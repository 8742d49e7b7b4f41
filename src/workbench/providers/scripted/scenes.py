"""The scenes of a drill, and what must hold in each. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.providers.scripted.drill_values import PromptResult, SceneName
from workbench.providers.scripted.stand_ins import Fault
from workbench.providers.scripted.texts import DRILL_ANSWER
from workbench.providers.values import Answered, ErrorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One fault and how often it is run into."""

    name: SceneName
    title: str
    """`{first}` stands for the provider that is asked first."""
    fault: Fault
    everybody: bool = False
    """Whether all fail, not only the first."""
    again: bool = False
    """Whether a second prompt is sent while the fault lasts."""
    recovers: bool = False
    """Whether a second prompt is sent after the fault is over and the breaker has had its rest."""


SCENES = (
    Scene(
        name=SceneName.RATE_LIMIT,
        title="{first} is over its limit: HTTP 429, come back in 1 s",
        fault=Fault.RATE_LIMIT,
    ),
    Scene(name=SceneName.SERVER_ERROR, title="{first} has an error: HTTP 500", fault=Fault.SERVER_ERROR),
    Scene(
        name=SceneName.HANG, title="{first} takes the request and stays silent", fault=Fault.HANG, again=True
    ),
    Scene(name=SceneName.CUT_STREAM, title="{first} breaks off in mid-answer", fault=Fault.CUT),
    Scene(name=SceneName.BAD_KEY, title="{first} refuses its key: HTTP 401", fault=Fault.BAD_KEY, again=True),
    Scene(name=SceneName.DEAD_HOST, title="nobody listens where {first} should be", fault=Fault.DEAD_HOST),
    Scene(
        name=SceneName.ALL_DOWN, title="everybody is overloaded: HTTP 503", fault=Fault.OVERLOADED, everybody=True
    ),
    Scene(
        name=SceneName.RECOVERY,
        title="{first} hangs, and is well again later",
        fault=Fault.HANG,
        recovers=True,
    ),
)  # fmt: skip
"""In the order in which they are played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What must hold for one prompt."""

    whole: bool
    """The whole answer must arrive, because somebody who is well can be asked."""
    no_failure: bool = False
    """Nobody who is known not to work may be asked again."""
    by: str = ""
    """Name of the provider that must answer; empty for anybody."""


def result_of(answered: Answered | None, text: str, took_ms: int, promise: Promise) -> PromptResult:
    """What became of a prompt; `text` is what stands at its end."""
    if answered is None:
        return PromptResult(
            answered_by=None, took_ms=took_ms, kept=len(text), missing=len(DRILL_ANSWER),
            broken_promise="the answer ended without a result",
        )  # fmt: skip
    return PromptResult(
        answered_by=f"{answered.provider}/{answered.model}" if answered.complete else None,
        took_ms=took_ms,
        kept=len(text),
        missing=max(0, len(DRILL_ANSWER) - len(text)),
        reason=answered.reason,
        broken_promise=_broken_promise(answered, text, promise),
    )


def _broken_promise(answered: Answered, text: str, promise: Promise) -> str:
    limited = any(
        attempt.state == "skipped" and attempt.error_kind == ErrorKind.RATE_LIMITED for attempt in answered.attempts
    )
    failed = [attempt.provider for attempt in answered.attempts if attempt.state == "failed"]
    if answered.complete and text != DRILL_ANSWER:
        return "the answer is called complete, but it is not the text that was sent"
    if not DRILL_ANSWER.startswith(text):
        return "what stands is not the beginning of the text that was sent"
    if not answered.complete and not answered.reason:
        return "the answer is not complete, and nothing says why"
    # Limits of the configuration are as real here as they are there.
    if not answered.complete and promise.whole and not limited:
        return "no whole answer, although another provider was well"
    if promise.no_failure and failed and not limited:
        return f"{failed[0]} was asked again, although it was known not to work"
    if promise.by and answered.provider != promise.by and not limited:
        return f"{promise.by} was well again and was not asked"
    return ""


def summary_of(results: tuple[PromptResult, ...]) -> str:
    """Who answered, after which time, and what was lost, in one line."""
    return "; then ".join(_words(result) for result in results)


def _words(result: PromptResult) -> str:
    took = f"{result.took_ms / 1000:.2f} s"
    if result.broken_promise:
        return f"{result.broken_promise} ({took})"
    if result.answered_by is not None:
        return f"{result.answered_by} answered after {took}, nothing was lost"
    if result.kept:
        whole = result.kept + result.missing
        return f"{result.kept} of {whole} characters after {took}, kept and marked as not complete"
    return f"no answer after {took}, with the reason; the prompt is kept"
