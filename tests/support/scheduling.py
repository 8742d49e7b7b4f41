"""Which tests one worker takes together: those of a file, and all that need the server of warm processes."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

TOGETHER = "tests/e2e/"
"""One server of warm processes is enough: each loads the model library, which takes seconds of CPU."""


class OneServerScheduling(LoadFileScheduling):
    """As `--dist loadfile`, but a folder stays together."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else super()._split_scope(nodeid)
