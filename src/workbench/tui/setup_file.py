"""The configuration file a new user begins with."""

from __future__ import annotations

import os
from pathlib import Path

from workbench.core.errors import ConfigurationError

TEMPLATE = """\
# Workbench configuration. Remove the # before what you want; everything has a default.
# Keys never stand here: ${VAR} takes one from the environment or from the file .env beside this one.

settings:
  fallback_strategy: priority     # priority | round-robin | random | fastest | cheapest
  # request_timeout: 60           # seconds for a whole answer
  # first_token_timeout: 15       # seconds to the first word
  # on_broken_stream: ask         # ask | continue | restart | stop

providers:
  # openai:
  #   kind: openai
  #   api_key: ${OPENAI_API_KEY}
  #   models: [gpt-4o-mini, gpt-4o]
  #   priority: 1
  # anthropic:
  #   kind: anthropic
  #   api_key: ${ANTHROPIC_API_KEY}
  #   models: [claude-sonnet-4-5]
  #   priority: 2
  # local:
  #   kind: ollama
  #   base_url: http://127.0.0.1:11434
  #   models: [llama3.2]
  #   priority: 3
"""


def ensure_configuration_file(file: Path) -> bool:
    """Write the template, readable by its owner only, unless the file is there; whether it was written.

    Raises `ConfigurationError`.
    """
    return ensure_file(file, TEMPLATE)


def ensure_file(file: Path, text: str) -> bool:
    """The same for a file of the user's with another `text` to begin with."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as problem:
        raise ConfigurationError(f"{file.name} cannot be written", detail=str(problem)) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    return True
