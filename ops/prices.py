"""Makes prices.json from AWS's public price list: python -m ops.prices [REGION...].

The list needs no account. A region has one file, of which the CSV is read line by line, so that its size does
not matter: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
Regions that are not named keep what the table has of them.
"""

import argparse
import csv
import datetime as dt
import io
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from provisioner.core import catalog, prices

from ops.stack import Refused

OFFERS: Final = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/index.json"
SECONDS: Final = 60
_PROJECT: Final = Path(__file__).parents[1]
_ENGINES: Final = {"MySQL": ("mysql",), "PostgreSQL": ("postgres",), "Any": ("mysql", "postgres")}
_DEPLOYMENTS: Final = {"Single-AZ": "single", "Multi-AZ": "multi"}
# As the list calls the storage that the module asks for.
_STORAGE: Final = {"General Purpose-GP3": "gp3"}
# Aurora Standard; the names of I/O-Optimized are others. Regions but us-east-1 put their code before them.
_AURORA_ENGINES: Final = {"Aurora MySQL": "aurora-mysql", "Aurora PostgreSQL": "aurora-postgresql"}
_ACU_HOURS: Final = "Aurora:ServerlessV2Usage"
_AURORA_STORAGE: Final = "Aurora:StorageUsage"
# Extended Support by engine and years, per vCPU-hour, or per ACU-hour where ASv2 stands in one of two places:
# EU-ExtendedSupport:Yr3:MySQL5.7, EU-ExtendedSupport:Yr1-Yr2:ASv2:AuroraPostgreSQL13,
# EU-ASv2-ExtendedSupport:Yr1-Yr2:AuroraPostgreSQL14.
_SUPPORT: Final = re.compile(
    r"(?:[A-Z0-9]+-)??(?P<before>ASv2-)?ExtendedSupport:(?P<years>Yr1-Yr2|Yr3):(?P<behind>ASv2:)?"
    r"(?P<engine>[A-Za-z]+)[0-9.]+"
)
_SUPPORT_YEARS: Final = {"Yr1-Yr2": prices.SUPPORT_YEARS_1_2, "Yr3": prices.SUPPORT_YEAR_3}
_SUPPORT_ENGINES: Final = {
    ("MySQL", False): "mysql",
    ("PostgreSQL", False): "postgres",
    ("AuroraMySQL", True): "aurora-mysql",
    ("AuroraPostgreSQL", True): "aurora-postgresql",
}
# What stands before the table's own header: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-an-offer.html
_HEADER: Final = "SKU"
_LONGEST_PREFACE: Final = 20


@dataclass
class Table:
    """What was found in one region's file, by engine, deployment and name."""

    instances: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    storage: dict[str, dict[str, float]] = field(default_factory=dict)
    acu_hours: dict[str, float] = field(default_factory=dict)
    aurora_storage: dict[str, float] = field(default_factory=dict)
    extended_support: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, row: Mapping[str, str], classes: frozenset[str]) -> None:
        """Take a row of the list, if it is a price on demand of what may be asked for."""
        if row["TermType"] != "OnDemand" or row["Currency"] != "USD":
            return
        if row.get("Location Type", "AWS Region") != "AWS Region":
            return  # Outposts and Local Zones have prices of another kind
        self._add_aurora(row)
        self._add_support(row)
        deployment = _DEPLOYMENTS.get(row["Deployment Option"])
        engines = _ENGINES.get(row["Database Engine"], ())
        if not deployment or not engines:
            return
        name = row["Instance Type"]
        if row["Product Family"] == "Database Instance" and row["Unit"] == "Hrs" and name in classes:
            for engine in engines:
                _keep(self.instances.setdefault(engine, {}).setdefault(deployment, {}), name, row)
        storage = _STORAGE.get(row["Volume Type"])
        if row["Product Family"] == "Database Storage" and row["Unit"] == "GB-Mo" and storage:
            _keep(self.storage.setdefault(deployment, {}), storage, row)

    def _add_aurora(self, row: Mapping[str, str]) -> None:
        usage, engine = row["usageType"], _AURORA_ENGINES.get(row["Database Engine"])
        if engine and usage.endswith(_ACU_HOURS) and row["Unit"] == "ACU-Hr":
            _keep(self.acu_hours, engine, row)
        if usage.endswith(_AURORA_STORAGE) and row["Unit"] == "GB-Mo":
            _keep(self.aurora_storage, prices.AURORA, row)

    def _add_support(self, row: Mapping[str, str]) -> None:
        match = _SUPPORT.fullmatch(row["usageType"])
        if match is None:
            return
        serverless = bool(match["before"] or match["behind"])
        engine = _SUPPORT_ENGINES.get((match["engine"], serverless))
        if engine and row["Unit"].lower().startswith("acu" if serverless else "vcpu"):
            _keep(self.extended_support.setdefault(engine, {}), _SUPPORT_YEARS[match["years"]], row)


def _keep(found: dict[str, float], name: str, row: Mapping[str, str]) -> None:
    """A second, other price for the same would be a guess: raises Refused."""
    usd = float(row["PricePerUnit"])
    if usd <= 0:
        return
    if found.setdefault(name, usd) != usd:
        raise Refused(f"AWS lists two prices for {name}: {found[name]} and {usd} USD; nothing was written.")


@dataclass(frozen=True, slots=True)
class PriceList:
    """AWS's price list, from its index or from a copy of it."""

    index: str = OFFERS

    def table(self, region: str, classes: frozenset[str]) -> tuple[Table, str, dt.date]:
        """A region's prices, the address of its file, and the day on which AWS published that."""
        url = self._file(region)
        found, published = Table(), None
        with closing(self._open(url)) as stream:
            lines = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            published = _preface(lines)
            for row in rows(lines):
                found.add(row, classes)
        if not found.instances or not found.storage:
            raise Refused(f"{url} has no price of MySQL or PostgreSQL that this reads; nothing was written.")
        return found, url, published

    def _file(self, region: str) -> str:
        """The address of a region's newest file, as CSV."""
        offers = self._json(self.index)["offers"]
        regions = self._json(self._whole(offers["AmazonRDS"]["currentRegionIndexUrl"]))["regions"]
        if region not in regions:
            raise Refused(f"AWS has no RDS prices for {region!r}; there are {', '.join(sorted(regions))}.")
        return self._whole(regions[region]["currentVersionUrl"]).removesuffix(".json") + ".csv"

    def _whole(self, path: str) -> str:
        return urllib.parse.urljoin(self.index, path)

    def _json(self, url: str) -> Any:
        with closing(self._open(url)) as stream:
            try:
                return json.load(stream)
            except ValueError as error:
                raise Refused(f"{url} is not JSON: {error}") from error

    def _open(self, url: str) -> IO[bytes]:
        try:
            answer: IO[bytes] = urllib.request.urlopen(url, timeout=SECONDS)  # noqa: S310 - the operator names it
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise Refused(
                f"reading {url}: {error}; look at the network, or name a copy with --index"
            ) from error
        return answer


def _preface(lines: Iterable[str]) -> dt.date:
    """The day of publication, from the lines before the header; the header is left to be read."""
    published = None
    for _, line in zip(range(_LONGEST_PREFACE), lines, strict=False):
        name, *values = next(csv.reader([line]), [""])
        if name == "Publication Date":
            published = dt.date.fromisoformat(values[0][:10])
        if name == "OfferCode" and published:
            return published
    raise Refused("This is no file of AWS's price list: no publication date stands at its beginning.")


def rows(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The rows of the list, one at a time; raises Refused where a column is missing."""
    found = csv.DictReader(lines)
    needed = {
        *("SKU", "TermType", "Unit", "PricePerUnit", "Currency", "Product Family", "Instance Type"),
        *("Database Engine", "Deployment Option", "Volume Type", "usageType"),
    }
    if missing := needed - set(found.fieldnames or ()):
        raise Refused(f"AWS's price list has no column {', '.join(sorted(missing))}; its format changed.")
    yield from found


def merged(content: Mapping[str, Any], region: str, table: Table, url: str, day: dt.date) -> dict[str, Any]:
    """The table with a region's prices in the place of those that it had."""
    source = f"aws-{region}-{day}"
    regions = dict(content["regions"]) | {
        region: {
            "instance_hour": {
                engine: {kind: _figures(found, source) for kind, found in sorted(kinds.items())}
                for engine, kinds in sorted(table.instances.items())
            },
            "storage_gb_month": {
                kind: _figures(found, source) for kind, found in sorted(table.storage.items())
            },
            "acu_hour": _figures(table.acu_hours, source),
            "aurora_gb_month": _figures(table.aurora_storage, source),
            "extended_support_hour": {
                engine: _figures(found, source) for engine, found in sorted(table.extended_support.items())
            },
        }
    }
    known = dict(content["sources"]) | {source: {"url": url, "date": day.isoformat()}}
    used = json.dumps(regions)
    kept = {name: about for name, about in known.items() if json.dumps(name) in used}
    return {"version": 1, "sources": kept, "regions": dict(sorted(regions.items()))}


def _figures(found: Mapping[str, float], source: str) -> dict[str, Any]:
    return {name: {"usd": usd, "source": source} for name, usd in sorted(found.items())}


def rendered(value: Any, depth: int = 0) -> str:
    """JSON with a line for each figure, so that a new list is a readable difference."""
    if not isinstance(value, dict) or "usd" in value:
        return json.dumps(value)
    pad = " " * (depth + 1)
    inner = ",\n".join(f"{pad}{json.dumps(name)}: {rendered(one, depth + 1)}" for name, one in value.items())
    return f"{{\n{inner}\n{' ' * depth}}}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="prices", description="Makes prices.json from AWS's price list.")
    parser.add_argument("regions", nargs="*", metavar="REGION", help="default: the catalog's region")
    parser.add_argument(
        "--index", default=OFFERS, help="the index of the list, or of a copy (default: AWS's)"
    )
    parser.add_argument("--catalog", type=Path, default=_PROJECT / "catalog.yaml")
    parser.add_argument("--output", type=Path, default=_PROJECT / "prices.json")
    chosen = parser.parse_args(arguments)
    try:
        rules = catalog.parse(chosen.catalog.read_text(encoding="utf-8"))
        classes = frozenset(size.instance_class for size in rules.sizes.values() if size.instance_class)
        content: dict[str, Any] = {"regions": {}, "sources": {}}
        if chosen.output.exists():
            content = json.loads(chosen.output.read_text(encoding="utf-8"))
        for region in chosen.regions or [rules.region]:
            table, url, day = PriceList(chosen.index).table(region, classes)
            content = merged(content, region, table, url, day)
            _report(region, table, classes, day)
        text = rendered(content) + "\n"
        prices.parse(text)
        chosen.output.write_text(text, encoding="utf-8")
    except (Refused, catalog.CatalogError, prices.PricesError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Written to {chosen.output}: look at the difference, and bring it to main by a pull request.")
    return 0


def _report(region: str, table: Table, classes: frozenset[str], day: dt.date) -> None:
    print(f"{region}: prices that AWS published on {day}")
    for engine in ("mysql", "postgres"):
        for kind in _DEPLOYMENTS.values():
            if missing := sorted(classes - set(table.instances.get(engine, {}).get(kind, {}))):
                print(f"  no price of {engine}, {kind}: {', '.join(missing)}")
    for engine in _AURORA_ENGINES.values():
        if engine not in table.acu_hours:
            print(f"  no price of {engine}: its capacity")
    if missing := sorted(set(_SUPPORT_ENGINES.values()) - set(table.extended_support)):
        print(f"  no price of Extended Support: {', '.join(missing)}")


if __name__ == "__main__":
    sys.exit(main())
