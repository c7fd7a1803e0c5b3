"""What a change does to those who use its database: whether it interrupts them, and what becomes of its cost.

Changes are applied as soon as they are merged (`apply_immediately`):
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provisioner.core.catalog import Catalog
from provisioner.core.lifecycle import Kind
from provisioner.core.root import Root


class Interruption(StrEnum):
    """How a change interrupts connections."""

    NONE = "none"
    FAILOVER = "failover"  # to the standby: about a minute
    RESTART = "restart"  # of the only instance: some minutes
    END = "end"  # of the database


INTERRUPTIONS: Final = {
    Interruption.NONE: "No connection is interrupted.",
    Interruption.FAILOVER: "The standby takes over: about a minute without service, as soon as it is merged.",
    Interruption.RESTART: "Restarts the instance: some minutes without service, as soon as it is merged.",
    Interruption.END: "Every connection ends: the database is removed as soon as it is merged.",
}


def interruption(before: Root | None, after: Root) -> Interruption:
    """What the change from one root to another does to open connections; a new database has none."""
    if before is not None and after.upgrade is not None:
        return Interruption.RESTART  # of both zones: the standby is upgraded with it
    if before is None or before.instance_class == after.instance_class:
        return Interruption.NONE
    return Interruption.FAILOVER if before.multi_az and after.multi_az else Interruption.RESTART


def interruption_by(kind: Kind, before: Root | None, after: Root) -> Interruption:
    """The same for a request of a kind, of which a removal ends the database."""
    return Interruption.END if kind is Kind.REMOVE else interruption(before, after)


def sentence(found: Interruption, after: Root) -> str:
    """An interruption in a sentence; an upgrade's is longer, and has no way back in place."""
    if after.upgrade is None or found is not Interruption.RESTART:
        return INTERRUPTIONS[found]
    versions = f"{after.engine} {after.upgrade.from_version} to {after.engine_version}"
    return (
        f"Upgrades {versions}: minutes without service or more, as soon as it is merged; the way back is a "
        f"new database from the snapshot {after.upgrade.snapshot}."
    )


@dataclass(frozen=True, slots=True)
class Cost:
    """A database's cost in USD a month; None where the catalog has no price, or there is no database."""

    before: float | None
    after: float | None

    @property
    def more(self) -> float:
        """What it costs more than before; negative where it costs less, 0 where that is unknown."""
        if self.before is None or self.after is None:
            return self.after or 0.0
        return round(self.after - self.before, 2)

    @property
    def difference(self) -> float | None:
        """The same; None where one of the two is unknown."""
        return None if self.before is None or self.after is None else self.more


def cost_by(kind: Kind, before: Root | None, after: Root, catalog: Catalog) -> Cost:
    """The cost before a request of a kind and after it: 0 where there is no database yet, or no longer."""
    cost = monthly_cost(before, after, catalog)
    return Cost(0.0 if before is None else cost.before, 0.0 if kind is Kind.REMOVE else cost.after)


def monthly_cost(before: Root | None, after: Root, catalog: Catalog) -> Cost:
    """The cost before a change and after it."""
    return Cost(_usd(before, catalog), _usd(after, catalog))


def cost_of_life(root: Root, begin: dt.datetime, catalog: Catalog) -> float | None:
    """What a database costs from `begin` until its end, in USD; None where it has none, or no price."""
    price = catalog.price(root)
    return price.until_end(root, begin) if price else None


def _usd(root: Root | None, catalog: Catalog) -> float | None:
    return None if root is None else catalog.monthly_usd(root)
