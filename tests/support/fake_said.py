"""Conversations to be found: one with branches, some without."""

from __future__ import annotations

from typing import Any

from tests.support.fake_engine import FakeEngine
from workbench.conversations.values import Conversation, Message, Role
from workbench.core.clock import ManualClock
from workbench.providers.values import Attempt

ANSWER = """\
A **budget** caps retries as a share of requests. Three rules:

1. count per destination, not per call
2. refill `10 %` of successes

```python
budget = min(cap, budget + 0.1 * ok)
```
"""


def answered_by(name: str) -> tuple[Attempt, ...]:
    """One attempt that went well."""
    attempt = Attempt(
        ord=0, provider=name, model=f"{name}-large", state="ok", first_token_ms=800, duration_ms=1_800,
        output_tokens=412, cost_nano=4_000_000,
    )  # fmt: skip
    return (attempt,)


class Said:
    """A fake engine with what was said; the messages of the conversation with branches by short names."""

    def __init__(self) -> None:
        self._clock = clock = ManualClock()
        self.engine = FakeEngine(clock=clock)
        core = self.engine.core
        for title, pause_s in (("Trip to Lyon", 86_400 * 13), ("Log schema", 86_400), ("Postgres vacuum", 7_200)):
            other = core.store_conversation(title)
            core.store_message(other.id, Role.USER, f"Tell me about: {title}")
            clock.advance(pause_s)
        self.conversation: Conversation = core.store_conversation("Retry budgets")
        self.question = self._say(Role.USER, "How should a client pick a retry budget?", None)
        self.answer = self._say(Role.ASSISTANT, ANSWER, self.question, attempts=answered_by("alpha"))
        self.jitter = self._say(Role.USER, "and jitter?", self.answer)
        first = "Jitter spreads the retry budget of many clients.\n\nIt is full or equal."
        self.first = self._say(Role.ASSISTANT, first, self.jitter, attempts=answered_by("beta"))
        second = "Jitter spreads the budget of all clients over time.\n\nUse full jitter."
        self.second = self._say(Role.ASSISTANT, second, self.jitter, attempts=answered_by("alpha"))
        self.hedged = self._say(Role.USER, "and what about hedged requests?", self.answer)
        self.last = self._say(
            Role.ASSISTANT, "Hedge only when the retry budget has room; a hedge is a retry you send early.",
            self.hedged, attempts=answered_by("gamma"),
            extra=('{"type": "attachment", "name": "figures.pdf", "text": "p50 p95"}',),
        )  # fmt: skip

    def _say(self, role: Role, text: str, below: Message | None, **more: Any) -> Message:
        self._clock.advance(60)
        parent = below.id if below is not None else None
        return self.engine.core.store_message(self.conversation.id, role, text, parent_id=parent, **more)
