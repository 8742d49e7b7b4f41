"""Golden files beside the tests: a plain-text screen or an SVG each, comparable from asynchronous tests."""

from __future__ import annotations

import re
from typing import Any

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.app import App

_IDS = re.compile(r"terminal-\d+")
"""Textual names the classes of an SVG after a checksum of itself, which tells nothing in a comparison."""


class TextExtension(SingleFileSnapshotExtension):
    """One `.txt` file a snapshot."""

    _file_extension = "txt"
    _write_mode = WriteMode.TEXT

    def serialize(self, data: Any, **options: Any) -> str:
        """The text itself."""
        return str(data)


class SvgExtension(TextExtension):
    """One `.svg` file a snapshot."""

    _file_extension = "svg"


def screen_svg(app: App[Any]) -> str:
    """The screen with its colours."""
    return _IDS.sub("terminal", app.export_screenshot(title="workbench"))
