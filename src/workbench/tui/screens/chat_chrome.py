"""What stands around the transcript: titles, keys, problems, the queue."""

from __future__ import annotations

from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.chat.desk import Desk, Slot
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import set_border_subtitle, set_border_title
from workbench.tui.shell import Shell
from workbench.tui.state.badges import Line, Severity, live_line, money, seconds
from workbench.tui.state.chat import ClientPhase
from workbench.tui.state.chips import ProviderChip, chips_of
from workbench.tui.widgets.composer import Composer
from workbench.tui.widgets.tab_bar import Tab
from workbench.tui.widgets.transcript import Transcript

PANES = [Tab(pane="chat"), Tab(pane="events")]
"""The panes that exist, in the order of their keys."""
_COUNT_FROM = 200
"""Characters from which the composer shows how many there are."""
_QUEUED_SHOWN = 60
_COMPOSER_FULL = 96
_COMPOSER_SHORT = 56


def chips(shell: Shell) -> list[ProviderChip]:
    """How the providers are."""
    return chips_of(shell.configuration, shell.provider_states, shell.state.health)


def status_note(shell: Shell, slot: Slot) -> str:
    """Time and price of the last turn of the open conversation."""
    turn = shell.state.turns.get(slot.conversation_id) if slot.conversation_id else None
    if turn is None or turn.phase.running:
        return ""
    took = f"turn {seconds(turn.duration_ms)}" if turn.duration_ms else ""
    return "  ".join(part for part in (took, money(turn.cost_nano)) if part)


def problems_of(shell: Shell, draft_problem: str, *, show_nobody: bool) -> list[tuple[Severity, str]]:
    """Problems that last, the worst first."""
    state = shell.state
    found: list[tuple[Severity, str]] = []
    if shell.start_problem:
        found.append((Severity.ERROR, shell.start_problem))
    if state.storage_problem:
        found.append((Severity.ERROR, f"not saved: {state.storage_problem}"))
    elif draft_problem:
        found.append((Severity.ERROR, f"draft not saved: {draft_problem}"))
    if state.client is ClientPhase.FAILED:
        found.append((Severity.ERROR, f"providers cannot be asked: {state.client_problem}"))
    if state.problems:
        first, *others = state.problems
        more = f" (and {len(others)} more)" if others else ""
        found.append((Severity.WARNING, f"configuration: {first}{more}; /setup opens it"))
    if show_nobody and shell.nobody_can_answer and not shell.offline:
        found.append((Severity.WARNING, "No provider can be asked: /setup opens the configuration, /demo shows one"))
    if shell.offline:
        found.append((Severity.WARNING, "offline: nothing is sent; history can be read"))
    return found


def running_line(shell: Shell, slot: Slot) -> Line | None:
    """What goes on in a conversation at this moment; None when nothing does."""
    state = shell.state
    if slot.sending:
        text = "saving the prompt" if state.engine_running else "starting"
        return Line(text=text, severity=Severity.RUNNING)
    turn = state.turns.get(slot.conversation_id) if slot.conversation_id else None
    if slot.turn_id and (turn is None or turn.turn_id != slot.turn_id):
        return Line(text="choosing a provider", severity=Severity.RUNNING)
    if turn is None or not turn.phase.running:
        return None
    return live_line(turn, state.client, shell.clock.now_ms(), shell.scripted)


def queue_content(queue: list[str]) -> Content:
    """The line of waiting prompts."""
    first = clean_line(queue[0], _QUEUED_SHOWN)
    more = f" and {len(queue) - 1} more" if len(queue) > 1 else ""
    return Content.assemble(
        (f" {glyphs().paused} waiting ", "$warning"), first, more, (drawn("  esc or ↑ takes it back"), "$text-muted")
    )


def entitle(transcript: Transcript, composer: Composer, shell: Shell, slot: Slot, desk: Desk) -> None:
    """Write titles and keys into the frames."""
    title = slot.title or ("New conversation" if not slot.conversation_id else "Conversation")
    set_border_title(transcript, title)
    set_border_title(composer, "Ask scripted providers" if shell.demo else "Ask")
    set_border_subtitle(composer, _composer_subtitle(composer, shell, slot, waits=desk.running(slot)))


def _composer_subtitle(composer: Composer, shell: Shell, slot: Slot, *, waits: bool) -> str:
    width = composer.size.width
    count = composer.character_count
    parts = ["enter queue" if waits else "enter send"]
    if width >= _COMPOSER_SHORT:
        parts.append("ctrl+j newline")
    if width >= _COMPOSER_FULL:
        parts.append("ctrl+g $EDITOR")
    strategy = ""
    if slot.pin.provider is None and shell.configuration is not None and width >= _COMPOSER_FULL:
        strategy = f" ({shell.configuration.settings.fallback_strategy.value})"
    model = f"{slot.pin.name}{strategy}"
    parts.append(f"ctrl+l model: {model}" if width >= _COMPOSER_FULL else f"model {model}")
    if count >= _COUNT_FROM:
        parts.append(f"{count:,} characters")
    return f" {glyphs().dot} ".join(parts)
