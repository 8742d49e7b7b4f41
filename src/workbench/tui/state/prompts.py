"""Earlier prompts as lines of a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.text import clean_line
from workbench.tui.glyphs import glyphs

if TYPE_CHECKING:
    from workbench.conversations.keeping.prompts import EarlierPrompt

_TEXT = 100
_TITLE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptLine:
    """One prompt."""

    text: str
    """How it begins, on one line."""
    about: str
    """How much more there is of it, when and where it was asked."""
    private: bool


def prompt_lines(prompts: Sequence[EarlierPrompt], when: Callable[[int], str]) -> list[PromptLine]:
    """A line for each; `when` tells a time of wall-clock milliseconds."""
    return [_line(prompt, when) for prompt in prompts]


def _line(prompt: EarlierPrompt, when: Callable[[int], str]) -> PromptLine:
    shown = prompt.beginning.strip()
    cut = len(shown) > _TEXT or prompt.characters > len(prompt.beginning)
    much = f"{prompt.characters:,} characters" if cut else ""
    # A conversation is named after its first prompt: saying it twice helps nobody.
    where = "" if shown.startswith(prompt.conversation.rstrip("…")) else clean_line(prompt.conversation, _TITLE)
    about = f" {glyphs().dot} ".join(part for part in (when(prompt.at_ms), where, much) if part)
    return PromptLine(text=clean_line(shown, _TEXT), about=about, private=prompt.private)
