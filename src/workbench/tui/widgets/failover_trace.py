"""The failover trace: every provider asked for one reply, in order, with what became of it."""

from __future__ import annotations

from collections.abc import Collection

from textual.containers import VerticalScroll
from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.markdown.textlines import cells, wrap
from workbench.tui.safe import SafeStatic, set_border_subtitle
from workbench.tui.state.badges import scripted_label, seconds
from workbench.tui.state.trail import RUNNING, Step, total_ms

_Shown = tuple[tuple[Step, ...], dict[str, str], frozenset[str], str]


class FailoverTrace(VerticalScroll, can_focus=True):
    """A panel at the right; an overlay when there is no room beside the transcript."""

    HELP = "Everybody who was asked for one reply, in order: what happened, how long it took, what followed."
    BORDER_TITLE = "Failover trace"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Empty."""
        super().__init__(id=id, classes=classes)
        self._body = SafeStatic(id="trace-body")
        self._shown: _Shown = ((), {}, frozenset(), "")
        self._drawn: tuple[_Shown, int] | None = None

    def compose(self) -> list[SafeStatic]:
        """One text."""
        return [self._body]

    def on_mount(self) -> None:
        """Name the key that hides it."""
        set_border_subtitle(self, "ctrl+t hide")

    def show_trail(
        self, trail: tuple[Step, ...], skipped: dict[str, str], scripted: Collection[str], *, summary: str = ""
    ) -> None:
        """Show the trail of one reply; `skipped` are providers the route left out, with the reason."""
        self._shown = (trail, skipped, frozenset(scripted), summary)
        self._draw()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._draw()

    def _draw(self) -> None:
        trail, skipped, scripted, summary = self._shown
        width = self.scrollable_content_region.width
        if width and (self._shown, width) != self._drawn:
            self._drawn = (self._shown, width)
            self._body.show(trace_content(trail, skipped, scripted, width, summary=summary))


def trace_content(
    trail: tuple[Step, ...], skipped: dict[str, str], scripted: Collection[str], width: int, *, summary: str = ""
) -> Content:
    """The trace as text of `width` cells, a block for each step."""
    blocks = [_step(step, scripted_label(step.provider, scripted), width) for step in trail]
    left_out = {name: why for name, why in skipped.items() if all(step.provider != name for step in trail)}
    blocks += [_skipped(name, why, width) for name, why in left_out.items()]
    if not blocks:
        return Content.styled(summary or "Nobody has been asked yet.", "$text-muted")
    took = total_ms(trail)
    if took is not None and len(trail) > 1:
        blocks.append(Content.styled(f"total {seconds(took)}", "$text-muted"))
    return Content("\n\n").join(blocks)


def _step(step: Step, label: str, width: int) -> Content:
    signs = glyphs()
    sign, style, word = {
        "ok": (signs.ok, "$success", "answered"),
        "failed": (signs.failed, "$error", step.error_kind.replace("_", " ") or "failed"),
        "skipped": (signs.unknown, "$text-muted", f"skipped: {step.error_kind.replace('_', ' ')}".rstrip(": ")),
        "cancelled": (signs.paused, "$text-muted", "stopped by you"),
        RUNNING: (signs.running, "$accent", "streaming" if step.first_token_ms is not None else "asking"),
    }.get(step.state, (signs.unknown, "$text-muted", step.state))
    status = f" {signs.dot} HTTP {step.http_status}" if step.http_status else ""
    lines = [
        *_name((sign, style), step.provider, step.model, label, width),
        Content.assemble(_INDENT, (clean_line(word, 60), style), status),
    ]
    took = f"took {seconds(step.duration_ms)}" if step.duration_ms is not None else ""
    if step.first_token_ms is not None:
        took = f"{took}, first token {seconds(step.first_token_ms)}".removeprefix(", ")
    lines += _indented(took, width, "$text-muted")
    lines += _indented(step.reason, width)
    if step.state == "failed":
        lines += _indented(step.hint, width, "$accent")
    if step.broken_characters:
        lines += _indented(f"{step.broken_characters:,} characters came and were set aside", width, "$warning")
    if step.kept_characters:
        lines += _indented(f"{step.kept_characters:,} characters stand, another one went on", width, "$warning")
    if step.next_step:
        lines += _indented(drawn("→ ") + step.next_step, width, "$text-muted")
    return Content("\n").join(lines)


def _sign(sign: tuple[str, str]) -> tuple[str, str]:
    return f"{sign[0]} ", sign[1]


def _name(sign: tuple[str, str], provider: str, model: str, label: str, width: int) -> list[Content]:
    name = clean_line(f"{provider}/{model}" if model else provider, 80) + label
    if len(_INDENT) + cells(name) <= width:
        return [Content.assemble(_sign(sign), (name, "bold"))]
    own, *others = (Content.styled(line, "bold") for line in _wrapped(clean_line(provider, 80) + label, width))
    return [
        Content.assemble(_sign(sign), own),
        *(Content.assemble(_INDENT, other) for other in others),
        *_indented(model, width),
    ]


def _skipped(name: str, why: str, width: int) -> Content:
    sign = glyphs().unknown
    lines = _name((sign, "$text-muted"), name, "", "", width)
    return Content("\n").join([*lines, *_indented(f"skipped: {clean_line(why, 120)}", width, "$text-muted")])


def _indented(text: str, width: int, style: str = "") -> list[Content]:
    return [Content.assemble(_INDENT, (line, style)) for line in _wrapped(clean_line(text), width)] if text else []


def _wrapped(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end, _ in wrap(text, max(width - len(_INDENT), 8))]


_INDENT = "  "
