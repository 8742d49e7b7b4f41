"""How large a prompt will be and what it will cost, before it is sent: bounds and usual figures, no tokenizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.state.badges import money

_CHARACTERS_A_TOKEN = 4
_TOKENS_A_BYTE_MORE = 3 / 8
"""Of each byte that a character has beyond its first: so a Chinese character is a token, a Cyrillic letter 0.6."""
_TOKENS_A_MESSAGE = 4
"""What surrounds a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSize:
    """Everything that the model would read."""

    messages: int = 0
    characters: int = 0
    bytes: int = 0
    """In UTF-8."""

    def __add__(self, other: PromptSize) -> PromptSize:
        """Both together."""
        return PromptSize(
            messages=self.messages + other.messages,
            characters=self.characters + other.characters,
            bytes=self.bytes + other.bytes,
        )

    @property
    def usual_tokens(self) -> int:
        """About as many as tokenizers make of ordinary text: a token for four characters."""
        more = (self.bytes - self.characters) * _TOKENS_A_BYTE_MORE
        return math.ceil(self.characters / _CHARACTERS_A_TOKEN + more) + self.messages * _TOKENS_A_MESSAGE

    @property
    def most_tokens(self) -> int:
        """No tokenizer makes more of them than there are bytes."""
        return self.bytes + self.messages * _TOKENS_A_MESSAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Somebody who may answer; None is unknown."""

    name: str
    context_window: int | None = None
    """Tokens."""
    input_nano: float | None = None
    """Nano-dollars a token of the prompt."""


class Fit(StrEnum):
    """Whether a prompt can be held."""

    FITS = "fits"
    """By whoever is asked first, whatever the tokenizer."""
    LIKELY = "likely"
    """By the usual figures, or windows are not known."""
    PASSED_OVER = "passed over"
    """Not by whoever is asked first, but by somebody else."""
    TOO_LONG = "too long"
    """By nobody, or not by the one that was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What can be said before a prompt is sent."""

    tokens: int
    """The usual figure."""
    most_tokens: int
    fit: Fit
    window: int | None = None
    """Of the one that would answer; where nobody can, the largest."""
    cost_nano: int | None = None
    """Of the prompt alone, by the usual figure; None when the price is not known."""
    too_small: str = ""
    """Whose window is too small, where that is one."""

    @property
    def nobody_can_hold_it(self) -> bool:
        """Whether sending it would be in vain."""
        return self.fit is Fit.TOO_LONG

    @property
    def too_small_somewhere(self) -> bool:
        """Whether somebody who would be asked cannot hold it."""
        return self.fit in (Fit.TOO_LONG, Fit.PASSED_OVER)

    def words(self, *, short: bool = False) -> str:
        """`~1.2k/200k tok ~$0.0036` for a border; a prompt that is too long is told with a sign and a word."""
        about = f"~{amount(self.tokens)}"
        if self.nobody_can_hold_it:
            room = f" ({amount(self.window)})" if self.window else ""
            whom = f"{self.too_small or 'everybody'}{room}"
            return f"{glyphs().slow} too long" if short else f"{glyphs().slow} {about} tok, too long for {whom}"
        if short:
            return f"{about} tok"
        window = f"/{amount(self.window)}" if self.window else ""
        price = f" ~{money(self.cost_nano)}" if self.cost_nano else ""
        passed = drawn(f" · too long for {self.too_small}") if self.too_small_somewhere else ""
        return f"{about}{window} tok{price}{passed}"


def estimate_of(size: PromptSize, answerers: Sequence[Answerer], *, pinned: bool) -> Estimate:
    """What a prompt of this size means for those who may answer, first choice first; `pinned`: the first was chosen."""
    tokens, most = size.usual_tokens, size.most_tokens
    able = [each for each in answerers if each.context_window is None or tokens <= each.context_window]
    small = answerers[0] if answerers and answerers[0] not in able else None
    if answerers and (not able or (pinned and small is not None)):
        window = answerers[0].context_window if pinned else max(each.context_window or 0 for each in answerers)
        name = answerers[0].name if pinned or len(answerers) == 1 else ""
        return Estimate(tokens=tokens, most_tokens=most, fit=Fit.TOO_LONG, window=window, too_small=name)
    chosen = able[0] if able else Answerer(name="")
    sure = chosen.context_window is not None and most <= chosen.context_window
    fit = Fit.PASSED_OVER if small is not None else Fit.FITS if sure else Fit.LIKELY
    return Estimate(
        tokens=tokens,
        most_tokens=most,
        fit=fit,
        window=chosen.context_window,
        cost_nano=None if chosen.input_nano is None else round(chosen.input_nano * tokens),
        too_small=small.name if small is not None else "",
    )


def amount(tokens: int) -> str:
    """`850`, `1.2k`, `200k`, `1.0M`."""
    if tokens < 1000:
        return str(tokens)
    if tokens < 10_000:
        return f"{tokens / 1000:.1f}k"
    return f"{tokens / 1000:.0f}k" if tokens < 999_500 else f"{tokens / 1_000_000:.1f}M"
