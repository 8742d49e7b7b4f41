from __future__ import annotations

from dataclasses import replace

import pytest

from workbench.core.events import AttemptStarted, EngineStarted, Event, Level, StorageTrouble
from workbench.tui.events.filters import EventFilter, FilterError, chips, completions, next_level, parse, without

ALL = EventFilter(
    level=Level.WARNING, source=("provider", "chat"), conversation="c1", task="t1", turn="r1", provider="my gpt",
    text="too many", pattern="4[0-9]{2} |x",
)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", EventFilter()),
        ("  too   many ", EventFilter(text="too many")),
        ('"level:warn"', EventFilter(text="level:warn")),
        ("level:warn", EventFilter(level=Level.WARNING)),
        ("level:>=WARNING", EventFilter(level=Level.WARNING)),
        ("level:", EventFilter()),
        ("source:provider,chat,provider", EventFilter(source=("provider", "chat"))),
        ('provider:"my gpt" limited', EventFilter(provider="my gpt", text="limited")),
        ("conv:abc task:d turn:e", EventFilter(conversation="abc", task="d", turn="e")),
        ("http://x.example/y", EventFilter(text="http://x.example/y")),
        ("/v1/models", EventFilter(text="/v1/models")),
        ("/rate .*limit/ level:error", EventFilter(pattern="rate .*limit", level=Level.ERROR)),
        ("/rate .*lim", EventFilter(pattern="rate .*lim")),
        (r"/a\/b/", EventFilter(pattern=r"a\/b")),
        ("/", EventFilter()),
        ('"/chat"', EventFilter(text="/chat")),
    ],
)
def test_what_is_typed_is_a_filter(typed: str, meant: EventFilter) -> None:
    assert parse(typed) == meant


@pytest.mark.parametrize("typed", ["/(a+/", "/(", "level:loud", "x /[/"])
def test_what_is_no_filter_is_told(typed: str) -> None:
    with pytest.raises(FilterError, match=r"loud|/"):
        parse(typed)


@pytest.mark.parametrize("text", ["too many", "level:warn", "/chat", "x", "a:b", ""])
def test_a_filter_can_be_typed_again(text: str) -> None:
    assert parse(str(replace(ALL, text=text))) == replace(ALL, text=text)


def test_each_chip_can_be_taken_away() -> None:
    left = ALL
    names = [chip.name for chip in chips(ALL)]
    assert names == ["level", "source", "conversation", "task", "provider", "turn", "pattern", "text"]
    for count, name in enumerate(names, 1):
        left = without(left, name)
        assert [chip.name for chip in chips(left)] == names[count:]
    assert left.is_open
    assert next_level(Level.DEBUG) == Level.INFO
    assert next_level(Level.ERROR) == Level.DEBUG


ASKED = AttemptStarted(
    provider="openai", model="gpt", ord=0, conversation_id="conv-1", correlation="turn-1", task_id="task-1"
)
FULL = StorageTrouble(problem="Platte VOLL: größer")


@pytest.mark.parametrize(
    ("typed", "event", "passes"),
    [
        ("level:error", FULL, True), ("level:error", ASKED, False), ("source:storage,chat", FULL, True),
        ("source:storage", ASKED, False), ("provider:openai", ASKED, True), ("provider:open", ASKED, False),
        ("provider:openai", FULL, False), ("conversation:conv", ASKED, True), ("conversation:conv", FULL, False),
        ("turn:turn-1 task:task", ASKED, True), ("turn:turn-2", ASKED, False), ("ASKING open", ASKED, True),
        ("attempt.started", ASKED, True), ("GRÖSSER", FULL, True), ("/open.i/", ASKED, True), ("/^open/", ASKED, False),
        (r"/\.started$/", ASKED, True), ("/x|voll/ grösser", FULL, True), ("/voll/ nothing", FULL, False),
    ],
)  # fmt: skip
def test_lets_the_right_events_through(typed: str, event: Event, passes: bool) -> None:
    assert parse(typed).test()(event) is passes


def test_the_log_is_asked_the_same() -> None:
    query = parse("level:warn source:a,b conversation:c task:t turn:r provider:p words here").query()
    assert (query.level, query.sources, query.conversation_id) == (Level.WARNING, ("a", "b"), "c")
    assert (query.task_id, query.correlation, query.provider, query.text) == ("t", "r", "p", "words here")
    assert query.fits is None
    assert EventFilter().query().level is None
    # What SQL cannot do is asked of the very test that the live events meet.
    for typed in ("/a+/", "größer", "/a+/ größer"):
        query = parse(typed).query()
        assert not query.text
        assert query.fits is not None
        assert query.fits("aa GRÖSSER", "kind")
        assert not query.fits("b", "kind")


KNOWN = {"source": ["chat", "provider", "storage"], "provider": ["my gpt", "openai"], "conversation": ["c9", "c1"]}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", []), ("so", ["source:"]), ("x t", ["x task:", "x turn:"]), ("level:w", ["level:warn"]),
        ("level:warn", []), ("source:", ["source:chat", "source:provider", "source:storage"]),
        ("source:chat,st", ["source:chat,storage"]), ("provider:gpt", ['provider:"my gpt"']),
        ("conv:", ["conversation:c9", "conversation:c1"]), ("nothing:", []),
    ],
)  # fmt: skip
def test_names_are_completed(typed: str, offered: list[str]) -> None:
    assert list(completions(typed, KNOWN)) == offered


def test_an_engine_event_has_no_provider() -> None:
    assert not parse("provider:x").test()(EngineStarted(version="1"))
