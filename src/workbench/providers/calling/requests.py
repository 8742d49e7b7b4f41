"""From a call of ours to the arguments of LiteLLM: messages, tools, a beginning to go on from. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from workbench.providers.calling.kinds import Prefill, base_url_of, kind_of, known_as, routed_model
from workbench.providers.values import ModelCall, PromptMessage, ToolCall, ToolSpec

CONNECT_TIMEOUT_S = 5.0

NO_PARAMETERS: dict[str, object] = {"type": "object", "properties": {}}


def timeout_of(total_s: float) -> dict[str, float]:
    """Limits of one request for the HTTP layer; the attempt loop keeps the time, this is the net under it."""
    return {"connect": min(CONNECT_TIMEOUT_S, total_s), "read": total_s, "write": total_s, "pool": total_s}


def answer_arguments(call: ModelCall) -> dict[str, object]:
    """What a streamed answer is asked for with, but for address, time limits and HTTP client."""
    kind = kind_of(call.provider.kind)
    arguments: dict[str, object] = {
        "model": routed_model(call.provider, call.model),
        "messages": messages_of(call.messages),
        "stream": True,
        "drop_params": True,
    }
    if kind.usage_option:
        arguments["stream_options"] = {"include_usage": True}
    if call.max_tokens is not None:
        arguments["max_tokens"] = call.max_tokens
    if call.temperature is not None:
        arguments["temperature"] = call.temperature
    if call.tools:
        arguments["tools"] = [_tool(tool) for tool in call.tools]
    if call.prefill and call.messages:
        arguments |= _prefilled(call)
    return arguments


def messages_of(messages: Sequence[PromptMessage]) -> list[dict[str, object]]:
    """Messages in OpenAI's format, which LiteLLM translates for the others."""
    return [_message(message) for message in messages]


def _message(message: PromptMessage) -> dict[str, object]:
    sent: dict[str, object] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        sent["tool_calls"] = [_call(call) for call in message.tool_calls]
        # Several providers refuse an empty text beside calls.
        sent["content"] = message.text or None
    if message.tool_call_id is not None:
        sent["tool_call_id"] = message.tool_call_id
    return sent


def _call(call: ToolCall) -> dict[str, object]:
    arguments = "{}"
    # A model may have written broken JSON; sent back as it is, it would make every later request fail.
    with suppress(ValueError, RecursionError):
        if isinstance(json.loads(call.arguments), dict):
            arguments = call.arguments
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _tool(tool: ToolSpec) -> dict[str, object]:
    parameters = dict(tool.parameters) or NO_PARAMETERS
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def _prefilled(call: ModelCall) -> dict[str, object]:
    """How this kind is told that the last message is the beginning of its answer."""
    match kind_of(call.provider.kind).prefill:
        case Prefill.PREFIX:
            messages = messages_of(call.messages)
            messages[-1]["prefix"] = True
            changed: dict[str, object] = {"messages": messages}
            if known_as(call.provider.kind) == "deepseek":
                base_url = base_url_of(call.provider) or ""
                changed["api_base"] = f"{base_url.removesuffix('/v1').removesuffix('/beta')}/beta"
            return changed
        case Prefill.CONTINUE:
            return {"extra_body": {"continue_final_message": True, "add_generation_prompt": False}}
        case _:
            return {}
