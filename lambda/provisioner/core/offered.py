"""① What may be asked for, with the price of each size: `GET /catalog`."""

from collections.abc import Sequence
from typing import Any

from provisioner.core.catalog import Catalog
from provisioner.core.engines import becomes, resource_of
from provisioner.core.instance_classes import capacity
from provisioner.core.prices import ASSUMPTION, HOURS_A_MONTH, NOT_INCLUDED, Figure
from provisioner.core.sizes import Size


def catalog_document(catalog: Catalog) -> dict[str, Any]:
    """The catalog as teams see it.

    `monthly_usd` of a size is its dearest engine's, in one zone, without storage; `prices` has each engine's.
    `becomes` of an engine is the cluster that RDS makes of a snapshot of it.
    """
    content = catalog.model_dump(mode="json", exclude={"teams", "usual_seconds"})
    for name, shown in content["engines"].items():
        cluster = becomes(name)
        shown["becomes"] = cluster if cluster in catalog.engines else None
    dates = []
    for name, size in catalog.sizes.items():
        engines = [engine for engine in catalog.engines if resource_of(engine) is size.resource]
        shown = content["sizes"][name]
        shown["engines"] = engines
        if size.instance_class is None:
            shown |= _range(size, engines, catalog)
            continue
        for of_clusters in ("min_acu", "max_acu", "pause_after"):
            del shown[of_clusters]
        table = {
            engine: {
                kind: catalog.prices.instance(catalog.region, engine, size.instance_class, standby=standby)
                for kind, standby in (("one_zone", False), ("standby", True))
            }
            for engine in engines
        }
        vcpus, memory = capacity(size.instance_class) or (None, None)
        shown |= {"vcpus": vcpus, "memory_gib": memory}
        known = [figure["one_zone"] for figure in table.values() if figure["one_zone"]]
        dates += [figure.date for figure in known]
        if known:
            shown["monthly_usd"] = max(_month(figure) or 0 for figure in known)
        shown["prices"] = {
            engine: {kind: _month(figure) for kind, figure in kinds.items()}
            for engine, kinds in table.items()
        }
    storage = catalog.prices.storage(catalog.region, standby=False)
    if storage:
        content["storage_usd_per_gb"] = storage.usd
        dates.append(storage.date)
    if dates:
        content["prices_as_of"] = min(dates).isoformat()
    return content | {"not_included": NOT_INCLUDED}


def _range(size: Size, engines: Sequence[str], catalog: Catalog) -> dict[str, Any]:
    """A cluster's prices: at its least, as usual and at its most, without a reader."""
    capacity = size.capacity(monitoring=False)
    if capacity is None:
        return {}
    prices = {
        engine: catalog.prices.cluster(catalog.region, engine, capacity, reader=False) for engine in engines
    }
    known = [price.usual_usd for price in prices.values() if price]
    return {
        "vcpus": None,
        "memory_gib": None,
        "monthly_usd": max(known, default=None),
        "prices": {
            engine: {
                "least": price and price.range and price.range.least,
                "usual": price and price.usual_usd,
                "most": price and price.monthly_usd,
            }
            for engine, price in prices.items()
        },
        "assumption": ASSUMPTION,
    }


def _month(figure: Figure | None) -> float | None:
    return None if figure is None else round(figure.usd * HOURS_A_MONTH, 2)
