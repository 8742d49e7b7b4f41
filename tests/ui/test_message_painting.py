"""What is painted of a message while it changes is what a fresh painting of it would be."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from textual.geometry import Region
from textual.strip import Strip

from tests.support.transcript_host import TranscriptApp
from workbench.tui.widgets import message_body
from workbench.tui.widgets.message_body import MessageBody
from workbench.tui.widgets.message_view import MessageView

PIECES = [
    "word ", "many words that fill a line and go on in the next one ", "\n", "\n\n", "- item\n", "  - inner\n",
    "# Head\n", "```py\nx = 1\n", "```\n", "> quote\n", "| a | b |\n|---|---|\n", "| 1 | 2 |\n", "*bold",
    "* ", "1. one\n", "---\n",
]  # fmt: skip
CHANGES = {
    "header": ["alpha\t0.1 s", "alpha\t0.2 s", ""],
    "badge": ["", "✓ done\t3 tokens", "a badge that is so long that it needs more than one line of the column " * 3],
    "badge_severity": ["", "error"],
    "reasoning": ["", "I think", "I think so, and\nmore"],
    "notes": [(), ("a note",), ("a note", "another")],
}


class Painted:
    """A body, with what was painted of it last and where it was told to paint again."""

    def __init__(self, body: MessageBody, monkeypatch: pytest.MonkeyPatch) -> None:
        self.body = body
        self._shown: list[Strip] = []
        self._all = True
        self._dirty: list[Region] = []
        monkeypatch.setattr(body, "refresh", self._refresh)

    def _refresh(self, *regions: Region, layout: bool = False) -> None:
        self._dirty.extend(regions)
        self._all |= layout or not regions

    def _lines(self) -> list[Strip]:
        size = self.body.size
        return self.body.render_lines(Region(0, 0, size.width, self.body.get_content_height(size, size, size.width)))

    def check(self, did: str) -> None:
        lines, before = self._lines(), self._shown
        self.body._strips.clear()
        assert lines == self._lines(), did
        assert self._all or len(lines) == len(before), did
        for y, (old, new) in enumerate(zip(before, lines, strict=False)):
            assert self._all or old == new or any(y in region.line_range for region in self._dirty), (did, y)
        self._shown, self._all = lines, False
        self._dirty.clear()


@pytest.mark.parametrize("seed", range(3))
async def test_every_change_is_painted_and_no_line_is_an_old_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pick = random.Random(seed)
    app = TranscriptApp([MessageView("m", "assistant", "", header="alpha", streaming=True)])
    async with app.run_test(size=(44, 20)) as pilot:
        await pilot.pause()
        body = app.query_one(MessageBody)
        painted = Painted(body, monkeypatch)
        for _ in range(60):
            view, did = body.view, pick.choice([*["text"] * 6, *CHANGES, "cursor", "fold"])
            if did == "text":
                body.update_view(replace(view, text=view.text + "".join(pick.choices(PIECES, k=pick.randint(1, 3)))))
            elif did == "cursor":
                body.is_current = not body.is_current
            elif did == "fold":
                body.unfolded = not body.unfolded
            else:
                body.update_view(replace(view, **{did: pick.choice(CHANGES[did])}))
            painted.check(f"{did}: {body.view}")
        body.update_view(replace(body.view, streaming=False))
        painted.check("end")


async def test_a_slice_of_a_long_text_leaves_no_old_line_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_body, "_AT_ONCE_S", 0.0)
    monkeypatch.setattr(message_body, "_NEXT_SLICE_S", 60.0)
    text = "\n\n".join(f"paragraph {number}" for number in range(2_000))
    app = TranscriptApp([MessageView("m", "assistant", text, badge="✓ done\t3 tokens")])
    async with app.run_test(size=(44, 20)) as pilot:
        await pilot.pause()
        body = app.query_one(MessageBody)
        painted = Painted(body, monkeypatch)
        assert body.is_growing
        while body.lay_out_more():
            painted.check("a slice")
