"""Texts as the transcript lays them out, without a screen."""

from __future__ import annotations

from workbench.tui.markdown.flow import Flow, MarkdownFlow
from workbench.tui.markdown.textlines import Line

MOST_SLICES = 1_000


def flow_lines(flow: Flow, width: int) -> list[Line]:
    """All lines of a flow, however many slices that takes."""
    count = flow.layout(width)
    for _ in range(MOST_SLICES):
        if not flow.pending:
            return [flow.line(y) for y in range(count)]
        count = flow.layout(width)
    raise AssertionError("there is no end to it")


def markdown_lines(text: str, width: int) -> list[Line]:
    """All of a text that is known from the start."""
    flow = MarkdownFlow()
    flow.extend(text)
    flow.finish()
    return flow_lines(flow, width)
