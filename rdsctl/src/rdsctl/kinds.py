"""Instances and clusters: what differs between them for those who look at them, pay for them and connect."""

from typing import Any, Final

from rdsctl import words

_DIALECTS: Final = ("mysql", "postgres")
# A cluster that sleeps takes 15 seconds to wake, and 30 and more after a day asleep:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
WAKING_SECONDS: Final = 60.0
WAKING: Final = "it may be asleep: waking takes 15 seconds or more"


def dialect(engine: str) -> str:
    """What clients speak to an engine, as `aurora-postgresql` speaks postgres; an unknown one's own name."""
    return next((name for name in _DIALECTS if name in engine), engine)


def of(item: dict[str, Any]) -> str:
    """The kind of a database, as RDS names it in the names of log groups."""
    return "cluster" if item.get("capacity") else "instance"


def sleeps(item: dict[str, Any]) -> bool:
    """Whether a database sleeps when nobody is connected."""
    return bool((item.get("capacity") or {}).get("pause_after"))


def capacity(item: dict[str, Any]) -> str:
    """`0 to 2 ACU, asleep after 10m`; empty for an instance."""
    found = item.get("capacity")
    if not found:
        return ""
    text = f"{found['min_acu']:g} to {found['max_acu']:g} ACU"
    seconds = int(found["pause_after"])
    if not seconds:
        return text
    return f"{text}, asleep after {f'{seconds // 3600}h' if seconds % 3600 == 0 else f'{seconds // 60}m'}"


def scale(item: dict[str, Any], *, full: bool = False) -> str:
    """`small, 20 GB`, or `sleepy (0 to 2 ACU, asleep after 10m)`; `full` has an instance's class."""
    if found := capacity(item):
        return f"{words.size(item)} ({found})"
    size = f"{words.size(item)} ({item['instance_class']})" if full else words.size(item)
    return f"{size}, {item['storage_gb']} GB"


def cost(item: dict[str, Any]) -> str:
    """`13.98`, or `1.00 asleep, 22.12 as usual, up to 176.20`."""
    found = words.price_range(item)
    if not found:
        return words.money(item["monthly_cost_usd"])
    least = "asleep" if found["sleeps"] else "at the minimum"
    return (
        f"{words.money(found['least_usd'])} {least}, {words.money(found['usual_usd'])} as usual, "
        f"up to {words.money(found['most_usd'])}"
    )


def assumption(item: dict[str, Any]) -> str:
    """What the usual cost of a cluster rests on; empty for an instance."""
    found = words.price_range(item)
    return str(found["assumption"]) if found else ""


def of_size(size: dict[str, Any], engine: str, zones: str) -> str:
    """What a size of the catalog costs a month with an engine: one figure, or a cluster's three."""
    prices: dict[str, float | None] = size.get("prices", {}).get(engine, {})
    if "usual" in prices:
        least = "asleep" if size.get("pause_after") else "at the minimum"
        return (
            f"{words.money(prices['least'])} {least}, {words.money(prices['usual'])} as usual, "
            f"up to {words.money(prices['most'])}"
        )
    return words.money(prices.get(zones, size.get("monthly_usd")))


def takes(size: dict[str, Any], engine: str) -> bool:
    """Whether a size of the catalog is one of an engine's; an API before there were clusters says nothing."""
    return engine in size.get("engines", [engine])
