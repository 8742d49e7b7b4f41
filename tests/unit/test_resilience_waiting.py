"""The queue for requests that found everybody full: who is called, and that nobody overtakes."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from workbench.providers.resilience.waiting import CALLED_S, Ahead, Chance, Waiter, WaitingQueue


class Places:
    """How many places each provider has; what a queue's `fits` asks."""

    def __init__(self, **free: int) -> None:
        self.free = free
        self.out: set[str] = set()

    def fits(self, waiter: Waiter, name: str, ahead: Ahead) -> Chance:
        if name in self.out:
            return Chance.OUT
        return Chance.FREE if self.free[name] > ahead.promised[name] else Chance.FULL


def called(queue: WaitingQueue, places: Places, now_s: float = 0.0) -> list[str]:
    return [waiter.turn_id for waiter in queue.call(places.fits, now_s) if waiter.called_s is not None]


def test_the_urgent_go_first_then_who_came_first() -> None:
    queue, places = WaitingQueue(), Places(a=0)
    for turn, urgency in (("old", 10), ("one", 0), ("two", 0), ("late", 10)):
        queue.join(turn, urgency, ("a",), 0)
    assert called(queue, places) == []
    order = []
    for _ in range(4):
        places.free["a"] = 1
        (turn,) = called(queue, places)
        order.append(turn)
        queue.admitted(turn)
        places.free["a"] = 0
    assert order == ["one", "two", "old", "late"]


def test_as_many_are_called_as_there_are_places() -> None:
    queue = WaitingQueue()
    for turn in "xyz":
        queue.join(turn, 0, ("a",), 0)
    assert called(queue, Places(a=2)) == ["x", "y"]


def test_who_wants_another_provider_is_not_held_up() -> None:
    queue = WaitingQueue()
    queue.join("x", 0, ("a",), 0)
    queue.join("y", 0, ("a", "b"), 0)
    assert called(queue, Places(a=0, b=1)) == ["y"]


def test_a_smaller_request_does_not_overtake_one_that_waits_for_the_same_provider() -> None:
    queue = WaitingQueue()
    queue.join("large", 0, ("a",), 5_000)
    queue.join("small", 0, ("a",), 10)

    def fits(waiter: Waiter, name: str, ahead: Ahead) -> Chance:
        return Chance.FREE if waiter.tokens + ahead.tokens[name] <= 100 else Chance.FULL

    assert [waiter.turn_id for waiter in queue.call(fits, 0.0) if waiter.called_s is not None] == []


def test_a_newcomer_sees_who_waits_and_what_is_promised() -> None:
    queue = WaitingQueue()
    queue.join("x", 0, ("a",), 7)
    queue.join("y", 0, ("b",), 9)
    assert queue.ahead("new", 0, 0.0).wanted == {"a", "b"}
    called(queue, Places(a=1, b=0))
    ahead = queue.ahead("new", 0, 0.0)
    assert (ahead.wanted, ahead.promised["a"], ahead.tokens["a"], ahead.promised_in_all) == ({"b"}, 1, 7, 1)
    assert queue.ahead("x", 0, 0.0).promised_in_all == 0, "who was called has nobody before it"


def test_an_urgent_newcomer_goes_before_background_requests() -> None:
    queue = WaitingQueue()
    queue.join("batch", 10, ("a",), 0)
    assert queue.ahead("chat", 0, 0.0).wanted == set()
    assert queue.ahead("other batch", 10, 0.0).wanted == {"a"}


def test_who_was_called_and_found_nothing_keeps_its_place() -> None:
    queue = WaitingQueue()
    queue.join("x", 0, ("a",), 0)
    queue.join("y", 0, ("a",), 0)
    assert called(queue, Places(a=1)) == ["x"]
    queue.join("x", 0, ("a",), 0)
    assert len(queue) == 2
    assert called(queue, Places(a=1), 0.1) == ["x"]


def test_who_was_called_and_does_not_come_makes_room_after_a_moment() -> None:
    queue, places = WaitingQueue(), Places(a=1)
    queue.join("x", 0, ("a",), 0)
    queue.join("y", 0, ("a",), 0)
    assert called(queue, places) == ["x"]
    assert queue.called_until_s() == CALLED_S
    assert called(queue, places, CALLED_S - 0.01) == []
    assert queue.ahead("new", 0, CALLED_S).promised_in_all == 0
    assert called(queue, places, CALLED_S) == ["y"]


def test_who_waits_for_nobody_any_more_is_called() -> None:
    queue, places = WaitingQueue(), Places(a=0, b=0)
    queue.join("x", 0, ("a", "b"), 0)
    places.out = {"a"}
    assert called(queue, places) == []
    places.out = {"a", "b"}
    assert called(queue, places) == ["x"]


def test_those_at_the_front_are_woken_to_look_at_the_clock_themselves() -> None:
    queue, places = WaitingQueue(), Places(a=0, b=0)
    first, second, other = (queue.join(turn, 0, (want,), 0) for turn, want in (("x", "a"), ("y", "a"), ("z", "b")))
    assert queue.call(places.fits, 0.0) == [first, other]
    assert queue.call(places.fits, 0.0) == [], "once is enough"
    queue.leave(first)
    assert queue.call(places.fits, 0.0) == [second]


class QueueMachine(RuleBasedStateMachine):
    """Waiters of two urgencies for three providers; places come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.queue = WaitingQueue()
        self.places = Places(a=0, b=0, c=0)
        self.waiting: list[Waiter] = []
        """In the order in which they should go."""
        self.turns = 0

    def stir(self) -> None:
        before = [waiter for waiter in self.waiting if waiter.called_s is None]
        woken = self.queue.call(self.places.fits, self.now)
        for waiter in [w for w in self.waiting if w.called_s is not None and self.now >= w.called_s + CALLED_S]:
            self.waiting.remove(waiter)
        for waiter in woken:
            if waiter.called_s is None:
                continue
            earlier = before[: before.index(waiter)]
            left_out = {name for other in earlier if other.called_s is None for name in other.wants}
            free = {name for name in waiter.wants if self.places.free[name] > 0}
            assert free - left_out, "it was called for a place that nobody before it waits for"

    @rule(urgency=st.sampled_from([0, 10]), wants=st.sets(st.sampled_from("abc"), min_size=1))
    def join(self, urgency: int, wants: set[str]) -> None:
        self.turns += 1
        self.waiting.append(self.queue.join(f"t{self.turns}", urgency, tuple(sorted(wants)), 0))
        self.waiting.sort(key=lambda waiter: (waiter.urgency, waiter.arrival))
        self.stir()

    @rule(data=st.data())
    @precondition(lambda self: self.waiting)
    def give_up(self, data: st.DataObject) -> None:
        waiter = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(waiter)
        self.queue.leave(waiter)
        self.stir()

    @rule(name=st.sampled_from("abc"))
    def place_comes_free(self, name: str) -> None:
        self.places.free[name] += 1
        self.stir()

    @rule(data=st.data())
    @precondition(lambda self: any(waiter.called_s is not None for waiter in self.waiting))
    def the_called_one_is_admitted(self, data: st.DataObject) -> None:
        waiter = data.draw(st.sampled_from([waiter for waiter in self.waiting if waiter.called_s is not None]))
        ahead = self.queue.ahead(waiter.turn_id, waiter.urgency, self.now)
        free = [name for name in waiter.wants if self.places.free[name] > ahead.promised[name]]
        if free:
            self.places.free[data.draw(st.sampled_from(free))] -= 1
            self.queue.admitted(waiter.turn_id)
            self.waiting.remove(waiter)
            self.stir()

    @rule(name=st.sampled_from("abc"), urgency=st.sampled_from([0, 10]))
    def newcomer_tries(self, name: str, urgency: int) -> None:
        ahead = self.queue.ahead("newcomer", urgency, self.now)
        if name not in ahead.wanted and self.places.free[name] > ahead.promised[name]:
            before = [waiter for waiter in self.waiting if waiter.urgency <= urgency and waiter.called_s is None]
            assert not any(name in waiter.wants for waiter in before), "nobody who waited for it was overtaken"
            self.places.free[name] -= 1

    @rule(seconds=st.floats(0, 1.5))
    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.stir()

    @invariant()
    def a_free_place_that_nobody_was_promised_is_waited_for_by_nobody(self) -> None:
        promised = {name for waiter in self.waiting if waiter.called_s is not None for name in waiter.wants}
        for waiter in self.waiting:
            if waiter.called_s is None:
                assert not any(self.places.free[name] > 0 and name not in promised for name in waiter.wants)

    @invariant()
    def the_queue_holds_who_waits(self) -> None:
        assert len(self.queue) == len(self.waiting)
        assert [self.queue.before(waiter) for waiter in self.waiting] == list(range(len(self.waiting)))


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=120, stateful_step_count=30, deadline=None, derandomize=True)
