"""Running commands inside the test's own process, so that the model library loads once."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest


class Streams:
    """Reads what a command printed."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self.out = ""
        self.err = ""

    def read(self) -> str:
        """Standard output since the last reading."""
        self.out, self.err = self._capture.readouterr()
        return self.out

    def json(self) -> Any:
        """The same as one JSON document."""
        return json.loads(self.read())


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let `text` be standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
