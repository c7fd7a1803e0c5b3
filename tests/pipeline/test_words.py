"""What people read of locks and errors, and what they never read: secrets."""

import datetime as dt

import pytest

from pipeline import locks
from pipeline.advice import advice
from pipeline.redaction import redact
from pipeline.store import Lock
from tests.golden_files import assert_golden

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def test_a_lock_comes_with_what_to_do_about_it() -> None:
    held = {
        "databases/dev/mydb123/terraform.tfstate": Lock(
            "b7c1", "ci@host", "OperationTypeApply", "2026-11-23T11:15:00.1Z"
        )
    }
    assert_golden("pipeline/locks.txt", locks.listing(held, NOW, "states") + "\n")


def test_no_lock_is_good_news() -> None:
    assert locks.listing({}, NOW, "states") == "No state is locked."


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            "Error: creating RDS DB Instance: DBInstanceAlreadyExists: DB instance already exists",
            "take another name",
        ),
        ("Error: ... has\nlifecycle.prevent_destroy set, but", "ask for a new database"),
        ("api error InstanceQuotaExceeded: Cannot create more", "Service Quotas"),
        ("Error acquiring the state lock", "python -m pipeline locks"),
        (
            "You can't currently modify the storage of this DB instance because the previous storage\n"
            "change is being optimized.",
            "in six hours",
        ),
        ("Invalid storage size for engine name postgres and storage type gp3: 20", "GET the database"),
        ("InvalidDBInstanceState: DB instance is not in available state", "goes on then"),
        ("api error ExpiredToken: The security token", "it goes on from there"),
        (
            "the cached package for registry.terraform.io/hashicorp/aws 5.1.0 does not match any of the\n"
            "checksums recorded in the dependency lock file",
            ".terraform.lock.hcl",
        ),
    ],
)
def test_known_errors_come_with_advice(output: str, words: str) -> None:
    assert words in advice(output)


def test_unknown_errors_speak_for_themselves() -> None:
    assert advice("Error: something else") == ""


def test_the_jobs_secrets_are_blotted_out() -> None:
    environment = {
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENG",
        "CIRCLE_OIDC_TOKEN_V2": "eyJhbGciOiJSUzI1NiJ9.e30",
        "AWS_REGION": "eu-central-1",
        "SHORT_TOKEN": "test",
    }
    text = "key wJalrXUtnFEMIK7MDENG token eyJhbGciOiJSUzI1NiJ9.e30 in eu-central-1, a test"
    assert redact(text, environment) == "key *** token *** in eu-central-1, a test"
