"""Actions of the Storage page and of the import dialog."""

from __future__ import annotations

from workbench.tui.actions.values import Action, Scope

STORAGE: tuple[Action, ...] = (
    Action(
        id="app.storage", title="Storage", scope=Scope.EVERYWHERE, handler="app.do('storage')", slash=("storage",),
        help="Where the space goes; prune, compact, back up, restore and check.",
    ),
    Action(
        id="history.storage", title="Storage", scope=Scope.HISTORY, handler="app.do('storage')", keys=("S",),
        palette=False, help="Where the space goes; prune, compact, back up, restore and check.",
    ),
    Action(
        id="app.import", title="Import conversations", scope=Scope.EVERYWHERE, handler="app.do('import_history')",
        slash=("import",), command="import_history", argument="[FILE]",
        help="Add the conversations of a file of another program or another home; it is counted first.",
    ),
    Action(
        id="history.import", title="Import conversations", scope=Scope.HISTORY, handler="app.do('import_history')",
        keys=("i",), palette=False, help="Add the conversations of a file; it is counted first.",
    ),
    Action(
        id="storage.prune", title="Prune", scope=Scope.STORAGE, handler="screen.do('prune')", keys=("p",),
        help="Remove for good what is under the cursor or, elsewhere, all that can be removed; asks first.",
        palette=False, word="prune",
    ),
    Action(
        id="storage.compact", title="Compact", scope=Scope.STORAGE, handler="screen.do('compact')", keys=("c",),
        help="Give unused space back to the disk, in small steps.", palette=False, word="compact",
    ),
    Action(
        id="storage.back_up", title="Back up now", scope=Scope.STORAGE, handler="screen.do('back_up')", keys=("b",),
        help="Copy the database into the backup folder and verify the copy; the newest seven are kept.",
        palette=False, word="back up",
    ),
    Action(
        id="storage.check", title="Check", scope=Scope.STORAGE, handler="screen.do('check')", keys=("i",),
        help="Look at every page, reference and tree; nothing is written.", palette=False, word="check",
    ),
    Action(
        id="storage.open", title="Open or restore", scope=Scope.STORAGE, handler="screen.do('open')", keys=("enter",),
        help="Open the conversation under the cursor; put the backup under it back, once you agree.", palette=False,
        word="open",
    ),
    Action(
        id="storage.again", title="Measure again", scope=Scope.STORAGE, handler="screen.do('measure')", keys=("r",),
        help="Measure everything anew.", palette=False,
    ),
)  # fmt: skip
