"""A drill as rows of text, the same for the command and for the full screen. Pure."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRow:
    """One row: what stands before the text (a time, a place, a verdict), and the text."""

    lead: str = ""
    text: str
    tone: Tone = Tone.PLAIN


BLANK = DrillRow(text="")


def rows_of(step: DrillStep) -> list[DrillRow]:
    """The rows of one step."""
    match step:
        case DrillStarted():
            return _chain(step)
        case LibraryLoading():
            return [DrillRow(text="loading the model library", tone=Tone.NOTE)]
        case SceneStarted():
            heading = f"{step.number}/{step.count} {step.scene}: {step.title}"
            return [BLANK, DrillRow(text=heading, tone=Tone.HEADING)]
        case DrillLine():
            lead = "" if step.at_ms is None else f"{step.at_ms / 1000:.2f} s"
            return [DrillRow(lead=lead, text=step.text, tone=step.tone)]
        case SceneEnded():
            return [_verdict(step, step.summary)]
        case DrillEnded():
            return [
                BLANK,
                DrillRow(text=f"Summary, after {step.took_ms / 1000:.1f} s", tone=Tone.HEADING),
                *(_verdict(scene, f"{scene.scene}: {scene.summary}") for scene in step.scenes),
                *(DrillRow(lead="→", text=remark) for remark in step.remarks),
            ]


def _chain(step: DrillStarted) -> list[DrillRow]:
    rows = [DrillRow(text=f"Failover drill, order by {step.strategy}", tone=Tone.HEADING)]
    for place, link in enumerate(step.chain, start=1):
        if link.left_out:
            rows.append(DrillRow(lead="–", text=f"{link.name}: {link.left_out}", tone=Tone.NOTE))
        else:
            rows.append(DrillRow(lead=f"{place}.", text=link.name))
    return [*rows, *(DrillRow(text=note, tone=Tone.NOTE) for note in step.notes)]


def _verdict(scene: SceneEnded, text: str) -> DrillRow:
    if scene.as_promised:
        return DrillRow(lead="ok", text=text, tone=Tone.GOOD)
    return DrillRow(lead="problem", text=text, tone=Tone.BAD)
