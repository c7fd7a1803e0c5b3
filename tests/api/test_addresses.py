"""Links and Location are whole addresses, with a domain or with a stage, where the call says its own."""

from typing import Any

import pytest
from provisioner.api.addresses import Address


def call(path: str, *, domain: str | None, whole: str, **headers: str) -> dict[str, Any]:
    return {"path": path, "headers": headers, "requestContext": {"domainName": domain, "path": whole}}


def address(event: dict[str, Any], public_url: str = "", *, console: bool = False) -> Address:
    return Address.of_call(event, public_url=public_url, console=console)


def test_the_default_address_has_the_stage() -> None:
    event = call("/requests/1", domain="a1.execute-api.eu-central-1.amazonaws.com", whole="/v1/requests/1")
    assert address(event).base == "https://a1.execute-api.eu-central-1.amazonaws.com/v1"


def test_a_domain_of_the_deployment_comes_first() -> None:
    event = call("/requests/1", domain="a1.execute-api.eu-central-1.amazonaws.com", whole="/v1/requests/1")
    assert address(event, "https://rds.example/").of("/requests/1") == "https://rds.example/requests/1"


def test_a_domain_of_api_gateway_has_no_stage() -> None:
    assert address(call("/quota", domain="rds.example", whole="/quota")).base == "https://rds.example"


def test_the_sandbox_is_called_without_tls() -> None:
    whole = "/restapis/a1/v1/_user_request_/quota"
    event = call("/quota", domain="localhost:4566", whole=whole, **{"X-Forwarded-Proto": "http"})
    assert address(event).base == "http://localhost:4566/restapis/a1/v1/_user_request_"


def test_a_header_that_a_caller_sends_names_no_host() -> None:
    event = call("/quota", domain="rds.example", whole="/quota", Host="evil.example")
    assert address(event).base == "https://rds.example"


@pytest.mark.parametrize("event", [{}, {"path": "/x"}, call("/x", domain=None, whole="/v1/x")])
def test_a_call_that_does_not_say_where_it_came_leaves_paths(event: dict[str, Any]) -> None:
    assert address(event).of("/requests/1") == "/requests/1"


def test_the_links_of_a_document_and_of_those_it_lists_are_whole() -> None:
    document = {
        "links": {"self": "/databases/dev/a", "active_request": None},
        "requests": ["/requests/1"],
        "tags": {"links": "/mine"},
    }
    one = Address("https://rds.example", console=True)

    assert one.linked({"databases": [document], "next_page_token": None}) == {
        "databases": [
            {
                "links": {
                    "self": "https://rds.example/databases/dev/a",
                    "active_request": None,
                    "console": "https://rds.example/console/#/databases/dev/a",
                },
                "requests": ["/requests/1"],
                "tags": {"links": "/mine"},
            }
        ],
        "next_page_token": None,
    }


def test_links_that_lead_elsewhere_stay() -> None:
    links = {"self": "/requests/1", "pull_request": "https://github.com/acme/databases/pull/1"}

    assert Address("https://rds.example").linked({"links": links})["links"] == {
        "self": "https://rds.example/requests/1",
        "pull_request": "https://github.com/acme/databases/pull/1",
        "console": None,
    }
