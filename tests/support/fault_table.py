"""The faults of a provider, one a row: what it does, what is made of it, what comes next, how it stands afterwards.

`fp` is the row's number in the catalogue of faults that the reliability goals are written in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from tests.support.doubles import (
    HELLO,
    Behaviour,
    content_policy,
    context_window,
    cut,
    empty_stop,
    endless,
    garbage,
    hostile_error,
    html,
    in_band_error,
    keep_alive_only,
    odd_shapes,
    ok,
    quota,
    rate_limited,
    reset,
    reset_at_once,
    server_error,
    seven_bytes,
    silence,
    stall,
    status,
    unauthorized,
)
from tests.support.exchange import chunk
from tests.support.rare_faults import (
    CALL,
    compressed_answer,
    compressed_error,
    events,
    headers_only,
    invalid_utf8,
    limited_until,
    nonsense,
    one_line,
    tool_calls,
    torn,
    wrong_types,
)
from workbench.providers.values import ErrorKind


class Place(Enum):
    """Where the faulty provider is to be found."""

    DOUBLE = "a double"
    CLOSED_PORT = "a port that nobody listens on"
    NO_NAME = "a name that does not resolve"
    SILENT_NAME = "a name whose look-up hangs"
    TLS_EXPIRED = "expired"
    TLS_WRONG_HOST = "wrong-host"
    TLS_SELF_SIGNED = "self-signed"
    FULL_PORT = "a port that lets connections wait for ever"
    TLS_SILENT = "a port that accepts and shakes no hand"
    ELSEWHERE = "a double that redirects to the healthy provider"


class Step(StrEnum):
    """What the next step begins with, when another provider is left."""

    NEXT = "next: b/b-model"
    RESTART = "restart with: b/b-model"
    NONE = ""
    """Nothing: the answer is whole."""


class After(Enum):
    """How the provider stands afterwards."""

    WELL = "as before"
    COUNTED = "one failure is counted, the breaker stays closed"
    OPEN = "the breaker is open: silence costs its time once"
    KEY_RESTS = "its key rests"
    KEY_REFUSED = "its key is not used again, and so the provider is not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault."""

    fp: int
    name: str
    kind: ErrorKind | None
    """What is made of it; None for a whole answer in spite of everything."""
    after: After
    step: Step = Step.NEXT
    behave: Behaviour | None = None
    place: Place = Place.DOUBLE
    http_status: int | None = None
    text: str = ""
    """What had come before the fault; of a whole answer all of it."""
    rests_s: float | None = None
    """How long its key rests."""
    total_s: float = 10.0
    patient: bool = False
    """Whether it is much work, which may take its time."""
    says: str = ""
    """Part of the reason that people read."""


HALF = "".join(HELLO[:2])
LETTERS = "".join(chr(ord("a") + place % 26) for place in range(20_000))
LONG_LINE = "word " * 2_000_000
_K, _A = ErrorKind, After


def _limited(name: str, behave: Behaviour, rests_s: float, kind: ErrorKind = _K.RATE_LIMITED, code: int = 429) -> Row:
    return Row(
        fp=1, name=name, behave=behave, kind=kind, http_status=code, after=_A.KEY_RESTS, rests_s=rests_s
    )  # fmt: skip


def _status(fp: int, name: str, behave: Behaviour, kind: ErrorKind, code: int, after: After) -> Row:
    return Row(fp=fp, name=name, behave=behave, kind=kind, http_status=code, after=after)


def _broken(fp: int, name: str, behave: Behaviour, kind: ErrorKind = _K.BROKEN_STREAM, text: str = HALF) -> Row:
    return Row(fp=fp, name=name, behave=behave, kind=kind, text=text, step=Step.RESTART, after=_A.COUNTED)


def _whole(fp: int, name: str, behave: Behaviour, text: str = "".join(HELLO)) -> Row:
    patient = fp in (18, 20, 24)
    return Row(fp=fp, name=name, behave=behave, kind=None, text=text, step=Step.NONE, after=_A.WELL, patient=patient)


def _unreached(fp: int, name: str, place: Place, says: str) -> Row:
    return Row(fp=fp, name=name, place=place, kind=_K.CONNECTION, after=_A.COUNTED, says=says)


def _unheard(fp: int, name: str, place: Place, says: str) -> Row:
    return Row(fp=fp, name=name, place=place, kind=_K.TIMEOUT, after=_A.OPEN, says=says)


def _hang(fp: int, name: str, behave: Behaviour) -> Row:
    return Row(fp=fp, name=name, behave=behave, kind=_K.FIRST_TOKEN_TIMEOUT, after=_A.OPEN, says="no first token")


def _calls(name: str, *calls: dict[str, object]) -> Row:
    return _whole(24, name, tool_calls(calls), "")


def _usage(name: str, usage: dict[str, object]) -> Row:
    return _whole(25, name, ok(usage=usage))


UNNAMED_CALL = {"name": "", "arguments": "{}"}
BROKEN_CALL = {"name": "lookup", "arguments": '{"a": '}

TABLE = (
    _limited("429, Retry-After 2", rate_limited("2"), 2),
    _limited("429, Retry-After 600", rate_limited("600"), 600),
    _limited("429, Retry-After as a date", limited_until(30), 30),
    _limited("429, Retry-After junk", rate_limited("soon, I hope"), 2),
    _limited("429, no Retry-After", rate_limited(None), 2),
    _limited("429, the quota is used up", quota(429), 600, _K.QUOTA),
    _limited("402", quota(402), 600, _K.QUOTA, 402),
    _status(2, "500", server_error(500), _K.SERVER_ERROR, 500, _A.COUNTED),
    _status(2, "502", server_error(502), _K.SERVER_ERROR, 502, _A.COUNTED),
    _status(2, "503", server_error(503), _K.SERVER_ERROR, 503, _A.COUNTED),
    _status(2, "529", server_error(529), _K.SERVER_ERROR, 529, _A.COUNTED),
    _status(3, "401", unauthorized(401), _K.AUTH, 401, _A.KEY_REFUSED),
    _status(3, "403", unauthorized(403), _K.AUTH, 403, _A.KEY_REFUSED),
    _status(4, "400, the context is too long", context_window(), _K.CONTEXT_WINDOW, 400, _A.WELL),
    _status(4, "400, content policy", content_policy(), _K.CONTENT_POLICY, 400, _A.WELL),
    _status(4, "404", status(404), _K.BAD_REQUEST, 404, _A.WELL),
    _status(5, "400 with a hostile text", hostile_error(), _K.BAD_REQUEST, 400, _A.WELL),
    _status(5, "500 with 5 MB of hostile text", hostile_error(500, size=5_000_000), _K.SERVER_ERROR, 500, _A.COUNTED),
    _unreached(6, "connection refused", Place.CLOSED_PORT, "connection refused"),
    Row(fp=6, name="reset before the headers", behave=reset_at_once(), kind=_K.CONNECTION, after=_A.COUNTED),
    _unreached(7, "unknown host name", Place.NO_NAME, "cannot be resolved"),
    _unheard(7, "look-up hangs", Place.SILENT_NAME, "within the time limit"),
    _unreached(8, "TLS: expired", Place.TLS_EXPIRED, "certificate is not accepted"),
    _unreached(8, "TLS: another host's", Place.TLS_WRONG_HOST, "certificate is not accepted"),
    _unreached(8, "TLS: self-signed", Place.TLS_SELF_SIGNED, "certificate is not accepted"),
    _unheard(8, "TLS: no handshake", Place.TLS_SILENT, "no connection within the time limit"),
    _unheard(9, "no connection comes about", Place.FULL_PORT, "no connection within the time limit"),
    _hang(9, "silence", silence()),
    _hang(9, "headers, then silence", headers_only()),
    _hang(9, "keep-alives only", keep_alive_only()),
    _broken(10, "stall", stall(), _K.STALLED),
    _broken(10, "stall, close-delimited", stall(chunked=False), _K.STALLED),
    _broken(11, "RST", reset()),
    _broken(11, "RST, close-delimited", reset(chunked=False)),
    _broken(12, "FIN in the framing", torn()),
    _broken(12, "FIN, orderly framing", cut()),
    _broken(12, "FIN, close-delimited", cut(chunked=False)),
    _broken(12, "[DONE] without a finish reason", cut(done=True)),
    Row(fp=12, name="FIN before any text", behave=cut(0), kind=_K.EMPTY, after=_A.COUNTED),
    Row(fp=12, name="finish reason without text", behave=empty_stop(), kind=_K.EMPTY, after=_A.COUNTED),
    _broken(13, "error object after text", in_band_error()),
    Row(fp=13, name="error object at once", behave=in_band_error(0), kind=_K.SERVER_ERROR, after=_A.COUNTED),
    _broken(13, "finish reason error", events(after=2, finish="error")),
    _broken(14, "no JSON in an event", garbage(2)),
    _broken(14, "JSON cut off", events(b'data: {"choices": [\n\n', after=2)),
    Row(fp=14, name="no JSON at once", behave=garbage(), kind=_K.BROKEN_STREAM, after=_A.COUNTED),
    _whole(14, "a line that is no field", events(b"what is this?\n\n", after=4)),
    _whole(15, "seven bytes at a time", seven_bytes(), "naïve 😀 日本語 ünïcödé — ok"),
    _whole(15, "byte by byte", ok("añ😀—日", write_size=1, chunked=False), "añ😀—日"),
    _broken(16, "invalid UTF-8", invalid_utf8()),
    _whole(17, "empty choices, null delta, unknown fields", odd_shapes(), "still fine"),
    _whole(17, "wrong types beside the text", wrong_types(), "still fine"),
    _whole(17, "text that is a number", events(chunk({"content": 5}), after=4)),
    _broken(17, "an event that is a number", nonsense(5)),
    _broken(17, "an event that is a list", nonsense([1])),
    _broken(17, "a finish reason that is a number", events(chunk({}, 5), after=2, finish=None)),
    _broken(17, "choices that are a text", nonsense({**chunk({}), "choices": "abc"})),
    _whole(18, "one line of 10 MB", ok(LONG_LINE), LONG_LINE),
    Row(
        fp=18, name="10 MB of a line without an end", behave=one_line(10 << 20), kind=_K.EMPTY, after=_A.COUNTED,
        patient=True,
    ),
    Row(
        fp=19, name="endless", behave=endless(0.05, ("a",)), kind=_K.TIMEOUT, after=_A.COUNTED, step=Step.RESTART,
        text="a", total_s=0.5, says="no whole answer within 0.5 s",
    ),
    _whole(20, "20,000 one-letter events", ok(list(LETTERS)), LETTERS),
    Row(fp=21, name="200 with a page", behave=html(), kind=_K.EMPTY, after=_A.COUNTED),
    _status(21, "502 with a page", html(502), _K.SERVER_ERROR, 502, _A.COUNTED),
    _status(22, "packed error of 50 MB", compressed_error(50 << 20), _K.SERVER_ERROR, 500, _A.COUNTED),
    _hang(22, "packed line of 50 MB", compressed_answer(50 << 20)),
    Row(fp=23, name="redirect 302", place=Place.ELSEWHERE, kind=_K.EMPTY, http_status=302, after=_A.COUNTED),
    Row(fp=23, name="redirect 307", place=Place.ELSEWHERE, kind=_K.EMPTY, http_status=307, after=_A.COUNTED),
    _calls("tool call with broken JSON", {**CALL, "function": BROKEN_CALL}),
    _calls("tool call without a name", {**CALL, "function": UNNAMED_CALL}),
    _calls("two tool calls with one id", CALL, {**CALL, "index": 1}),
    _calls("1,000 tool calls", *({**CALL, "index": place, "id": f"call-{place}"} for place in range(1000))),
    _usage("no usage", {}),
    _usage("negative usage", {"prompt_tokens": -7, "completion_tokens": -4, "total_tokens": -11}),
    _usage("usage that is no number", {"prompt_tokens": float("nan"), "completion_tokens": float("nan")}),
    _usage("usage that is a text", {"prompt_tokens": "many", "completion_tokens": None}),
)  # fmt: skip
