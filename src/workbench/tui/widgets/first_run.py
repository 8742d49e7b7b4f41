"""What is shown instead of an empty transcript when nobody could answer: two ways on, one key each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.glyphs import glyphs
from workbench.tui.safe import SafeStatic

_MOST_NOTES = 6


class FirstRun(VerticalScroll, can_focus=True):
    """Offers to write a configuration or to start the demonstration."""

    HELP = "Nobody can answer yet. e opens the configuration file in your editor, d starts the demonstration."
    BORDER_TITLE = "Welcome"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "app.edit_configuration", "Edit the configuration", show=False),
        Binding("d", "app.start_demonstration", "Start the demonstration", show=False),
    ]

    def compose(self) -> list[SafeStatic]:
        """One text."""
        return [SafeStatic(id="first-run-text")]

    def explain(self, config_file: str, notes: Sequence[str]) -> None:
        """Say what is missing; `notes` are sentences about providers that lack something."""
        signs = glyphs()
        lines = [
            Content.assemble((f"{signs.slow} No provider can be asked yet.", "bold $warning")),
            Content.assemble(("  e  ", "bold $accent"), "edit the configuration file"),
            Content.assemble(("  d  ", "bold $accent"), "start the demonstration"),
            Content(""),
            Content("History, events and drafts work; an answer needs a provider."),
            Content.styled(f"The file is {clean_line(config_file)}", "$text-muted"),
            Content.styled("The demonstration has three scripted providers and needs no key.", "$text-muted"),
            Content.styled(
                "A key in the environment (OPENAI_API_KEY, ANTHROPIC_API_KEY and so on) or a local server "
                "(Ollama, LM Studio, llama.cpp, vLLM) is found by itself at the next start.", "$text-muted",
            ),
        ]  # fmt: skip
        if notes:
            lines += [Content(""), *(Content(f"{signs.dot} {clean_line(note)}") for note in notes[:_MOST_NOTES])]
        self.query_one("#first-run-text", SafeStatic).show(Content("\n").join(lines))
