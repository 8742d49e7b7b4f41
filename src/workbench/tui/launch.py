"""Runs the full-screen application: the engine and the screens, from first paint to exit code."""

from __future__ import annotations

import gc
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.config.paths import Paths

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp
    from workbench.tui.core_link import CoreLink

EXIT_USAGE = 2
STOP_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FullScreenOptions:
    """What the command line decides."""

    paths: Paths
    profile: str | None = None
    offline: bool = False
    demo: bool = False
    conversation: str | None = None
    """Id, unique prefix or `last`; None opens what was open last."""
    theme: str | None = None
    """Name of a theme, instead of the remembered one."""
    ascii_only: bool = False
    """Draw with ASCII signs only."""
    told: str = ""
    """What is said at the start."""


def run_full_screen(options: FullScreenOptions) -> int:
    """Run until the user leaves; the exit code. The demonstration and a restored backup begin anew from inside."""
    if not _is_terminal():
        sys.stderr.write("workbench needs a terminal; `workbench ask` works without one\n")
        return EXIT_USAGE
    # Nothing that is made before the first paint is garbage; the application switches collection on after it.
    gc.disable()
    from workbench.tui.application.restoring import START_RESTORED, put_back
    from workbench.tui.application.setup import START_DEMONSTRATION

    while True:
        app = build_app(options)
        code = _run_once(app)
        if code == START_DEMONSTRATION and not options.demo:
            options = replace(options, demo=True, offline=False, conversation=None, told="")
        elif code == START_RESTORED and app.to_restore is not None:
            told = put_back(options.paths.database, app.to_restore)
            options = replace(options, conversation=None, told=told)
        else:
            return code


def _is_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__))


def _run_once(app: WorkbenchApp) -> int:
    try:
        result = app.run()
    finally:
        if app.shell.link is not None:
            app.shell.link.stop(STOP_TIMEOUT_S)
        app.ended_in_order()
    if app.return_code:
        return app.return_code
    return result if result is not None else 0


def _engine(options: FullScreenOptions) -> CoreLink:
    from workbench.engine.engine import Engine
    from workbench.engine.options import EngineOptions

    return Engine(
        EngineOptions(
            paths=options.paths,
            profile=options.profile,
            offline=options.offline,
            demo=options.demo,
            warm=not options.offline,
            watch=not options.offline,
            upkeep=not options.demo,
            titles=True,
        )
    )


def build_app(options: FullScreenOptions) -> WorkbenchApp:
    """The application; its engine is made after the first paint."""
    from workbench.tui.app import WorkbenchApp
    from workbench.tui.glyphs import choose_glyphs
    from workbench.tui.shell import Shell, ShellFiles
    from workbench.tui.ui_state import read_ui_state

    choose_glyphs(ascii_only=options.ascii_only)
    remembered = read_ui_state(options.paths.ui_state_file)
    if options.demo:
        remembered = replace(remembered, conversation_id="")
    if options.theme is not None:
        remembered = replace(remembered, theme=options.theme)
    shell = Shell(
        make_link=lambda: _engine(options),
        files=ShellFiles(
            config_file=options.paths.config_file,
            ui_state_file=options.paths.ui_state_file,
            state_dir=options.paths.state_dir,
            themes_dir=options.paths.themes_dir,
        ),
        offline=options.offline,
        demo=options.demo,
        remembered=remembered,
    )
    return WorkbenchApp(shell, conversation=options.conversation, told=options.told, in_terminal=True)
