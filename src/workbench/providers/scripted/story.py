"""What a user would have seen of one prompt, told from the events and parts of its answer. Pure."""

from __future__ import annotations

from dataclasses import replace

from workbench.core.events import AttemptEnded, AttemptStarted, Event, FirstToken, Level
from workbench.core.provider_events import BreakerChanged, KeyChanged, RequestWaiting
from workbench.core.text import clean_line
from workbench.providers.scripted.drill_values import DrillLine, Tone
from workbench.providers.values import (
    Answered,
    AnswerPart,
    BrokenStream,
    Continued,
    ErrorKind,
    Restarted,
    TextPart,
)

LONGEST_LINE = 300
"""Characters."""

Happening = Event | AnswerPart | BrokenStream


class Story:
    """Takes what happens, one after the other, and gives lines."""

    def __init__(self, *, began_ms: int, first_token_s: float) -> None:
        """`first_token_s` is how long the configuration would wait for a first token."""
        self._began_ms = began_ms
        self._first_token_s = first_token_s
        self._learned: list[DrillLine] = []
        self.text = ""
        """What stands of the answer."""
        self.answered: Answered | None = None
        """How it ended; None before."""

    def take(self, happening: Happening, at_ms: int) -> list[DrillLine]:
        """The lines for one thing that happened."""
        since_ms = max(0, at_ms - self._began_ms)
        match happening:
            case TextPart():
                self.text += "" if happening.reasoning else happening.text
                return []
            case AttemptEnded():
                lines = [_line(happening.text(), since_ms, _tone(happening)), *self._what_was_learned(since_ms)]
                if happening.error_kind == ErrorKind.FIRST_TOKEN_TIMEOUT:
                    lines.append(
                        DrillLine(text=f"your configuration would wait {self._first_token_s:g} s here", tone=Tone.NOTE)
                    )
                return lines
            case BreakerChanged(after="half_open"):
                return [_line(_breaker(happening), since_ms)]
            case BreakerChanged():
                # This and the next follow from the attempt that has just ended, which is told a moment later.
                self._learned.append(_line(_breaker(happening), since_ms, _tone(happening)))
                return []
            case KeyChanged():
                self._learned.append(_line(_key(happening), since_ms, _tone(happening)))
                return []
            case AttemptStarted() | FirstToken() | RequestWaiting():
                return [_line(happening.text(), since_ms)]
            case BrokenStream():
                return [_line(_asked(happening), since_ms, Tone.TROUBLE)]
            case Restarted():
                characters, self.text = len(self.text), ""
                what = f"the {characters} characters of {happening.provider} are set aside"
                return [_line(f"{what}, another answers from the start", since_ms)]
            case Continued():
                what = f"{happening.provider} goes on where {happening.after} broke off"
                return [_line(f"{what}, after {len(self.text)} characters", since_ms)]
            case Answered():
                self.answered = happening
                return [*self._what_was_learned(since_ms), self._end(happening, since_ms)]
            case _:
                return []

    def _what_was_learned(self, at_ms: int) -> list[DrillLine]:
        learned, self._learned = self._learned, []
        return [replace(line, at_ms=at_ms) for line in learned]

    def _end(self, answered: Answered, since_ms: int) -> DrillLine:
        if answered.complete:
            return _line(f"the answer is complete: {len(self.text)} characters", since_ms, Tone.GOOD)
        if self.text:
            text = f"{len(self.text)} characters are kept, marked as not complete: {answered.reason}"
            return _line(text, since_ms, Tone.TROUBLE)
        return _line(answered.reason, since_ms, Tone.TROUBLE)


def _breaker(event: BreakerChanged) -> str:
    change = f"{event.before} → {event.after}".replace("half_open", "half-open")
    return f"breaker of {event.provider}: {change}{f', {event.reason}' if event.reason else ''}"


def _key(event: KeyChanged) -> str:
    who = f"key {event.key_ref} of {event.provider}" if event.key_ref else event.provider
    return f"{who}: {event.state}{f', {event.reason}' if event.reason else ''}"


def _asked(broken: BrokenStream) -> str:
    ways = f"continue with {broken.next_provider}, restart there, or keep {broken.characters} characters"
    return f"you would be asked: {ways}; here the answer is: continue"


def _tone(event: Event) -> Tone:
    if isinstance(event, AttemptEnded) and event.state == "ok":
        return Tone.GOOD
    return Tone.TROUBLE if event.severity >= Level.WARNING else Tone.PLAIN


def _line(text: str, at_ms: int, tone: Tone = Tone.PLAIN) -> DrillLine:
    return DrillLine(text=clean_line(text, LONGEST_LINE), tone=tone, at_ms=at_ms)
