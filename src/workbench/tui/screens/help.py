"""Help: every key and command of where one is, from the registry; type to search."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input

from workbench.tui.actions.registry import ACTIONS
from workbench.tui.actions.values import Action, Scope, readable_key
from workbench.tui.glyphs import drawn
from workbench.tui.keys.doctor import SCOPE_TITLES, taken_here
from workbench.tui.keys.terminals import around
from workbench.tui.markdown.textlines import cells, wrap
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpLine:
    """One key or command."""

    group: str
    keys: str
    title: str
    help: str
    action_id: str = ""
    """What a key map calls it."""


def help_lines(scopes: Sequence[Scope], extra: Iterable[tuple[str, Binding]] = ()) -> list[HelpLine]:
    """All lines for these scopes; `extra` are bindings that widgets have of their own, with their group."""
    actions = [
        HelpLine(
            group=SCOPE_TITLES[scope], keys=_keys(action), title=action.title, help=action.help, action_id=action.id
        )
        for scope in scopes
        for action in ACTIONS
        if action.scope is scope
    ]
    known = {(line.group, line.title) for line in actions}
    own: list[HelpLine] = []
    for group, binding in extra:
        if binding.description and (group, binding.description) not in known:
            known.add((group, binding.description))
            keys = " ".join(map(readable_key, binding.key.split(",")))
            own.append(HelpLine(group=group, keys=keys, title=binding.description, help=binding.tooltip))
    # Next to the actions of the same place, else before all others: they are the nearest.
    place = next((at for at, line in enumerate(actions) if not own or line.group != own[0].group), len(actions))
    return [*actions[:place], *own, *actions[place:]]


def matching(lines: list[HelpLine], wanted: str) -> list[HelpLine]:
    """Those that have every typed word somewhere."""
    words = wanted.lower().split()
    return [
        line
        for line in lines
        if all(w in f"{line.keys} {line.title} {line.help} {line.group} {line.action_id}".lower() for w in words)
    ]


def _keys(action: Action) -> str:
    names = " ".join(f"/{name}" for name in action.slash)
    return "  ".join(part for part in (action.key_text, names) if part)


class HelpScreen(Dialog[None]):
    """The help dialog."""

    def __init__(self, about: str, text: str, lines: list[HelpLine]) -> None:
        """`about` names what had the focus, `text` is its own help."""
        super().__init__()
        self._about, self._text, self._lines = about, text, lines
        self._shown = lines

    def compose(self) -> ComposeResult:
        """A search field, what this is, the keys."""
        with Vertical(classes="dialog", id="help") as frame:
            set_border_title(frame, drawn(f"Help · {self._about}"))
            set_border_subtitle(frame, drawn("↑↓ scroll · esc close"))
            yield Input(placeholder=f"search {len(self._lines)} keys and commands", id="help-search")
            with VerticalScroll(id="help-scroll", can_focus=False):
                # It scrolls away: on a small screen there would be no room left for the keys.
                yield SafeStatic(self._text, id="help-text")
                yield SafeStatic(id="help-lines")

    def on_mount(self) -> None:
        """Show all."""
        self.query_one("#help-text").display = bool(self._text)
        self._show(self._lines)

    @on(Input.Changed, "#help-search")
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one("#help-text").display = bool(self._text) and not event.value
        self._show(matching(self._lines, event.value))

    def on_key(self, event: object) -> None:
        """Arrows scroll while the field keeps the focus."""
        key = getattr(event, "key", "")
        scroll = self.query_one("#help-scroll", VerticalScroll)
        move = {
            "up": scroll.scroll_up, "down": scroll.scroll_down, "pageup": scroll.scroll_page_up,
            "pagedown": scroll.scroll_page_down,
        }.get(key)  # fmt: skip
        if move is not None:
            move(animate=False)

    def _show(self, lines: list[HelpLine]) -> None:
        self._shown = lines
        scroll = self.query_one("#help-scroll", VerticalScroll)
        width = scroll.scrollable_content_region.width
        keys_width = min(max((cells(line.keys) for line in lines), default=0) + 2, _KEYS_WIDTH, max(width // 2, 8))
        # In a narrow dialog ids would be most of what is seen; who needs one searches for it.
        with_ids = width >= _ROOM_FOR_IDS or len(lines) < len(self._lines)
        rows: list[Content] = []
        group = ""
        for line in lines:
            if line.group != group:
                group = line.group
                rows.append(Content.styled(f"\n{group}" if rows else group, "bold $accent"))
            rows += _rows(line, keys_width, width, with_id=with_ids)
        self.query_one("#help-lines", SafeStatic).show(Content("\n").join(rows) if rows else _NOTHING)
        scroll.scroll_home(animate=False)

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self.call_after_refresh(lambda: self._show(self._shown))


_KEYS_WIDTH = 34
_ROOM_FOR_IDS = 90
_NOTHING = "Nothing here is called that. Fewer letters show more; ctrl+p finds what other panes can do."


def _rows(line: HelpLine, keys_width: int, width: int, *, with_id: bool) -> list[Content]:
    """One line of help, wrapped beside its keys."""
    text = f"{line.title}: {line.help}" if line.help else line.title
    spans = wrap(text, max(width - keys_width - 1, 12))
    rows: list[Content] = []
    for place, (start, end, _) in enumerate(spans):
        piece = Content(text[start:end])
        if place == 0:
            fits = cells(line.keys) < keys_width
            keys = line.keys + " " * max(keys_width - cells(line.keys), 0)
            if not fits:
                rows.append(Content.styled(line.keys, "bold"))
                keys = " " * keys_width
            rows.append(Content.assemble((keys, "bold"), piece.stylize("bold", 0, max(len(line.title) - start, 0))))
        else:
            rows.append(Content.assemble(" " * keys_width, piece))
    if with_id and line.action_id and rows[-1].cell_length + cells(line.action_id) + 2 < width:
        rows[-1] = Content.assemble(rows[-1], (f"  {line.action_id}", "$text-muted"))
    return rows


def help_for(screen: Screen[Any], *, on_chat: bool) -> HelpScreen:
    """Help for what has the focus on a screen or dialog."""
    focused = screen.focused
    # A field of Textual's has nothing to tell; what it belongs to has.
    node = focused if focused is not None and type(focused).__module__.startswith(_OURS) else screen
    about = _name_of(node)
    extra = [(about, binding) for binding in _own_bindings(node)]
    if node is not screen and not on_chat:
        extra += [(about if screen.is_modal else _name_of(screen), binding) for binding in _own_bindings(screen)]
    text = " ".join(str(getattr(node, "HELP", "") or getattr(screen, "HELP", "") or "").split())
    taken = taken_here(ACTIONS, around(os.environ))
    return HelpScreen(about, f"{text} {taken}".strip(), help_lines(_scopes(screen, node, on_chat=on_chat), extra))


def _scopes(screen: Screen[Any], node: DOMNode, *, on_chat: bool) -> list[Scope]:
    """Where keys work now, the nearest place first."""
    if on_chat:
        first = _SCOPE_OF.get(type(node).__name__, Scope.CHAT)
        return [first, *(scope for scope in _CHAT if scope is not first), Scope.EVERYWHERE]
    own: Scope | None = getattr(screen, "SCOPE", None)
    return [Scope.EVERYWHERE] if own is None else [own, Scope.EVERYWHERE]


_OURS = "workbench."
_SCOPE_OF = {
    "Composer": Scope.COMPOSER, "Transcript": Scope.TRANSCRIPT, "ConversationList": Scope.CONVERSATIONS,
    "QueueList": Scope.QUEUE,
}  # fmt: skip
_CHAT = (Scope.COMPOSER, Scope.QUEUE, Scope.CHAT, Scope.TRANSCRIPT, Scope.CONVERSATIONS)
_ABOUT = {
    "EventView": "Events", "FirstRun": "Welcome", "ProviderTable": "Providers",
    "ProviderDetailView": "Provider details", "SwitcherScreen": "Model and provider",
}  # fmt: skip


def _name_of(node: DOMNode) -> str:
    name = type(node).__name__
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Screen")).capitalize()
    return _ABOUT.get(name, words)


def _own_bindings(node: DOMNode) -> list[Binding]:
    # What a widget inherits from Textual's own (scrolling, editing) needs no help here.
    return [
        binding
        for kind in type(node).__mro__
        if kind.__module__.startswith(_OURS)
        for binding in kind.__dict__.get("BINDINGS", [])
        if isinstance(binding, Binding) and not _is_action(binding)
    ]


def _is_action(binding: Binding) -> bool:
    return any(binding.id is not None and binding.id.startswith(action.id) for action in ACTIONS)
