"""Who answers the open conversation: the switch, the next one in the chain, a typed name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from workbench.tui.chat.pane import Pane
from workbench.tui.state.pins import AUTO, Pin
from workbench.tui.state.switching import Choice, Figures, choices_of, find_choice, next_pin
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from workbench.tui.screens.switcher import SwitcherScreen

Arrange = Callable[[list[Choice]], list[Choice]]


class Switching:
    """Pins providers and models; figures of the switch are read beside it, so that it opens at once."""

    def __init__(self, pane: Pane) -> None:
        """Works on the open conversation."""
        self._pane = pane
        self._figures: Figures = {}

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"pick_model": self.pick, "switch_named": self.by_name, "next_provider": self.step}

    def choices(self) -> list[Choice]:
        """Who may answer the open conversation, with what was last known; tells when nothing is known yet."""
        configuration = self._pane.shell.configuration
        if configuration is None:
            self._pane.host.tell("Providers are not known yet; try again in a moment.", warning=True)
            return []
        private = self._pane.desk.slot.private
        return choices_of(configuration, self._pane.shell.provider_states, self._figures, private=private)

    def pick(self) -> None:
        """Open the switch."""
        choices = self.choices()
        if choices:
            from workbench.tui.screens.switcher import SwitcherScreen

            switch = SwitcherScreen(choices, self._pane.desk.slot.pin)
            self._pane.open_dialog(switch, self._picked)
            self.keep_current(switch, lambda newer: newer)

    def _picked(self, pin: Pin | None) -> None:
        if pin is not None:
            self.pin(pin)

    def keep_current(self, switch: SwitcherScreen, arrange: Arrange) -> None:
        """Read the newest figures and show them in an open switch, arranged by `arrange`."""
        self._pane.host.start_work(self._read_figures(switch, arrange), group="figures", exclusive=True)

    async def _read_figures(self, switch: SwitcherScreen, arrange: Arrange) -> None:
        found = await self._pane.shell.call(lambda core: core.providers.choices())
        self._figures = {(choice.provider, choice.model): choice for choice in found}
        switch.show_choices(arrange(self.choices()))

    def by_name(self, name: str) -> None:
        """Choose by a typed name; `next` takes the next provider, no name opens the switch."""
        if not name:
            self.pick()
            return
        if name == "next" or self._pane.shell.configuration is None:
            self.step(1)
            return
        choice = self.find(name)
        if choice is not None:
            self.pin(choice.pin)

    def find(self, name: str) -> Choice | None:
        """The choice that a typed name means, if it can be asked; tells why not."""
        choice = find_choice(name, self.choices())
        if choice is not None and choice.usable:
            return choice
        why = f"{choice.title}: {choice.note}" if choice else f"No single provider or model fits {name}"
        self._pane.host.tell(f"{why}. ctrl+l lists them.", warning=True)
        return None

    def step(self, step: int) -> None:
        """Pin the next (1) or previous (-1) usable provider; automatic beyond the ends."""
        configuration, slot = self._pane.shell.configuration, self._pane.desk.slot
        pin = next_pin(slot.pin, configuration, step, private=slot.private) if configuration is not None else None
        if pin is None:
            self._pane.host.tell("There is no provider to switch to.", warning=True)
            return
        self.pin(pin)

    def pin(self, pin: Pin) -> None:
        """Let `pin` answer the open conversation; a reply that is being written is not changed by it."""
        slot = self._pane.desk.slot
        slot.pin = pin
        self._pane.host.start_work(self._pane.desk.keep_pin(slot), group="pin")
        self._pane.redraw()
        since = "from the next prompt on" if self._pane.desk.running(slot) else "from now on"
        if pin == AUTO:
            self._pane.host.tell(f"The strategy decides who answers {since}.")
        elif self._pane.shell.provider_states.get(pin.provider or "") == "open":
            self._pane.host.tell(
                f"{pin.name} answers {since}, but it is failing and rests; others stand in.", warning=True
            )
        else:
            self._pane.host.tell(f"{pin.name} answers {since}.")
