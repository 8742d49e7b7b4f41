"""`${VAR}`, `${VAR:-default}` and `$$` in the texts of a configuration, and what an `api_key` may say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.core.redaction import PLACEHOLDERS

MAX_LENGTH = 10_000
"""Longest text that comes out of an interpolation."""
_MAX_DEPTH = 5
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEYRING = re.compile(r"keyring:([A-Za-z0-9][A-Za-z0-9_.:@/-]{0,99})")


class MalformedError(ValueError):
    """A `${` that is not closed or has no name; the message quotes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpolated:
    """A text with its variables filled in, and the names of those that are not set."""

    text: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where an API key comes from: a variable or a keyring label."""

    variable: str = ""
    label: str = ""
    default: str = ""

    @property
    def name(self) -> str:
        """The variable's name, or `keyring:LABEL`."""
        return self.variable or f"keyring:{self.label}"


def interpolate(text: str, environ: Mapping[str, str]) -> Interpolated:
    """Fill in the variables; one that is empty counts as not set. Raises MalformedError."""
    missing: list[str] = []
    filled = _fill(text, environ, missing, 0)
    return Interpolated(text=filled, missing=tuple(dict.fromkeys(missing)))


def _fill(text: str, environ: Mapping[str, str], missing: list[str], depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise MalformedError("defaults are nested too deeply")
    parts: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        if text.startswith("$$", dollar):
            parts.append("$")
            at = dollar + 2
        elif text.startswith("${", dollar):
            name, default, at = _split(text, dollar)
            value = environ.get(name, "")
            if value:
                parts.append(value)
            elif default is None:
                missing.append(name)
            else:
                parts.append(_fill(default, environ, missing, depth + 1))
        else:
            parts.append("$")
            at = dollar + 1
    parts.append(text[at:])
    filled = "".join(parts)
    if len(filled) > MAX_LENGTH:
        raise MalformedError("the text is too long")
    return filled


def _split(text: str, dollar: int) -> tuple[str, str | None, int]:
    """The name, the default or None, and where the text goes on, of the `${` at `dollar`."""
    name = _NAME.match(text, dollar + 2)
    if name is None:
        raise MalformedError("${ without the name of a variable")
    if text.startswith("}", name.end()):
        return name[0], None, name.end() + 1
    if not text.startswith(":-", name.end()):
        raise MalformedError("${ that is not closed by }")
    begin = at = name.end() + 2
    depth = 1
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
            at += 2
        elif text[at] == "}":
            depth -= 1
            at += 1
            if depth == 0:
                return name[0], text[begin : at - 1], at
        else:
            at += 1
    raise MalformedError("${ that is not closed by }")


def parse_reference(text: str) -> Reference | None:
    """What an `api_key` refers to; None when it is a literal, wholly or in part.

    A default is allowed only where it is no secret: empty, or a word such as `dummy`.
    """
    text = text.strip()
    keyring = _KEYRING.fullmatch(text)
    if keyring is not None:
        return Reference(label=keyring[1])
    if not text.startswith("${"):
        return None
    try:
        name, default, end = _split(text, 0)
    except MalformedError:
        return None
    if end != len(text) or (default and default.lower() not in PLACEHOLDERS):
        return None
    return Reference(variable=name, default=default or "")
