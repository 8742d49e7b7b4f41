"""Help: every key and command of where one is, from the registry; type to search."""

from __future__ import annotations

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
from workbench.tui.markdown.textlines import cells, wrap
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog

_TITLES = {
    Scope.EVERYWHERE: "Everywhere", Scope.CHAT: "Chat", Scope.COMPOSER: "Composer", Scope.TRANSCRIPT: "Transcript",
    Scope.CONVERSATIONS: "Conversation list", Scope.PROVIDERS: "Providers",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpLine:
    """One key or command."""

    group: str
    keys: str
    title: str
    help: str


def help_lines(scopes: Sequence[Scope], extra: Iterable[tuple[str, Binding]] = ()) -> list[HelpLine]:
    """All lines for these scopes; `extra` are bindings that widgets have of their own, with their group."""
    lines = [
        HelpLine(group=_TITLES[scope], keys=_keys(action), title=action.title, help=action.help)
        for scope in scopes
        for action in ACTIONS
        if action.scope is scope
    ]
    known = {(line.group, line.title) for line in lines}
    for group, binding in extra:
        if binding.description and (group, binding.description) not in known:
            known.add((group, binding.description))
            keys = " ".join(map(readable_key, binding.key.split(",")))
            lines.append(HelpLine(group=group, keys=keys, title=binding.description, help=binding.tooltip))
    return lines


def matching(lines: list[HelpLine], wanted: str) -> list[HelpLine]:
    """Those that have every typed word somewhere."""
    words = wanted.lower().split()
    return [
        line for line in lines if all(w in f"{line.keys} {line.title} {line.help} {line.group}".lower() for w in words)
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
        """What this is, a search field, the keys."""
        with Vertical(classes="dialog", id="help") as frame:
            set_border_title(frame, drawn(f"Help · {self._about}"))
            set_border_subtitle(frame, drawn("↑↓ scroll · esc close"))
            yield SafeStatic(" ".join(self._text.split()), id="help-text")
            yield Input(placeholder=f"type to search {len(self._lines)} keys and commands", id="help-search")
            with VerticalScroll(id="help-scroll", can_focus=False):
                yield SafeStatic(id="help-lines")

    def on_mount(self) -> None:
        """Show all."""
        self._show(self._lines)

    @on(Input.Changed, "#help-search")
    def _search(self, event: Input.Changed) -> None:
        event.stop()
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
        rows: list[Content] = []
        group = ""
        for line in lines:
            if line.group != group:
                group = line.group
                rows.append(Content.styled(f"\n{group}" if rows else group, "bold $accent"))
            rows += _rows(line, keys_width, width)
        self.query_one("#help-lines", SafeStatic).show(Content("\n").join(rows) if rows else "Nothing fits.")
        scroll.scroll_home(animate=False)

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self.call_after_refresh(lambda: self._show(self._shown))


_KEYS_WIDTH = 34


def _rows(line: HelpLine, keys_width: int, width: int) -> list[Content]:
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
    return rows


def help_for(screen: Screen[Any], *, on_chat: bool) -> HelpScreen:
    """Help for what has the focus on a screen."""
    focused = screen.focused
    node = focused if focused is not None else screen
    own_scope: Scope | None = getattr(screen, "SCOPE", None)
    scopes = [Scope.EVERYWHERE] if own_scope is None else [own_scope, Scope.EVERYWHERE]
    if on_chat:
        own = {"Composer": Scope.COMPOSER, "Transcript": Scope.TRANSCRIPT, "ConversationList": Scope.CONVERSATIONS}
        first = own.get(type(node).__name__, Scope.CHAT)
        chat = (Scope.COMPOSER, Scope.CHAT, Scope.TRANSCRIPT, Scope.CONVERSATIONS)
        scopes = [first, *(scope for scope in chat if scope is not first), Scope.EVERYWHERE]
    about = type(node).__name__ if node is not screen else type(screen).__name__.removesuffix("Screen")
    about = _ABOUT.get(about, about)
    extra = [(about, binding) for binding in _own_bindings(node)]
    if node is not screen and not on_chat:
        extra += [(about, binding) for binding in _own_bindings(screen)]
    return HelpScreen(about, str(getattr(node, "HELP", "") or ""), help_lines(scopes, extra))


_ABOUT = {
    "ConversationList": "Conversation list", "FailoverTrace": "Failover trace", "FirstRun": "Welcome",
    "EventView": "Events", "ProviderTable": "Providers", "ProviderDetailView": "Provider details",
}  # fmt: skip


def _own_bindings(node: DOMNode) -> list[Binding]:
    # What a widget inherits from Textual's own (scrolling, editing) needs no help here.
    declared = type(node).__dict__.get("BINDINGS", [])
    return [binding for binding in declared if isinstance(binding, Binding) and not _is_action(binding)]


def _is_action(binding: Binding) -> bool:
    return any(action.id == binding.id for action in ACTIONS)
