"""The keys in force: the user's key map, read again whenever it changes; help, jump mode and the key doctor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.core.errors import WorkbenchError
from workbench.tui.actions.registry import ACTIONS, keymap_of
from workbench.tui.actions.values import put_in_force
from workbench.tui.application.user_files import Watched, first_of
from workbench.tui.keys.stored import StoredKeys, fingerprint_of, read_stored, registry_sum, write_stored
from workbench.tui.shell import Shell
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


class Keys:
    """Keeps the keys of the registry and those of Textual the same."""

    def __init__(self, app: WorkbenchApp, shell: Shell) -> None:
        """The keys that were stored are in force at once, those of a changed file after the first paint."""
        self._app, self._shell = app, shell
        file = shell.files.keymap_file
        stored = read_stored(shell.files.keys_cache_file) if fingerprint_of(file) else StoredKeys()
        checked = bool(stored.fingerprint) and stored.registry == registry_sum(ACTIONS)
        self._stored = stored if checked else StoredKeys()
        self.watched = Watched(lambda: fingerprint_of(file), self._stored.fingerprint, self._read)
        put_in_force(self._stored.keys)

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {
            "show_help": self.show_help,
            "jump": self.jump,
            "edit_keymap": self.edit_keymap,
            "key_doctor": self.key_doctor,
        }

    def begin(self) -> None:
        """Tell Textual, before a key can come."""
        self._app.set_keymap(keymap_of(self._stored.keys))

    def painted(self) -> None:
        """Tell what is wrong in the file, as far as it is known."""
        if self._stored.problems:
            self._tell(self._stored)

    async def _read(self) -> None:
        from workbench.tui.keys.reading import read_keys

        keymap = await asyncio.to_thread(read_keys, self._shell.files.keymap_file)
        problems = tuple(map(str, keymap.problems))
        before, self._stored = self._stored, StoredKeys(
            fingerprint=str(self.watched.seen), registry=registry_sum(ACTIONS), keys=dict(keymap.keys),
            problems=problems,
        )  # fmt: skip
        if self._stored.keys != before.keys:
            self._put_in_force()
        if problems:
            self._tell(self._stored)
        elif keymap.warnings:
            self._tell(self._stored, tuple(map(str, keymap.warnings)))
        elif before.problems:
            self._app.tell("Every entry of keymap.yaml is in force.")
        if not self._shell.demo:
            await asyncio.to_thread(write_stored, self._shell.files.keys_cache_file, self._stored)

    def _put_in_force(self) -> None:
        put_in_force(self._stored.keys)
        self._app.set_keymap(keymap_of(self._stored.keys))
        self._app.chat.refresh_chrome()
        # Other panes compare their keys when they are shown.
        for line in self._app.screen.query("TabBar, StatusBar"):
            line.refresh()

    def _tell(self, stored: StoredKeys, warnings: tuple[str, ...] = ()) -> None:
        problems = stored.problems or warnings
        file = self._shell.files.keymap_file
        lines = first_of(
            [one.replace(f"{file}:", f"{file.name}:", 1) for one in problems], ": workbench config validate"
        )
        rest = "all" if warnings else "the rest" if stored.keys else "nothing"
        self._app.tell("\n".join([*lines, f"/keymap opens the file; {rest} of it is in force."]), warning=True)

    def edit_keymap(self) -> None:
        """Open the key map in the user's editor; it takes effect when that is left."""
        from workbench.tui.external import edit_file
        from workbench.tui.keys.reading import TEMPLATE
        from workbench.tui.setup_file import ensure_file

        file = self._shell.files.keymap_file
        try:
            ensure_file(file, TEMPLATE)
            edit_file(self._app, file)
        except WorkbenchError as problem:
            self._app.show_failure(problem)
        self._app.user_files.look()

    def show_help(self) -> None:
        """Help for what has the focus, over dialogs too."""
        from workbench.tui.screens.help import HelpScreen, help_for

        if not isinstance(self._app.screen, HelpScreen):
            self._app.push_screen(help_for(self._app.screen, on_chat=self._app.screen is self._app.chat))

    def jump(self) -> None:
        """Print a letter on everything that can have the focus; the next key goes there."""
        from workbench.tui.screens.jump import JumpScreen, jumped

        if isinstance(self._app.screen, JumpScreen):
            self._app.screen.dismiss(None)
        else:
            self._app.push_screen(JumpScreen(self._app.screen), jumped(self._app))

    def key_doctor(self) -> None:
        """Show what arrives for a key, and what becomes of it."""
        from workbench.tui.screens.key_doctor import KeyDoctorScreen

        if not isinstance(self._app.screen, KeyDoctorScreen):
            self._app.push_screen(KeyDoctorScreen())
