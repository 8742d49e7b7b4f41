"""From an event to what it belongs to."""

from __future__ import annotations

from workbench.tui.events.filters import EventFilter
from workbench.tui.events.model import EventsModel
from workbench.tui.events.reading import EventsPort
from workbench.tui.events.values import EventRow

_MOST_OF_A_TURN = 200


def belongings(row: EventRow) -> list[EventFilter]:
    """Filters for the events of the same turn, conversation, task and provider, as far as it has them."""
    candidates = (
        EventFilter(turn=row.correlation),
        EventFilter(conversation=row.conversation_id or ""),
        EventFilter(task=row.task_id or ""),
        EventFilter(provider=row.provider),
    )
    return [chosen for chosen in candidates if not chosen.is_open]


async def message_of(row: EventRow, model: EventsModel, log: EventsPort) -> str:
    """The message that an event is about: one it names, else the reply of its turn; empty when none is known."""
    if row.message_id or not row.correlation:
        return row.message_id
    for position in range(model.first, model.end):
        event = model.event(position)
        if event.correlation == row.correlation and (found := model.row(position).message_id):
            return found
    from workbench.storage.event_log import EventQuery

    for stored in await log.page(EventQuery(correlation=row.correlation), after_seq=0, limit=_MOST_OF_A_TURN):
        named = stored.data.get("message_id")
        if isinstance(named, str) and named:
            return named
    return ""
