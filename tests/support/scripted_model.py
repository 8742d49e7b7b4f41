"""A chat model that follows a script, for tests of what stands above the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from workbench.config.values import Provider
from workbench.core.secret import Secret
from workbench.providers.calling.classification import CAUSES
from workbench.providers.values import AttemptFailure, ErrorKind, Finish, ModelCall, ModelPart, TextPart, Usage

Step = ModelPart | AttemptFailure | asyncio.Event | float
"""A part to yield, a failure to raise, a gate to wait for, or seconds to let pass."""


def says(*texts: str, reason: str | None = "stop") -> list[Step]:
    """The script of a whole answer; `reason=None` is a cut one."""
    return [*(TextPart(text=t) for t in texts), Finish(reason=reason, usage=Usage(input_tokens=3, output_tokens=5))]


def fails(kind: ErrorKind, *, status: int | None = None, retry_after_s: float | None = None) -> AttemptFailure:
    """A failure of this kind, as the client would raise it."""
    return AttemptFailure(kind, f"it {kind.value}", cause=CAUSES[kind], http_status=status, retry_after_s=retry_after_s)


def provider(name: str, *, priority: int = 1, retries: int = 0) -> Provider:
    """A usable provider with one model."""
    return Provider(
        name=name,
        kind="openai",
        models=(f"{name}-1",),
        api_keys=(Secret(f"key-of-{name}"),),
        priority=priority,
        max_retries=retries,
    )


@dataclass
class ScriptedModel:
    """Answers each provider's calls from its script; the last script repeats."""

    scripts: dict[str, list[Sequence[Step]]]
    calls: list[ModelCall] = field(default_factory=list[ModelCall])
    closed: int = 0
    prepared: int = 0
    on_call: Callable[[ModelCall], None] | None = None

    async def prepare(self) -> None:
        """Count."""
        self.prepared += 1

    async def aclose(self) -> None:
        """Nothing to close."""

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelPart, None]:
        """Follow the provider's next script."""
        self.calls.append(call)
        if self.on_call is not None:
            self.on_call(call)
        scripts = self.scripts[call.provider.name]
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        try:
            for step in script:
                match step:
                    case AttemptFailure():
                        raise step
                    case asyncio.Event():
                        await step.wait()
                    case float() | int():
                        await asyncio.sleep(step)
                    case _:
                        yield step
                        await asyncio.sleep(0)
        finally:
            self.closed += 1
