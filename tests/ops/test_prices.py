"""prices.json is made from AWS's price list: these are files in its published format, far smaller."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from provisioner.core import prices

from ops import prices as command
from ops.prices import Table, main, rows
from ops.stack import Refused

CATALOG = Path(__file__).parents[2] / "catalog.yaml"
COLUMNS = (
    *("SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange"),
    *("EndingRange", "Unit", "PricePerUnit", "Currency", "LeaseContractLength", "Product Family"),
    *("serviceCode", "Location", "Location Type", "Instance Type", "Volume Type", "Database Engine"),
    *("Database Edition", "License Model", "Deployment Option", "usageType", "operation", "Region Code"),
)


def row(**more: str) -> dict[str, str]:
    return {
        "TermType": "OnDemand",
        "Unit": "Hrs",
        "Currency": "USD",
        "Product Family": "Database Instance",
        "Location Type": "AWS Region",
        "Deployment Option": "Single-AZ",
    } | {name.replace("_", " "): value for name, value in more.items()}


def instance(engine: str, name: str, usd: str, **more: str) -> dict[str, str]:
    return row(Database_Engine=engine, Instance_Type=name, PricePerUnit=usd, **more)


def storage(kind: str, usd: str, **more: str) -> dict[str, str]:
    return row(Product_Family="Database Storage", Unit="GB-Mo", Volume_Type=kind, PricePerUnit=usd, **more)


def acu_hour(engine: str, usage: str, usd: str) -> dict[str, str]:
    return row(
        Product_Family="ServerlessV2",
        Unit="ACU-Hr",
        Database_Engine=engine,
        usageType=usage,
        PricePerUnit=usd,
    )


def support(usage: str, usd: str, unit: str = "vCPU-hour") -> dict[str, str]:
    return row(Product_Family="", Deployment_Option="", Unit=unit, usageType=usage, PricePerUnit=usd)


FILE = [
    instance("MySQL", "db.t4g.micro", "0.0160000000"),
    instance("MySQL", "db.t4g.micro", "0.0320000000", Deployment_Option="Multi-AZ"),
    instance("PostgreSQL", "db.t4g.micro", "0.0170000000"),
    instance("PostgreSQL", "db.t4g.micro", "0.0340000000", Deployment_Option="Multi-AZ"),
    instance("MySQL", "db.t4g.medium", "0.0650000000"),
    # What is none of ours: other terms, engines, deployments, places, classes, and what costs nothing.
    instance("MySQL", "db.t4g.micro", "0.0090000000", TermType="Reserved"),
    instance("MySQL", "db.t4g.micro", "0.0500000000", Deployment_Option="Multi-AZ (readable standbys)"),
    instance("MySQL", "db.t4g.micro", "0.0400000000", Location_Type="AWS Outposts"),
    instance("MySQL", "db.t4g.micro", "0.1", Currency="CNY"),
    instance("Oracle", "db.t4g.micro", "0.4000000000"),
    instance("Aurora MySQL", "db.t4g.medium", "0.0730000000"),
    instance("MySQL", "db.x2g.16xlarge", "6.0"),
    instance("MySQL", "db.t4g.medium", "0.0000000000"),
    storage("General Purpose-GP3", "0.1370000000", Database_Engine="Any"),
    storage("General Purpose-GP3", "0.2740000000", Database_Engine="Any", Deployment_Option="Multi-AZ"),
    storage("General Purpose", "0.9", Database_Engine="Any"),
    storage("Provisioned IOPS", "0.9", Database_Engine="MySQL"),
    acu_hour("Aurora MySQL", "EU-Aurora:ServerlessV2Usage", "0.1400000000"),
    acu_hour("Aurora PostgreSQL", "EU-Aurora:ServerlessV2Usage", "0.1500000000"),
    acu_hour("Aurora MySQL", "EU-Aurora:ServerlessV2IOOptimizedUsage", "0.1900000000"),
    acu_hour("Aurora MySQL", "EU-Aurora:ServerlessUsage", "0.0700000000"),
    storage("General Purpose-Aurora", "0.1190000000", usageType="EU-Aurora:StorageUsage"),
    storage("IO Optimized-Aurora", "0.2", usageType="EU-Aurora:IO-OptimizedStorageUsage"),
    support("EUC1-ExtendedSupport:Yr1-Yr2:PostgreSQL11", "0.1220000000"),
    support("EUC1-ExtendedSupport:Yr1-Yr2:PostgreSQL12", "0.1220000000"),
    support("EUC1-ExtendedSupport:Yr3:PostgreSQL11", "0.2440000000"),
    support("EUC1-ExtendedSupport:Yr1-Yr2:MySQL5.7", "0.1230000000", unit="vCPU-Hours"),
    support("EUC1-ExtendedSupport:Yr1-Yr2:ASv2:AuroraPostgreSQL13", "0.1040000000", unit="ACU-Hr"),
    support("EUC1-ASv2-ExtendedSupport:Yr3:AuroraPostgreSQL11", "0.2070000000", unit="ACU-Hr"),
    support("ExtendedSupport:Yr1-Yr2:ASv2:AuroraMySQL2", "0.1050000000", unit="ACU-Hr"),
    # Of instances in clusters, which are none of ours.
    support("EUC1-ExtendedSupport:Yr1-Yr2:AuroraPostgreSQL11", "0.1250000000"),
]


def text(content: list[dict[str, str]], day: str = "2026-11-20T17:09:12Z") -> str:
    written = io.StringIO()
    preface = csv.writer(written, quoting=csv.QUOTE_ALL)
    for line in (
        ("FormatVersion", "v1.0"),
        ("Disclaimer", "This pricing list is for informational purposes only."),
        ("Publication Date", day),
        ("Version", "20261120170912"),
        ("OfferCode", "AmazonRDS"),
    ):
        preface.writerow(line)
    table = csv.DictWriter(written, COLUMNS, quoting=csv.QUOTE_ALL, restval="")
    table.writeheader()
    table.writerows(content)
    return written.getvalue()


@pytest.fixture
def index(tmp_path: Path) -> str:
    """A copy of AWS's list on disk; its index."""
    home = tmp_path / "offers"
    home.mkdir()
    files = {
        "index.json": {"offers": {"AmazonRDS": {"currentRegionIndexUrl": "regions.json"}}},
        "regions.json": {
            "regions": {"eu-central-1": {"regionCode": "eu-central-1", "currentVersionUrl": "fra/index.json"}}
        },
    }
    for name, content in files.items():
        (home / name).write_text(json.dumps(content))
    (home / "fra").mkdir()
    (home / "fra" / "index.csv").write_text(text(FILE))
    return (home / "index.json").as_uri()


def run(index: str, output: Path, *regions: str) -> int:
    return main([*regions, "--index", index, "--catalog", str(CATALOG), "--output", str(output)])


def test_a_regions_prices_are_written_with_their_source_and_date(
    index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "prices.json"
    assert run(index, output, "eu-central-1") == 0

    content = json.loads(output.read_text())
    source = "aws-eu-central-1-2026-11-20"
    figure = {"usd": 0.016, "source": source}
    assert content["sources"] == {
        source: {"url": index.replace("index.json", "fra/index.csv"), "date": "2026-11-20"}
    }
    assert content["regions"]["eu-central-1"]["instance_hour"]["mysql"] == {
        "multi": {"db.t4g.micro": figure | {"usd": 0.032}},
        "single": {"db.t4g.medium": figure | {"usd": 0.065}, "db.t4g.micro": figure},
    }
    assert content["regions"]["eu-central-1"]["storage_gb_month"] == {
        "multi": {"gp3": figure | {"usd": 0.274}},
        "single": {"gp3": figure | {"usd": 0.137}},
    }
    said = capsys.readouterr().out
    assert "eu-central-1: prices that AWS published on 2026-11-20" in said
    assert "no price of postgres, multi: db.m7g.large, db.m7g.xlarge, db.t4g.medium" in said


def test_other_regions_keep_their_prices_and_sources(index: str, tmp_path: Path) -> None:
    output = tmp_path / "prices.json"
    shipped = (CATALOG.parent / "prices.json").read_text()
    output.write_text(shipped)

    assert run(index, output, "eu-central-1") == 0
    assert run(index, output, "eu-central-1") == 0

    content = json.loads(output.read_text())
    assert content["regions"]["us-east-1"] == json.loads(shipped)["regions"]["us-east-1"]
    assert sorted(content["sources"]) == [
        "aurora-2025-10-01",
        "aws-eu-central-1-2026-11-20",
        "catalog-2026-11-01",
        "extended-support-2026-05",
        "published-examples",
    ]
    table = prices.parse(output.read_text())
    assert table.instance("eu-central-1", "postgres", "db.t4g.micro", standby=True)
    hour, storage = table.acu_hour("eu-central-1", "aurora-mysql"), table.aurora_storage("eu-central-1")
    assert hour
    assert storage
    assert (hour.usd, storage.usd) == (0.14, 0.119)


def test_the_shipped_table_is_written_as_this_command_writes(tmp_path: Path) -> None:
    shipped = (CATALOG.parent / "prices.json").read_text()
    assert command.rendered(json.loads(shipped)) + "\n" == shipped


def test_extended_support_has_a_price_by_engine_and_years(
    index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "prices.json"
    assert run(index, output, "eu-central-1") == 0

    table = prices.parse(output.read_text())
    found = {
        (engine, years): figure.usd
        for engine in ("mysql", "postgres", "aurora-mysql", "aurora-postgresql")
        for years in (prices.SUPPORT_YEARS_1_2, prices.SUPPORT_YEAR_3)
        if (figure := table.extended_support("eu-central-1", engine, years))
    }
    assert found == {
        ("mysql", "years_1_2"): 0.123,
        ("postgres", "years_1_2"): 0.122,
        ("postgres", "year_3"): 0.244,
        ("aurora-mysql", "years_1_2"): 0.105,
        ("aurora-postgresql", "years_1_2"): 0.104,
        ("aurora-postgresql", "year_3"): 0.207,
    }
    assert "no price of Extended Support" not in capsys.readouterr().out


def test_a_list_without_extended_support_says_so(
    index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without = [row for row in FILE if "ExtendedSupport" not in row.get("usageType", "")]
    (tmp_path / "offers" / "fra" / "index.csv").write_text(text(without))
    assert run(index, tmp_path / "prices.json", "eu-central-1") == 0
    assert (
        "no price of Extended Support: aurora-mysql, aurora-postgresql, mysql, postgres"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"regions": ["us-mars-1"]}, "AWS has no RDS prices for 'us-mars-1'; there are eu-central-1."),
        ({"file": "<html>not found</html>"}, "no publication date stands at its beginning"),
        ({"file": text([])}, "has no price of MySQL or PostgreSQL"),
        ({"file": text(FILE).replace('"Deployment Option"', '"Deployment"')}, "no column Deployment Option"),
        (
            {"file": text([*FILE, instance("MySQL", "db.t4g.micro", "0.0170000000")])},
            "AWS lists two prices for db.t4g.micro: 0.016 and 0.017 USD",
        ),
        ({"index": "file:///nowhere/index.json"}, "reading file:///nowhere/index.json"),
    ],
)
def test_what_cannot_be_trusted_is_refused_and_nothing_is_written(
    index: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], said: str
) -> None:
    output = tmp_path / "prices.json"
    if "file" in change:
        (tmp_path / "offers" / "fra" / "index.csv").write_text(change["file"])

    assert run(change.get("index", index), output, *change.get("regions", ["eu-central-1"])) == 2
    assert said in capsys.readouterr().err
    assert not output.exists()


def test_a_list_of_any_size_takes_the_same_memory() -> None:
    def lines() -> Iterator[str]:
        yield ",".join(f'"{name}"' for name in COLUMNS) + "\n"
        other = row(Database_Engine="Oracle", Instance_Type="db.m5.large", PricePerUnit="1")
        line = ",".join(f'"{other.get(name, "")}"' for name in COLUMNS) + "\n"
        for _ in range(30_000):
            yield line

    table = Table()
    tracemalloc.start()
    for read in rows(lines()):
        table.add(read, frozenset({"db.m5.large"}))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 200_000
    assert table == Table()


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(Refused, match="its format changed"):
        list(rows(iter(["a,b\n", "1,2\n"])))
