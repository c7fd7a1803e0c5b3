"""What RDS charges for Extended Support: from which day on, by what unit, and how much a month.

It begins the day after a version's standard support, applies to standbys and readers too, and costs more
from the third year on:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-charges.html
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from provisioner.core.catalog import Catalog
from provisioner.core.engines import label
from provisioner.core.instance_classes import capacity
from provisioner.core.prices import HOURS_A_MONTH, SUPPORT_YEAR_3, SUPPORT_YEARS_1_2, Figure, Prices
from provisioner.core.root import NEVER, Root
from provisioner.core.times import parse_instant

# RDS's words: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
ENROLLED: Final = "open-source-rds-extended-support"
_UNASKED: Final = (
    ", as every cluster that is cloned or restored to a point in time, for which Terraform's AWS provider "
    "cannot refuse it"
)
_FULL_PRICE: Final = 2  # years after which the price of the third applies


@dataclass(frozen=True, slots=True)
class Charged:
    """What is charged by the hour: the vCPUs of an instance, or the range of a cluster's capacity.

    A standby or reader is in it.
    """

    unit: str
    least: float
    most: float

    def __str__(self) -> str:
        """The size, in its unit."""
        if self.least == self.most:
            return f"{self.most:g} {self.unit}s"
        return f"{self.least:g} to {self.most:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Month:
    """What Extended Support costs in a month of 730 hours, at the least and at the most."""

    least: float
    most: float
    figure: Figure
    region: str

    def __str__(self) -> str:
        """The sum, with where and when it was the list price."""
        usd = f"{self.most:.2f}" if self.least == self.most else f"{self.least:.2f} to {self.most:.2f}"
        return f"{usd} USD a month (list price of {self.region}, {self.figure.date})"


def of_instance(instance_class: str, *, standby: bool) -> Charged | None:
    """What is charged of an instance; None of a class that is not known here."""
    found = capacity(instance_class)
    if found is None:
        return None
    vcpus = found[0] * (2 if standby else 1)
    return Charged("vCPU", vcpus, vcpus)


def of_cluster(min_acu: float, max_acu: float, members: int) -> Charged:
    """What is charged of a cluster, whose members each have its range."""
    return Charged("ACU", min_acu * members, max_acu * members)


def of_root(root: Root) -> Charged | None:
    """What would be charged of a root's database."""
    if root.capacity is None:
        return of_instance(root.instance_class, standby=root.multi_az)
    return of_cluster(root.capacity.min_acu, root.capacity.max_acu, 2 if root.multi_az else 1)


def begins(until: dt.date) -> dt.date:
    """The first day that is charged, after the last of standard support."""
    return until + dt.timedelta(days=1)


def month(
    prices: Prices, region: str, engine: str, charged: Charged | None, until: dt.date, today: dt.date
) -> Month | None:
    """What a month costs today, or from its beginning where that is to come; None without a figure."""
    first = begins(until)
    third = (first.year + _FULL_PRICE, first.month, first.day)
    years = SUPPORT_YEAR_3 if (today.year, today.month, today.day) >= third else SUPPORT_YEARS_1_2
    figure = prices.extended_support(region, engine, years)
    if figure is None or charged is None:
        return None
    least, most = (round(units * HOURS_A_MONTH * figure.usd, 2) for units in (charged.least, charged.most))
    return Month(least, most, figure, region)


def said(root: Root, catalog: Catalog) -> str | None:
    """From when on a database that is made enrolled is charged, and how much; None for one that is not."""
    if not root.is_enrolled:
        return None
    enrolled = "enrolled, for its life" + ("" if root.extended_support else _UNASKED)
    engine, charged = catalog.engine(root.engine), of_root(root)
    until = engine.until(root.engine_version) if engine else None
    if until is None:
        version = f"{label(root.engine)} {root.engine_version}"
        return f"{enrolled}: RDS charges it from the end of {version} on, which is not known"
    found = month(catalog.prices, catalog.region, root.engine, charged, until, begins(until))
    cost = str(found) if found else "at a price that is not known"
    more = catalog.prices.extended_support(catalog.region, root.engine, SUPPORT_YEAR_3)
    gone = root.expires_at != NEVER and parse_instant(root.expires_at).date() < begins(until)
    return (
        f"{enrolled}: from {begins(until)} on RDS charges {charged or 'its vCPUs'} by the hour, {cost}"
        + (", and more from the third year on" if more else "")
        + ("; the database ends before that day" if gone else "")
    )
