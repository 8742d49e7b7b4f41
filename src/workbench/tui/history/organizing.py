"""Putting conversations in order from the history pane: the one under the cursor, or those that are selected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from workbench.tui.core_link import CorePort
from workbench.tui.organizing.organizing import Meant, Organizing
from workbench.tui.verbs import Verbs
from workbench.tui.widgets.result_list import ResultList

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

T = TypeVar("T")


def verbs_of_history(
    host: WorkbenchApp, results: ResultList, changed: Callable[[], None], selected: Callable[[], None]
) -> Verbs:
    """What a person can do with the conversations of the results.

    `changed` reads them again, `selected` shows how many are selected.
    """

    def ids() -> Sequence[str]:
        selected = results.selected_ids
        row = results.row
        return selected or ([row.group.conversation_id] if row is not None else [])

    async def call(_: Sequence[str], work: Callable[[CorePort], Awaitable[T]], /) -> T:
        return await host.shell.call(work)

    def select() -> None:
        results.select()
        selected()

    organizing = Organizing(
        Meant(host=host, call=call, ids=ids, open_dialog=host.push_screen, changed=changed)
    )  # fmt: skip
    verbs = Verbs()
    verbs.add(organizing.verbs())
    verbs.add({
        "select_conversation": select,
        "delete_conversations": organizing.delete,
        "restore_conversations": organizing.restore,
        "undo_ordering": organizing.undo,
    })  # fmt: skip
    return verbs
