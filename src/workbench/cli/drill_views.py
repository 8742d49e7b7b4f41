"""How a drill is shown: lines for people, one JSON document, or a document for every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

from workbench.cli import output
from workbench.providers.scripted.drill_rows import rows_of
from workbench.providers.scripted.drill_values import (
    DrillEnded,
    DrillLine,
    DrillStarted,
    DrillStep,
    LibraryLoading,
    SceneEnded,
    SceneStarted,
    Tone,
)

_STYLES = {
    Tone.PLAIN: "",
    Tone.GOOD: output.GREEN,
    Tone.TROUBLE: output.YELLOW,
    Tone.BAD: output.RED,
    Tone.HEADING: output.BOLD,
    Tone.NOTE: output.DIM,
}
_LEAD_WIDTH = 9
_KINDS = {
    DrillStarted: "drill.started",
    SceneStarted: "scene.started",
    DrillLine: "scene.line",
    SceneEnded: "scene.ended",
    DrillEnded: "drill.ended",
}


class DrillView(Protocol):
    """What shows the steps of a drill."""

    def show(self, step: DrillStep) -> None:
        """Something happened."""
        ...


class TextView:
    """Lines for people, as they come."""

    def show(self, step: DrillStep) -> None:
        """Print one step."""
        if isinstance(step, LibraryLoading):
            _tell_loading()
            return
        for row in rows_of(step):
            text = row.text if row.tone is Tone.HEADING else f"{row.lead:>{_LEAD_WIDTH}}  {row.text}".rstrip()
            output.write_text_line(text, _STYLES[row.tone])
        output.flush()


def _tell_loading() -> None:
    output.note("loading the model library")


class NdjsonView:
    """A document for every step."""

    def show(self, step: DrillStep) -> None:
        """One line; loading is told on standard error."""
        if isinstance(step, LibraryLoading):
            _tell_loading()
        else:
            output.write_ndjson({"kind": _KINDS[type(step)], **step_document(step)})


@dataclass(slots=True)
class JsonView:
    """One document at the end; meanwhile the scenes are told on standard error."""

    started: dict[str, object] = field(default_factory=dict[str, object])
    title: str = ""
    lines: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    scenes: list[dict[str, object]] = field(default_factory=list[dict[str, object]])

    def show(self, step: DrillStep) -> None:
        """Remember one step, and print when it is the last."""
        match step:
            case DrillStarted():
                self.started = step_document(step)
            case LibraryLoading():
                _tell_loading()
            case SceneStarted():
                self.title, self.lines = step.title, []
                output.note(f"{step.number}/{step.count} {step.scene}: {step.title}")
            case DrillLine():
                self.lines.append(step_document(step))
            case SceneEnded():
                self.scenes.append({"title": self.title, **step_document(step), "lines": self.lines})
            case DrillEnded():
                end = step_document(step)
                output.write_json({**self.started, **end, "scenes": self.scenes})


def step_document(step: DrillStep) -> dict[str, object]:
    """A step as plain values."""
    document: dict[str, object] = asdict(step)
    match step:
        case SceneEnded():
            document["as_promised"] = step.as_promised
        case DrillEnded():
            document["scenes"] = _scene_documents(step.scenes)
            document["as_promised"] = step.as_promised
        case _:
            pass
    return document


def _scene_documents(scenes: Sequence[SceneEnded]) -> list[dict[str, object]]:
    return [step_document(scene) for scene in scenes]
