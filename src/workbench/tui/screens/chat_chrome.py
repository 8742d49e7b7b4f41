"""What stands around the transcript: titles, keys, problems, the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from workbench.tui.screens.chat import ChatScreen

PANES = [Tab(pane="chat"), Tab(pane="providers", short="Prov"), Tab(pane="events")]
"""The panes that exist, in the order of their keys."""
_COUNT_FROM = 200
"""Characters from which the composer shows how many there are."""
_QUEUED_SHOWN = 60
_NAMES_SHOWN = 3
_COMPOSER_FULL = 96
_COMPOSER_SHORT = 56


def chips(shell: Shell) -> list[ProviderChip]:
    """How the providers are."""
    return chips_of(shell.configuration, shell.provider_states, shell.provider_heard, shell.state.health)


def status_note(shell: Shell, slot: Slot) -> str:
    """Time and price of the last turn of the open conversation."""
    turn = shell.state.turns.get(slot.conversation_id) if slot.conversation_id else None
    if turn is None or turn.phase.running:
        return ""
    took = f"turn {seconds(turn.duration_ms)}" if turn.duration_ms else ""
    return "  ".join(part for part in (took, money(turn.cost_nano)) if part)


def problems_of(
    shell: Shell, draft_problem: str, *, show_nobody: bool, private: bool = False
) -> list[tuple[Severity, str]]:  # fmt: skip
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
    if private and shell.configuration is not None and not shell.private_providers:
        found.append((Severity.WARNING, "private: no private provider can be asked; /setup opens the configuration"))
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


class ChatChrome:
    """Draws it into the parts of the chat pane."""

    def __init__(self, pane: ChatScreen, shell: Shell, desk: Desk) -> None:
        """Nothing is drawn yet."""
        self._pane, self._shell, self._desk = pane, shell, desk
        self._last_minute = 0

    def draw(self, *, nothing_shown: bool, draft_problem: str) -> None:
        """Everything that is not time; `nothing_shown` while the transcript is empty."""
        pane, shell, slot = self._pane, self._shell, self._desk.slot
        nobody = shell.nobody_can_answer
        first_run = nobody and nothing_shown and not shell.offline
        self._show_first_run(first_run)
        composer = pane.composer
        composer.set_class(slot.private, "-private")
        composer.set_class(nobody or shell.offline or (slot.private and not shell.private_providers), "-blocked")
        problems = problems_of(shell, draft_problem, show_nobody=not first_run, private=slot.private)
        pane.banner.show_problems(problems)
        pane.status.set_state(chips(shell), status_note(shell, slot))
        self.entitle()
        if bool(slot.queue) != pane.queue_line.display:
            pane.queue_line.display = bool(slot.queue)
        if slot.queue:
            pane.queue_line.show(queue_content(slot.queue))

    def tick(self) -> None:
        """What tells the time."""
        self._pane.live.say(running_line(self._shell, self._desk.slot))
        now = self._shell.clock.now_ms()
        self._pane.tabs.set_state(offline=self._shell.offline, now_ms=now)
        if now // 60_000 != self._last_minute:
            self._last_minute = now // 60_000
            self._pane.list_feed.draw()

    def _show_first_run(self, wanted: bool) -> None:
        pane = self._pane
        first_run, composer = pane.first_run, pane.composer
        had_focus = pane.focused is first_run
        if wanted == pane.transcript.display:
            first_run.display = wanted
            pane.transcript.display = not wanted
        if wanted:
            notes = self._shell.configuration.notes if self._shell.configuration else ()
            first_run.explain(str(self._shell.files.config_file), notes)
            if pane.focused is composer and not composer.text:
                first_run.focus()
        elif had_focus or pane.focused is None:
            composer.focus()

    def entitle(self) -> None:
        """Write titles and keys into the frames."""
        slot, composer = self._desk.slot, self._pane.composer
        title = slot.title or ("New conversation" if not slot.conversation_id else "Conversation")
        set_border_title(self._pane.transcript, title)
        ask = "Ask scripted providers" if self._shell.demo else "Ask"
        set_border_title(composer, f"{ask} {glyphs().dot} {_boundary(self._shell)}" if slot.private else ask)
        set_border_subtitle(composer, _composer_subtitle(composer, self._shell, slot, waits=self._desk.running(slot)))


def _boundary(shell: Shell) -> str:
    """Who may read a private conversation."""
    names = shell.private_providers
    if not names:
        return f"{glyphs().private} private: nobody can be asked"
    some = ", ".join(names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{glyphs().private} private: only {some}{more}"


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
