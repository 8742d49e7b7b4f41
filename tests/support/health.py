"""Directories, probers and stored attempts for the tests of what is known of providers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.support.doubles import FaultyProvider
from workbench.config.values import Configuration, Provider, Settings
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.secret import Secret
from workbench.providers.health.directory import ProviderDirectory
from workbench.providers.health.probe_log import ProbeLog
from workbench.providers.health.prober import Prober
from workbench.providers.health.values import RouteNow, RouteStep
from workbench.providers.resilience.values import BreakerView, KeyView, LimitView
from workbench.providers.routing.catalogue import Catalogue, EmptyCatalogue
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

KEY = Secret("canary-11aa22bb33cc44dd")


@dataclass
class Standings:
    """Breakers, keys and limits as a test tells them; remembers whom it was told of."""

    breakers: dict[str, BreakerView] = field(default_factory=dict)
    key_views: dict[str, tuple[KeyView, ...]] = field(default_factory=dict)
    limit_views: dict[str, tuple[LimitView, ...]] = field(default_factory=dict)
    recovered: list[str] = field(default_factory=list)

    async def refresh(self, providers: Sequence[Provider] = ()) -> None:
        """Nothing to read."""

    def breaker(self, provider: Provider) -> BreakerView:
        """As told, else closed."""
        return self.breakers.get(provider.name, BreakerView())

    def keys(self, provider: Provider) -> tuple[KeyView, ...]:
        """As told, else all well."""
        well = tuple(KeyView(ref=provider.key_ref(place)) for place in range(len(provider.api_keys)))
        return self.key_views.get(provider.name, well)

    def limits(self, provider: Provider) -> tuple[LimitView, ...]:
        """As told, else none."""
        return self.limit_views.get(provider.name, ())

    async def heard_well(self, provider: Provider) -> None:
        """Remember."""
        self.recovered.append(provider.name)


@dataclass
class Preview:
    """Says that everybody would be asked, and remembers the wishes."""

    wishes: list[tuple[str | None, str | None, bool]] = field(default_factory=list)

    async def preview(
        self,
        configuration: Configuration,
        *,
        pinned_provider: str | None = None,
        pinned_model: str | None = None,
        private: bool = False,
    ) -> RouteNow:
        """One step each."""
        self.wishes.append((pinned_provider, pinned_model, private))
        steps = tuple(RouteStep(provider=each.name, model="m", reason="here") for each in configuration.providers)
        return RouteNow(strategy="priority", steps=steps)


class Ward:
    """A directory with everything around it."""

    def __init__(
        self,
        store: Store | None,
        clock: Clock,
        *providers: Provider,
        interval_s: float = 30.0,
        catalogue: Catalogue | None = None,
        offline: bool = False,
    ) -> None:
        self.configuration = Configuration(
            settings=Settings(health_check_interval=interval_s), providers=providers
        )  # fmt: skip
        self.standings = Standings()
        self.bus = EventBus(clock)
        self.events = self.bus.subscribe()
        self.log = ProbeLog(store, clock)
        self.prober = Prober(self.log, self.bus, clock, self.standings, heard_well=self.standings.heard_well)
        self.preview = Preview()
        self.directory = ProviderDirectory(
            self.configured, store, clock, standing=self.standings, catalogue=catalogue or EmptyCatalogue(),
            router=self.preview, prober=self.prober, offline=offline,
        )  # fmt: skip

    async def configured(self) -> Configuration:
        """What a test may replace."""
        return self.configuration


def at(name: str, double: FaultyProvider | str, kind: str = "openai") -> Provider:
    """A provider with a key at a double or an address."""
    base_url = double if isinstance(double, str) else double.base_url
    return Provider(
        name=name, kind=kind, base_url=base_url, models=("m",), api_keys=(KEY,), key_refs=(f"{name.upper()}_KEY",)
    )


@dataclass(frozen=True, kw_only=True)
class Row:
    """One attempt as the database has it; times in milliseconds."""

    provider: str
    started_at: int
    state: str = "ok"
    first_ms: int | None = None
    took_ms: int | None = 100
    cost_nano: int | None = None
    cached: bool = False
    error_kind: str | None = None
    error_text: str | None = None
    http_status: int | None = None
    message_id: str | None = None


async def insert(store: Store, rows: Iterable[Row]) -> None:
    """Write attempts as they are."""
    number = (await store.read("select count(*) from attempts"))[0][0]
    values = [
        (
            f"attempt-{place}", f"run-{place}", place, row.provider, "m", row.state, row.started_at,
            None if row.first_ms is None else row.started_at + row.first_ms,
            None if row.took_ms is None else row.started_at + row.took_ms,
            row.cost_nano, int(row.cached), row.error_kind, row.error_text, row.http_status, row.message_id,
        )
        for place, row in enumerate(rows, number)
    ]  # fmt: skip

    async def write(transaction: Transaction) -> None:
        await transaction.executemany(
            "insert into attempts(id, run_id, ord, provider, model, state, started_at, first_token_at, ended_at, "
            "cost_nano, cached, error_kind, error_text, http_status, message_id) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )

    await store.write(write)


async def clear(store: Store) -> None:
    """Forget all attempts."""

    async def write(transaction: Transaction) -> None:
        await transaction.execute("delete from attempts")

    await store.write(write)
