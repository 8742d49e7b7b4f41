"""What was asked before, in all conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.content import Content
from textual.getters import query_one
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from workbench.core.text import clean_line
from workbench.tui.chat.views import moment
from workbench.tui.glyphs import glyphs
from workbench.tui.host import Host
from workbench.tui.safe import SafeStatic
from workbench.tui.screens.filter_dialog import FilterDialog
from workbench.tui.shell import Shell
from workbench.tui.state.prompts import PromptLine, prompt_lines

if TYPE_CHECKING:
    from workbench.conversations.keeping.prompts import EarlierPrompt

_PAGE = 100
_MOST = 500


class PromptsScreen(FilterDialog[str]):
    """Lists prompts, the newest first; type to narrow, enter brings one into the composer. Gives a message's id."""

    HELP = "Type a part of what you asked. Enter brings it into the composer; nothing is sent."
    CSS_PATH: ClassVar[list[str]] = ["../styles/dialogs.tcss", "../styles/prompts.tcss"]

    listed = query_one(OptionList)
    note = query_one("#prompts-note", SafeStatic)

    def __init__(self, host: Host, shell: Shell) -> None:
        """Reads through `shell`."""
        note, listed = SafeStatic("Reading…", id="prompts-note"), OptionList(id="prompts-list")
        super().__init__("prompts", "Earlier prompts", "enter use · esc back", note, listed)
        self._host, self._shell = host, shell
        self._limit = _PAGE
        self._wanted = ("", _PAGE)
        self._reading = False
        self._found: Sequence[EarlierPrompt] = ()
        self._lines: Sequence[PromptLine] = ()
        self._signed: int | None = None

    def on_mount(self) -> None:
        """List the newest."""
        self.listed.can_focus = False
        self._read()

    def _read(self) -> None:
        self._wanted = (self.field.value.strip(), self._limit)
        if not self._reading:
            self._reading = True
            self._host.start_work(self._read_wanted(), group="earlier-prompts")

    async def _read_wanted(self) -> None:
        """Read until what was read is what is wanted: a word typed fast is read once or twice, not for each letter."""
        read = None
        try:
            while self.is_attached and read != self._wanted:
                read = containing, limit = self._wanted
                found = await self._read_prompts(containing, limit)
                if self.is_attached and read == self._wanted:
                    self._show(found, containing)
        finally:
            self._reading = False

    async def _read_prompts(self, containing: str, limit: int) -> Sequence[EarlierPrompt]:
        return await self._shell.call(lambda core: core.prompts.newest(limit=limit, containing=containing))

    def _show(self, found: Sequence[EarlierPrompt], containing: str) -> None:
        marked = self.listed.highlighted or 0
        more = len(found) > len(self._found) > marked and self._limit > _PAGE
        self._found = found
        now = self._shell.clock.now_ms()
        self._lines = lines = prompt_lines(found, lambda at_ms: moment(at_ms, now))
        self._signed = None
        self.listed.clear_options()
        self.listed.add_options([Option(_prompt_content(line, current=False)) for line in lines])
        self.listed.highlighted = (marked if more else 0) if lines else None
        empty = f"Nothing that was asked contains {clean_line(containing, 60)}." if containing else ""
        self.note.show("" if lines else empty or "Nothing was asked yet.")
        self.note.display = not lines

    def narrow(self, wanted: str) -> None:
        """Read those that have it."""
        self._limit = _PAGE
        self._read()

    def take_marked(self) -> None:
        """Bring the marked one."""
        self._choose(self.listed.highlighted)

    @on(OptionList.OptionSelected, "#prompts-list")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._choose(event.option_index)

    @on(OptionList.OptionHighlighted, "#prompts-list")
    def _sign(self, event: OptionList.OptionHighlighted) -> None:
        """Mark the line with a sign too: colours alone do not tell it."""
        event.stop()
        for place, current in ((self._signed, False), (event.option_index, True)):
            if place is not None and place < len(self._lines):
                self.listed.replace_option_prompt_at_index(place, _prompt_content(self._lines[place], current=current))
        self._signed = event.option_index

    def _choose(self, place: int | None) -> None:
        if place is not None and place < len(self._found):
            self.dismiss(self._found[place].message_id)

    def action_move(self, step: int) -> None:
        """Move the mark; near the end more are read."""
        count = len(self._found)
        if not count:
            return
        place = min(max((self.listed.highlighted or 0) + step, 0), count - 1)
        self.listed.highlighted = place
        if place == count - 1 and count == self._limit < _MOST:
            self._limit += _PAGE
            self._read()


def _prompt_content(line: PromptLine, *, current: bool) -> Content:
    sign = (f"{glyphs().current} ", "$accent") if current else "  "
    private = (f"  {glyphs().private} private", "$success") if line.private else ""
    return Content.assemble(sign, (line.text, "bold"), (f"  {line.about}", "$text-muted"), private)
