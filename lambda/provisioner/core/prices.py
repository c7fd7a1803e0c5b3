"""What a database costs: list prices on demand, from a dated table whose every figure names its source.

The table is prices.json, made by `python -m ops.prices` out of AWS's price list. What it does not have has no
price; nothing is guessed.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from provisioner.core.root import NEVER, Capacity, Root
from provisioner.core.times import parse_instant

# A month of AWS's own examples: https://aws.amazon.com/rds/pricing/
HOURS_A_MONTH: Final = 730
STORAGE: Final = "gp3"
AURORA: Final = "standard"
# Extended Support by year: the third costs more.
SUPPORT_YEARS_1_2: Final = "years_1_2"
SUPPORT_YEAR_3: Final = "year_3"
# What a cluster is assumed to be, where AWS counts what was used: an assumption of this product's, said
# wherever a figure rests on it.
USUAL_HOURS: Final = 176
ASSUMED_GB: Final = 10
ASSUMPTION: Final = (
    f"usual is awake for {USUAL_HOURS} of {HOURS_A_MONTH} hours, at half of the maximum capacity, with "
    f"{ASSUMED_GB} GB of storage; requests to the storage (I/O) are not in it"
)
NOT_INCLUDED: Final = (
    "backups beyond the storage's size, snapshots, storage that RDS grows, data transfer, logs, "
    "Extended Support, discounts and taxes"
)
REMEDY: Final = "run python -m ops.prices for this region, commit prices.json and deploy"


class PricesError(ValueError):
    """The table cannot be used."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One price in USD, and where it is from."""

    usd: float
    url: str
    date: dt.date


@dataclass(frozen=True, slots=True)
class Range:
    """What a cluster costs in USD a month: at its least all the time, as usual, and at its most all the time.

    At a minimum of 0 the least is asleep, which costs the storage alone.
    """

    least: float
    usual: float
    most: float
    sleeps: bool

    def __str__(self) -> str:
        """The three figures with their names."""
        least = "asleep" if self.sleeps else "at the minimum"
        return f"{self.least:.2f} {least}, {self.usual:.2f} as usual, {self.most:.2f} at the maximum"


@dataclass(frozen=True, slots=True)
class Price:
    """What a database costs in USD a month of 730 hours; `as_of` is the date of its oldest figure.

    A cluster's month is at its most, which quotas count, and `range` has what it likely is.
    """

    monthly_usd: float
    region: str
    as_of: dt.date
    storage_usd: float  # the part of the month that is storage's
    range: Range | None = None

    @property
    def instance_usd(self) -> float:
        """The part of the month that is the instance's, with its standby."""
        return round(self.monthly_usd - self.storage_usd, 2)

    @property
    def usual_usd(self) -> float:
        """What a month usually costs: a cluster's by the assumption."""
        return self.range.usual if self.range else self.monthly_usd

    @property
    def least_usd(self) -> float:
        """What a month costs at the least: a cluster's that sleeps all the time, or stays at its minimum."""
        return self.range.least if self.range else self.monthly_usd

    def for_hours(self, hours: float) -> float:
        """What so many hours usually cost, in USD."""
        return round(self.usual_usd * max(hours, 0.0) / HOURS_A_MONTH, 2)

    def until_end(self, root: Root, begin: dt.datetime) -> float | None:
        """What it costs from a moment until its end; None for a database without one."""
        if root.expires_at == NEVER:
            return None
        return self.for_hours((parse_instant(root.expires_at) - begin).total_seconds() / 3600)


@dataclass(frozen=True, slots=True)
class Prices:
    """The table; empty where none was deployed."""

    regions: Mapping[str, Any]
    sources: Mapping[str, Any]

    def instance(self, region: str, engine: str, instance_class: str, *, standby: bool) -> Figure | None:
        """The price of an hour of an instance, or of one with its standby."""
        engines = self.regions.get(region, {}).get("instance_hour", {})
        return self._figure(engines.get(engine, {}), instance_class, standby=standby)

    def storage(self, region: str, *, standby: bool) -> Figure | None:
        """The price of a GB of storage for a month, twice stored where there is a standby."""
        table = self.regions.get(region, {}).get("storage_gb_month", {})
        return self._figure(table, STORAGE, standby=standby)

    def acu_hour(self, region: str, engine: str) -> Figure | None:
        """The price of an Aurora capacity unit for an hour."""
        return self._named(self.regions.get(region, {}).get("acu_hour", {}), engine)

    def aurora_storage(self, region: str) -> Figure | None:
        """The price of a GB of Aurora's storage for a month, which all members of a cluster share."""
        return self._named(self.regions.get(region, {}).get("aurora_gb_month", {}), AURORA)

    def extended_support(self, region: str, engine: str, years: str) -> Figure | None:
        """The price of Extended Support for an hour: of a vCPU, or of an ACU for Aurora's engines."""
        table = self.regions.get(region, {}).get("extended_support_hour", {})
        return self._named(table.get(engine, {}), years)

    def of(self, root: Root, region: str) -> Price | None:
        """The price of a database; None where a figure is missing."""
        if root.capacity is not None:
            return self.cluster(region, root.engine, root.capacity, reader=root.multi_az)
        instance = self.instance(region, root.engine, root.instance_class, standby=root.multi_az)
        storage = self.storage(region, standby=root.multi_az)
        if instance is None or storage is None:
            return None
        held = storage.usd * root.storage_gb
        usd = instance.usd * HOURS_A_MONTH + held
        return Price(round(usd, 2), region, min(instance.date, storage.date), round(held, 2))

    def cluster(self, region: str, engine: str, capacity: Capacity, *, reader: bool) -> Price | None:
        """The price of a cluster, or of one with a reader; None where a figure is missing."""
        acu_hour, storage = self.acu_hour(region, engine), self.aurora_storage(region)
        if acu_hour is None or storage is None:
            return None
        held = storage.usd * ASSUMED_GB
        members = 2 if reader else 1

        def month(acu: float, hours: float = HOURS_A_MONTH) -> float:
            return acu * hours * acu_hour.usd * members

        asleep = HOURS_A_MONTH - USUAL_HOURS
        awake = max(capacity.max_acu / 2, capacity.min_acu)
        found = Range(
            least=round(month(capacity.min_acu) + held, 2),
            usual=round(month(awake, USUAL_HOURS) + month(capacity.min_acu, asleep) + held, 2),
            most=round(month(capacity.max_acu) + held, 2),
            sleeps=capacity.min_acu == 0,
        )
        return Price(found.most, region, min(acu_hour.date, storage.date), round(held, 2), found)

    def _figure(self, table: Mapping[str, Any], name: str, *, standby: bool) -> Figure | None:
        return self._named(table.get("multi" if standby else "single", {}), name)

    def _named(self, table: Mapping[str, Any], name: str) -> Figure | None:
        found = table.get(name)
        if found is None:
            return None
        source = self.sources[found["source"]]
        return Figure(float(found["usd"]), str(source["url"]), dt.date.fromisoformat(source["date"]))


EMPTY: Final = Prices({}, {})


@dataclass(slots=True)
class PriceFile:
    """The table where it is deployed, read when it is first asked for; None where there is none."""

    read: Callable[[], str | None] | None = None
    _found: Prices | None = None

    def get(self) -> Prices:
        """The table; raises PricesError."""
        if self._found is None:
            text = self.read() if self.read else None
            self._found = EMPTY if text is None else parse(text)
        return self._found


def parse(text: str) -> Prices:
    """Read a table; raises PricesError for one whose figures do not all name a source with a date."""
    try:
        content = json.loads(text)
        found = Prices(content["regions"], content["sources"])
        if content["version"] != 1:
            raise PricesError(f"prices.json has version {content['version']}; this reads version 1")
        for region, tables in found.regions.items():
            _check(found, region, tables)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PricesError(f"prices.json cannot be read: {error}; {REMEDY}") from error
    return found


def _check(prices: Prices, region: str, tables: Mapping[str, Any]) -> None:
    rows = [*tables["instance_hour"].values(), tables["storage_gb_month"]]
    found = [row.get(kind, {}) for row in rows for kind in ("single", "multi")]
    found += [tables.get("acu_hour", {}), tables.get("aurora_gb_month", {})]
    found += tables.get("extended_support_hour", {}).values()
    for table in found:
        for name in table:
            figure = prices._named(table, name)
            if figure is None or not 0 < figure.usd < 10_000 or not figure.url:
                raise ValueError(f"{region}: {name} has no price with a source")
