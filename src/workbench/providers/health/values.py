"""What is listed of each provider; None is unknown, times are wall-clock milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.providers.resilience.values import BreakerView, KeyView, LimitView
from workbench.providers.values import Attempt

SPARK_MINUTES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the attempts of a stretch of time say of one provider."""

    attempts: int = 0
    """Those that ended ok or failed; skipped and cancelled ones say nothing of a provider."""
    failures: int = 0
    p50_ms: int | None = None
    """Of whole answers, like p95; nearest rank."""
    p95_ms: int | None = None
    first_token_p50_ms: int | None = None
    first_token_p95_ms: int | None = None
    spend_nano: int | None = None
    """Nano-dollars of the answers whose price is known; None when no price was known."""

    @property
    def error_rate(self) -> float | None:
        """Share of attempts that failed, 0 to 1; None without any."""
        return round(self.failures / self.attempts, 3) if self.attempts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """One minute of the sparkline."""

    p50_ms: int | None = None
    """Median duration of its whole answers; None without one."""
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastError:
    """The newest failed attempt of a day."""

    kind: str
    reason: str
    http_status: int | None
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The newest free probe."""

    ok: bool
    at_ms: int
    latency_ms: int | None = None
    error_kind: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderStatus:
    """One provider as lists show it."""

    name: str
    kind: str
    model: str | None
    """The default one."""
    models: tuple[str, ...]
    enabled: bool
    state: str
    """`ok`, `slow`, `open`, `no_key`, `disabled` or `unknown`."""
    breaker: BreakerView = BreakerView()
    key_state: str = "ok"
    """`ok`, `missing`, `not_needed`, `limited` (all rest), `bad` (all were refused) or `disabled`."""
    keys: tuple[KeyView, ...] = ()
    recent: Figures = Figures()
    """Of the last 15 minutes."""
    day: Figures = Figures()
    """Of the last 24 hours."""
    minutes: tuple[Minute, ...] = ()
    """The last 15, oldest first; the last one is still running."""
    last_error: LastError | None = None
    heard_at_ms: int | None = None
    """When it was last heard of, by traffic or by a probe: the age of what is shown."""
    checked: Checked | None = None
    scripted: bool = False
    private: bool = False
    priority: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStep:
    """One provider on the way a request would take now."""

    provider: str
    model: str
    reason: str
    """Why it stands here, or why it would be passed over."""
    skipped: bool = False
    full: bool = False
    """Whether it is passed over only because it is full: where nobody else is left, a request waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteNow:
    """What the router would do at this moment, and why."""

    strategy: str
    steps: tuple[RouteStep, ...]
    """Those that would be asked, first choice first, then those that would not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentAttempt:
    """One attempt with its time and its place."""

    attempt: Attempt
    at_ms: int
    conversation_id: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDetail:
    """Everything known of one provider."""

    status: ProviderStatus
    limits: tuple[LimitView, ...] = ()
    attempts: tuple[RecentAttempt, ...] = ()
    """Newest first, at most 20."""
    errors: tuple[tuple[str, int], ...] = ()
    """Error kinds of the last 15 minutes with their number, most frequent first."""
    base_url: str | None = None
    key_refs: tuple[str, ...] = ()
    context_window: int | None = None
    price: str = ""
    """For people, e.g. `$3.00 in, $15.00 out a million tokens`; empty when unknown."""
