"""`python -m workbench`."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Python put the current folder first; nothing may be imported from there.
    if not sys.flags.safe_path and sys.path:
        del sys.path[0]

    from workbench.main import main

    main()
