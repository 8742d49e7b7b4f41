"""What stands around the transcript: titles, keys, problems, the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from workbench.tui.chat.desk import Desk, Slot
from workbench.tui.glyphs import glyphs
from workbench.tui.safe import set_border_subtitle, set_border_title
from workbench.tui.shell import Shell
from workbench.tui.state.badges import Line, Severity, live_line, money, seconds
from workbench.tui.state.chat import ClientPhase
from workbench.tui.state.chips import ProviderChip, chips_of
from workbench.tui.state.first_run import empty_text
from workbench.tui.widgets.composer import Composer
from workbench.tui.widgets.tab_bar import Tab

if TYPE_CHECKING:
    from workbench.tui.screens.chat import ChatScreen
    from workbench.tui.state.estimate import Estimate

PANES = [Tab(pane="chat"), Tab(pane="providers", short="Prov"), Tab(pane="events"), Tab(pane="history", short="Hist")]
"""The panes that exist, in the order of their keys."""
_NAMES_SHOWN = 3
_COMPOSER_FULL = 96
_COMPOSER_SHORT = 56


def chips(shell: Shell) -> list[ProviderChip]:
    """How the providers are."""
    return chips_of(shell.configuration, shell.provider_states, shell.provider_heard, shell.state.health)


def status_notes(shell: Shell, slot: Slot | None = None) -> list[str]:
    """What the status line says beside the providers, the most important first; `slot` is the open conversation."""
    turn = shell.state.turns.get(slot.conversation_id) if slot is not None and slot.conversation_id else None
    notes = ["offline" if shell.offline else ""]
    if turn is not None and not turn.phase.running:
        took = f"turn {seconds(turn.duration_ms)}" if turn.duration_ms else ""
        notes.append("  ".join(part for part in (took, money(turn.cost_nano)) if part))
    notes.append(f"24 h {money(shell.spend_day_nano)}" if shell.spend_day_nano else "")
    profile = shell.configuration.profile if shell.configuration else None
    notes.append(f"profile {profile}" if profile else "")
    return [note for note in notes if note]


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
    elif draft_problem and not shell.start_problem:
        found.append((Severity.ERROR, f"draft not saved: {draft_problem}"))
    if state.database_notice:
        found.append((Severity.WARNING, state.database_notice))
    if state.client is ClientPhase.FAILED:
        found.append((Severity.ERROR, f"providers cannot be asked: {state.client_problem}"))
    if state.problems:
        first, *others = state.problems
        more = f" (and {len(others)} more)" if others else ""
        found.append((Severity.WARNING, f"configuration: {first}{more}; /setup opens it"))
    if private and shell.configuration is not None and not shell.private_providers:
        found.append((Severity.WARNING, "private: no private provider can be asked; /setup opens the configuration"))
    if show_nobody and shell.nobody_can_answer and not shell.offline:
        found.append((Severity.WARNING, "No provider can be asked: /key adds a key, /setup opens the configuration"))
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
        composer.set_class(slot.temporary, "-temporary")
        composer.set_class(nobody or shell.offline or (slot.private and not shell.private_providers), "-blocked")
        problems = problems_of(shell, draft_problem, show_nobody=not first_run, private=slot.private)
        pane.banner.show_problems(problems)
        pane.status.set_state(chips(shell), status_notes(shell, slot))
        text = empty_text(shell.configuration)
        if text != pane.transcript.empty_text:
            pane.transcript.empty_text = text
        pane.transcript.show_keys()
        self.entitle()

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
        appears = wanted and pane.transcript.display
        first_run.display = wanted
        pane.transcript.display = not wanted
        if wanted:
            notes = self._shell.configuration.notes if self._shell.configuration else ()
            first_run.explain(str(self._shell.files.config_file), notes)
            # Later it would take the letters of somebody who has gone to the composer to write.
            if appears and pane.focused is composer and not composer.text:
                first_run.focus()
        elif had_focus or (pane.focused is None and cast("Any", pane).app.app_focus):
            # While the terminal itself has no focus nothing in it has; Textual gives it back.
            composer.focus()

    def entitle(self) -> None:
        """Write titles and keys into the frames."""
        slot, composer = self._desk.slot, self._pane.composer
        title = slot.title or ("New conversation" if not slot.conversation_id else "Conversation")
        temporary = f"{glyphs().unknown} temporary {glyphs().dot} not stored"
        set_border_title(self._pane.transcript, f"{title} {glyphs().dot} {temporary}" if slot.temporary else title)
        ask = "Ask scripted providers" if self._shell.demo else "Ask"
        if slot.edit is not None:
            ask = f"Editing: a new branch {glyphs().dot} esc keeps the old one"
        elif slot.after_id:
            ask = f"A new branch from here {glyphs().dot} esc goes back to the old one"
        parts = [ask, temporary if slot.temporary else "", _boundary(self._shell) if slot.private else ""]
        set_border_title(composer, f" {glyphs().dot} ".join(part for part in parts if part))
        estimate = self._pane.estimate()
        composer.set_class(estimate is not None and estimate.nobody_can_hold_it, "-too-long")
        waits = self._desk.running(slot)
        set_border_subtitle(composer, _composer_subtitle(composer, self._shell, slot, estimate, waits=waits))


def _boundary(shell: Shell) -> str:
    """Who may read a private conversation."""
    names = shell.private_providers
    if not names:
        return f"{glyphs().private} private: nobody can be asked"
    some = ", ".join(names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{glyphs().private} private: only {some}{more}"


def _composer_subtitle(
    composer: Composer, shell: Shell, slot: Slot, estimate: Estimate | None, *, waits: bool
) -> str:  # fmt: skip
    width = composer.size.width
    sends, begins = ("ctrl+j", "enter") if composer.enter_is_newline else ("enter", "ctrl+j")
    parts = [f"{sends} {'queue' if waits else 'send'}"]
    if width >= _COMPOSER_SHORT:
        parts.append(f"{begins} newline")
    if width >= _COMPOSER_FULL:
        parts.append("ctrl+g $EDITOR")
    strategy = ""
    if slot.pin.provider is None and shell.configuration is not None and width >= _COMPOSER_FULL:
        strategy = f" ({shell.configuration.settings.fallback_strategy.value})"
    model = f"{slot.pin.name}{strategy}"
    parts.append(f"ctrl+l model: {model}" if width >= _COMPOSER_FULL else f"model {model}")
    if estimate is not None:
        told = estimate.words(short=width < _COMPOSER_SHORT)
        # What is wrong comes first: a border has room for its beginning.
        parts.insert(0 if estimate.too_small_somewhere else len(parts), told)
    return f" {glyphs().dot} ".join(parts)
