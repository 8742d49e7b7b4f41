"""What a failover drill tells while it runs, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SceneName(StrEnum):
    """The faults that are played, in their order."""

    RATE_LIMIT = "rate-limit"
    SERVER_ERROR = "server-error"
    HANG = "hang"
    CUT_STREAM = "cut-stream"
    BAD_KEY = "bad-key"
    DEAD_HOST = "dead-host"
    ALL_DOWN = "all-down"
    RECOVERY = "recovery"


class Tone(StrEnum):
    """How a line is meant."""

    PLAIN = "plain"
    GOOD = "good"
    TROUBLE = "trouble"
    BAD = "bad"
    """A promise was broken."""
    HEADING = "heading"
    NOTE = "note"
    """About the drill itself, not about what a user would see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """One provider of the chain that a stand-in plays."""

    provider: str
    model: str
    left_out: str = ""
    """Why it would not be asked; empty when it would."""

    @property
    def name(self) -> str:
        """`provider/model`, or the provider alone when it has no model."""
        return f"{self.provider}/{self.model}" if self.model else self.provider


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillStarted:
    """The drill begins."""

    chain: tuple[ChainLink, ...]
    """Those that would be asked, first choice first, then those that would not."""
    strategy: str
    made_up: bool
    """Whether no configured provider can be asked, so that three made-up ones play instead."""
    notes: tuple[str, ...]
    """What is different here from a real request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryLoading:
    """The model library is being loaded, which takes seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneStarted:
    """A fault is about to be played."""

    scene: SceneName
    number: int
    """From 1."""
    count: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillLine:
    """One thing that happened."""

    text: str
    tone: Tone = Tone.PLAIN
    at_ms: int | None = None
    """Milliseconds since the prompt was sent; None outside of a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptResult:
    """What became of one prompt."""

    answered_by: str | None
    """`provider/model` of the whole answer; None when there is none."""
    took_ms: int
    kept: int
    """Characters of the answer that stand at the end."""
    missing: int
    """Characters of the whole answer that never came."""
    reason: str = ""
    """Why it is not complete."""
    broken_promise: str = ""
    """What should not have happened; empty when all went as it must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneEnded:
    """A fault has been played."""

    scene: SceneName
    prompts: tuple[PromptResult, ...]
    summary: str
    """Who answered, after which time, and what was lost, in one line."""

    @property
    def as_promised(self) -> bool:
        """Whether every prompt of it ended as it must."""
        return not any(prompt.broken_promise for prompt in self.prompts)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillEnded:
    """All scenes have been played."""

    scenes: tuple[SceneEnded, ...]
    remarks: tuple[str, ...]
    """What the drill found about the configuration."""
    took_ms: int

    @property
    def as_promised(self) -> bool:
        """Whether every scene ended as it must."""
        return all(scene.as_promised for scene in self.scenes)


DrillStep = DrillStarted | LibraryLoading | SceneStarted | DrillLine | SceneEnded | DrillEnded
