"""The API's description names the address that it is served at, where it has one."""

from provisioner.api import description


def test_the_address_is_the_deployments() -> None:
    assert description.openapi("https://rds.example.com")["servers"] == [{"url": "https://rds.example.com"}]


def test_without_an_address_each_calls_own_is_used() -> None:
    assert description.openapi("")["servers"] == [{"url": "/"}]
