"""Who answers the open conversation: the switch, the next one in the chain, a typed name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from workbench.tui.chat.desk import Desk
from workbench.tui.chat.dialogs import OpenDialog
from workbench.tui.host import Host
from workbench.tui.shell import Shell
from workbench.tui.state.switching import AUTO, Choice, Figures, Pin, choices_of, find_choice, next_pin
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from workbench.tui.screens.switcher import SwitcherScreen

Arrange = Callable[[list[Choice]], list[Choice]]


class Switching:
    """Pins providers and models; figures of the switch are read beside it, so that it opens at once."""

    def __init__(
        self, host: Host, shell: Shell, desk: Desk, open_dialog: OpenDialog, redraw: Callable[[], None]
    ) -> None:  # fmt: skip
        """`redraw` is called when somebody else answers from now on."""
        self._host, self._shell, self._desk = host, shell, desk
        self._open_dialog, self._redraw = open_dialog, redraw
        self._figures: Figures = {}

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"pick_model": self.pick, "switch_named": self.by_name, "next_provider": self.step}

    def choices(self) -> list[Choice]:
        """Who may answer the open conversation, with what was last known; tells when nothing is known yet."""
        configuration = self._shell.configuration
        if configuration is None:
            self._host.tell("Providers are not known yet; try again in a moment.", warning=True)
            return []
        private = self._desk.slot.private
        return choices_of(configuration, self._shell.provider_states, self._figures, private=private)

    def pick(self) -> None:
        """Open the switch."""
        choices = self.choices()
        if choices:
            from workbench.tui.screens.switcher import SwitcherScreen

            switch = SwitcherScreen(choices, self._desk.slot.pin)
            self._open_dialog(switch, self._picked)
            self.keep_current(switch, lambda newer: newer)

    def _picked(self, pin: Pin | None) -> None:
        if pin is not None:
            self.pin(pin)

    def keep_current(self, switch: SwitcherScreen, arrange: Arrange) -> None:
        """Read the newest figures and show them in an open switch, arranged by `arrange`."""
        self._host.start_work(self._read_figures(switch, arrange), group="figures", exclusive=True)

    async def _read_figures(self, switch: SwitcherScreen, arrange: Arrange) -> None:
        found = await self._shell.call(lambda core: core.providers.choices())
        self._figures = {(choice.provider, choice.model): choice for choice in found}
        switch.show_choices(arrange(self.choices()))

    def by_name(self, name: str) -> None:
        """Choose by a typed name; `next` takes the next provider, no name opens the switch."""
        if not name:
            self.pick()
            return
        if name == "next" or self._shell.configuration is None:
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
        self._host.tell(f"{why}. ctrl+l lists them.", warning=True)
        return None

    def step(self, step: int) -> None:
        """Pin the next (1) or previous (-1) usable provider; automatic beyond the ends."""
        configuration, slot = self._shell.configuration, self._desk.slot
        pin = next_pin(slot.pin, configuration, step, private=slot.private) if configuration is not None else None
        if pin is None:
            self._host.tell("There is no provider to switch to.", warning=True)
            return
        self.pin(pin)

    def pin(self, pin: Pin) -> None:
        """Let `pin` answer the open conversation; a reply that is being written is not changed by it."""
        slot = self._desk.slot
        slot.pin = pin
        self._host.start_work(self._desk.keep_pin(slot), group="pin")
        self._redraw()
        since = "from the next prompt on" if self._desk.running(slot) else "from now on"
        if pin == AUTO:
            self._host.tell(f"The strategy decides who answers {since}.")
        elif self._shell.provider_states.get(pin.provider or "") == "open":
            self._host.tell(f"{pin.name} answers {since}, but it is failing and rests; others stand in.", warning=True)
        else:
            self._host.tell(f"{pin.name} answers {since}.")
