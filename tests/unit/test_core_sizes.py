"""Sizes in words."""

from __future__ import annotations

import pytest

from workbench.core.sizes import size_words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_240, "1.2 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
        (3_400_000, "3.4 MB"), (2_000_000_000, "2.0 GB"), (1_234_500_000_000, "1,234.5 GB"),
    ],
)  # fmt: skip
def test_sizes_are_read_at_a_glance(size: int, words: str) -> None:
    assert size_words(size) == words
