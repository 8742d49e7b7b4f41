"""Sizes of files and tables in words."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB")


def size_words(size: int) -> str:
    """Bytes as a person reads them: `512 B`, `1.2 kB`, `3.4 MB`, `1,234.5 GB`."""
    if size < 1000:
        return f"{size} B"
    # What would be rounded to the next unit is told in it.
    power = next((power for power in (1, 2) if size / 1000**power < 999.95), 3)
    return f"{size / 1000**power:,.1f} {_UNITS[power]}"
