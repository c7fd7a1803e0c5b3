"""A report's link leads to CircleCI or is refused."""

import pytest
from provisioner.reports.origin import is_job_address

CLOUD = "https://circleci.com"
SERVER = "https://circleci.acme.example"


@pytest.mark.parametrize(
    ("url", "circleci"),
    [
        ("", CLOUD),
        ("https://circleci.com/gh/acme/databases/12", CLOUD),
        ("https://app.circleci.com/pipelines/github/acme/databases/3/workflows/w/jobs/12", CLOUD),
        ("https://circleci.acme.example/gh/acme/databases/12", SERVER),
        ("http://localhost:53235/pipelines/5/jobs/11", "http://localhost:53235"),
    ],
)
def test_an_address_below_circlecis_is_a_jobs(url: str, circleci: str) -> None:
    assert is_job_address(url, circleci)


@pytest.mark.parametrize(
    ("url", "circleci"),
    [
        ("https://evil.example/", CLOUD),
        ("http://circleci.com/gh/acme/databases/12", CLOUD),
        ("https://circleci.com", CLOUD),
        ("https://circleci.com.evil.example/", CLOUD),
        ("https://circleci.com@evil.example/", CLOUD),
        ("https://circleci.com:8443/", CLOUD),
        ("https://evil.example/https://circleci.com/", CLOUD),
        ("https://circleci.com/gh/acme/databases/12", SERVER),
        ("https://app.circleci.com/pipelines/1", SERVER),
    ],
)
def test_any_other_address_is_not(url: str, circleci: str) -> None:
    assert not is_job_address(url, circleci)
