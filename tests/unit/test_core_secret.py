"""A Secret is a mask wherever Python would show it."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import pprint
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.secret import MASK, Secret

CANARY = "canary-A1b2C3-left-D4e5F6-right"


@dataclasses.dataclass(frozen=True, slots=True)
class Holder:
    key: Secret
    name: str = "x"


def shown(secret: Secret) -> list[str]:
    holder = Holder(secret)
    try:
        raise ValueError(secret, holder)
    except ValueError as error:
        raised = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    with pytest.raises(TypeError) as refused:
        json.dumps(secret)
    return [
        repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret:.3}", "%s %r".__mod__((secret, secret)),
        f"{secret} {secret!s}", json.dumps({"k": secret}, default=str), json.dumps([secret], default=repr),
        repr(holder), repr(dataclasses.asdict(holder)), pprint.pformat({"a": [holder]}), raised, str(refused.value),
        repr(copy.copy(secret)), repr(copy.deepcopy(holder)), repr(dataclasses.replace(holder, name="y")),
        repr(pickle.dumps(secret)), repr(pickle.loads(pickle.dumps(holder))), repr({secret}), ascii(secret),
        *(repr(pickle.dumps(holder, protocol=p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
    ]  # fmt: skip


def test_the_value_is_in_nothing_that_python_shows() -> None:
    for text in shown(Secret(CANARY)):
        assert "A1b2C3" not in text
        assert "D4e5F6" not in text


def test_only_reveal_gives_the_value() -> None:
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    assert copy.deepcopy(Holder(secret)).key.reveal() == CANARY
    assert pickle.loads(pickle.dumps(secret)).reveal() == MASK
    assert not hasattr(secret, "__dict__")


def test_a_tail_tells_long_keys_apart_and_shows_nothing_of_short_ones() -> None:
    assert Secret("sk-0123456789abcd").tail() == "…abcd"
    assert Secret("short").tail() == MASK


@given(st.text(st.characters(codec=None, exclude_categories=())), st.text())
def test_equality_and_hash_are_those_of_the_value(a: str, b: str) -> None:
    assert (Secret(a) == Secret(b)) is (a == b)
    assert Secret(a) == Secret(a)
    assert len({Secret(a), Secret(a)}) == 1
    assert bool(Secret(a)) is bool(a)
    assert Secret(a) != a
