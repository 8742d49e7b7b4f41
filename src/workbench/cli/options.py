"""Commands whose options are a dataclass, so that a command with many of them is still one argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast, get_type_hints

import typer

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ProviderOption = Annotated[str | None, typer.Option("--provider", "-p", metavar="NAME", help="Try this one first.")]
ModelOption = Annotated[str | None, typer.Option("--model", "-m", metavar="NAME", help="Use this model.")]
SystemOption = Annotated[str | None, typer.Option("--system", "-s", metavar="TEXT", help="System prompt.")]
ContinueOption = Annotated[
    str | None,
    typer.Option("--continue", "-c", metavar="ID", help="Go on with a conversation; `last` is the newest."),
]
NoFallbackFlag = Annotated[bool, typer.Option("--no-fallback", help="Ask one provider only.")]
PrivateFlag = Annotated[
    bool, typer.Option("--private", help="Ask private providers only; the conversation stays private for good.")
]
TimeoutOption = Annotated[
    float | None,
    typer.Option("--timeout", min=0.001, metavar="SECONDS", help="Limit of a provider's whole answer."),
]
DemoFlag = Annotated[
    bool,
    typer.Option("--demo", help="Let scripted providers answer, in a throw-away home; needs no configuration."),
]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
NdjsonFlag = Annotated[bool, typer.Option("--ndjson", help="Print a JSON line for every event.")]

OptionsT = TypeVar("OptionsT", bound="DataclassInstance")


def with_options(options_type: type[OptionsT], run: Callable[[typer.Context, OptionsT], None]) -> Callable[..., None]:
    """A typer command whose parameters are the fields of `options_type`; its help is that class's docstring.

    Fields are annotated `Annotated[type, typer.Option(...)]`, as parameters would be.
    """
    hints = get_type_hints(options_type, include_extras=True)

    def command(**values: object) -> None:
        context = cast("typer.Context", values.pop("context"))
        run(context, options_type(**{name: _readable(value) for name, value in values.items()}))

    parameters = [inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    parameters += [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, annotation=hints[field.name], default=_default(field)
        )
        for field in fields(options_type)
    ]
    command.__doc__ = options_type.__doc__
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__setattr__("__signature__", inspect.Signature(parameters))
    return command


def _readable(value: object) -> object:
    """What is no UTF-8 on the command line arrives as lone surrogates, which no file, database or provider takes."""
    if isinstance(value, list):
        return [_readable(item) for item in cast("list[object]", value)]
    if type(value) is str:
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value


def _default(field: Field[Any]) -> object:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return inspect.Parameter.empty if field.default is MISSING else field.default
