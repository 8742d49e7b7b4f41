"""What `workbench doctor` says about the database."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from workbench.cli.doctor_checks import Check, CheckState
from workbench.core.sizes import size_words

if TYPE_CHECKING:
    from workbench.core.progress import Tell
    from workbench.engine.core import Core
    from workbench.storage.upkeep.values import Checked

SAFE_SQLITE = (3, 51, 3)
"""The first SQLite without the WAL-reset race."""

LOOKED_THROUGH = 200 * 1_048_576
"""A database up to this size is looked through without being asked: about a second."""

_NAME = "database"


async def check_database(core: Core, tell: Tell, *, deep: bool) -> Check:
    """Its size and soundness; with `deep` every page, reference, index entry and tree."""
    version = str((await core.store.read("select sqlite_version()"))[0][0])
    pages = (await core.store.read("pragma page_count"))[0][0]
    page_size = (await core.store.read("pragma page_size"))[0][0]
    size = pages * page_size
    detail = f"{core.paths.database}, {size_words(size)}, SQLite {version}"
    if deep:
        checked = await core.upkeep.check(tell)
        if not checked.sound:
            return _unsound(detail, checked)
        detail += f", checked: {', '.join(finding.check for finding in checked.findings)}"
    elif size <= LOOKED_THROUGH:
        found = [str(row[0]) for row in await core.store.read("pragma quick_check(5)")]
        if found != ["ok"]:
            hint = "`workbench restore --salvage` keeps the file and brings what can be read into a new one"
            return _check(CheckState.PROBLEM, f"{detail}: {'; '.join(found)}", hint)
    else:
        detail += ", not looked through (--deep does)"
    if core.store.read_only:
        return _check(CheckState.WARNING, f"{detail}, read-only", core.store.notice)
    free = shutil.disk_usage(core.paths.data_dir).free
    if free < 2 * size:
        hint = "A backup of it and the next week will not fit: free some space, or `workbench history stats`"
        return _check(CheckState.WARNING, f"{detail}, {size_words(free)} free on its disk", hint)
    if tuple(int(part) for part in version.split(".")) < SAFE_SQLITE:
        hint = (
            "Versions before 3.51.3 have a rare race between checkpoint and write; workbench works around it "
            "with a lock, other programs must not write to the file"
        )
        return _check(CheckState.WARNING, detail, hint)
    return _check(CheckState.OK, detail)


def _unsound(detail: str, checked: Checked) -> Check:
    bad = [finding for finding in checked.findings if finding.state != "ok"]
    found = "; ".join(f"{finding.check} {finding.state}: {finding.detail}" for finding in bad)
    damaged = any(finding.state == "damaged" for finding in bad)
    hint = (
        "`workbench restore --salvage` keeps the file and brings what can be read into a new one;"
        " `workbench restore FILE` goes back to a backup"
        if damaged
        else "`workbench restore --salvage` builds it anew from its messages and keeps the present file"
    )
    return _check(CheckState.PROBLEM, f"{detail}: {found}", hint)


def _check(state: CheckState, detail: str, hint: str = "") -> Check:
    return Check(name=_NAME, state=state, detail=detail, hint=hint)
