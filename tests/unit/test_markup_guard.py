"""The markup guard sees every way of handing a string to a parser, and leaves content alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support import guards, markup_guard

PARSED = [
    "Static(text)",
    "Static(f'{text}!')",
    "Static('Hello ' + text)",
    "Static(text.upper())",
    "Static(', '.join(texts))",
    "Static('%s' % text)",
    "Static('{}'.format(text))",
    "Static(str(text))",
    "Static(self.text)",
    "Static(content=text)",
    "Static(Content(text) if text else text)",
    "Static(text or 'none')",
    "Label(text)",
    "Button(text)",
    "Button(label=text)",
    "Option(text)",
    "OptionList('a', text)",
    "OptionList(*texts)",
    "OptionList(*[name for name in texts])",
    "SelectionList((text, 1))",
    "Tree(text)",
    "tree.root.add_leaf(text)",
    "table.add_row('a', text)",
    "table.add_row(*texts)",
    "table.add_column(text)",
    "table.add_columns('a', text)",
    "table.update_cell('a', 'b', text)",
    "Select([(text, 1)])",
    "Select([], prompt=text)",
    "Tab(text)",
    "TabPane(text)",
    "Checkbox(text)",
    "RadioButton(text)",
    "Collapsible(title=text)",
    "Placeholder(text)",
    "TextArea(placeholder=text)",
    "self.notify(text)",
    "self.notify(f'{text} failed')",
    "self.notify(message=text)",
    "self.notify(text, markup=True)",
    "self.notify('x', markup=self.on, title=text) or self.notify(text, markup=self.on)",
    "Static('x', tooltip=text)",
    "Input(tooltip=text)",
    "widget.with_tooltip(text)",
    "widget.update(text)",
    "Content.from_markup(text)",
    "Content.from_text(text)",
    "Text.from_markup(f'[b]{text}')",
    "RichLog(markup=True)",
    "MarkdownViewer('x')",
    "Static(markup.escape(text))",
    "Hit(1.0, text, run)",
    "DiscoveryHit(text, run)",
    "Hit(1.0, Content(text), run, text, text)",
    "DiscoveryHit(Content(text), run, help=text)",
    "Static(titled(text))",
    "Badge(text)",
    "Closed(text)",
    "setattr(widget, 'tooltip', text) or Static(text)",
    "options.add_options([Option(Content(text)), text])",
]

STATEMENTS = [
    "self.border_title = text",
    "self.border_subtitle = f'{text}'",
    "widget.tooltip = text",
    "self.label = text",
    "widget.border_title += text",
    "copy = text\n        Static(copy)",
    "copy = Content(text)\n        copy = text\n        Static(copy)",
    "for name in texts:\n            Static(name)",
    "from rich.markup import escape",
    "from textual.markup import escape",
    "from textual.widgets import MarkdownViewer",
    "first, second = texts\n        Static(first)",
]

HARMLESS = [
    "Static('plain')",
    "Static(f'plain')",
    "Static('two ' 'parts')",
    "Static('a' + 'b')",
    "Static(Content(text))",
    "Static(Text(text))",
    "Static(text, markup=False)",
    "Static()",
    "Static(plain(text))",
    "Static(self.described())",
    "Static(Content.assemble((text, 'bold'), text))",
    "Static(Content(text).stylize('bold'))",
    "Static(Content(text) if text else 'none')",
    "Static(content)",
    "Label(Content('a') + text)",
    "Content.from_markup('[b]$name[/]', name=text)",
    "OptionList(Option(plain(text)), id=text)",
    "OptionList(*[Option(plain(name), id=name) for name in texts])",
    "table.add_row(plain(text), Text(text), key=text)",
    "self.notify(text, markup=False)",
    "self.notify('Saved', title=text)",
    "seen.update(texts)",
    "Select([(plain(text), text)])",
    "Closed(state=text)",
    "Hit(score, Content(text), run, text, action.help)",
    "Vertical(Static('a'), id=text)",
    "TextArea(text)",
    "Input(text)",
    "Option(Content(text), text)",
]

HARMLESS_STATEMENTS = [
    "self.border_title = Content(text)",
    "self.border_title = 'Chat'",
    "copy = Content(text)\n        Static(copy)",
    "copy: Content = make(text)\n        Static(copy)",
    "for name in contents:\n            Static(name)",
]

SCREEN = """
from __future__ import annotations

from textual.content import Content
from textual.widgets import Option, Static
from workbench.tui.safe import plain

class Badge(Static):
    pass

class Closed(Static):
    def __init__(self, state: str) -> None:
        super().__init__({closed})

def titled(text: str) -> str:
    return text

class Screen:
    def described(self) -> Content:
        return Content("x")

    def show(self, text: str, texts: list[str], content: Content, contents: list[Content], seen: set[str]) -> None:
        {code}
"""


def parsed(tree: Path, code: str, closed: str = "plain(state)") -> list[str]:
    """What the markup guard finds in a screen with this code."""
    path = tree / "src/workbench/tui/screen_like.py"
    path.write_text(SCREEN.format(code=code, closed=closed))
    return [line for line in markup_guard.parsed_text(tree) if "screen_like" in line]


@pytest.fixture
def screens(tmp_path: Path) -> Path:
    """A tree with nothing but the wrappers."""
    folder = tmp_path / "src/workbench/tui"
    folder.mkdir(parents=True)
    shutil.copy(guards.ROOT / "src/workbench/tui/safe.py", folder)
    return tmp_path


@pytest.mark.parametrize("code", [code for code in [*PARSED, *STATEMENTS] if code != "Closed(text)"])
def test_parsed_text(screens: Path, code: str) -> None:
    assert parsed(screens, code) != []


@pytest.mark.parametrize("code", [*HARMLESS, *HARMLESS_STATEMENTS])
def test_harmless_text(screens: Path, code: str) -> None:
    assert parsed(screens, code) == []


def test_texts_of_the_registry_hold_nothing_to_parse() -> None:
    from workbench.tui.actions.registry import ACTIONS

    assert [action.id for action in ACTIONS if "[" in action.title + action.help] == []


def test_parsed_text_in_the_constructor_of_a_subclass(screens: Path) -> None:
    assert parsed(screens, "Closed(text)") == []
    assert parsed(screens, "pass", closed="state") != []
    assert parsed(screens, "pass", closed="state, markup=False") == []


def test_string_returned_by_render(screens: Path) -> None:
    assert parsed(screens, "pass\n    def render(self) -> str:\n        return 'x'") != []
    assert parsed(screens, "pass\n    def render(self) -> Content:\n        return Content('x')") == []
