"""Getting started: a first key, the configuration in an editor, the demonstration, the drill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.core.errors import WorkbenchError
from workbench.tui.shell import Shell
from workbench.tui.state.first_run import ready_text
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from workbench.core.secret import Secret
    from workbench.tui.app import WorkbenchApp

START_DEMONSTRATION = 1_000
"""Result of the application when it is to be started again as the demonstration."""
_MOST_PROBLEMS = 5


class Setup:
    """What leads from an empty home to an answer."""

    def __init__(self, app: WorkbenchApp, shell: Shell) -> None:
        """Nothing is done yet."""
        self._app, self._shell = app, shell

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {
            "add_first_key": self.add_first_key,
            "look_again": self.look_again,
            "edit_configuration": self.edit_configuration,
            "start_demonstration": self.start_demonstration,
            "drill": self.drill,
        }

    def add_first_key(self) -> None:
        """Ask whose key it is, and for the key; then somebody can be asked."""
        from workbench.config.kinds import KINDS
        from workbench.tui.screens.choose_kind import ChooseKindScreen

        configured = self._shell.configuration.providers if self._shell.configuration else ()
        lacking = [
            (p.name, ", ".join(p.missing_keys)) for p in configured if p.enabled and p.needs_key and not p.usable
        ]
        usual = [(k.name, k.key_variables[0]) for k in KINDS.values() if k.models and k.needs_key and k.key_variables]
        self._app.push_screen(ChooseKindScreen(lacking or usual), self._kind_chosen)

    def _kind_chosen(self, name: str | None) -> None:
        if name is None:
            return
        from workbench.tui.screens.add_key import AddKeyScreen, NewKey

        def given(new: NewKey | None) -> None:
            if new is not None:
                self._app.start_work(self._keep_key(name, new.key, new.place), group="first-key", exclusive=True)

        self._app.push_screen(
            AddKeyScreen(name, lambda: self._shell.call(lambda core: core.provider_control.key_places())), given
        )

    async def _keep_key(self, name: str, key: Secret, place: str) -> None:
        configured = self._shell.configuration.providers if self._shell.configuration else ()
        if any(provider.name == name for provider in configured):
            await self._shell.call(lambda core: core.provider_control.add_key(name, key, place=place))
        else:
            await self._shell.call(lambda core: core.provider_control.add_provider(name, key, place=place))
        await self._app.read_configuration()
        results = await self._shell.call(lambda core: core.providers.test([name]))
        from workbench.tui.providers.verbs import told

        for result in results:
            instead = " f4 then k takes another key." if result.error_kind == "auth" else ""
            self._app.tell(told(result) + instead, warning=not result.ok)

    def look_again(self) -> None:
        """Read files, environment and local servers again, and say what was found."""
        self._app.tell("Looking for keys, files and local model servers.")
        self._app.start_work(self._look(say_nothing_found=True), group="reload", exclusive=True)

    def look_quietly(self) -> None:
        """The same without a word unless somebody can be asked now; not while somebody can be asked anyway."""
        if self._shell.nobody_can_answer and not self._shell.offline:
            self._app.start_work(self._look(say_nothing_found=False), group="reload", exclusive=True)

    async def _look(self, *, say_nothing_found: bool) -> None:
        await self._shell.call(lambda core: core.reload_configuration())
        await self._app.read_configuration()
        if say_nothing_found and self._shell.nobody_can_answer:
            self._app.tell("Still nobody can be asked. k takes a key, d shows a demonstration.", warning=True)

    def tell_ready(self) -> None:
        """Somebody can be asked who could not before: say so, and let the person type."""
        if self._shell.configuration is not None:
            self._app.tell(ready_text(self._shell.configuration))

    def edit_configuration(self) -> None:
        """Open the configuration in the user's editor, and use it afterwards."""
        from workbench.tui.external import edit_file
        from workbench.tui.setup_file import ensure_configuration_file

        file = self._shell.files.config_file
        try:
            ensure_configuration_file(file)
            edit_file(self._app, file)
        except WorkbenchError as problem:
            self._app.show_failure(problem)
        self._app.start_work(self._reload(), group="reload", exclusive=True)

    async def _reload(self) -> None:
        nobody_before = self._shell.nobody_can_answer
        await self._look(say_nothing_found=False)
        configuration = self._shell.configuration
        problems = configuration.problems if configuration else ()
        if problems:
            self._app.tell("\n".join(map(str, problems[:_MOST_PROBLEMS])), warning=True)
        elif not nobody_before:
            self._app.tell("The configuration is in force.")

    def start_demonstration(self) -> None:
        """Start again with three scripted providers in a throw-away home."""
        if self._shell.demo:
            self._app.tell("This is the demonstration.")
            return
        self._app.end_asking(START_DEMONSTRATION, "Start the demonstration?", "Leave")

    def drill(self) -> None:
        """See what happens when providers fail, on stand-ins for them."""
        from workbench.tui.screens.drill import DrillScreen

        if not isinstance(self._app.screen, DrillScreen):
            self._app.push_screen(DrillScreen(self._app))
