"""What the parts of the chat pane share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.tui.chat.composing import Composing
from workbench.tui.chat.desk import Desk
from workbench.tui.chat.dialogs import OpenDialog
from workbench.tui.chat.transcript_feed import TranscriptFeed
from workbench.tui.host import Host
from workbench.tui.shell import Shell
from workbench.tui.widgets.composer import Composer
from workbench.tui.widgets.transcript import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """Given to a part when the pane is mounted."""

    host: Host
    shell: Shell
    desk: Desk
    transcript: Transcript
    composer: Composer
    feed: TranscriptFeed
    composing: Composing
    open_dialog: OpenDialog
    redraw: Callable[[], None]
    """Draw everything around the transcript again."""
    show_slot: Callable[[], None]
    """Show what lies open on the desk, anew."""
