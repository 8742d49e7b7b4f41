"""A mix of faults on 30 % of calls over three providers; `benchmarks/faults.py` does the same with thousands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fault_mix import Tally, answer_of, is_whole, run_mix
from workbench.providers.calling.litellm_client import LiteLLMClient

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM, and there are seconds of waiting in it.
    pytest.mark.timeout(120),
]

REQUESTS = 300


async def test_all_but_one_in_a_thousand_are_whole_and_the_rest_say_why(client: LiteLLMClient, tmp_path: Path) -> None:
    tally = await run_mix(tmp_path, client, requests=REQUESTS)
    assert tally.wrong == []
    assert tally.requests == REQUESTS
    # One in a thousand of three hundred is none; chance has a say in which calls of a turn meet which fault.
    assert tally.whole >= REQUESTS - 1, tally.errors
    assert tally.retries <= 0.2 * REQUESTS
    assert tally.hops <= 3
    # The mix was one: faults of every sort were met, keys that rest or were refused among them.
    met = {"rate_limited", "server_error", "broken_stream", "first_token_timeout", "empty", "auth", "quota"}
    assert met <= tally.kinds.keys(), tally.kinds
    assert tally.calls - tally.kinds["ok"] > 0.2 * REQUESTS


@pytest.mark.parametrize("harm", ["cut", "doubled", "joined"])
def test_a_harmed_answer_would_be_noticed(harm: str) -> None:
    one, other = "".join(answer_of("a", "question 1")), "".join(answer_of("b", "question 1"))
    harmed = {"cut": one[:-11], "doubled": one + one, "joined": one[:20] + other}[harm]
    assert is_whole(one) and not is_whole(harmed)


def test_a_tally_counts_shares_of_requests() -> None:
    tally = Tally(requests=4, whole=3, calls=6)
    assert (tally.share_whole, tally.hops) == (0.75, 1.5)
