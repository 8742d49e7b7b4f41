"""Where one provider's answer is gone on with by another: what is asked, and how the two texts meet. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workbench.providers.values import PromptMessage

HELD = 200
"""Characters of a continuation that are held back until it is clear how it meets the text before."""

LOOKED_AT = 8_000
"""Characters at the end of the text before in which a repetition is looked for."""

SHORTEST_REPETITION = 12
"""Fewer equal characters at the seam may be chance."""

SHORTEST_BEGINNING = 4
"""Characters of the beginning, at least, by which an answer that begins anew is known."""

_LAST_WORD = re.compile(r"(?<!\w)[^\W\d_]{3,}\Z")
"""A word of letters in which a text breaks off; fewer letters may double by chance."""

CERTAIN = 40
"""As many equal characters inside of the text before are no chance."""

INSTRUCTION = (
    "Your answer above was cut off by a technical failure. Go on exactly where it stops, in mid-word if it "
    "stops there. Do not repeat any of it, do not apologise, do not introduce what follows."
)


def continued_messages(messages: Sequence[PromptMessage], text: str, *, prefill: bool) -> tuple[PromptMessage, ...]:
    """The prompt with the answer so far: as its beginning where a model goes on from one, else with an instruction."""
    # Several APIs refuse a beginning that ends in white space.
    so_far = PromptMessage(role="assistant", text=text.rstrip() if prefill else text)
    if prefill:
        return (*messages, so_far)
    return (*messages, so_far, PromptMessage(role="user", text=INSTRUCTION))


class Joint:
    """Takes a continuation piece by piece and gives what is new in it: nothing that stands there already."""

    def __init__(self, before: str, *, prefill: bool = False) -> None:
        """`before` is the text that stands; with `prefill` the model got it without the white space at its end."""
        self._blank = before[len(before.rstrip()) :] if prefill else ""
        self._begins = before.strip()[:CERTAIN]
        self._tail = before[-LOOKED_AT:].rstrip() if prefill else before[-LOOKED_AT:]
        self._held = ""
        self._repeating: str | None = None
        """What of the text before the model is still expected to repeat."""
        self._open = False
        self.began_anew = False
        """Whether the model answers from the beginning instead of going on: the text before is void then."""

    def feed(self, piece: str) -> str:
        """What of it is new; empty while that is not clear."""
        if self._open:
            return piece
        self._held += piece
        return self._resolve(whole=False)

    def finish(self) -> str:
        """What is still held back, at the end of the continuation."""
        return "" if self._open else self._resolve(whole=True)

    def _resolve(self, *, whole: bool) -> str:
        if self._repeating is None:
            if len(self._held) < HELD and not whole:
                return ""
            if len(self._begins) >= SHORTEST_BEGINNING and self._held.lstrip().startswith(self._begins):
                self.began_anew = True
                return self._release(self._held)
            place = self._tail.rfind(self._held) if len(self._held) >= CERTAIN else -1
            if place < 0:
                return self._release_new()
            self._repeating = self._tail[place:]
        if self._held.startswith(self._repeating):
            # It has caught up with the text before.
            return self._release(self._held[len(self._repeating) :])
        if not self._repeating.startswith(self._held):
            return self._release_new()
        # At its end it stopped in the middle of what stands there already.
        return self._release("") if whole else ""

    def _release_new(self) -> str:
        """What does not stand at the end of the text before already."""
        overlap = _overlap(self._tail, self._held) or len(_broken_word(self._tail, self._held))
        return self._release(self._held[overlap:])

    def _release(self, text: str) -> str:
        self._open = True
        self._held = ""
        return text if self.began_anew else text.removeprefix(self._blank)


def _broken_word(before: str, after: str) -> str:
    """The unfinished word at the end of `before` when `after` begins with all of it once more; empty otherwise."""
    word = _LAST_WORD.search(before)
    return word[0] if word is not None and after.startswith(word[0]) else ""


def _overlap(before: str, after: str) -> int:
    """Length of the longest end of `before` that `after` begins with."""
    for length in range(min(len(before), len(after)), SHORTEST_REPETITION - 1, -1):
        if before.endswith(after[:length]):
            return length
    return 0
