"""The models that a server says it has."""

from __future__ import annotations

from typing import cast

from workbench.core.text import clean_line

MAX_MODELS = 500
"""Names taken from one listing."""
_LONGEST_MODEL_NAME = 200


def models_in(document: object) -> tuple[str, ...]:
    """Model names of an OpenAI (`data[].id`) or Ollama (`models[].name`) listing; odd entries are left out."""
    if not isinstance(document, dict):
        return ()
    listing = cast("dict[str, object]", document)
    for key, field in (("data", "id"), ("models", "name")):
        entries = listing.get(key)
        if isinstance(entries, list):
            names = (_model_name(entry, field) for entry in cast("list[object]", entries))
            models = list(dict.fromkeys(name for name in names if name))[:MAX_MODELS]
            return tuple(sorted(models, key=_cannot_chat))
    return ()


def _model_name(entry: object, field: str) -> str:
    name = cast("dict[str, object]", entry).get(field) if isinstance(entry, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_MODEL_NAME:
        return ""
    # A name that would be shown otherwise than it is sent is no name of a model.
    return name if clean_line(name) == name and name == name.strip() else ""


def _cannot_chat(model: str) -> bool:
    return "embed" in model.lower()
