"""One provider on one line: which columns fit, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.markdown.textlines import Run, cells, clip
from workbench.tui.palette import BOLD, Role
from workbench.tui.providers.figures import money_cell, nothing, seconds_cell, share_cell, spark, time_left

if TYPE_CHECKING:
    from workbench.providers.health.values import ProviderStatus
    from workbench.providers.resilience.values import KeyView

NAME_LIMIT = 60
"""Characters of a name that are looked at."""
_MARK = 2
_LEAST_NAME = 8
_KEYRING = "keyring:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; `width` 0 takes what is left."""

    id: str
    title: str
    width: int = 0
    gap: int = 1
    """Blanks before it."""
    right: bool = False


_STATE = Column(id="state", title="state", width=9, gap=0)
_PROVIDER = Column(id="provider", title="provider")
_MODEL = Column(id="model", title="model")
_P50 = Column(id="p50", title="p50", width=5, right=True)
_P95 = Column(id="p95", title="p95", width=5, right=True)
_FIRST = Column(id="ttft", title="ttft", width=5, right=True)
_SPARK = Column(id="spark", title="latency 15 min", width=15, gap=2)
_ERRORS = Column(id="errors", title="err", width=5, right=True)
_KEY = Column(id="key", title="key", width=9, gap=2)
_SPEND = Column(id="spend", title="$ 24 h", width=6, right=True)
_NOTE = Column(id="note", title="", width=11)

LAYOUTS: tuple[tuple[int, tuple[Column, ...]], ...] = (
    (86, (_STATE, _PROVIDER, _MODEL, _P50, _P95, _FIRST, _SPARK, _ERRORS, _KEY, _SPEND)),
    (74, (_STATE, _PROVIDER, _P95, _SPARK, _ERRORS, _KEY, _NOTE)),
    (62, (_STATE, _PROVIDER, _P95, _SPARK, _ERRORS, _KEY)),
    (0, (_STATE, _PROVIDER, _P95, _ERRORS)),
)
"""Columns by the cells there must be for them, the widest first."""


def columns_for(width: int, longest_name: int) -> list[Column]:
    """The columns that fit `width` cells, with their widths; where long names leave no room for models, these go."""
    columns = next(columns for least, columns in LAYOUTS if width >= least)
    left = width - _MARK - sum(column.width + column.gap for column in columns)
    if _MODEL in columns and longest_name > left - _LEAST_NAME:
        # Names tell providers apart; the model stands in the details, too.
        columns = tuple(column for column in columns if column is not _MODEL)
        left += _MODEL.gap
    name = max(longest_name, _LEAST_NAME)
    widths = {"provider": name, "model": left - name} if _MODEL in columns else {"provider": left}
    return [
        Column(
            id=column.id, title=column.title, width=max(widths.get(column.id, column.width), 1), gap=column.gap,
            right=column.right,
        )
        for column in columns
    ]  # fmt: skip


def header(columns: Sequence[Column]) -> str:
    """The titles above the columns."""
    return " " * _MARK + "".join(" " * column.gap + _aligned(column.title, column) for column in columns)


def _aligned(text: str, column: Column) -> str:
    shown = clip(text, column.width, glyphs().ellipsis)
    blanks = " " * (column.width - cells(shown))
    return blanks + shown if column.right else shown + blanks


_WORDS: Mapping[str, str] = {"no_key": "no key", "disabled": "off"}
_ROLES: Mapping[str, Role] = {"ok": Role.SUCCESS, "slow": Role.WARNING, "open": Role.ERROR}


def state_word(state: str) -> str:
    """A state in one word."""
    return clean_line(_WORDS.get(state, state), 9)


def state_sign(state: str) -> str:
    """The glyph of a state."""
    signs = glyphs()
    return {"ok": signs.ok, "slow": signs.slow, "open": signs.failed}.get(state, signs.unknown)


def state_role(state: str) -> Role:
    """The colour of a state."""
    return _ROLES.get(state, Role.MUTED)


def key_source(keys: Sequence[KeyView]) -> str:
    """Where the keys come from: `keyring`, `env`, or `mixed`."""
    in_keyring = sum(key.ref.startswith(_KEYRING) for key in keys)
    if not in_keyring:
        return "env"
    return "keyring" if in_keyring == len(keys) else "mixed"


def key_word(status: ProviderStatus) -> str:
    """How the keys are, in at most nine cells."""
    if status.scripted:
        return "scripted"
    words = {
        "missing": "missing", "not_needed": "none", "limited": "limited", "bad": "refused", "disabled": "off",
    }  # fmt: skip
    word = words.get(status.key_state)
    if word is not None:
        return word
    if not status.keys:
        return "ok"
    source = key_source(status.keys)
    good = sum(key.condition == "ok" for key in status.keys)
    if good < len(status.keys):
        return f"{good}/{len(status.keys)} {source}"
    return source if good == 1 else f"{good} {source}"


def key_role(status: ProviderStatus) -> Role:
    """The colour of that word."""
    if status.key_state in ("missing", "bad"):
        return Role.ERROR
    doubtful = status.key_state == "limited" or any(key.condition != "ok" for key in status.keys)
    return Role.WARNING if doubtful else Role.MUTED


def note_of(status: ProviderStatus, now_ms: int) -> str:
    """What is waited for, in at most eleven cells."""
    if status.state == "disabled":
        return ""
    breaker = status.breaker
    if breaker.state == "half_open":
        return "probing"
    if breaker.state == "open" and breaker.probe_at_ms is not None:
        return f"probe {time_left(breaker.probe_at_ms - now_ms)}" if breaker.probe_at_ms > now_ms else "probe due"
    if status.key_state == "limited":
        free_at = min((key.until_ms for key in status.keys if key.until_ms is not None), default=None)
        if free_at is not None:
            return f"key {time_left(free_at - now_ms)}"
    return ""


def row_runs(status: ProviderStatus, columns: Sequence[Column], *, now_ms: int, testing: bool) -> list[Run]:
    """The cells of a row, without the mark of the cursor."""
    narrow = not any(column.id == "key" for column in columns)
    off = status.state == "disabled"
    runs: list[Run] = []
    for column in columns:
        if status.scripted and narrow and column.id in ("p95", "errors"):
            # Without a column for keys the word must stand somewhere: what is scripted always says so.
            continue
        text, role = _cell(status, column.id, now_ms)
        runs.append((" " * column.gap, Role.TEXT))
        if column.id == "state":
            runs += _state_runs(status, testing)
        elif column.id == "spark":
            runs += spark(status.minutes)
        else:
            runs.append((_aligned(text, column), Role.MUTED if off else role))
    if status.scripted and narrow:
        room = sum(column.gap + column.width for column in columns if column.id in ("p95", "errors"))
        runs.append((" scripted".rjust(room), Role.MUTED))
    return runs


def _state_runs(status: ProviderStatus, testing: bool) -> list[Run]:
    if testing:
        return [(f"{glyphs().running} testing", Role.ACCENT)]
    return [(f"{state_sign(status.state)} {state_word(status.state):<7}", state_role(status.state))]


def _cell(status: ProviderStatus, column: str, now_ms: int) -> tuple[str, int]:
    recent = status.recent
    match column:
        case "provider":
            return clean_line(status.name, NAME_LIMIT), Role.TEXT | BOLD
        case "model":
            return (clean_line(status.model, NAME_LIMIT) if status.model else nothing()), Role.MUTED
        case "p50":
            return seconds_cell(recent.p50_ms), Role.TEXT
        case "p95":
            return seconds_cell(recent.p95_ms), Role.TEXT
        case "ttft":
            return seconds_cell(recent.first_token_p50_ms), Role.TEXT
        case "errors":
            rate = recent.error_rate
            return share_cell(rate), Role.ERROR if rate is not None and rate >= 0.5 else Role.TEXT
        case "key":
            return key_word(status), key_role(status)
        case "spend":
            return money_cell(status.day.spend_nano), Role.TEXT
        case "note":
            return drawn(note_of(status, now_ms)), Role.WARNING
        case _:
            return "", Role.TEXT
