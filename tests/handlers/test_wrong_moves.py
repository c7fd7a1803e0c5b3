"""Each wrong move gets a separate answer that says what to do instead, and changes nothing."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from provisioner.core.events import Event, EventType
from provisioner.core.models import Request
from provisioner.wiring import deployed

from tests.core.examples import CATALOG_TEXT, NOW, PRICES_TEXT, ROOMY, charge, request
from tests.handlers.api_client import Answer, Client
from tests.handlers.conftest import Cloud

ALPHA, BETA = Client("key-alpha"), Client("key-beta")
PLACE = "/databases/dev/mydb123"


def happened(cloud: Cloud, one: Request, *what: EventType) -> None:
    for happening in what:
        event = Event(id=happening, type=happening, at=NOW, actor="x", detail={"pull_request": 1})
        cloud.ledger.add_event(one.id, event, NOW)


def available(cloud: Cloud, **body: Any) -> Request:
    one = request(**body)
    cloud.ledger.open_create(one, charge(one.root), ROOMY)
    happened(cloud, one, EventType.SUCCEEDED)
    return one


def removed(cloud: Cloud) -> None:
    available(cloud)
    gone = ALPHA.call("DELETE", PLACE).json["id"]
    found = cloud.ledger.request(gone)
    assert found is not None
    happened(cloud, found, EventType.SUCCEEDED)


def assert_refused(cloud: Cloud, rows: int, answer: Answer, status: int, slug: str, words: str) -> None:
    assert answer.status == status
    assert answer.json["type"] == f"urn:rds-provisioner:problem:{slug}"
    assert words in answer.text
    assert cloud.rows() == rows


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"ttl": "14d"}), ("DELETE", None)])
def test_a_removed_database_cannot_be_changed_or_removed(cloud: Cloud, method: str, body: Any) -> None:
    removed(cloud)
    rows = cloud.rows()
    answer = ALPHA.call(method, PLACE, body)
    words = "dev/mydb123 was removed; ask for a new one with POST /provision-rds."
    assert_refused(cloud, rows, answer, 409, "removed", words)


def test_a_request_that_is_being_applied_cannot_be_cancelled(cloud: Cloud) -> None:
    one = request()
    cloud.ledger.open_create(one, charge(one.root), ROOMY)
    happened(cloud, one, EventType.OPENED, EventType.MERGED, EventType.STARTED)
    rows = cloud.rows()
    answer = ALPHA.call("POST", f"/requests/{one.id}/cancel")
    words = "It is merged; when it is done, change or remove the database instead."
    assert_refused(cloud, rows, answer, 409, "too-late", words)


def test_a_life_cannot_be_extended_over_the_maximum(cloud: Cloud) -> None:
    available(cloud)
    rows = cloud.rows()
    answer = ALPHA.call("PATCH", PLACE, {"ttl": "60d"})
    assert_refused(cloud, rows, answer, 422, "invalid-request", "30d")
    assert [error["pointer"] for error in answer.json["errors"]] == ["/ttl"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", PLACE, None),
        ("PATCH", PLACE, {"ttl": "14d"}),
        ("DELETE", PLACE, None),
        ("GET", "/requests/{id}", None),
        ("POST", "/requests/{id}/cancel", None),
        ("POST", "/requests/{id}/retry", None),
    ],
)
def test_another_teams_key_finds_nothing(cloud: Cloud, method: str, path: str, body: Any) -> None:
    one = available(cloud)
    rows = cloud.rows()
    answer = BETA.call(method, path.format(id=one.id), body)
    assert_refused(cloud, rows, answer, 404, "not-found", "of this team")


def test_a_second_change_waits_for_the_first_and_says_where_that_is(cloud: Cloud) -> None:
    available(cloud)
    first = ALPHA.call("PATCH", PLACE, {"size": "medium"}).json["id"]
    rows = cloud.rows()
    answer = ALPHA.call("PATCH", PLACE, {"ttl": "14d"})
    assert_refused(cloud, rows, answer, 409, "under-way", "has to end first")
    assert answer.json["request"] == f"/requests/{first}"


@pytest.fixture
def deploy_catalog(cloud: Cloud, tmp_path: Path) -> Callable[[Any], None]:
    """Deploy another catalog."""

    def deploy(content: Any) -> None:
        (tmp_path / "catalog.yaml").write_text(json.dumps(content, default=str))  # JSON is YAML too
        (tmp_path / "prices.json").write_text(PRICES_TEXT)
        os.environ["CATALOG_PATH"] = str(tmp_path / "catalog.yaml")
        deployed.catalog.cache_clear()

    return deploy


def test_what_lives_in_an_environment_that_left_the_catalog_is_seen_and_left_alone(
    cloud: Cloud, deploy_catalog: Callable[[Any], None]
) -> None:
    one = available(cloud, environment="staging")
    content = yaml.safe_load(CATALOG_TEXT)
    del content["environments"]["staging"]
    deploy_catalog(content)
    rows, place = cloud.rows(), "/databases/staging/mydb123"
    assert ALPHA.call("GET", place).status == 200
    assert ALPHA.call("GET", f"/requests/{one.id}").status == 200
    for method, body in (("PATCH", {"ttl": "14d"}), ("DELETE", None)):
        answer = ALPHA.call(method, place, body)
        assert_refused(cloud, rows, answer, 409, "no-environment", "Put it back into catalog.yaml")


def test_a_size_that_left_the_catalog_has_to_be_changed_and_can_be_removed(
    cloud: Cloud, deploy_catalog: Callable[[Any], None]
) -> None:
    available(cloud, size="medium")
    content = yaml.safe_load(CATALOG_TEXT)
    del content["sizes"]["medium"]
    for rules in content["environments"].values():
        rules["sizes"] = [size for size in rules["sizes"] if size != "medium"]
        rules["default_size"] = rules["sizes"][0]
    deploy_catalog(content)
    rows = cloud.rows()
    answer = ALPHA.call("PATCH", PLACE, {"ttl": "14d"})
    words = "the catalog no longer has db.t4g.medium; choose one of small with this change"
    assert_refused(cloud, rows, answer, 422, "invalid-request", words)
    assert ALPHA.call("DELETE", PLACE, query={"dry_run": "true"}).status == 200
    assert ALPHA.call("PATCH", PLACE, {"size": "small", "ttl": "14d"}).status == 202
