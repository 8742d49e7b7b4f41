"""One turn from its stored prompt to its stored reply."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol, TypedDict

from workbench.chat.prompt import prompt_messages
from workbench.chat.reply import (
    RETRY_INTERVAL_S,
    Ending,
    ReplyDraft,
    ReplyKeeper,
    ReplyWriter,
    draft_of,
    finished_message,
)
from workbench.chat.values import Turn, TurnOptions, TurnResult
from workbench.config.values import Configuration, OnBrokenStream, Provider
from workbench.conversations.values import Conversation, Message, MessageState
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import WorkbenchError
from workbench.core.events import ReplyRestarted, TextDelta, TurnFinished
from workbench.core.provider_events import ReplyBroken, ReplyContinued, ReplyDecided
from workbench.providers.values import (
    Answered,
    Answering,
    AnswerPart,
    AnswerRequest,
    Begun,
    BrokenStream,
    ChatModel,
    Continued,
    Restarted,
    Resume,
    TextPart,
    Timeouts,
    Usage,
)

logger = logging.getLogger(__name__)


class Answers(Protocol):
    """Where answers come from."""

    def answer(self, request: AnswerRequest, /) -> AsyncGenerator[AnswerPart, None]:
        """Text as it comes, and exactly one `Answered` at the end."""
        ...


class _About(TypedDict):
    """What all events of a turn say alike."""

    message_id: str
    correlation: str
    conversation_id: str


class TurnRun:
    """Carries out one turn; made and kept by the chat service."""

    def __init__(
        self,
        *,
        turn: Turn,
        conversation: Conversation,
        options: TurnOptions,
        configuration: Callable[[], Awaitable[Configuration]],
        branch: Callable[[], Awaitable[Sequence[Message]]],
        reply: Message,
        begun: Begun | None,
        keeper: ReplyKeeper,
        answers: Answers,
        model: ChatModel,
        bus: EventBus,
        clock: Clock,
    ) -> None:
        """`branch` reads the messages up to and with the new prompt; when it cannot, the turn fails like any other.

        With `begun` the reply holds text already, and is gone on with.
        """
        self.turn = turn
        self._about = _About(message_id=turn.message_id, correlation=turn.id, conversation_id=turn.conversation_id)
        self._conversation = conversation
        self._options = options
        self._configuration = configuration
        self._branch = branch
        self._begun = begun
        self._draft = ReplyDraft(message=reply) if begun is None else draft_of(reply, begun)
        self._keeper = keeper
        self._writer = ReplyWriter(self._draft, keeper, bus, clock)
        self._answers = answers
        self._model = model
        self._bus = bus
        self._clock = clock
        self._answering: asyncio.Task[Answered] | None = None
        self._stopped: Ending | None = None
        self._question: asyncio.Future[Resume] | None = None
        """What a person decides on a broken answer; None while nobody is asked."""
        self._duration_ms = 0
        self.unsaved: Ending | None = None
        """The ending that the disk refused; saved later by `save_late`."""

    def stop(self, state: MessageState, reason: str) -> None:
        """End the reply early and keep what came; the first call decides state and reason."""
        if self._stopped is None:
            self._stopped = Ending(state=state, reason=reason)
            if self._answering is not None:
                self._answering.cancel()

    def decide(self, resume: Resume) -> bool:
        """Answer the question what to do with a broken answer; False when it is not asked, or answered already."""
        if self._question is None or self._question.done():
            return False
        self._question.set_result(resume)
        return True

    def tell_beginning(self) -> None:
        """Publish the text that stands already, so that whoever shows the reply has all of it."""
        for text, reasoning in ((self._draft.reasoning, True), (self._draft.text, False)):
            if text:
                self._tell_text(text, reasoning=reasoning)

    async def carry_out(self) -> TurnResult:
        """Answer and store; never raises for a failed answer."""
        began = self._clock.monotonic()
        self._writer.start()
        answered: Answered | None = None
        try:
            if self._stopped is None:
                self._answering = asyncio.create_task(self._answer(), name=f"answer-{self.turn.id}")
                answered = await self._answering
            ending = self._stopped or Ending(state=MessageState.FAILED)
        except asyncio.CancelledError:
            self._answering = None
            ending = self._stopped or Ending(state=MessageState.INTERRUPTED, reason="the turn was cancelled")
        except WorkbenchError as problem:
            ending = Ending(state=MessageState.FAILED, reason=str(problem))
        except Exception as problem:
            logger.exception("turn %s failed unexpectedly", self.turn.id)
            ending = Ending(state=MessageState.FAILED, reason=f"internal error: {type(problem).__name__}")
        if answered is not None:
            ending = self._ending_of(answered)
        elif (speaker := self._draft.speaker) is not None:
            ending = replace(ending, provider=speaker.provider, model=speaker.model)
        if not await self._writer.finish(ending):
            self.unsaved = ending
        self._duration_ms = round((self._clock.monotonic() - began) * 1000)
        # A turn that was stopped has no last word of the attempt loop; its trail is on disk.
        attempts = answered.attempts if answered is not None else await self._keeper.attempts(self._draft)
        return TurnResult(
            turn=self.turn,
            message=finished_message(self._draft, ending, attempts),
            usage=answered.usage if answered is not None else Usage(),
            unreachable=answered.unreachable if answered is not None else False,
        )

    async def save_late(self) -> None:
        """Try to save the ending until the disk takes it."""
        while self.unsaved is not None:
            await self._clock.sleep(RETRY_INTERVAL_S)
            await self.save_unsaved()

    async def save_unsaved(self) -> None:
        """Try once to save the ending that the disk refused."""
        if self.unsaved is not None and await self._writer.finish(self.unsaved):
            self.unsaved = None

    async def _answer(self) -> Answered:
        branch = await self._branch()
        # The prompt is on disk by now, so reading the configuration may take its time.
        configuration = await self._configuration()
        await self._model.prepare()
        async with aclosing(self._answers.answer(self._request(branch, configuration))) as parts:
            async for part in parts:
                match part:
                    case TextPart():
                        self._take(part)
                    case Answering():
                        self._draft.speaker = part
                    case Restarted():
                        self._restart(part)
                    case Continued():
                        self._go_on(part)
                    case Answered():
                        return part
        raise WorkbenchError("The answer ended without a result")

    def _take(self, part: TextPart) -> None:
        self._draft.add(part.text, reasoning=part.reasoning)
        self._writer.grew()
        self._tell_text(part.text, reasoning=part.reasoning)

    def _tell_text(self, text: str, *, reasoning: bool) -> None:
        self._bus.publish(TextDelta(delta=text, reasoning=reasoning, **self._about))

    def _restart(self, part: Restarted) -> None:
        characters = self._draft.set_aside(part.provider, part.model)
        self._writer.grew()
        self._bus.publish(ReplyRestarted(provider=part.provider, characters=characters, **self._about))

    def _go_on(self, part: Continued) -> None:
        seam = self._draft.go_on(part.after, Answering(provider=part.provider, model=part.model), ended=part.ended)
        self._writer.grew()
        self._bus.publish(
            ReplyContinued(
                at=seam.at, after=seam.after, provider=seam.provider, model=seam.model, ended=seam.ended, **self._about
            )
        )

    async def _ask_person(self, broken: BrokenStream) -> Resume:
        if broken.next_provider is None:
            return Resume.KEEP
        # A person may take long: nothing that came is in memory alone meanwhile.
        await self._writer.catch_up()
        question = self._question = asyncio.get_running_loop().create_future()
        self._bus.publish(
            ReplyBroken(
                provider=broken.provider,
                model=broken.model,
                reason=broken.reason,
                characters=broken.characters,
                next_provider=broken.next_provider,
                next_model=broken.next_model,
                **self._about,
            )
        )
        try:
            resume = await question
        finally:
            self._question = None
        self._bus.publish(ReplyDecided(decision=resume.value, **self._about))
        return resume

    def _request(self, branch: Sequence[Message], configuration: Configuration) -> AnswerRequest:
        settings = configuration.settings
        options = self._options
        policy = options.on_broken_stream or settings.on_broken_stream
        return AnswerRequest(
            turn_id=self.turn.id,
            conversation_id=self.turn.conversation_id,
            message_id=self.turn.message_id,
            messages=prompt_messages(branch, system=options.system),
            providers=self._providers(configuration),
            strategy=settings.fallback_strategy,
            default_provider=settings.default_provider,
            pinned_provider=options.provider or self._conversation.provider,
            pinned_model=options.model or (None if options.provider else self._conversation.model),
            fallback=options.fallback,
            on_broken_stream=policy,
            decide=self._ask_person if options.ask_person and policy is OnBrokenStream.ASK else None,
            timeouts=Timeouts(
                first_token_s=settings.first_token_timeout,
                stall_s=settings.stall_timeout,
                total_s=options.timeout_s or settings.request_timeout,
            ),
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
            private=bool(options.private) or self._conversation.private,
            urgency=options.urgency,
            context_window_fallback=settings.context_window_fallback,
            content_policy_fallback=settings.content_policy_fallback,
            begun=self._begun,
        )

    def _providers(self, configuration: Configuration) -> tuple[Provider, ...]:
        providers = configuration.providers
        if self._options.timeout_s is None:
            return providers
        # A limit given for this turn wins over one that a provider has in the configuration.
        return tuple(replace(provider, timeout_s=None) for provider in providers)

    def _ending_of(self, answered: Answered) -> Ending:
        if answered.complete:
            state = MessageState.DONE
        elif answered.provider is not None:
            # A cut answer that was kept as it is: never a complete one.
            state = MessageState.STOPPED
        else:
            state = MessageState.FAILED
        return Ending(
            state=state,
            provider=answered.provider,
            model=answered.model,
            finish_reason=answered.finish_reason,
            reason=answered.reason,
        )

    def tell(self, result: TurnResult) -> None:
        """Publish the turn's end; called when nothing stands in the way of the next turn."""
        message, usage = result.message, result.usage
        self._bus.publish(
            TurnFinished(
                state=message.state.value,
                provider=message.provider,
                model=message.model,
                reason=message.reason,
                duration_ms=self._duration_ms,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cost_nano=usage.cost_nano,
                finish_reason=message.finish_reason,
                **self._about,
            )
        )
