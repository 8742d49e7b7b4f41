"""The shape of a configuration: one model a section, every field with its bounds and what would be right in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from workbench.config.tree import KeyPath, Loose, Node, kind_of_value, nearest, plain, problem_at, unknown_key
from workbench.config.values import FallbackStrategy, OnBrokenStream, Problem

LONGEST_WAIT_S = 3600.0
MAX_MODELS = 200
M = TypeVar("M", bound=BaseModel)


def _number(value: object) -> object:
    if isinstance(value, Loose):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("wrong_kind", "a number")
    return value


def _whole(value: object) -> object:
    if isinstance(value, float):
        raise PydanticCustomError("wrong_kind", "a whole number")
    return _number(value)


def _truth(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, Loose) and value.strip().lower() in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        return value.strip().lower()
    raise PydanticCustomError("wrong_kind", "true or false")


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_kind", "text")
    stripped = value.strip()
    if not stripped:
        raise PydanticCustomError("empty", "text")
    return stripped


def _one_or_many(value: object) -> object:
    if isinstance(value, Loose) and "," in value:
        return [part.strip() for part in value.split(",") if part.strip()]
    return cast("list[object]", value) if isinstance(value, list) else [value]


Seconds = Annotated[float, BeforeValidator(_number), Field(gt=0, le=LONGEST_WAIT_S, allow_inf_nan=False)]
Text = Annotated[str, BeforeValidator(_text), Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Url = Annotated[str, BeforeValidator(_text), Field(max_length=2000)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_one_or_many), Field(max_length=MAX_MODELS)]
Models = Annotated[tuple[Text, ...], BeforeValidator(_one_or_many), Field(min_length=1, max_length=MAX_MODELS)]

_WAIT = f"a number of seconds, more than 0 and at most {LONGEST_WAIT_S:.0f}"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SettingsSection(_Section):
    """`settings:`; the defaults are those of `Settings`."""

    default_provider: Text | None = Field(None, description="the name of a provider, or nothing")
    fallback_strategy: FallbackStrategy = Field(
        FallbackStrategy.PRIORITY, description="one of " + ", ".join(FallbackStrategy)
    )
    on_broken_stream: OnBrokenStream = Field(OnBrokenStream.ASK, description="one of " + ", ".join(OnBrokenStream))
    request_timeout: Seconds = Field(60.0, description=_WAIT)
    first_token_timeout: Seconds = Field(15.0, description=_WAIT)
    stall_timeout: Seconds = Field(20.0, description=_WAIT)
    max_tokens: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=2_000_000)] = Field(
        4096, description="a whole number from 1 to 2000000"
    )
    temperature: Annotated[float, BeforeValidator(_number), Field(ge=0, le=2, allow_inf_nan=False)] = Field(
        0.7, description="a number from 0 to 2"
    )
    max_concurrent_requests: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=1000)] = Field(
        10, description="a whole number from 1 to 1000"
    )
    health_check_interval: Annotated[float, BeforeValidator(_number), Field(ge=0, le=86_400, allow_inf_nan=False)] = (
        Field(30.0, description="a number of seconds from 0 (off) to 86400")
    )
    model_titles: Truth = Field(False, description="true or false")
    trash_days: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=36_500)] = Field(
        0, description="a whole number of days from 0 (kept until you purge) to 36500"
    )
    event_days: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=36_500)] = Field(
        0, description="a whole number of days from 0 (kept until you prune) to 36500"
    )
    context_window_fallback: Names = Field((), description="a list of providers, or of provider/model names")
    content_policy_fallback: Names = Field((), description="a list of providers, or of provider/model names")


class ProviderSection(_Section):
    """One provider; `api_key` is read apart, because its text must never reach an error message."""

    kind: Text | None = Field(None, description="a LiteLLM provider name, e.g. openai, ollama, openai-compatible")
    base_url: Url | None = Field(None, description="an http or https URL without user, password or query")
    models: Models = Field((), description="a list of model names, the default first", validate_default=False)
    priority: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=1000)] = Field(
        1, description="a whole number from 0 to 1000, the smallest is tried first"
    )
    weight: Annotated[float, BeforeValidator(_number), Field(ge=0, le=1000, allow_inf_nan=False)] = Field(
        1.0, description="a number from 0 to 1000"
    )
    timeout: Seconds | None = Field(None, description=_WAIT)
    max_retries: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=10)] = Field(
        2, description="a whole number from 0 to 10"
    )
    rate_limit: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=1_000_000)] | None = Field(
        None, description="requests a minute, a whole number from 1 to 1000000"
    )
    token_limit: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=1_000_000_000)] | None = Field(
        None, description="tokens a minute, a whole number from 1 to 1000000000"
    )
    max_concurrent: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=1000)] | None = Field(
        None, description="a whole number from 1 to 1000"
    )
    key_rate_limit: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=1_000_000)] | None = Field(
        None, description="requests a minute with each key, a whole number from 1 to 1000000"
    )
    key_token_limit: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=1_000_000_000)] | None = Field(
        None, description="tokens a minute with each key, a whole number from 1 to 1000000000"
    )
    key_max_concurrent: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=1000)] | None = Field(
        None, description="requests at once with each key, a whole number from 1 to 1000"
    )
    context_window: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=100_000_000)] | None = Field(
        None, description="tokens that its models hold, a whole number from 1 to 100000000"
    )
    api_version: Text | None = Field(None, description="the version of Azure's interface, e.g. 2025-02-01-preview")
    enabled: Truth = Field(True, description="true or false")
    private: Truth | None = Field(None, description="true or false")


API_KEY = "api_key"
SECTIONS = ("settings", "providers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A section's valid part, and the keys whose values were refused."""

    refused: frozenset[str]
    problems: tuple[Problem, ...]


def check(model: type[M], entries: dict[str, Node], path: KeyPath) -> tuple[M, Checked]:
    """Validate a section; what is refused gives way to what it was laid over, else to the default."""
    remaining = dict(entries)
    refused: set[str] = set()
    problems: list[Problem] = []
    while True:
        try:
            section = model.model_validate({key: plain(node) for key, node in remaining.items()})
        except ValidationError as error:
            for name, details in _first_of_each(error).items():
                node = remaining.pop(name)
                problems.append(_problem(model, node, (*path, name), details))
                if details["type"] == "extra_forbidden":
                    continue
                refused.add(name)
                instead = _without_item(node, details) or node.under
                if instead is not None:
                    remaining[name] = instead
        else:
            return section, Checked(refused=frozenset(refused), problems=tuple(problems))


def _item(node: Node, details: ErrorDetails) -> int | None:
    """The index of the list's item that is wrong, when it is one item."""
    index = details["loc"][1] if len(details["loc"]) > 1 else None
    return index if isinstance(index, int) and isinstance(node.value, list) and index < len(node.value) else None


def _without_item(node: Node, details: ErrorDetails) -> Node | None:
    index = _item(node, details)
    if index is None or not isinstance(node.value, list) or len(node.value) == 1:
        return None
    return replace(node, value=[item for i, item in enumerate(node.value) if i != index])


def _first_of_each(error: ValidationError) -> dict[str, ErrorDetails]:
    found: dict[str, ErrorDetails] = {}
    for details in error.errors(include_url=False, include_input=False):
        found.setdefault(str(details["loc"][0]), details)
    return found


def _problem(model: type[BaseModel], node: Node, path: KeyPath, details: ErrorDetails) -> Problem:
    name = str(path[-1])
    if details["type"] == "extra_forbidden":
        known = {*model.model_fields, API_KEY} if model is ProviderSection else {*model.model_fields}
        return unknown_key(node.key_place, path, known)
    place = node.place
    value = node.value
    index = _item(node, details)
    if index is not None and isinstance(value, list):
        place, path, value = value[index].place, (*path, index), value[index].value
    expected = model.model_fields[name].description or ""
    return problem_at(place, path, _what_is_wrong(details, value), expected)


def _what_is_wrong(details: ErrorDetails, value: object) -> str:
    match details["type"]:
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal" | "finite_number":
            return "the number is out of range"
        case "enum" | "literal_error":
            expected = str(details.get("ctx", {}).get("expected", ""))
            words = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
            meant = nearest(str(value), [word.replace("-", "_") for word in words]) if isinstance(value, str) else None
            original = next((word for word in words if meant and word.replace("-", "_") == meant), None)
            return "not one of the known words" + (f'; did you mean "{original}"?' if original else "")
        case "empty":
            return "the text is empty"
        case "string_too_long" | "too_long":
            return "too long"
        case "too_short":
            return "the list is empty"
        case "string_pattern_mismatch":
            return "control characters in the text"
        case "int_parsing" | "float_parsing" | "int_from_float" | "int_parsing_size":
            return "not a number that can be used"
        case _:
            return f"{kind_of_value(value)} has the wrong type"
