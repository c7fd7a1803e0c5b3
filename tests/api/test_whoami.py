"""A key is its team's, and personal where it was made for someone; one that ended opens nothing."""

import datetime as dt

import pytest
import yaml
from provisioner.api import description
from provisioner.api.whoami import check_key, whoami_document
from provisioner.core.errors import Problem
from provisioner.core.models import ApiKey

from tests.core.examples import NOW, catalog

JANE = ApiKey(team="alpha", actor="jane", person="jane", name="rds-provisioner-alpha-2", expires_at=NOW)


def test_whoami_says_whose_key_it_is() -> None:
    acme = catalog().model_copy(update={"contact": "@acme/platform"})
    assert whoami_document(JANE, acme) == {
        "team": "alpha",
        "actor": "jane",
        "person": "jane",
        "key_name": "rds-provisioner-alpha-2",
        "scopes": ["team"],
        "key_expires_at": "2026-11-23T12:00:00Z",
        "api_version": "1.1",
        "minimum_client": "0.1.0",
        "contact": "@acme/platform",
    }


def test_a_shared_key_is_not_personal() -> None:
    document = whoami_document(ApiKey(team="alpha", actor="alpha-ci"), catalog())
    assert (document["person"], document["actor"], document["key_name"]) == (None, "alpha-ci", None)


def test_a_key_that_ended_is_refused_by_its_name() -> None:
    assert check_key(JANE, NOW - dt.timedelta(seconds=1)) is JANE
    with pytest.raises(Problem) as refused:
        check_key(JANE, NOW)
    assert (refused.value.status, refused.value.slug) == (403, "key-expired")
    assert refused.value.detail == (
        "The key rds-provisioner-alpha-2 of team alpha ended at 2026-11-23T12:00:00Z; "
        "ask the platform team for another."
    )


def test_a_key_of_no_team_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        check_key(None, NOW)
    assert (refused.value.status, refused.value.slug) == (403, "no-team")


def test_the_version_is_that_of_the_description() -> None:
    content = yaml.safe_load(description._FILE.read_text())
    assert content["info"]["version"] == description.VERSION
