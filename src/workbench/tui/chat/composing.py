"""What happens around the composer: drafts, recall of earlier prompts, completions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.tui.actions.registry import ACTIONS
from workbench.tui.chat.attaching import Attaching
from workbench.tui.chat.desk import Desk
from workbench.tui.host import Host
from workbench.tui.state.files import without_signs
from workbench.tui.widgets.completion_list import CompletionList, Offer
from workbench.tui.widgets.composer import Composer

if TYPE_CHECKING:
    from workbench.tui.state.slash import CommandLine


class Composing:
    """Joins composer, completion list and the open conversation's unsent text."""

    def __init__(
        self, host: Host, desk: Desk, composer: Composer, offered: CompletionList, save_soon: Callable[[], None]
    ) -> None:
        """`save_soon` is called whenever the unsent text has changed."""
        self._desk = desk
        self.composer = composer
        self._offered = offered
        self.save_soon = save_soon
        # Relative: a working folder that was removed meanwhile is no reason not to start.
        self.attaching = Attaching(host, composer, Path(), self._offer)
        self._recalled = 0
        self._before_recall = ""
        self._shown_prompt = ""

    def show_slot(self) -> None:
        """Show the open conversation's unsent text; what was typed meanwhile follows it."""
        self.show_unsent(self._desk.slot.draft)

    def show(self, text: str) -> None:
        """Replace what the composer holds by a text from elsewhere, as the unsent text of the open conversation."""
        self.show_unsent(without_signs(text))

    def show_unsent(self, unsent: str) -> None:
        """Replace what the composer holds by a text that was unsent before, files named in it included."""
        self._forget_recall()
        self._before_recall = ""
        self.composer.show_text(unsent)
        self._desk.slot.draft = unsent
        self._offer()

    def changed(self) -> None:
        """Something was typed."""
        text = self.composer.whole_text
        self._offer()
        if text == self._desk.slot.draft:
            return
        if self.composer.recalling:
            if text == self._shown_prompt:
                # Only looked at: what was typed before stays the unsent text.
                return
            self._forget_recall()
        self._desk.slot.draft = text
        self.save_soon()

    def clear(self) -> None:
        """Empty the composer: its text went on. What stood there before an earlier prompt was recalled returns."""
        self._forget_recall()
        self.composer.clear_all()
        self._desk.slot.draft, self._before_recall = self._before_recall, ""
        if self._desk.slot.draft:
            self.composer.show_text(self._desk.slot.draft)
        self._offer()
        self.save_soon()

    def put_back(self, text: str) -> None:
        """Put a text from elsewhere into the composer, before what stands there."""
        self.return_unsent(without_signs(text))

    def return_unsent(self, unsent: str) -> None:
        """Return a prompt that was not sent to the composer, before what stands there, files named in it included."""
        now = self.composer.whole_text
        self.show_unsent("\n\n".join(part for part in (unsent, now) if part))
        self.save_soon()

    def recall(self, step: int) -> None:
        """Bring an earlier (1) or later (-1) prompt of this conversation; after the latest, what was typed."""
        slot = self._desk.slot
        wanted = self._recalled + step
        if 0 < wanted <= len(slot.prompts):
            self._show_recalled(slot.prompts[-wanted], wanted)
        elif wanted == 0:
            before, self._before_recall = self._before_recall, ""
            self._forget_recall()
            self.composer.show_text(before)

    def show_earlier(self, text: str) -> None:
        """Show a prompt of any conversation; down, or sending it, brings back what was typed."""
        self._show_recalled(text, max(self._recalled, 1))
        self._offer()

    def _show_recalled(self, text: str, place: int) -> None:
        if self._recalled == 0:
            self._before_recall = self.composer.whole_text
        self._recalled = place
        self._shown_prompt = without_signs(text)
        self.composer.recalling = True
        self.composer.show_text(self._shown_prompt)

    def _forget_recall(self) -> None:
        self._recalled = 0
        self.composer.recalling = False

    # -- completions -------------------------------------------------------------------------------------------

    def _offer(self) -> None:
        offers: list[Offer] = []
        if not self.composer.recalling:
            offers = self._commands() or self.attaching.offers()
        self._offered.offer(offers)
        self.composer.completing = bool(offers)

    def _commands(self) -> list[Offer]:
        if not self.composer.text.startswith("/"):
            return []
        from workbench.tui.state.slash import completions

        return [Offer.of_action(action) for action in completions(self.composer.text, ACTIONS)]

    def offers(self) -> bool:
        """Whether there is a list for what stands in the composer now."""
        self._offer()
        return self._offered.open

    def close_completions(self) -> bool:
        """Close the list; whether it was open."""
        was_open = self._offered.open
        if was_open:
            self.attaching.close()
        self._offered.offer([])
        self.composer.completing = False
        return was_open

    def completion_key(self, key: str) -> CommandLine | None:
        """A key while the list is open; the command when enter took one."""
        if key in ("up", "down"):
            self._offered.move(1 if key == "down" else -1)
            return None
        if key == "escape":
            self.close_completions()
            return None
        offer = self._offered.choice
        if offer is None:
            return None
        if key == "tab" or offer.action is None:
            self.take(offer)
            return None
        from workbench.tui.state.slash import CommandLine

        self.clear()
        return CommandLine(action=offer.action, argument="")

    def take(self, offer: Offer) -> None:
        """Write a command's name, ready for its argument, or put a file's mark in the place of its mention."""
        if offer.file is not None:
            self.attaching.take(offer.file)
            self._offer()
        elif offer.action is not None:
            self.composer.show_text(f"/{offer.action.slash[0]} ")
            self.close_completions()
