"""What a team's databases take of its quota in an environment, counted in one row."""

from typing import Final

from provisioner.core.models import Charge
from provisioner.ledger import lists
from provisioner.ledger.codecs import Row
from provisioner.ledger.table import Write, update

# The name under which a transaction says that the quota did not hold what was asked for.
QUOTA: Final = "quota"


def quota_key(team: str, environment: str) -> str:
    """The partition of the row."""
    return f"QUOTA#{team}#{environment}"


def held(row: Row) -> Charge:
    """What a team holds, from the row."""
    return Charge(
        databases=int(row.get("databases", 0)),
        storage_gb=int(row.get("storage_gb", 0)),
        monthly_cents=int(row.get("monthly_cents", 0)),
    )


def charged(team: str, environment: str, difference: Charge, limit: Charge | None = None) -> Write:
    """Takes a difference of the quota, or gives it back; with a limit, only where that holds the sum."""
    place = lists.quota_place(team, environment)
    values: dict[str, str | int] = {
        ":list": place["list_pk"],
        ":place": place["list_sk"],
        ":databases": difference.databases,
        ":storage": difference.storage_gb,
        ":cents": difference.monthly_cents,
    }
    conditions = []
    for name, (most, wanted) in _limits(difference, limit).items():
        if wanted > 0:  # giving back, or taking nothing more, is always allowed
            room = most - wanted
            empty = f"attribute_not_exists({name}) OR " if room >= 0 else ""
            conditions.append(f"({empty}{name} <= :room_{name})")
            values[f":room_{name}"] = room
    return update(
        QUOTA,
        quota_key(team, environment),
        "QUOTA",
        "SET list_pk = :list, list_sk = :place "
        "ADD databases :databases, storage_gb :storage, monthly_cents :cents",
        values,
        condition=" AND ".join(conditions) or None,
    )


def _limits(difference: Charge, limit: Charge | None) -> dict[str, tuple[int, int]]:
    """The most of each amount, and how much of it is wanted."""
    if limit is None:
        return {}
    return {
        "databases": (limit.databases, difference.databases),
        "storage_gb": (limit.storage_gb, difference.storage_gb),
        "monthly_cents": (limit.monthly_cents, difference.monthly_cents),
    }
