"""The catalog: which engines, sizes, environments, lifetimes and quotas a team may ask for."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from provisioner.core.catalog_part import Part
from provisioner.core.channels import RESERVED, Channels
from provisioner.core.engine_versions import Engine
from provisioner.core.engines import CLUSTER, INSTANCE, resource_of
from provisioner.core.maintenance import Maintenance
from provisioner.core.names import ENVIRONMENT, Place
from provisioner.core.prices import Price, PriceFile, Prices
from provisioner.core.root import NEVER, Root
from provisioner.core.shown import shown
from provisioner.core.sizes import Size, StorageRange
from provisioner.core.usual_times import UsualTimes
from provisioner.core.windows import Windows, spread

EngineName = Literal["mysql", "postgres", "aurora-mysql", "aurora-postgresql"]
_LIFETIME = re.compile(r"([1-9][0-9]{0,4})([hd])")


class CatalogError(ValueError):
    """The catalog cannot be used; the message names each place and what is wrong with it."""


def lifetime(text: str) -> dt.timedelta | None:
    """Read a lifetime such as `8h` or `14d`; None means `never`. Raises ValueError on anything else."""
    if text == NEVER:
        return None
    match = _LIFETIME.fullmatch(text)
    if not match:
        raise ValueError(f"{shown(text)} is not a lifetime: write hours as 8h, days as 14d, or never")
    return dt.timedelta(hours=int(match[1])) if match[2] == "h" else dt.timedelta(days=int(match[1]))


def _check_lifetime(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("write hours as 8h, days as 14d, or never")
    lifetime(value)
    return value


LifetimeText = Annotated[str, BeforeValidator(_check_lifetime)]


class Lifetime(Part):
    """How long a database may live, counted from its creation."""

    default: LifetimeText
    maximum: LifetimeText
    never: bool = False

    @model_validator(mode="after")
    def _default_is_allowed(self) -> Self:
        longest, usual = lifetime(self.maximum), lifetime(self.default)
        if longest is None:
            raise ValueError("maximum has to be a time; say never: true to allow databases without an end")
        if usual is None and not self.never:
            raise ValueError("default is never, but never is not allowed")
        if usual is not None and usual > longest:
            raise ValueError("default is longer than maximum")
        return self


class Quota(Part):
    """What one team may hold in one environment; the bill is the catalog's estimate."""

    databases: int = Field(ge=0)
    storage_gb: int = Field(ge=0)
    monthly_usd: int = Field(ge=0)


class Environment(Part):
    """One environment's rules."""

    approval: Literal["auto", "review"]
    sizes: list[str] = Field(min_length=1)
    default_size: str
    storage_gb: StorageRange
    lifetime: Lifetime
    high_availability: Literal["never", "optional", "always"]
    backup_retention_days: int = Field(ge=1, le=35)
    deletion_protection: bool
    final_snapshot: bool
    keep_final_snapshot_days: int | None = Field(default=None, ge=1, le=3_650)  # left out: for ever
    # Left out: nobody looks. A week at least, so that a job of every Sunday is seen; CloudWatch keeps hours
    # for 455 days.
    idle_after_days: int | None = Field(default=None, ge=7, le=365)
    # Enhanced Monitoring and Database Insights of clusters: neither keeps one awake (docs/clusters.md).
    monitor_clusters: bool = True
    # Whether what is made there is enrolled, for its life: docs/upgrades.md.
    extended_support: bool = False
    # Of the databases' logs in CloudWatch, which takes these numbers of days and no others:
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 30
    maintenance: Maintenance = Maintenance()
    quota: Quota
    # Environments into which this one's data may be restored, besides itself; the foundation reads it too.
    restore_to: list[str] = Field(default=[])


class Team(Part):
    """What differs for one team."""

    quota: dict[str, Quota] = Field(default={})
    cost_center: str | None = Field(default=None, pattern=r"^[A-Za-z0-9 _.:/=+@-]{1,64}$")
    notify: Channels = Channels()


class Catalog(Part):
    """The whole catalog, checked as one."""

    version: Literal[1]
    # Where the databases are: prices are of this region.
    region: str = Field(default="us-east-1", pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    # Keys of earlier releases, used where prices.json has no figure.
    prices_as_of: dt.date | None = Field(default=None, strict=False)
    storage_usd_per_gb: float | None = Field(default=None, gt=0)
    engines: dict[EngineName, Engine]
    sizes: dict[str, Size]
    environments: dict[Annotated[str, Field(pattern=f"^{ENVIRONMENT}$")], Environment]
    teams: dict[str, Team] = Field(default={})
    # Whether each change that a reviewer approves has to say why.
    require_reason: bool = False
    # Whom users ask for keys and quota, as a handle or an address; `GET /whoami` says it.
    contact: str | None = Field(default=None, max_length=128)
    usual_seconds: UsualTimes = UsualTimes()
    _prices: PriceFile = PrivateAttr(default_factory=PriceFile)

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for name, environment in self.environments.items():
            unknown = [size for size in environment.sizes if size not in self.sizes]
            if unknown:
                raise ValueError(f"environments.{name}.sizes names {', '.join(unknown)}, which sizes lacks")
            unknown = [other for other in environment.restore_to if other not in self.environments]
            if unknown:
                raise ValueError(
                    f"environments.{name}.restore_to names {', '.join(unknown)}, which environments lacks"
                )
            if environment.default_size not in environment.sizes:
                raise ValueError(f"environments.{name}.default_size is not one of its sizes")
            if self.sizes[environment.default_size].resource is not INSTANCE:
                raise ValueError(f"environments.{name}.default_size has to have an instance_class")
        classes = [size.instance_class for size in self.sizes.values() if size.instance_class]
        if len(classes) != len(set(classes)):
            raise ValueError("two sizes have the same instance_class")
        ranges = [
            (size.min_acu, size.max_acu, size.pause_seconds)
            for size in self.sizes.values()
            if size.resource is CLUSTER
        ]
        if len(ranges) != len(set(ranges)):
            raise ValueError("two sizes have the same min_acu, max_acu and pause_after")
        for name, team in self.teams.items():
            unknown = [environment for environment in team.quota if environment not in self.environments]
            if unknown:
                raise ValueError(f"teams.{name}.quota names {', '.join(unknown)}, which environments lacks")
            if team.notify.slack and RESERVED in self.environments:
                raise ValueError(
                    f"teams.{name}.notify: an environment of the name {RESERVED} shares its secrets"
                )
        return self

    def quota(self, team: str, environment: str) -> Quota:
        """The team's quota in an environment."""
        special = self.teams[team].quota if team in self.teams else {}
        return special.get(environment, self.environments[environment].quota)

    def engine(self, name: str) -> Engine | None:
        """The rules of an engine, if it is one of the catalog's."""
        return next((rules for known, rules in self.engines.items() if known == name), None)

    def windows(self, place: Place) -> Windows:
        """When a database of the catalog's environments is backed up and maintained."""
        rules = self.environments[place.environment].maintenance
        return spread(place, rules.days, rules.between)

    def merges_automatically(self, environment: str) -> bool:
        """Whether a request merges there without a reviewer; in an unknown environment none does."""
        rules = self.environments.get(environment)
        return rules is not None and rules.approval == "auto"

    def may_restore(self, source: str, target: str) -> bool:
        """Whether data of environment `source` may be restored into environment `target`."""
        rules = self.environments.get(source)
        return source == target or (rules is not None and target in rules.restore_to)

    def approvers(self, environment: str, source: Place | None) -> list[str]:
        """The environments whose reviewers approve a change: its own, and that of the data it reads."""
        names = {environment, source.environment if source else environment}
        return sorted(name for name in names if not self.merges_automatically(name))

    def size_of(self, root: Root) -> str | None:
        """The size that stands for a root's class, or for its range of capacity, if any does."""
        if root.capacity is None:
            names = (name for name, size in self.sizes.items() if size.instance_class == root.instance_class)
            return next(names, None)
        found = (root.capacity.min_acu, root.capacity.max_acu, root.capacity.pause_after)
        for name, size in self.sizes.items():
            if (size.min_acu, size.max_acu, size.pause_seconds) == found:
                return name
        return None

    def sizes_of(self, environment: str, engine: str) -> list[str]:
        """The sizes that an engine may have in an environment of the catalog, the usual one first."""
        rules, resource = self.environments[environment], resource_of(engine)
        names = [name for name in rules.sizes if self.sizes[name].resource is resource]
        return sorted(names, key=lambda name: name != rules.default_size)

    @property
    def prices(self) -> Prices:
        """The table of prices that came with the catalog, read when it is first asked for."""
        return self._prices.get()

    def price(self, root: Root) -> Price | None:
        """What a root costs at list price; None where no figure is known.

        The one place where a database's price is made: API, quota, pull request and command line show this.
        """
        return self.prices.of(root, self.region) or self._stated(root)

    def _stated(self, root: Root) -> Price | None:
        """The price by keys of earlier releases."""
        size = self.size_of(root) if root.capacity is None else None
        instance = self.sizes[size].monthly_usd if size else None
        if instance is None or self.storage_usd_per_gb is None or self.prices_as_of is None:
            return None
        times = 2 if root.multi_az else 1
        held = root.storage_gb * self.storage_usd_per_gb * times
        return Price(round(instance * times + held, 2), self.region, self.prices_as_of, round(held, 2))

    def monthly_usd(self, root: Root) -> float | None:
        """List price of a root in USD a month; None where no figure is known."""
        price = self.price(root)
        return price.monthly_usd if price else None

    @property
    def warnings(self) -> list[str]:
        """What is still understood, and should be changed."""
        old = [name for name in ("prices_as_of", "storage_usd_per_gb") if getattr(self, name) is not None]
        old += [
            f"sizes.{name}.monthly_usd" for name, size in self.sizes.items() if size.monthly_usd is not None
        ]
        if not old:
            return []
        return [
            f"catalog.yaml: {', '.join(old)}: keys of an earlier release, used only where prices.json has no "
            "figure; take them out, name the region, and run python -m ops.prices"
        ]

    def maximum_storage_gb(self, environment: str, storage_gb: int) -> int:
        """How far storage may grow automatically: twice what was asked for, within the environment's bound.

        RDS wants at least 10 % above what is allocated, or the same to switch autoscaling off:
        https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
        """
        ceiling = min(storage_gb * 2, self.environments[environment].storage_gb.maximum)
        return ceiling if ceiling * 10 >= storage_gb * 11 else storage_gb


def load(path: Path) -> Catalog:
    """Read a catalog's file, and prices.json next to it where there is one; raises CatalogError, OSError."""
    prices = path.with_name("prices.json")
    return parse(
        path.read_text(encoding="utf-8"),
        lambda: prices.read_text(encoding="utf-8") if prices.exists() else None,
    )


def parse(text: str, prices: Callable[[], str | None] | None = None) -> Catalog:
    """Read a catalog; raises CatalogError with one line for each thing that is wrong.

    `prices` reads prices.json, which happens when the first price is asked for.
    """
    catalog = _parse(text)
    if prices is not None:
        catalog._prices = PriceFile(prices)
    return catalog


def _parse(text: str) -> Catalog:
    try:
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        raise CatalogError(f"the catalog is not YAML: {error}") from error
    try:
        return Catalog.model_validate(content)
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, fault['loc'])) or 'catalog'}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        ]
        raise CatalogError("\n".join(lines)) from error
