"""A database costs what the table says, with its region and date; what it does not have has no price."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.api.documents import price_document
from provisioner.core import catalog as catalogs
from provisioner.core.offered import catalog_document
from provisioner.core.prices import ASSUMPTION, EMPTY, Price, Prices, PricesError, parse
from provisioner.core.root import Root
from provisioner.intake.opening import Opening

from tests.core.examples import CATALOG_TEXT, NOW, PRICES_TEXT, catalog, root
from tests.intake.setting import ALPHA, Setting, refused

TABLE = parse(PRICES_TEXT)


def of(engine: str, instance_class: str, *, gb: int = 0, standby: bool = False) -> float | None:
    wanted = dataclasses.replace(
        root(), engine=engine, instance_class=instance_class, storage_gb=gb, multi_az=standby
    )
    price = TABLE.of(wanted, "us-east-1")
    return price.monthly_usd if price else None


@pytest.mark.parametrize(
    ("engine", "instance_class", "usd"),
    [
        ("mysql", "db.t4g.small", 23.36),
        ("mysql", "db.t3.large", 99.28),
        ("postgres", "db.t3.large", 105.85),
        ("mysql", "db.m5.large", 124.83),
    ],
)
def test_the_published_examples_come_out(engine: str, instance_class: str, usd: float) -> None:
    assert of(engine, instance_class) == usd
    assert of(engine, instance_class, standby=True) == round(2 * usd, 2)
    assert of(engine, instance_class, gb=100) == round(usd + 11.5, 2)
    assert of(engine, instance_class, gb=100, standby=True) == round(2 * usd + 23.0, 2)


def test_what_the_table_does_not_have_has_no_price() -> None:
    assert of("postgres", "db.t4g.small") is None
    assert of("mysql", "db.r7g.large") is None
    assert TABLE.of(root(), "eu-central-1") is None
    assert EMPTY.of(root(), "us-east-1") is None


def test_every_figure_names_a_source_with_a_date() -> None:
    for tables in TABLE.regions.values():
        for kinds in (
            *tables["instance_hour"].values(),
            tables["storage_gb_month"],
            {name: tables[name] for name in ("acu_hour", "aurora_gb_month")},
            tables["extended_support_hour"],
        ):
            for named in kinds.values():
                for figure in named.values():
                    source = TABLE.sources[figure["source"]]
                    assert source["url"].startswith("https://")
                    assert dt.date.fromisoformat(source["date"]) >= dt.date(2024, 1, 1)


def test_a_price_has_the_date_of_its_oldest_figure() -> None:
    content = json.loads(PRICES_TEXT)
    content["sources"]["old"] = {"url": "https://aws.example/old", "date": "2025-03-01"}
    content["regions"]["us-east-1"]["storage_gb_month"]["single"]["gp3"]["source"] = "old"

    price = parse(json.dumps(content)).of(root(), "us-east-1")

    assert price == Price(13.98, "us-east-1", dt.date(2025, 3, 1), 2.3)


def test_the_cost_until_its_end_is_its_share_of_a_month() -> None:
    price = Price(73.0, "us-east-1", dt.date(2026, 11, 1), 3.0)
    assert price.until_end(root(ttl="7d"), NOW) == 16.8
    assert price.until_end(root(ttl="7d"), NOW + dt.timedelta(days=30)) == 0.0
    assert price.until_end(dataclasses.replace(root(), expires_at="never"), NOW) is None


BROKEN: dict[str, Any] = {
    "no JSON": "{",
    "another version": json.dumps(json.loads(PRICES_TEXT) | {"version": 2}),
    "a figure without a source": PRICES_TEXT.replace('"source": "published-examples"', '"source": "a guess"'),
    "a price of nothing": PRICES_TEXT.replace('"usd": 0.115', '"usd": 0'),
    "a price below nothing": PRICES_TEXT.replace('"usd": 0.115', '"usd": -1'),
    "extended support without a source": PRICES_TEXT.replace(
        '{"usd": 0.17, "source": "extended-support-2026-05"}', '{"usd": 0.17, "source": "a guess"}'
    ),
    "a date that is none": PRICES_TEXT.replace("2026-11-01", "lately"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_table_that_is_not_sound_is_refused(what: str) -> None:
    with pytest.raises(PricesError, match=r"run python -m ops\.prices|version 2"):
        parse(BROKEN[what])


@given(st.text(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(PricesError):
        parse(text)


OLD_KEYS = CATALOG_TEXT.replace(
    "region: us-east-1\n", "prices_as_of: 2026-05-01\nstorage_usd_per_gb: 0.2\n"
).replace("db.t4g.micro }", "db.t4g.micro, monthly_usd: 10.00 }")


def test_a_catalog_of_an_earlier_release_is_read_with_a_warning_and_its_prices_fill_gaps() -> None:
    old = catalogs.parse(OLD_KEYS)
    assert old.price(root()) == Price(14.0, "us-east-1", dt.date(2026, 5, 1), 4.0)
    assert old.price(root(size="medium")) is None
    (warning,) = old.warnings
    assert warning == (
        "catalog.yaml: prices_as_of, storage_usd_per_gb, sizes.small.monthly_usd: keys of an earlier "
        "release, used only where prices.json has no figure; take them out, name the region, and run "
        "python -m ops.prices"
    )
    assert catalogs.parse(OLD_KEYS, lambda: PRICES_TEXT).monthly_usd(root()) == 13.98
    assert catalog().warnings == []


def test_the_table_is_read_when_the_first_price_is_asked_for_and_once() -> None:
    reads = []

    def read() -> str:
        reads.append(1)
        return PRICES_TEXT

    found = catalogs.parse(CATALOG_TEXT, read)
    assert reads == []
    for _ in range(2):
        assert found.monthly_usd(root()) == 13.98
    assert reads == [1]


def elsewhere() -> catalogs.Catalog:
    """The catalog of a region of which the table has nothing."""
    return catalogs.parse(CATALOG_TEXT.replace("us-east-1", "eu-central-1"), lambda: PRICES_TEXT)


def test_a_quota_in_usd_refuses_what_has_no_price() -> None:
    setting = Setting(
        rules=catalogs.parse(CATALOG_TEXT.replace("us-east-1", "eu-central-1"), lambda: PRICES_TEXT)
    )
    body = {"database_name": "a", "database_engine": "mysql", "environment": "dev"}

    for ask in (setting.use_cases.create, setting.use_cases.dry_run_create):
        problem = refused(403, "no-price", ask, body, ALPHA)
        assert problem.detail == (
            "No price is known of mysql on db.t4g.micro in eu-central-1, and the quota is in USD. Ask for "
            "another size, or let an operator run python -m ops.prices for this region, commit prices.json "
            "and deploy."
        )
    assert setting.rows() == {}


def test_what_has_no_price_any_more_is_still_removed_and_extended() -> None:
    setting = Setting()
    database = setting.database()
    setting.rules = elsewhere()

    extended = setting.use_cases.change(database.place, {"ttl": "8d"}, ALPHA).request
    kept = setting.ledger.request(extended.id)
    assert kept
    assert kept.charge.monthly_cents == 1398
    setting.applied(extended)
    assert setting.use_cases.remove(database.place, ALPHA).request.kind == "remove"


def test_a_price_says_its_region_and_date_and_what_is_not_in_it() -> None:
    known = price_document(catalog().price(root()), catalog())
    assert (known["monthly_usd"], known["region"], known["as_of"]) == (13.98, "us-east-1", "2026-11-01")
    assert (known["instance_usd"], known["storage_usd"]) == (11.68, 2.30)
    assert known["not_included"].startswith("backups beyond the storage's size, snapshots")
    assert known["missing"] is None
    unknown = price_document(None, catalog())
    assert (unknown["monthly_usd"], unknown["as_of"], unknown["storage_usd"]) == (None, None, None)
    assert unknown["missing"] == (
        "no price is known in us-east-1: run python -m ops.prices for this region, commit prices.json "
        "and deploy"
    )


def test_the_catalog_shows_each_sizes_price_in_the_words_of_before_and_by_engine() -> None:
    shown = catalog_document(catalog())
    assert shown["sizes"]["small"] == {
        "instance_class": "db.t4g.micro",
        "engines": ["postgres", "mysql"],
        "vcpus": 2,
        "memory_gib": 1,
        "monthly_usd": 11.68,
        "prices": {
            "postgres": {"one_zone": 11.68, "standby": 23.36},
            "mysql": {"one_zone": 11.68, "standby": 23.36},
        },
    }
    assert shown["sizes"]["sleepy"] == {
        "instance_class": None,
        "engines": ["aurora-postgresql", "aurora-mysql"],
        "min_acu": 0.0,
        "max_acu": 2.0,
        "pause_after": "10m",
        "vcpus": None,
        "memory_gib": None,
        "monthly_usd": 22.12,
        "prices": {
            engine: {"least": 1.0, "usual": 22.12, "most": 176.2}
            for engine in ("aurora-postgresql", "aurora-mysql")
        },
        "assumption": ASSUMPTION,
    }
    assert (shown["storage_usd_per_gb"], shown["prices_as_of"], shown["region"]) == (
        0.115,
        "2026-11-01",
        "us-east-1",
    )


def test_without_a_table_the_catalog_shows_no_price() -> None:
    shown = catalog_document(catalogs.parse(CATALOG_TEXT))
    assert shown["sizes"]["small"]["monthly_usd"] is None
    assert shown["prices_as_of"] is None


@given(
    gb=st.integers(20, 65_536),
    standby=st.booleans(),
    engine=st.sampled_from(["mysql", "postgres"]),
)
def test_more_storage_and_a_standby_never_cost_less(gb: int, standby: bool, engine: str) -> None:
    def price(**more: Any) -> float:
        wanted: Root = dataclasses.replace(root(), engine=engine, storage_gb=gb, multi_az=standby)
        found = TABLE.of(dataclasses.replace(wanted, **more), "us-east-1")
        assert found
        return found.monthly_usd

    assert price() <= price(storage_gb=gb + 1)
    assert price(multi_az=False) < price(multi_az=True)


def test_tables_and_openings_agree() -> None:
    setting = Setting()
    opening: Opening = setting.opening
    assert opening.charge(root()).monthly_cents == 1398
    assert isinstance(catalog().prices, Prices)
