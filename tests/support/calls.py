"""Calls of the LiteLLM client against a double, what was heard of them, and the faults that have a name."""

from __future__ import annotations

import traceback
from contextlib import aclosing

from tests.support.doubles import (
    Behaviour,
    FaultyProvider,
    content_policy,
    context_window,
    garbage,
    hostile_error,
    html,
    in_band_error,
    quota,
    rate_limited,
    reset,
    reset_at_once,
    server_error,
    silence,
    stall,
    status,
    unauthorized,
)
from workbench.config.values import Provider
from workbench.core.secret import Secret
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.values import (
    AttemptFailure,
    ErrorKind,
    Finish,
    ModelCall,
    PromptMessage,
    TextPart,
    Timeouts,
    ToolPart,
)

CANARY = "canary-0f1e2d3c4b5a6978"
"""The key of every call: it must turn up nowhere but at the double."""


def call(
    double: FaultyProvider | str, *, kind: str = "openai", model: str = "gpt-4o-mini", total_s: float = 5.0
) -> ModelCall:
    base_url = double if isinstance(double, str) else double.base_url
    return ModelCall(
        provider=Provider(name="p", kind=kind, base_url=base_url, models=(model,)),
        model=model,
        api_key=Secret(CANARY),
        messages=(PromptMessage(role="system", text="be brief"), PromptMessage(role="user", text="hi")),
        max_tokens=64,
        temperature=0.5,
        timeouts=Timeouts(total_s=total_s),
    )


class Heard:
    """All of one stream."""

    def __init__(self) -> None:
        self.text = ""
        self.reasoning = ""
        self.tool_pieces = 0
        self.finish: Finish | None = None
        self.failure: AttemptFailure | None = None


async def hear(client: LiteLLMClient, asked: ModelCall) -> Heard:
    heard = Heard()
    try:
        async with aclosing(client.stream(asked)) as parts:
            async for part in parts:
                assert heard.finish is None, "something came after the finish"
                match part:
                    case TextPart(text=text, reasoning=True):
                        heard.reasoning += text
                    case TextPart(text=text):
                        heard.text += text
                    case ToolPart():
                        heard.tool_pieces += 1
                    case Finish():
                        heard.finish = part
    except AttemptFailure as failure:
        heard.failure = failure
    assert (heard.finish is None) != (heard.failure is None)
    return heard


def everything_about(problem: BaseException) -> str:
    """The whole chain as any handler could print it."""
    told = ["".join(traceback.format_exception(problem)), repr(problem), str(problem), repr(vars(problem))]
    link: BaseException | None = problem
    while link is not None:
        told += [repr(link), str(link), repr(vars(link))]
        link = link.__cause__ or link.__context__
    return "\n".join(told)


FAULTS: dict[str, tuple[Behaviour, ErrorKind, int | None]] = {
    "429": (rate_limited("7"), ErrorKind.RATE_LIMITED, 429),
    "500": (server_error(), ErrorKind.SERVER_ERROR, 500),
    "503": (server_error(503), ErrorKind.SERVER_ERROR, 503),
    "529": (server_error(529), ErrorKind.SERVER_ERROR, 529),
    "401": (unauthorized(), ErrorKind.AUTH, 401),
    "403": (unauthorized(403), ErrorKind.AUTH, 403),
    "404": (status(404), ErrorKind.BAD_REQUEST, 404),
    "422": (status(422), ErrorKind.BAD_REQUEST, 422),
    "402": (quota(), ErrorKind.QUOTA, 402),
    "429 quota": (quota(429), ErrorKind.QUOTA, 429),
    "context": (context_window(), ErrorKind.CONTEXT_WINDOW, 400),
    "policy": (content_policy(), ErrorKind.CONTENT_POLICY, 400),
    "hostile": (hostile_error(size=5000), ErrorKind.BAD_REQUEST, 400),
    "html 502": (html(502), ErrorKind.SERVER_ERROR, 502),
    "reset": (reset_at_once(), ErrorKind.CONNECTION, None),
    "garbage": (garbage(), ErrorKind.BROKEN_STREAM, None),
    "garbage later": (garbage(2), ErrorKind.BROKEN_STREAM, None),
    "error later": (in_band_error(2), ErrorKind.SERVER_ERROR, None),
    "429 inside": (in_band_error(0, "slow down", 429), ErrorKind.RATE_LIMITED, None),
    "rst later": (reset(2), ErrorKind.CONNECTION, None),
    "silence": (silence(), ErrorKind.TIMEOUT, None),
    "stall": (stall(2), ErrorKind.TIMEOUT, None),
}
