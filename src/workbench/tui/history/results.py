"""What a search has found, grouped by conversation: the rows of the list. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.core.text import clean, clean_line
from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.textlines import Run, cells, clip
from workbench.tui.palette import BOLD, UNDERLINE, Role

if TYPE_CHECKING:
    from workbench.conversations.search.values import SearchHit, SearchPage

FOLDED = 2
"""Hits of a conversation that are listed until it is unfolded."""
HIT = Role.WARNING | BOLD | UNDERLINE
"""How words that were found look."""
_SNIPPET = 600


@dataclass(slots=True, kw_only=True)
class Group:
    """A conversation with its hits."""

    first: SearchHit
    """The hit that it was found by first."""
    hits: list[SearchHit] = field(default_factory=list["SearchHit"])
    """Its messages that were found, in the order of the search."""
    unfolded: bool = False

    @property
    def conversation_id(self) -> str:
        """Which one."""
        return self.first.conversation_id

    @property
    def title(self) -> str:
        """On one line."""
        return clean_line(self.first.title, 200).strip() or "untitled"

    @property
    def shown(self) -> Sequence[SearchHit]:
        """The hits that have a line."""
        return self.hits if self.unfolded else self.hits[:FOLDED]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A line of the list: a conversation, or one of its messages."""

    group: Group
    hit: SearchHit | None = None
    """The message; None in the line of the conversation."""

    @property
    def target(self) -> SearchHit:
        """What is read when the cursor is here."""
        return self.hit or (self.group.hits[0] if self.group.hits else self.group.first)

    @property
    def key(self) -> tuple[str, str | None]:
        """Names the row, whatever others come and go."""
        return self.group.conversation_id, self.hit.message_id if self.hit else None


class Results:
    """All pages of one search so far."""

    def __init__(self, page: SearchPage | None = None) -> None:
        """Of the first page."""
        self.groups: list[Group] = []
        self.rows: list[ListRow] = []
        self._known: dict[str, Group] = {}
        self.total = 0
        self.capped = False
        self.words: tuple[str, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.next: str | None = None
        if page is not None:
            self.add(page)

    def add(self, page: SearchPage) -> None:
        """Take the next page."""
        for hit in page.hits:
            group = self._known.get(hit.conversation_id)
            if group is None:
                group = self._known[hit.conversation_id] = Group(first=hit)
                self.groups.append(group)
            if hit.message_id is not None:
                group.hits.append(hit)
        self.total, self.capped, self.next = page.total, page.capped, page.next
        self.words, self.notes = page.words, page.notes
        self._list()

    def unfold(self, group: Group) -> None:
        """Give every hit of a conversation a line, or fold them again."""
        group.unfolded = not group.unfolded
        self._list()

    def unfold_like(self, other: Results) -> None:
        """Give every hit a line of the conversations that have that in `other`."""
        for group in self.groups:
            before = other._known.get(group.conversation_id)
            group.unfolded = before is not None and before.unfolded
        self._list()

    def _list(self) -> None:
        rows: list[ListRow] = []
        for group in self.groups:
            rows.append(ListRow(group=group))
            rows.extend(ListRow(group=group, hit=hit) for hit in group.shown)
        self.rows = rows

    def beyond(self, row: ListRow | None, seen: Collection[str], by: int) -> ListRow | None:
        """The next (1) or previous (-1) hit after that of `row` which is not among the messages that were `seen`."""
        hits = [ListRow(group=group, hit=hit) for group in self.groups for hit in group.hits]
        here = row.target if row is not None else None
        place = next((place for place, one in enumerate(hits) if one.hit is here), -1 if by > 0 else len(hits))
        beyond = hits[place + 1 :] if by > 0 else hits[:place][::-1] if place >= 0 else []
        return next((one for one in beyond if one.hit is not None and one.hit.message_id not in seen), None)

    def place(self, key: tuple[str, str | None]) -> int | None:
        """Where a row stands; of one that is folded away that of its conversation."""
        exact = next((at for at, row in enumerate(self.rows) if row.key == key), None)
        if exact is not None:
            return exact
        return next((at for at, row in enumerate(self.rows) if row.key == (key[0], None)), None)


def counted(results: Results, milliseconds: int | None) -> str:
    """`9 hits in 3 chats · 14 ms`, for the border."""
    dot = f" {glyphs().dot} "
    more = "+" if results.next is not None else ""
    chats = len(results.groups)
    total = f"{results.total:,}{'+' if results.capped else ''}"
    if any(group.hits for group in results.groups):
        told = f"{total} hit{'' if results.total == 1 else 's'} in {chats:,}{more} chat{'' if chats == 1 else 's'}"
    else:
        told = f"{total} chat{'' if results.total == 1 else 's'}"
    return told if milliseconds is None else f"{told}{dot}{milliseconds} ms"


def title_runs(group: Group, when: str, width: int, *, chosen: bool = False) -> list[Run]:
    """The line of a conversation: sign, title, when, number of hits; the title takes what is left."""
    signs, first = glyphs(), group.first
    folded = len(group.hits) > FOLDED
    fold = (signs.unfolded if group.unfolded else signs.folded) if folded else " "
    words = [word for word, on in (("pinned", first.pinned), ("archived", first.archived)) if on]
    count = len(group.hits)
    hits = f"{count:,} hit{'' if count == 1 else 's'}" if count else ""
    tail = "  ".join(part for part in (*words, f"{when:>6}", f"{hits:>7}" if hits else "") if part)
    if width < _WITH_TAIL:
        tail = when
    private = f"{signs.private} " if first.private else ""
    room = max(width - cells(tail) - cells(private) - 4, 1)
    title = clip(group.title, room, signs.ellipsis)
    gap = " " * max(width - 2 - cells(private) - cells(title) - cells(tail), 1)
    return [
        (f"{signs.done if chosen else fold} ", Role.ACCENT if chosen else Role.MUTED), (private, Role.SUCCESS),
        (title, Role.TEXT | BOLD), (gap, Role.TEXT), (tail, Role.MUTED),
    ]  # fmt: skip


_WITH_TAIL = 34


def snippet_runs(hit: SearchHit, width: int) -> list[Run]:
    """The line of a message: who says it, and the words that were found among others."""
    who = {"user": "you", "assistant": "ai"}.get(str(hit.role), str(hit.role or ""))
    lead = f"  {who:<4}"
    snippet = hit.snippet[:_SNIPPET]
    pieces: list[Run] = []
    at = 0
    for start, end in hit.marks:
        pieces += [(_cleaned(snippet[at:start]), Role.MUTED), (_cleaned(snippet[start:end]), HIT)]
        at = end
    pieces.append((_cleaned(snippet[at:]), Role.MUTED))
    return [(lead, Role.ACCENT), *around_first(pieces, max(width - cells(lead), 1))]


def around_first(pieces: Sequence[Run], width: int) -> list[Run]:
    """The part of a line of at most `width` cells that has the first highlighted words in it."""
    before = "".join(text for text, _ in _until_hit(pieces))
    first = next((text for text, key in pieces if key == HIT), "")
    ellipsis = glyphs().ellipsis
    if cells(before) + cells(first) > width - 1:
        room = max((width - cells(first)) // 3, 0)
        kept = before[-room:] if room else ""
        while cells(kept) > room:
            kept = kept[1:]
        rest = list(pieces)[len(_until_hit(pieces)) :]
        pieces = [(ellipsis, Role.MUTED), (kept, Role.MUTED), *rest]
    shown: list[Run] = []
    left = width
    for text, key in pieces:
        if not text:
            continue
        piece = clip(text, left, ellipsis)
        shown.append((piece, key))
        left -= cells(piece)
        if piece != text or left <= 0:
            break
    return shown


def _until_hit(pieces: Sequence[Run]) -> list[Run]:
    before: list[Run] = []
    for piece in pieces:
        if piece[1] == HIT:
            return before
        before.append(piece)
    return []


def _cleaned(text: str) -> str:
    return clean(text).replace("\n", " ").replace("\t", " ")
