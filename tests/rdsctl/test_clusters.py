"""Clusters in the command line: their screens, and the ways into them."""

import dataclasses
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from provisioner.api.database_documents import database_document
from provisioner.api.documents import quota_document
from provisioner.api.dry_run import change_document
from provisioner.api.pages import database_page
from provisioner.core.engines import ENGINES
from provisioner.core.models import Charge, Database
from provisioner.core.names import Place
from provisioner.core.offered import catalog_document
from rdsctl.commands import connect, create, logs, ls
from rdsctl.connection import login as login_module
from rdsctl.connection import mysql, network, postgres
from rdsctl.connection.login import Login
from rdsctl.failures import Exit
from rdsctl.looks import Looks
from rdsctl.table import draw

from rdsctl import kinds, places, previews, questions, screens, words
from tests.core.examples import catalog
from tests.golden_files import assert_golden
from tests.intake.setting import ALPHA, Setting
from tests.rdsctl.life import Life
from tests.rdsctl.running import Run
from tests.rdsctl.test_screens import NOW

HOST = "dev-sleepy.cluster-c1xyz.eu-central-1.rds.amazonaws.com"
READER = "dev-sleepy.cluster-ro-c1xyz.eu-central-1.rds.amazonaws.com"
SLEEPY: dict[str, Any] = {
    "database_name": "sleepy",
    "database_engine": "aurora-postgresql",
    "environment": "staging",
    "size": "sleepy",
    "high_availability": True,
    "owner": "jane@example.com",
}
RESULT = {
    "identifier": "staging-sleepy",
    "endpoint": HOST,
    "reader_endpoint": READER,
    "port": 5432,
    "database_name": "sleepy",
    "secret_arn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-1",
    "arn": "arn:aws:rds:eu-central-1:123456789012:cluster:staging-sleepy",
}


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Setting:
    monkeypatch.setenv("TZ", "UTC")
    ids = (UUID(f"{number:08x}-8f5e-4c1d-9a70-1c2d3e4f5a6b") for number in range(0x779A8818, 0x779A8900))
    return Setting(now=NOW, new_id=lambda: next(ids))


def made(setting: Setting, **body: Any) -> Database:
    found = setting.database(**(SLEEPY | body))
    return dataclasses.replace(found, result=RESULT)


def test_every_engine_has_the_dialect_that_the_product_says() -> None:
    assert {name: kinds.dialect(name) for name in ENGINES} == {
        name: engine.dialect for name, engine in ENGINES.items()
    }
    assert kinds.dialect("oracle-ee") == "oracle-ee"


def test_one_cluster(setting: Setting) -> None:
    page = database_page(made(setting), setting.ledger, setting.rules, NOW, makes_users=True)
    assert_golden("rdsctl/get-cluster.txt", screens.database(page, [], NOW))


def test_a_list_with_clusters_counts_them_as_usual(setting: Setting) -> None:
    instance = setting.database(database_name="shop")
    found = [database_document(item, setting.rules) for item in (made(setting), instance)]
    columns = [*words.database_columns(NOW), *words.wide_database_columns(NOW)]
    text = draw(columns, found, 10_000) + "\n" + ls._footer(found, NOW) + "\n"
    assert_golden("rdsctl/ls-clusters.txt", text)


def test_dry_runs_of_clusters(setting: Setting) -> None:
    use_cases, rules = setting.use_cases, setting.rules
    new = change_document(use_cases.dry_run_create(SLEEPY, ALPHA), rules, NOW)
    setting.database(**SLEEPY)
    place = Place("staging", "sleepy")
    larger = change_document(use_cases.dry_run_change(place, {"size": "steady"}, ALPHA), rules, NOW)
    removal = change_document(use_cases.dry_run_remove(place, ALPHA), rules, NOW)
    texts = [create.headline(new) + "\n"]
    texts += [previews.text(would, Looks(), NOW) for would in (new, larger, removal)]
    assert_golden("rdsctl/dry-runs-clusters.txt", "\n".join(texts))


def test_the_log_of_a_cluster_is_in_its_own_group(setting: Setting) -> None:
    document = database_document(made(setting), setting.rules)
    assert (kinds.of(document), logs.stream(document)) == ("cluster", "postgresql")
    document = database_document(setting.database(database_name="shop"), setting.rules)
    assert (kinds.of(document), logs.stream(document)) == ("instance", "error")


def test_a_size_is_offered_to_the_engines_that_take_it() -> None:
    assert kinds.takes({"engines": ["mysql"]}, "mysql")
    assert not kinds.takes({"engines": ["mysql"]}, "aurora-mysql")
    assert kinds.takes({}, "mysql")  # by an API before there were clusters


class Asked:
    """A session on a terminal, whose answers are given; it keeps what was said."""

    can_ask = True

    def __init__(self, documents: dict[str, Any], answers: list[str]) -> None:
        self.api = self
        self.said: list[str] = []
        self._documents, self._answers = documents, iter(answers)

    def get(self, path: str) -> "Asked":
        self.document = self._documents[path]
        return self

    def say(self, text: str) -> None:
        self.said.append(text)

    def ask(self, *_: str) -> str:
        return next(self._answers)


def test_the_sizes_that_are_asked_for_are_those_of_the_engine() -> None:
    rules = catalog()
    held = {name: Charge() for name in rules.environments}
    quota = quota_document("alpha", held, rules)
    session = Asked({"/catalog": catalog_document(rules), "/quota": quota}, ["aurora-mysql", ""])

    place, given = questions.what_to_make(session, places.Place("dev", "sleepy"), {})  # type: ignore[arg-type]

    assert (str(place), given["engine"], given["size"]) == ("dev/sleepy", "aurora-mysql", "sleepy")
    assert session.said[-1] == ("  1 sleepy     1.00 asleep, 22.12 as usual, up to 176.20 USD a month")


def login(*, sleeps: bool, engine: str = "postgres") -> Login:
    return Login(
        place=places.Place("staging", "sleepy"),
        engine=engine,
        host="127.0.0.1",
        port=5432,
        dbname="sleepy",
        user="application",
        roots="/roots.pem",
        arn=None,
        region="eu-central-1",
        expires_at="never",
        resource_port=5432,
        sleeps=sleeps,
    )


def test_clients_wait_for_a_cluster_to_wake(tmp_path: Path) -> None:
    hasty = {"PGCONNECT_TIMEOUT": "5", "PGTZ": "UTC"}
    assert postgres.environment(login(sleeps=False), hasty)["PGCONNECT_TIMEOUT"] == "5"
    patient = postgres.environment(login(sleeps=True), hasty)
    assert (patient.get("PGCONNECT_TIMEOUT"), patient["PGTZ"]) == (None, "UTC")

    assert "connect-timeout=60" in mysql.options(login(sleeps=True, engine="mysql"), tmp_path)
    assert "connect-timeout" not in mysql.options(login(sleeps=False, engine="mysql"), tmp_path)


def test_the_first_look_at_a_cluster_that_may_sleep_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    def unreachable(host: str, port: int, seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(network, "unreachable", unreachable)
    network.reach(login(sleeps=False))
    network.reach(login(sleeps=True))
    assert waited == [5.0, 60.0]


def test_the_cost_of_a_month_says_what_clusters_are_assumed_to_be(sleepy: Run) -> None:
    assert "Of clusters, usual is awake for 176 of 730 hours" in sleepy("cost").err
    assert sleepy("cost", "--env", "dev").err.startswith("No databases in ")


@pytest.fixture
def sleepy(rdsctl: Run, life: Life) -> Run:
    """staging/sleepy is there, with its users."""
    assert rdsctl("create", "staging/sleepy", "--engine", "aurora-postgresql", "--ha").code == 0
    for step in life.whole()[:-1]:
        step()
    life.succeeded(**RESULT)
    life.users("staging/sleepy", application="arn:aws:secretsmanager:us-east-1:123456789012:secret:a")
    return rdsctl


def test_a_url_speaks_the_dialect_and_names_writer_or_reader(sleepy: Run) -> None:
    assert sleepy("url", "staging/sleepy", "--as", "application").out.startswith(
        f"postgresql://application@{HOST}:5432/sleepy?"
    )
    reader = sleepy("url", "staging/sleepy", "--as", "application", "--reader", "--format", "json").json
    assert (reader["host"], reader["engine"]) == (READER, "postgres")


def test_an_instance_has_no_reader(rdsctl: Run, life: Life) -> None:
    rdsctl("create", "dev/orders", "--engine", "postgres")
    life.created()
    life.users("dev/orders", application="arn:aws:secretsmanager:us-east-1:123456789012:secret:a")
    ran = rdsctl("url", "dev/orders", "--reader")
    assert ran.code == Exit.CONFLICT
    assert "dev/orders has no reader: clusters with high availability have one." in ran.err


def test_connect_says_that_it_may_have_to_wake_one(sleepy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_module, "with_password", lambda found: found)
    monkeypatch.setattr(network, "unreachable", lambda *_: "60 s")
    monkeypatch.setattr(connect, "find_client", lambda engine: (engine, ""))
    ran = sleepy("connect", "staging/sleepy", "--as", "application")
    assert kinds.WAKING in ran.err
    assert "does not answer from here (60 s)" in ran.err
