"""What would change from run to run is pinned: no cursor that blinks, one time, one name, no colour variables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input, TextArea

from tests.support.snapshots import SvgExtension, TextExtension
from workbench.tui.glyphs import choose_glyphs


@pytest.fixture(autouse=True)
def steady_screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cursors stand still, and the signs are those of UTF-8 whatever the machine's locale."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda self: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda self: None)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    choose_glyphs(encoding="utf-8")
    yield
    choose_glyphs(encoding="utf-8")


@pytest.fixture
def text_golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compares with a `.txt` file."""
    return snapshot.use_extension(TextExtension)


@pytest.fixture
def svg_golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compares with an `.svg` file."""
    return snapshot.use_extension(SvgExtension)
