"""Aurora clusters next to instances: sizes of the catalog, roots, the gate's rules, prices and names."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from provisioner.core import catalog as catalogs
from provisioner.core import policy
from provisioner.core.catalog import CatalogError
from provisioner.core.engines import CLUSTER, ENGINES, INSTANCE, dialect, resource_of
from provisioner.core.hcl import FIRST_OF_CLUSTERS, parse, render, renderings, resource_in
from provisioner.core.hcl_literals import RootSyntaxError
from provisioner.core.names import MAX_NAME, MEMBERS, Place, is_of_member, member_errors, name_errors
from provisioner.core.prices import ASSUMED_GB, HOURS_A_MONTH, USUAL_HOURS, Price
from provisioner.core.root import Capacity, Restore, Root, scale

from tests.core.examples import CATALOG_TEXT, NOW, PRICES_TEXT, catalog, root
from tests.thorough import tries

NAP = {"database_name": "nap", "database_engine": "aurora-postgresql"}
CLUSTER_ENGINES = ["aurora-mysql", "aurora-postgresql"]
ACUS = st.integers(0, 512).map(lambda halves: halves / 2)


def cluster(**body: Any) -> Root:
    return root(**NAP | body)


def with_capacity(**values: Any) -> Root:
    made = cluster()
    assert made.capacity
    return dataclasses.replace(made, capacity=dataclasses.replace(made.capacity, **values))


def priced(made: Root) -> Price:
    found = catalog().price(made)
    assert found
    return found


def denied(made: Root, **more: Any) -> dict[str, str]:
    rules = more.pop("catalog", catalog())
    results = policy.check(render(made), place=made.place, catalog=rules, now=NOW, **more)
    return {result.rule: result.detail for result in results if not result.passed}


class TestCatalog:
    @pytest.mark.parametrize(
        ("size", "words"),
        [
            ("{ min_acu: 0, max_acu: 0.5 }", "greater than or equal to 1"),
            ("{ min_acu: 0.3, max_acu: 2 }", "multiple of 0.5"),
            ("{ min_acu: 4, max_acu: 2 }", "min_acu is more than max_acu"),
            ("{ min_acu: 0, max_acu: 257 }", "less than or equal to 256"),
            ("{ min_acu: 0 }", "say instance_class, or min_acu and max_acu"),
            ("{ pause_after: 5m }", "say instance_class, or min_acu and max_acu"),
            ("{ min_acu: 0, max_acu: 2, pause_after: 4m }", "5m to 24h"),
            ("{ min_acu: 0, max_acu: 2, pause_after: 25h }", "5m to 24h"),
            ("{ min_acu: 0, max_acu: 2, pause_after: soon }", "match pattern"),
            ("{ min_acu: 1, max_acu: 2, pause_after: 10m }", "pause_after goes with min_acu: 0"),
            ("{ instance_class: db.t4g.micro, max_acu: 2 }", "has an instance_class"),
            ("{ min_acu: 0.5, max_acu: 4 }", "two sizes have the same min_acu"),
        ],
    )
    def test_a_range_that_rds_would_refuse_is_refused(self, size: str, words: str) -> None:
        text = CATALOG_TEXT.replace("{ min_acu: 0, max_acu: 2, pause_after: 10m }", size)
        assert text != CATALOG_TEXT
        with pytest.raises(CatalogError, match=words):
            catalogs.parse(text)

    def test_the_default_of_an_environment_is_an_instances_size(self) -> None:
        text = CATALOG_TEXT.replace("default_size: small", "default_size: sleepy", 1)
        with pytest.raises(CatalogError, match="has to have an instance_class"):
            catalogs.parse(text)

    def test_a_size_is_offered_to_the_engines_that_have_its_kind(self) -> None:
        found = catalog()
        assert found.sizes_of("dev", "mysql") == ["small", "medium"]
        assert found.sizes_of("dev", "aurora-mysql") == ["sleepy"]
        assert found.sizes_of("prod", "postgres")[0] == "medium"  # the usual one first

    def test_pauses_are_read_in_minutes_and_hours_and_left_out_they_are_rdss(self) -> None:
        for text, seconds in (("pause_after: 90m", 5400), ("pause_after: 2h", 7200)):
            found = catalogs.parse(CATALOG_TEXT.replace("pause_after: 10m", text))
            assert found.sizes["sleepy"].pause_seconds == seconds
        found = catalogs.parse(CATALOG_TEXT.replace(", pause_after: 10m", ""))
        assert found.sizes["sleepy"].pause_seconds == 300
        assert found.sizes["steady"].pause_seconds == 0


class TestRoot:
    @settings(max_examples=tries(1_000, 100))
    @given(
        ACUS,
        ACUS,
        st.integers(0, 86_400),
        st.booleans(),
        st.sampled_from(["aurora-mysql", "aurora-postgresql"]),
    )
    def test_what_is_written_is_what_is_read(
        self, least: float, most: float, pause: int, watched: bool, engine: str
    ) -> None:
        made = dataclasses.replace(
            cluster(),
            engine=engine,
            capacity=Capacity(min_acu=least, max_acu=most, pause_after=pause, monitoring=watched),
        )
        assert parse(render(made)) == made
        assert resource_in(render(made)) is CLUSTER

    def test_a_cluster_names_its_module_and_no_size_of_storage(self) -> None:
        text = render(cluster())
        assert 'source = "../../../modules/rds_cluster"' in text
        assert "storage_gb" not in text
        assert "instance_class" not in text

    def test_an_instance_is_none(self) -> None:
        assert root().resource is INSTANCE
        assert resource_in(render(root())) is INSTANCE

    def test_before_there_were_clusters_no_format_has_them(self) -> None:
        assert len(renderings(cluster())) == len(renderings(root())) - FIRST_OF_CLUSTERS + 1
        old = render(cluster(), FIRST_OF_CLUSTERS - 1)
        with pytest.raises(RootSyntaxError, match=f"clusters have format {FIRST_OF_CLUSTERS}"):
            parse(old)

    @pytest.mark.parametrize(
        ("was", "wanted"),
        [
            ("min_acu               = 0\n", ""),
            ("min_acu               = 0\n", "min_acu               = 0.0\n"),
            ("max_acu               = 2\n", "max_acu               = 2.5000\n"),
            ("max_acu               = 2\n", "max_acu               = var.most\n"),
            ("pause_after           = 600\n", "pause_after           = 600.5\n"),
            ("monitoring            = false\n", 'monitoring            = "false"\n'),
            ("modules/rds_cluster", "modules/rds_database"),
            ("  pause_after", '  instance_class        = "db.m7g.large"\n  pause_after'),
        ],
    )
    def test_any_other_text_is_no_root(self, was: str, wanted: str) -> None:
        text = render(cluster())
        assert was in text
        with pytest.raises(RootSyntaxError):
            parse(text.replace(was, wanted))


class TestPolicy:
    def test_what_the_catalog_offers_passes(self) -> None:
        assert denied(cluster()) == {}
        assert denied(cluster(database_engine="aurora-mysql")) == {}

    @pytest.mark.parametrize(
        "values", [{"min_acu": 1.0}, {"max_acu": 256.0}, {"pause_after": 0}, {"pause_after": 86_400}]
    )
    def test_another_range_than_the_environments_is_denied(self, values: dict[str, float]) -> None:
        assert "is none of the sizes of dev: sleepy" in denied(with_capacity(**values))["size"]

    def test_an_engine_is_made_by_its_own_kinds_module_alone(self) -> None:
        assert (
            "not made by rds_cluster" in denied(dataclasses.replace(cluster(), engine="postgres"))["engine"]
        )
        mixed = dataclasses.replace(root(), engine="aurora-mysql", engine_version="8.0")
        assert "not made by rds_database" in denied(mixed)["engine"]

    def test_where_the_catalog_watches_clusters_none_goes_unwatched(self) -> None:
        watched = catalogs.parse(CATALOG_TEXT.replace("monitor_clusters: false", "monitor_clusters: true"))
        assert denied(cluster(), catalog=watched) == {"safety": "in dev clusters are monitored"}
        assert denied(with_capacity(monitoring=True), catalog=watched) == {}

    def test_a_name_of_a_member_is_denied_to_what_is_new_alone(self) -> None:
        made = dataclasses.replace(root(), database_name="orders-member-1")
        made = made.with_windows(catalog().windows(made.place))
        assert "names do not end in -member-N" in denied(made)["name"]
        assert denied(made, creating=False) == {}


class TestPrice:
    def test_it_is_a_range_and_quotas_count_the_most(self) -> None:
        price = priced(cluster())
        assert price.range
        held = ASSUMED_GB * 0.1
        assert price.range.least == held
        assert price.range.most == price.monthly_usd == round(2 * 0.12 * HOURS_A_MONTH + held, 2)
        assert price.range.usual == round(1 * 0.12 * USUAL_HOURS + held, 2)
        assert str(price.range) == "1.00 asleep, 22.12 as usual, 176.20 at the maximum"

    def test_a_reader_doubles_the_capacity_and_not_the_storage(self) -> None:
        alone, pair = priced(cluster()), priced(dataclasses.replace(cluster(), multi_az=True))
        assert pair.instance_usd == pytest.approx(2 * alone.instance_usd)
        assert pair.storage_usd == alone.storage_usd

    @given(ACUS.filter(lambda acu: acu >= 1), ACUS)
    def test_the_three_figures_stand_in_order(self, most: float, least: float) -> None:
        made = with_capacity(min_acu=min(least, most), max_acu=most)
        price = priced(made)
        assert price.range
        assert 0 < price.range.least <= price.range.usual <= price.range.most

    def test_what_has_run_so_far_is_counted_as_usual(self) -> None:
        price = priced(cluster())
        assert price.range
        assert price.for_hours(HOURS_A_MONTH) == price.range.usual

    def test_without_a_figure_there_is_no_price(self) -> None:
        for missing in ("acu_hour", "aurora_gb_month"):
            table = json.loads(PRICES_TEXT)
            del table["regions"]["us-east-1"][missing]
            found = catalogs.parse(CATALOG_TEXT, lambda table=table: json.dumps(table))  # type: ignore[misc]
            assert found.price(cluster()) is None
            assert found.price(root()) is not None


class TestNames:
    NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True).filter(
        lambda name: len(name) <= MAX_NAME
    )

    @settings(max_examples=tries(5_000, 300))
    @given(NAMES, NAMES, st.sampled_from(["dev", "prod"]), st.sampled_from(MEMBERS))
    def test_no_new_database_has_the_identifier_of_a_member(
        self, name: str, other: str, environment: str, number: int
    ) -> None:
        member = Place(environment, other).member(number)
        assert is_of_member(member)
        if not name_errors(name, "postgres"):
            assert Place(environment, name).identifier != member

    @given(
        st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True), st.from_regex(r"[a-z]{1,40}", fullmatch=True)
    )
    def test_a_member_fits_what_rds_takes_or_is_refused(self, environment: str, name: str) -> None:
        place = Place(environment, name)
        errors = member_errors(place)
        assert bool(errors) == (len(place.member(2)) > 63)
        if errors:
            room = int(errors[0].rsplit(" ", 2)[1])
            assert len(Place(environment, name[:room]).member(2)) == 63

    @given(NAMES, st.integers(0, 999))
    def test_a_name_that_ends_as_a_members_is_refused(self, name: str, number: int) -> None:
        for suffix in (f"-member-{number}", f"-member-0{number}"):
            assert name_errors(f"{name[:20].rstrip('-')}{suffix}", "mysql")

    def test_the_reserved_words_are_those_of_the_dialect(self) -> None:
        assert name_errors("select", "aurora-postgresql") == [
            "'select' is a reserved word of aurora-postgresql; choose another name, such as select-db"
        ]
        assert name_errors("zerofill", "aurora-postgresql") == []


def test_each_engine_has_a_dialect_and_a_kind() -> None:
    assert {name: (dialect(name), resource_of(name).name) for name in ENGINES} == {
        "mysql": ("mysql", "instance"),
        "postgres": ("postgres", "instance"),
        "aurora-mysql": ("mysql", "cluster"),
        "aurora-postgresql": ("postgres", "cluster"),
    }


def test_a_clone_is_of_the_same_environment_and_of_now() -> None:
    of = dataclasses.replace

    clone = of(cluster(), restore=Restore(database="dev-orders", point_in_time="latest"))
    assert clone.is_clone
    assert not of(clone, environment="staging").is_clone
    earlier = dt.datetime(2026, 11, 20, tzinfo=dt.UTC).isoformat()
    assert not of(clone, restore=Restore(database="dev-orders", point_in_time=earlier)).is_clone
    assert not of(clone, restore=Restore(snapshot="dev-orders-final-11111111")).is_clone
    assert not of(root(), restore=clone.restore).is_clone


def test_how_large_it_is_as_people_read_it() -> None:
    assert scale(root()) == "db.t4g.micro"
    assert scale(cluster()) == "0 to 2 ACU, asleep after 10m"
    assert scale(with_capacity(min_acu=0.5, max_acu=4.0, pause_after=0)) == "0.5 to 4 ACU"
    assert scale(with_capacity(pause_after=7200)) == "0 to 2 ACU, asleep after 2h"


@pytest.mark.parametrize(
    ("restore", "passed", "detail"),
    [
        (
            Restore(snapshot="dev-orders-final-11111111", engine="postgres"),
            True,
            "the data of dev/orders, a cluster made of an instance's snapshot",
        ),
        (
            Restore(snapshot="dev-orders-final-11111111", engine="mysql"),
            False,
            "RDS makes no aurora-postgresql of mysql",
        ),
        (
            Restore(database="dev-orders", point_in_time="latest", engine="postgres"),
            False,
            "RDS makes no aurora-postgresql of postgres but of its snapshot",
        ),
    ],
)
def test_a_root_says_of_which_engine_its_cluster_is_made(restore: Restore, passed: bool, detail: str) -> None:
    made = dataclasses.replace(cluster(), restore=restore)
    results = policy.check(render(made), place=made.place, catalog=catalog(), now=NOW)
    (found,) = [result for result in results if result.rule == "restore"]
    assert (found.passed, found.detail) == (passed, detail)
    assert (made.resource, made.source_resource) == (CLUSTER, INSTANCE)
