"""What happens around the composer: drafts, recall of earlier prompts, completions, and what enter means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.tui.actions.registry import ACTIONS, action_of_slash
from workbench.tui.actions.values import Action
from workbench.tui.chat.desk import Desk
from workbench.tui.state.slash import completions, parse_slash
from workbench.tui.widgets.completion_list import CompletionList
from workbench.tui.widgets.composer import Composer


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """Enter meant a command."""

    action: Action
    argument: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCommand:
    """Enter meant a command that does not exist."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Enter meant a prompt."""

    text: str


Entered = CommandLine | UnknownCommand | Prompt


def meaning_of(text: str) -> Entered:
    """What a text is when enter is pressed; a leading blank makes a command a prompt."""
    command = parse_slash(text)
    if command is None:
        return Prompt(text=text)
    action = action_of_slash(command.name)
    if action is None:
        return UnknownCommand(name=command.name)
    return CommandLine(action=action, argument=command.argument)


class Composing:
    """Joins composer, completion list and the open conversation's unsent text."""

    def __init__(self, desk: Desk, composer: Composer, offered: CompletionList, save_soon: Callable[[], None]) -> None:
        """`save_soon` is called whenever the unsent text has changed."""
        self._desk = desk
        self._composer = composer
        self._offered = offered
        self.save_soon = save_soon
        self._recalled = 0
        self._before_recall = ""

    def show_slot(self) -> None:
        """Show the open conversation's unsent text; what was typed meanwhile follows it."""
        self.show(self._desk.slot.draft)

    def show(self, text: str) -> None:
        """Replace what the composer holds, as the unsent text of the open conversation."""
        self._forget_recall()
        self._before_recall = ""
        self._composer.show_text(text)
        self._desk.slot.draft = text
        self._offer()

    def changed(self) -> None:
        """Something was typed."""
        text = self._composer.whole_text
        self._offer()
        if text == self._desk.slot.draft:
            return
        if self._composer.recalling:
            if text == self._shown_prompt():
                # Only looked at: what was typed before stays the unsent text.
                return
            self._forget_recall()
        self._desk.slot.draft = text
        self.save_soon()

    def clear(self) -> None:
        """Empty the composer: its text went on. What stood there before an earlier prompt was recalled returns."""
        self._forget_recall()
        self._composer.clear_all()
        self._desk.slot.draft, self._before_recall = self._before_recall, ""
        if self._desk.slot.draft:
            self._composer.show_text(self._desk.slot.draft)
        self._offer()
        self.save_soon()

    def put_back(self, text: str) -> None:
        """Return a text to the composer, before what stands there."""
        now = self._composer.whole_text
        self.show("\n\n".join(part for part in (text, now) if part))
        self.save_soon()

    def recall(self, step: int) -> None:
        """Bring an earlier (1) or later (-1) prompt of this conversation; after the latest, what was typed."""
        slot = self._desk.slot
        if step > 0 and slot.queue and not self._composer.text:
            self.put_back(self._desk.take_back(slot))
            return
        wanted = self._recalled + step
        if not 0 <= wanted <= len(slot.prompts):
            return
        if self._recalled == 0:
            self._before_recall = self._composer.whole_text
        self._recalled = wanted
        text = slot.prompts[-wanted] if wanted else self._before_recall
        self._composer.recalling = wanted > 0
        self._composer.show_text(text)
        if not wanted:
            self._before_recall = ""

    def _shown_prompt(self) -> str:
        prompts = self._desk.slot.prompts
        return prompts[-self._recalled] if 0 < self._recalled <= len(prompts) else self._before_recall

    def _forget_recall(self) -> None:
        self._recalled = 0
        self._composer.recalling = False

    # -- completions -------------------------------------------------------------------------------------------

    def _offer(self) -> None:
        offered = completions(self._composer.text, ACTIONS) if not self._composer.recalling else []
        self._offered.offer(offered)
        self._composer.completing = bool(offered)

    def offers(self) -> bool:
        """Whether there is a list for what stands in the composer now."""
        self._offer()
        return self._offered.open

    def close_completions(self) -> bool:
        """Close the list; whether it was open."""
        was_open = self._offered.open
        self._offered.offer([])
        self._composer.completing = False
        return was_open

    def completion_key(self, key: str) -> CommandLine | None:
        """A key while the list is open; the command when enter took one."""
        if key in ("up", "down"):
            self._offered.move(1 if key == "down" else -1)
            return None
        if key == "escape":
            self.close_completions()
            return None
        action = self._offered.choice
        if action is None:
            return None
        if key == "tab":
            self.take(action)
            return None
        self.clear()
        return CommandLine(action=action, argument="")

    def take(self, action: Action) -> None:
        """Write a command's name, ready for its argument."""
        self._composer.show_text(f"/{action.slash[0]} ")
        self.close_completions()
