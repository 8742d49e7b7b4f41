"""Getting started: the configuration in an editor, the demonstration, the drill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.core.errors import WorkbenchError
from workbench.tui.shell import Shell
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
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
            "edit_configuration": self.edit_configuration,
            "start_demonstration": self.start_demonstration,
            "drill": self.drill,
        }

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
        await self._shell.call(lambda core: core.reload_configuration())
        await self._app.read_configuration()
        configuration = self._shell.configuration
        problems = configuration.problems if configuration else ()
        if problems:
            self._app.tell("\n".join(map(str, problems[:_MOST_PROBLEMS])), warning=True)
        elif not self._shell.nobody_can_answer:
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
