"""① What may be asked for, with the price of each size: `GET /catalog`."""

from typing import Any

from provisioner.core.catalog import Catalog
from provisioner.core.engines import resource_of
from provisioner.core.instance_classes import capacity
from provisioner.core.prices import HOURS_A_MONTH, NOT_INCLUDED, Figure


def catalog_document(catalog: Catalog) -> dict[str, Any]:
    """The catalog as teams see it.

    `monthly_usd` of a size is its dearest engine's, in one zone, without storage; `prices` has each engine's.
    """
    content = catalog.model_dump(mode="json", exclude={"teams", "usual_seconds"})
    dates = []
    for name, size in catalog.sizes.items():
        engines = [engine for engine in catalog.engines if resource_of(engine) is size.resource]
        content["sizes"][name]["engines"] = engines
        if size.instance_class is None:
            continue
        table = {
            engine: {
                kind: catalog.prices.instance(catalog.region, engine, size.instance_class, standby=standby)
                for kind, standby in (("one_zone", False), ("standby", True))
            }
            for engine in engines
        }
        vcpus, memory = capacity(size.instance_class) or (None, None)
        content["sizes"][name] |= {"vcpus": vcpus, "memory_gib": memory}
        known = [figure["one_zone"] for figure in table.values() if figure["one_zone"]]
        dates += [figure.date for figure in known]
        if known:
            content["sizes"][name]["monthly_usd"] = max(_month(figure) or 0 for figure in known)
        content["sizes"][name]["prices"] = {
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


def _month(figure: Figure | None) -> float | None:
    return None if figure is None else round(figure.usd * HOURS_A_MONTH, 2)
