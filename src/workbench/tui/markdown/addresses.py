"""Web addresses that stand in a text as they are."""

from __future__ import annotations

import re

_ADDRESS = r"https?://[^\s<>\"`|\\^{}\[\]]{1,2000}"
_PUNCTUATION = ".,;:!?*_~'’”。、，」』）"
_PAIRS = {")": "(", "]": "["}


def addresses_in(text: str) -> list[tuple[int, int]]:
    """Where the http and https addresses of `text` begin and end, without the punctuation of the sentence."""
    if "://" not in text:
        return []
    return [(found.start(), found.start() + len(_bare(found.group()))) for found in re.finditer(_ADDRESS, text)]


def _bare(address: str) -> str:
    while address:
        last = address[-1]
        opened = _PAIRS.get(last)
        if last not in _PUNCTUATION and (opened is None or address.count(opened) >= address.count(last)):
            break
        address = address[:-1]
    return address
