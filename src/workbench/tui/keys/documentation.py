"""Writes docs/keys.md out of the registry: `python -m workbench.tui.keys.documentation docs/keys.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from workbench.tui.actions.registry import ACTIONS, actions_of
from workbench.tui.actions.values import Action, Scope, readable_key
from workbench.tui.keys.doctor import SCOPE_TITLES
from workbench.tui.keys.terminals import ALT_ON_MACS, TAKERS

_INTRODUCTION = """\
# Keys

Made out of the action registry by `make keys`; a test compares them.

Every action has an id. `keymap.yaml`, beside `config.yaml`, gives it another key, several, or none; `/keymap` opens the
file, and what it says takes effect when it is saved:

```yaml
chat.new: f10
chat.switch_model: [ctrl+l, f12]
chat.trace: []            # no key; /trace still does it
```

An unknown id, a key that terminals cannot send, a key with two meanings at one place, and a letter on what has to work
while you write are refused with file, line and column, at the start, by `workbench config validate` and by
`workbench doctor`; the other entries are used. Help and quit always keep a key. Keys without ctrl, alt or a function
key work while no text field has the focus. `/keys` opens the key doctor: it shows what arrives when you press a key.

What a palette entry or a slash command does needs no key: `ctrl+p` finds every action by its name.
"""

_TERMINALS = """\
## Keys that others take

These programs keep keys to themselves, as they come. Function keys, slash commands and the palette reach the same
actions; inside one of them the help and the key doctor say which keys it keeps.

| program | keys | what helps | where it is written |
|---|---|---|---|
"""

_IMPOSSIBLE = f"""\

Without the kitty protocol, which nothing here depends on, terminals send ctrl+i as tab, ctrl+m as enter, ctrl+h as
backspace and ctrl+[ as escape; alt+enter, shift+enter and ctrl+enter as enter; alt with a digit or a sign as another
sign. Alt with a letter: {ALT_ON_MACS}.
"""


def document() -> str:
    """The whole page."""
    sections = [_section(scope) for scope in Scope if actions_of(scope)]
    rows = [
        f"| {taker.title} | {', '.join(f'`{readable_key(key)}` {what}' for key, what in taker.keys.items())} "
        f"| {taker.advice} | {taker.source} |\n"
        for taker in TAKERS
    ]
    return "\n".join([_INTRODUCTION, *sections, _TERMINALS]) + "".join(rows) + _IMPOSSIBLE


def _section(scope: Scope) -> str:
    head = f"## {SCOPE_TITLES[scope]}\n\n| action | keys | slash command | id | what |\n|---|---|---|---|---|\n"
    return head + "".join(_row(action) for action in ACTIONS if action.scope is scope)


def _row(action: Action) -> str:
    keys = " ".join(f"`{_escaped(readable_key(key))}`" for key in action.keys)
    slash = " ".join(f"`/{name}`" for name in action.slash)
    if slash and action.argument:
        slash += f" `{_escaped(action.argument)}`"
    return f"| {action.title} | {keys} | {slash} | `{action.id}` | {_escaped(action.help)} |\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
