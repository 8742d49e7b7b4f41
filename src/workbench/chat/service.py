"""Turns of conversation: store the prompt, get it answered, store the answer as it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace

from workbench.chat.reply import StoredReply
from workbench.chat.turn import Answers, TurnRun
from workbench.chat.values import Turn, TurnOptions, TurnResult
from workbench.config.values import Configuration
from workbench.conversations.branching.branches import STOPPED_BY_YOU, how_it_ended
from workbench.conversations.keeping.repository import BegunTurn, Conversations
from workbench.conversations.values import Message, MessageState
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import NotFoundError, UsageError
from workbench.core.events import ConversationChanged, ReplyInterrupted, TurnStarted
from workbench.core.ids import new_id
from workbench.providers.values import Begun, ChatModel, Resume

FINISHED_TURNS_KEPT = 100
"""Results that `wait` can still fetch after the turn has ended."""

LAST_SAVE_S = 1.0
"""How long closing waits for the disk, each time it must."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Running:
    run: TurnRun
    task: asyncio.Task[TurnResult]


class ChatService:
    """Sends prompts and keeps their replies; every method runs on the core's loop."""

    def __init__(
        self,
        *,
        conversations: Conversations,
        failover: Answers,
        model: ChatModel,
        configuration: Callable[[], Awaitable[Configuration]],
        bus: EventBus,
        clock: Clock,
        offline: bool = False,
    ) -> None:
        """A turn keeps the snapshot that `configuration()` gave when it began."""
        self._conversations = conversations
        self._failover = failover
        self._model = model
        self._configuration = configuration
        self._bus = bus
        self._clock = clock
        self._offline = offline
        self._running: dict[str, _Running] = {}
        self._finished: dict[str, asyncio.Task[TurnResult]] = {}
        self._beginning: dict[asyncio.Task[TurnRun], str | None] = {}
        """Turns whose prompt is being stored, by conversation; None is a new one."""
        self._saving_late: dict[asyncio.Task[None], TurnRun] = {}
        self._closing = False

    async def send(
        self,
        text: str,
        *,
        conversation_id: str | None = None,
        beside_id: str | None = None,
        after_id: str | None = None,
        options: TurnOptions | None = None,
    ) -> Turn:
        """Store a prompt and start its reply in the background; returns once the prompt is on disk.

        A new conversation begins when `conversation_id` is None. With `beside_id` the prompt is another wording of
        that one and begins a branch beside it; with `after_id` it follows that message, else the active leaf. Raises
        UsageError for an empty prompt, while offline, for an unknown provider and while a reply of the same
        conversation is still streaming, NotFoundError for a message that is not there.
        """
        options = options or TurnOptions()
        if options.provider is not None:
            await self._check_provider(options.provider)
        if not text.strip():
            raise UsageError("The prompt is empty", hint="Type something to send")
        self._check(conversation_id)
        beginning = self._begin(text, conversation_id, options, beside_id=beside_id, after_id=after_id)
        return await self._begun(conversation_id, beginning)

    async def ask_again(self, conversation_id: str, message_id: str, *, options: TurnOptions | None = None) -> Turn:
        """Begin another reply to a prompt, beside those it has; returns once its row is on disk.

        `message_id` is the prompt or any reply to it, a failed or interrupted one too; the model reads the branch up
        to that prompt. A provider in `options` is asked this time only. Raises NotFoundError for a message that is not
        there, and UsageError as `send` does.
        """
        options = options or TurnOptions()
        if options.provider is not None:
            await self._check_provider(options.provider)
        self._check(conversation_id)
        return await self._begun(conversation_id, self._begin_again(conversation_id, message_id, options))

    async def go_on(self, conversation_id: str, message_id: str, *, options: TurnOptions | None = None) -> Turn:
        """Begin a reply that goes on where another one ended early; returns once its row, text included, is on disk.

        It stands beside that one and has a seam where it goes on. Unless `options` name somebody, who gave the text
        is asked first, as long as it is configured. Raises what `ask_again` does, and UsageError for a reply that is
        whole or has no text.
        """
        options = options or TurnOptions()
        if options.provider is not None:
            await self._check_provider(options.provider)
        self._check(conversation_id)
        return await self._begun(conversation_id, self._begin_continuation(conversation_id, message_id, options))

    async def decide(self, turn_id: str, resume: Resume | str) -> bool:
        """Say what to do with the broken answer that `ReplyBroken` told of; False when the turn does not ask."""
        running = self._running.get(turn_id)
        return running is not None and running.run.decide(Resume(resume))

    async def _begun(self, conversation_id: str | None, work: Coroutine[None, None, TurnRun]) -> Turn:
        # A task of its own: once the reply's row is on disk it must come to an end, also when nobody waits any more.
        beginning = asyncio.create_task(work, name="begin-turn")
        self._beginning[beginning] = conversation_id
        beginning.add_done_callback(self._beginning.pop)
        try:
            run = await asyncio.shield(beginning)
        except asyncio.CancelledError:
            beginning.add_done_callback(_stop_unasked)
            raise
        return run.turn

    async def _begin(
        self,
        text: str,
        conversation_id: str | None,
        options: TurnOptions,
        *,
        beside_id: str | None,
        after_id: str | None,
    ) -> TurnRun:
        begun = await self._conversations.begin_turn(
            prompt=text,
            conversation_id=conversation_id,
            parent_id=after_id,
            beside_id=beside_id,
            system=options.system,
            provider=options.provider if conversation_id is None else None,
            model=options.model if conversation_id is None else None,
            private=bool(options.private),
        )
        return self._run(begun, options)

    async def _begin_again(self, conversation_id: str, message_id: str, options: TurnOptions) -> TurnRun:
        begun = await self._conversations.begin_reply(conversation_id, message_id, private=bool(options.private))
        return self._run(begun, options)

    async def _begin_continuation(self, conversation_id: str, message_id: str, options: TurnOptions) -> TurnRun:
        before = await self._conversations.message(message_id)
        if options.provider is None and (await self._configuration()).provider(before.provider or "") is not None:
            options = replace(options, provider=before.provider, model=options.model or before.model)
        begun = await self._conversations.begin_continuation(conversation_id, message_id, private=bool(options.private))
        text = Begun(
            text=begun.reply.text,
            provider=before.provider or "",
            model=before.model or "",
            ended=how_it_ended(before),
        )
        return self._run(begun, options, text)

    def _run(self, begun: BegunTurn, options: TurnOptions, text: Begun | None = None) -> TurnRun:
        conversation, prompt, reply = begun.conversation, begun.user_message, begun.reply

        def branch() -> Awaitable[list[Message]]:
            return self._conversations.path(conversation.id, leaf_id=prompt.id)

        turn = Turn(id=new_id(), conversation_id=conversation.id, user_message_id=prompt.id, message_id=reply.id)
        run = TurnRun(
            turn=turn,
            conversation=conversation,
            options=options,
            configuration=self._configuration,
            branch=branch,
            reply=reply,
            begun=text,
            keeper=StoredReply(self._conversations),
            answers=self._failover,
            model=self._model,
            bus=self._bus,
            clock=self._clock,
        )
        self._bus.publish(
            TurnStarted(
                user_message_id=prompt.id,
                message_id=reply.id,
                correlation=turn.id,
                conversation_id=conversation.id,
            )
        )
        run.tell_beginning()
        self._bus.publish(ConversationChanged(conversation_id=conversation.id))
        task = asyncio.create_task(self._finish(run), name=f"turn-{turn.id}")
        self._running[turn.id] = _Running(run, task)
        return run

    async def _check_provider(self, name: str) -> None:
        configuration = await self._configuration()
        if configuration.provider(name) is None:
            known = ", ".join(p.name for p in configuration.providers) or "none"
            raise UsageError(f"There is no provider named {name}", hint=f"Configured: {known}")

    def _check(self, conversation_id: str | None) -> None:
        if self._closing:
            raise UsageError("workbench is closing", hint="The prompt was not sent")
        if self._offline:
            raise UsageError("Offline: nothing is sent", hint="Start workbench without --offline to ask a provider")
        if conversation_id is not None and (
            conversation_id in self._beginning.values() or self.running_in(conversation_id) is not None
        ):
            raise UsageError(
                "A reply is still streaming in this conversation", hint="Stop it, or wait until it is done"
            )

    async def _finish(self, run: TurnRun) -> TurnResult:
        try:
            result = await run.carry_out()
        finally:
            running = self._running.pop(run.turn.id, None)
            if running is not None:
                self._finished[run.turn.id] = running.task
                while len(self._finished) > FINISHED_TURNS_KEPT:
                    self._finished.pop(next(iter(self._finished)))
            if run.unsaved is not None and not self._closing:
                late = asyncio.create_task(run.save_late(), name=f"save-late-{run.turn.id}")
                self._saving_late[late] = run
                late.add_done_callback(self._saving_late.pop)
        # Whoever hears of the end may send the next prompt at once.
        run.tell(result)
        self._bus.publish(ConversationChanged(conversation_id=run.turn.conversation_id))
        return result

    async def wait(self, turn_id: str) -> TurnResult:
        """The result of a turn, once it has ended. Cancelling the wait does not stop the turn."""
        running = self._running.get(turn_id)
        task = running.task if running is not None else self._finished.get(turn_id)
        if task is None:
            raise NotFoundError(f"There is no turn {turn_id}")
        return await asyncio.shield(task)

    def running_in(self, conversation_id: str) -> Turn | None:
        """The turn that is streaming in a conversation, if any."""
        return next((r.run.turn for r in self._running.values() if r.run.turn.conversation_id == conversation_id), None)

    def running(self) -> list[Turn]:
        """Every turn under way."""
        return [r.run.turn for r in self._running.values()]

    async def stop(self, conversation_id: str) -> bool:
        """Stop the reply of a conversation and keep what came; False when there was none.

        Returns when the reply is stored and the provider's connection is closed.
        """
        running = next((r for r in self._running.values() if r.run.turn.conversation_id == conversation_id), None)
        if running is None:
            return False
        running.run.stop(MessageState.STOPPED, STOPPED_BY_YOU)
        await asyncio.wait([running.task])
        return True

    async def mark_interrupted(self, is_alive: Callable[[str], bool]) -> list[Message]:
        """Mark replies whose process died while they streamed; tells of each by an event."""
        interrupted = await self._conversations.mark_interrupted(is_alive)
        for message in interrupted:
            self._bus.publish(
                ReplyInterrupted(
                    message_id=message.id, conversation_id=message.conversation_id, characters=len(message.text)
                )
            )
        return interrupted

    async def close(self) -> None:
        """End every turn; what came is stored and marked interrupted. Waits for the disk a bounded time."""
        self._closing = True
        if self._beginning:
            await asyncio.wait(set(self._beginning), timeout=LAST_SAVE_S)
        tasks = [r.task for r in self._running.values()]
        for running in list(self._running.values()):
            running.run.stop(MessageState.INTERRUPTED, "workbench was closed while this was streaming")
        if tasks:
            await asyncio.wait(tasks, timeout=LAST_SAVE_S)
        late = dict(self._saving_late)
        for task in late:
            task.cancel()
        # The disk may have come back since the last try.
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SAVE_S):
                await asyncio.gather(*late, return_exceptions=True)
                await asyncio.gather(*(run.save_unsaved() for run in late.values()))


def _stop_unasked(beginning: asyncio.Task[TurnRun]) -> None:
    """Stop a turn whose sender has gone before it began: nobody is asked, the prompt stays."""
    if not beginning.cancelled() and beginning.exception() is None:
        beginning.result().stop(MessageState.STOPPED, "stopped before it was sent")
