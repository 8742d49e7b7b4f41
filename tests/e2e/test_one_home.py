"""Two running programs of one home take turns over the same providers, and know of the same breakers and keys."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.cli import RunningCommand, configure, running_cli
from tests.support.doubles import FaultyProvider, ok, running_provider, server_error, unauthorized

pytestmark = pytest.mark.timeout(90)

ANSWER = "Hello from the double.\n"


def ask(chat: RunningCommand) -> None:
    """One prompt, to the end of its answer."""
    assert chat.process.stdin is not None
    before = chat.out.count(ANSWER)
    chat.process.stdin.write(b"hi\n")
    chat.process.stdin.flush()
    chat.wait_until(lambda: chat.out.count(ANSWER) == before + 1)


def calls(doubles: list[FaultyProvider]) -> list[int]:
    return [len(double.calls) for double in doubles]


def test_two_programs_agree_on_turns_breakers_and_keys(isolation: Path) -> None:
    with ExitStack() as stack:
        doubles = [stack.enter_context(running_provider(ok())) for _ in range(3)]
        alpha, beta, gamma = doubles
        settings = {"fallback_strategy": "round-robin", "on_broken_stream": "restart"}
        configure(isolation, [double.base_url for double in doubles], settings)
        one, other = (stack.enter_context(running_cli("chat", stdin=subprocess.PIPE, warm=True)) for _ in range(2))

        for _ in range(6):
            ask(one)
            ask(other)
        assert calls(doubles) == [4, 4, 4], "each turn is taken once, whoever takes it"

        alpha.behave(server_error())
        for _ in range(6):
            # Each third turn is alpha's: the fifth failure in a row is found by both programs together.
            ask(one)
            ask(other)
        assert len(alpha.calls) == 4 + 4
        failures = [program.err.count("alpha/model-alpha failed") for program in (one, other)]
        assert failures == [2, 2], "neither program has seen five failures of its own"
        ask(one)
        assert len(alpha.calls) == 4 + 5
        for program in (other, one, other, one, other, one):
            ask(program)
        assert len(alpha.calls) == 4 + 5, "the breaker is open for both"

        gamma.behave(unauthorized())
        before = len(gamma.calls)
        while len(gamma.calls) == before:
            ask(one)
        for _ in range(3):
            ask(other)
        assert len(gamma.calls) == before + 1, "its refused key is known to both"
        assert len(beta.calls) > 4
