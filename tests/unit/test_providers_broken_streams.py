"""Answers that broke off: a person decides, or another provider goes on, and no text stands twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.answering import Desk, Outcome, request
from tests.support.scripted_model import ScriptedModel, Step, fails, provider, says
from workbench.config.values import OnBrokenStream
from workbench.core.events import AttemptEnded
from workbench.providers.answering.seam import CERTAIN, HELD, INSTRUCTION, Joint, continued_messages
from workbench.providers.routing.catalogue import EmptyCatalogue, ModelFacts
from workbench.providers.routing.router import Router
from workbench.providers.values import BrokenStream, ErrorKind, Finish, PromptMessage, Resume, TextPart

A, B, C = (provider(name, priority=place) for place, name in enumerate("abc"))
BROKEN: list[Step] = [TextPart(text="It begins like "), TextPart(text="this and "), Finish(reason=None)]
BEFORE = "It begins like this and "


def deciding(*decisions: Resume) -> tuple[Callable[[BrokenStream], Awaitable[Resume]], list[BrokenStream]]:
    left, asked = list(decisions), []

    async def decide(broken: BrokenStream) -> Resume:
        asked.append(broken)
        return left.pop(0)

    return decide, asked


async def answer(
    *scripts: list[Step], router: Router | None = None, **more: object
) -> tuple[Outcome, ScriptedModel, Desk]:
    providers = (A, B, C)[: len(scripts)]
    model = ScriptedModel({each.name: [script] for each, script in zip(providers, scripts, strict=True)})
    desk = Desk(model, router=router)
    return await desk.answer(request(*providers, **more)), model, desk


async def test_continue_goes_on_from_the_text_and_marks_the_seam() -> None:
    outcome, model, desk = await answer(BROKEN, says("it ends like that."), on_broken_stream=OnBrokenStream.CONTINUE)
    assert outcome.text == "It begins like this and it ends like that."
    assert outcome.order == ["Answering", "TextPart", "Continued", "Answering", "TextPart", "Answered"]
    assert outcome.voided == []
    answered = outcome.answered
    assert (answered.complete, answered.provider, answered.finish_reason) == (True, "b", "stop")
    assert model.calls[1].messages[-2:] == (
        PromptMessage(role="assistant", text=BEFORE),
        PromptMessage(role="user", text=INSTRUCTION),
    )
    assert [event.data()["next_step"] for event in desk.events(AttemptEnded)] == ["continue with: b/b-1", ""]


async def test_a_model_that_can_goes_on_from_a_prefilled_beginning() -> None:
    class Prefilling(EmptyCatalogue):
        def facts(self, provider: object, model: str) -> ModelFacts:
            del provider, model
            return ModelFacts(prefill=True)

    desk = Desk(ScriptedModel({}))
    router = Router(clock=desk.clock, random=desk.failover.random, catalogue=Prefilling())
    outcome, model, _ = await answer(BROKEN, says(" so on."), router=router, on_broken_stream=OnBrokenStream.CONTINUE)
    call = model.calls[1]
    assert call.prefill
    assert call.messages[-1] == PromptMessage(role="assistant", text=BEFORE.rstrip())
    # The model was not shown the blank at the end, and sent it again.
    assert outcome.text == "It begins like this and so on."


async def test_a_second_break_goes_on_with_the_third_from_all_the_text() -> None:
    second: list[Step] = [TextPart(text="then more " + "." * HELD), Finish(reason=None)]
    outcome, model, _ = await answer(BROKEN, second, says("the end"), on_broken_stream=OnBrokenStream.CONTINUE)
    whole = BEFORE + "then more " + "." * HELD
    assert outcome.text == whole + "the end"
    assert model.calls[2].messages[-2].text == whole
    assert outcome.order.count("Continued") == 2
    assert outcome.answered.complete


async def test_a_continuation_that_fails_before_its_text_leaves_no_seam() -> None:
    refused: list[Step] = [fails(ErrorKind.SERVER_ERROR, status=500)]
    outcome, _, _ = await answer(BROKEN, refused, says("done"), on_broken_stream=OnBrokenStream.CONTINUE)
    assert outcome.order.count("Continued") == 1
    assert outcome.text == BEFORE + "done"


async def test_text_that_is_said_again_stands_once() -> None:
    again = says("like this and ", "then the rest.")
    outcome, _, _ = await answer(BROKEN, again, on_broken_stream=OnBrokenStream.CONTINUE)
    assert outcome.text == BEFORE + "then the rest."


async def test_a_model_that_begins_anew_replaces_the_text() -> None:
    long_start = "A fine beginning of forty characters or more, and "
    broken: list[Step] = [TextPart(text=long_start), Finish(reason=None)]
    whole = long_start + "so it went on to its end."
    outcome, _, _ = await answer(broken, says(whole), on_broken_stream=OnBrokenStream.CONTINUE)
    assert outcome.text == whole
    assert outcome.voided == [long_start]
    assert "Continued" not in outcome.order


async def test_what_was_held_back_of_a_continuation_that_broke_off_is_kept() -> None:
    second: list[Step] = [TextPart(text="then more"), Finish(reason=None)]
    outcome, _, _ = await answer(BROKEN, second, on_broken_stream=OnBrokenStream.CONTINUE)
    assert (outcome.text, outcome.answered.complete) == (BEFORE + "then more", False)
    outcome, model, _ = await answer(BROKEN, second, says(" to the end"), on_broken_stream=OnBrokenStream.CONTINUE)
    assert outcome.text == BEFORE + "then more to the end"
    assert model.calls[2].messages[-2].text == BEFORE + "then more"


async def test_a_beginning_anew_that_breaks_off_does_not_replace_what_stands() -> None:
    second: list[Step] = [TextPart(text=BEFORE), Finish(reason=None)]
    outcome, _, _ = await answer(BROKEN, second, on_broken_stream=OnBrokenStream.CONTINUE)
    assert (outcome.text, outcome.voided) == (BEFORE, [])


async def test_the_thoughts_before_a_short_continuation_are_not_lost() -> None:
    thinking: list[Step] = [TextPart(text="hm", reasoning=True), *says("the end")]
    model = ScriptedModel({"a": [BROKEN], "b": [thinking]})
    asked = request(A, B, on_broken_stream=OnBrokenStream.CONTINUE)
    parts = [part async for part in Desk(model).failover.answer(asked) if isinstance(part, TextPart)]
    assert parts[-2:] == [TextPart(text="hm", reasoning=True), TextPart(text="the end")]


async def test_continue_with_nobody_left_keeps_what_came() -> None:
    outcome, _, _ = await answer(BROKEN, on_broken_stream=OnBrokenStream.CONTINUE)
    assert (outcome.text, outcome.answered.complete, outcome.answered.provider) == (BEFORE, False, "a")


@pytest.mark.parametrize(
    ("decision", "text", "complete"),
    [
        (Resume.CONTINUE, BEFORE + "the end", True),
        (Resume.RESTART, "the end", True),
        (Resume.KEEP, BEFORE, False),
    ],
)
async def test_a_person_decides(decision: Resume, text: str, complete: bool) -> None:
    decide, asked = deciding(decision)
    outcome, _, desk = await answer(BROKEN, says("the end"), on_broken_stream=OnBrokenStream.ASK, decide=decide)
    assert (outcome.text, outcome.answered.complete) == (text, complete)
    broken = asked[0]
    assert (broken.provider, broken.next_provider, broken.next_model) == ("a", "b", "b-1")
    assert broken.characters == len(BEFORE)
    steps = [event.data()["next_step"] for event in desk.events(AttemptEnded)]
    assert steps[0] == "you are asked what to do"


async def test_nobody_is_asked_when_there_is_nothing_to_choose() -> None:
    decide, asked = deciding()
    outcome, _, _ = await answer(BROKEN, on_broken_stream=OnBrokenStream.ASK, decide=decide)
    assert asked == []
    assert outcome.text == BEFORE


@pytest.mark.parametrize("policy", OnBrokenStream)
async def test_after_a_tool_has_run_nothing_is_answered_twice(policy: OnBrokenStream) -> None:
    decide, asked = deciding(Resume.RESTART)
    outcome, model, _ = await answer(BROKEN, says("again"), on_broken_stream=policy, decide=decide, tool_has_run=True)
    assert (outcome.text, outcome.answered.complete, len(model.calls), asked) == (BEFORE, False, 1, [])


async def test_a_broken_answer_is_restarted_on_one_that_failed_before_and_may_be_tried_again() -> None:
    first = replace(A, max_retries=1)
    model = ScriptedModel({"a": [[fails(ErrorKind.SERVER_ERROR, status=500)], says("whole")], "b": [BROKEN]})
    outcome = await Desk(model).answer(request(first, B, on_broken_stream=OnBrokenStream.RESTART))
    assert (outcome.text, outcome.answered.complete) == ("whole", True)
    assert [call.provider.name for call in model.calls] == ["a", "b", "a"]


def test_the_prompt_of_a_continuation_holds_the_text_once() -> None:
    prompt = (PromptMessage(role="user", text="hi"),)
    assert continued_messages(prompt, "so far ", prefill=True) == (
        *prompt,
        PromptMessage(role="assistant", text="so far"),
    )
    assert len(continued_messages(prompt, "so far ", prefill=False)) == 3


def joined(before: str, after: str, sizes: list[int]) -> tuple[str, bool]:
    joint, given, rest = Joint(before), "", after
    for size in sizes:
        piece, rest = rest[:size], rest[size:]
        given += joint.feed(piece)
    given += joint.feed(rest) if rest else ""
    return given + joint.finish(), joint.began_anew


_TEXT = st.text(alphabet="abcdefgh ijk\nlmnop", max_size=600)


@settings(max_examples=300)
@given(before=_TEXT, new=_TEXT, sizes=st.lists(st.integers(1, 90), max_size=12))
def test_no_new_text_is_lost_at_a_seam(before: str, new: str, sizes: list[int]) -> None:
    given, anew = joined(before, new, sizes)
    assert given == new if anew else new.endswith(given)
    dropped = new[: len(new) - len(given)]
    # What is dropped stands at the end of the text before, word for word.
    assert anew or before.endswith(dropped) or dropped in before


@settings(max_examples=300)
@given(
    before=st.text(alphabet="abcdefghijklmnopqrstuvwxyz ,.", min_size=CERTAIN + 60, max_size=400),
    repeated=st.integers(50, 300),
    sizes=st.lists(st.integers(1, 90), max_size=12),
)
def test_a_repeated_end_stands_once(before: str, repeated: int, sizes: list[int]) -> None:
    new = "|NEW TEXT|" * 3
    # A repetition from the very beginning is an answer from the beginning.
    end = before[-min(repeated, len(before) - 20) :]
    given, anew = joined(before, end + new, sizes)
    assert anew or given == new


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ("and the quick bro", "brown fox", "wn fox"),
        ("and the quick brown", "brown fox", " fox"),
        ("and the quick brown ", "fox", "fox"),
        # Digits and brackets may well come twice.
        ("it is 100", "100 more", "100 more"),
        ("f(g(x))", ")) and", ")) and"),
    ],
)
def test_a_word_that_broke_off_is_not_written_twice(before: str, after: str, new: str) -> None:
    assert joined("A long text that has begun. " + before, after, []) == (new, False)


def test_a_repetition_that_goes_another_way_is_shown_at_once() -> None:
    before = "".join(f"line {number} of a long text\n" for number in range(400))
    joint = Joint(before)
    assert joint.feed(before[-4_000 : -4_000 + HELD]) == ""
    assert joint.feed("but then it differs").endswith("but then it differs")


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("def f():\n    ", "\n    return 1", "def f():\n    return 1"),
        ("A sentence that is long.\n", "sentence that is long.\n\nNext", "A sentence that is long.\n\nNext"),
        ("A sentence that is long ", "sentence that is long and more", "A sentence that is long and more"),
        ("Once \n", " \n\nupon", "Once \n\nupon"),
        ("Once \n", "upon", "Once \nupon"),
        ("Once \n", "\n upon", "Once \n\n upon"),
    ],
)
def test_the_blank_that_a_prefilled_model_did_not_see_stands_once(before: str, after: str, whole: str) -> None:
    joint = Joint(before, prefill=True)
    assert before + joint.feed(after) + joint.finish() == whole
