"""Work beside the screen, as Textual's workers do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from textual.dom import DOMNode
    from textual.worker import Worker


def run_beside(
    node: DOMNode, work: Coroutine[Any, Any, object], *, group: str, exclusive: bool = False
) -> Worker[object]:  # fmt: skip
    """Run `work` until it ends or `node` goes; its failure is told by the application's one handler and ends nothing.

    With `exclusive` it takes the place of what runs in its `group`.
    """

    def ended(_: object) -> None:
        # One that is cancelled before its first step is never awaited, and would complain of it.
        work.close()

    worker = node.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)
    cast("Any", worker)._task.add_done_callback(ended)
    return worker
