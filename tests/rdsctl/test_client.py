"""Calls to the API: what is repeated and what never is, and what an answer ends the command with."""

import socket
from collections.abc import Iterator

import pytest
from rdsctl.client import Client
from rdsctl.failures import Exit, Failure, NoAnswer

from tests.handlers.conftest import Cloud
from tests.rdsctl.life import Life
from tests.rdsctl.server import Fault, Server, serve

BODY = {"database_name": "orders", "database_engine": "postgres", "environment": "dev"}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def client(server: Server, said: list[str], slept: list[float]) -> Client:
    return Client(server.url, "key-alpha", say=said.append, sleep=slept.append)


@pytest.fixture
def gateway() -> Iterator[Server]:
    """A server with the answers that it is given, and no API behind it."""
    with serve() as made:
        yield made


@pytest.fixture
def caller(gateway: Server, said: list[str], slept: list[float]) -> Client:
    """A client of the gateway."""
    return Client(gateway.url, "key-alpha", say=said.append, sleep=slept.append)


def test_a_create_whose_answer_was_lost_is_sent_again_and_stays_one_request(
    client: Client, server: Server, cloud: Cloud
) -> None:
    server.faults = [Fault(0, after=True), Fault(502, after=True)]
    answer = client.call("POST", "/provision-rds", BODY)
    assert answer.status == 202
    assert answer.headers["idempotency-replayed"] == "true"
    keys = [call.headers["idempotency-key"] for call in server.calls]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert len(cloud.messages()) == 1


def test_another_command_has_another_key(server: Server) -> None:
    for name in ("orders", "shop"):
        Client(server.url, "key-alpha").call("POST", "/provision-rds", BODY | {"database_name": name})
    first, second = [call.headers["idempotency-key"] for call in server.calls]
    assert first != second


def test_retry_after_is_waited_for_and_said(
    caller: Client, gateway: Server, said: list[str], slept: list[float]
) -> None:
    gateway.faults = [Fault(429, headers={"Retry-After": "12"}), Fault(200, {"team": "alpha"})]
    assert caller.get("/quota").document == {"team": "alpha"}
    assert [line.partition("again in 1")[0] for line in said] == ["… too many requests; "]
    assert 12 <= slept[0] <= 15


def test_a_longer_wait_than_a_minute_is_cut_to_one(
    caller: Client, gateway: Server, slept: list[float]
) -> None:
    gateway.faults = [Fault(503, headers={"Retry-After": "3600"}), Fault(200)]
    caller.get("/quota")
    assert 60 <= slept[0] <= 75


def test_without_retry_after_each_wait_is_about_twice_the_one_before(
    caller: Client, gateway: Server, slept: list[float]
) -> None:
    gateway.faults = [Fault(502), Fault(504), Fault(503), Fault(502), Fault(200)]
    caller.get("/quota")
    for seconds, least in zip(slept, (0.5, 1, 2, 4), strict=True):
        assert least <= seconds <= least * 1.25


def test_five_tries_are_the_most(caller: Client, gateway: Server) -> None:
    gateway.faults = [Fault(503)] * 9
    with pytest.raises(Failure, match="answered 503") as ended:
        caller.get("/quota")
    assert ended.value.code is Exit.FAILED
    assert len(gateway.calls) == 5


@pytest.mark.parametrize("status", [403, 429])
def test_a_full_quota_is_never_repeated(caller: Client, gateway: Server, status: int) -> None:
    problem = {"type": "urn:rds-provisioner:problem:quota", "title": "The team's quota is used up"}
    gateway.faults = [Fault(status, problem, {"Retry-After": "3600"})]
    with pytest.raises(Failure, match="quota is used up") as ended:
        caller.call("POST", "/provision-rds", BODY)
    assert ended.value.code is Exit.REFUSED
    assert len(gateway.calls) == 1


def test_the_days_limit_is_never_repeated(caller: Client, gateway: Server) -> None:
    problem = {
        "type": "urn:rds-provisioner:problem:quota-exceeded",
        "title": "The day's requests are used up",
    }
    gateway.faults = [Fault(429, problem, {"Retry-After": "3600"})]
    with pytest.raises(Failure, match="day's requests"):
        caller.get("/quota")
    assert len(gateway.calls) == 1


@pytest.mark.parametrize("fault", [Fault(0, after=True), Fault(502, after=True), Fault(504, after=True)])
def test_a_change_whose_answer_was_lost_is_sent_again_and_stays_one_request(
    client: Client, server: Server, life: Life, fault: Fault
) -> None:
    Client(server.url, "key-alpha").call("POST", "/provision-rds", BODY)
    life.created()
    server.faults = [fault]
    answer = client.call("DELETE", "/databases/dev/orders")
    assert answer.headers["idempotency-replayed"] == "true"
    first, second = [call for call in server.calls if call.method == "DELETE"]
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == client.idempotency_key
    assert [request["kind"] for request in client.items("/requests", "requests")] == ["remove", "create"]


def test_a_change_whose_answers_are_all_lost_says_what_to_look_at(caller: Client, gateway: Server) -> None:
    gateway.faults = [Fault(0)] * 5
    with pytest.raises(NoAnswer, match="it may have been asked for") as ended:
        caller.call("DELETE", "/databases/dev/orders")
    assert ended.value.hints == ("look before you repeat it: rdsctl requests",)


def test_a_refused_connection_is_said_with_what_it_means(said: list[str], slept: list[float]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = Client(url, "key", say=said.append, sleep=slept.append)
    with pytest.raises(NoAnswer) as ended:
        client.call("DELETE", "/databases/dev/orders")
    assert ended.value.message == (
        f"{url.removeprefix('http://')} does not answer (connection refused, 5 tries in 0 s). "
        "Nothing was asked for."
    )
    assert len(slept) == 4


def test_a_host_that_is_none_is_called_that(slept: list[float]) -> None:
    client = Client("http://nowhere.invalid", "key", sleep=slept.append)
    with pytest.raises(NoAnswer, match=r"nowhere\.invalid does not answer \(there is no such host, 5 tries"):
        client.get("/quota")


def test_a_lost_answer_of_a_create_is_no_second_request(caller: Client, gateway: Server) -> None:
    gateway.faults = [Fault(0)] * 5
    with pytest.raises(NoAnswer, match="The same command again is the same request"):
        caller.call("POST", "/provision-rds", BODY)


def test_a_redirect_is_not_followed(caller: Client, gateway: Server) -> None:
    gateway.faults = [Fault(301, headers={"Location": "https://elsewhere.example/"})]
    with pytest.raises(
        Failure, match=r"redirects to https://elsewhere\.example/, and a key follows no redirect"
    ):
        caller.get("/quota")
    assert len(gateway.calls) == 1


def test_an_answer_that_is_no_json_names_the_url_as_the_cause(caller: Client, gateway: Server) -> None:
    gateway.faults = [Fault(200, text="<html>Welcome</html>")]
    with pytest.raises(Failure, match="does not answer as the API does: '<html>Welcome</html>' is not JSON"):
        caller.get("/quota")


@pytest.mark.parametrize(
    ("status", "slug", "code"),
    [
        (400, "bad-query", Exit.USAGE),
        (401, "no-key", Exit.KEY),
        (403, "no-key", Exit.KEY),
        (403, "no-team", Exit.KEY),
        (403, "key-expired", Exit.KEY),
        (403, "quota", Exit.REFUSED),
        (403, "policy", Exit.REFUSED),
        (403, "no-price", Exit.REFUSED),
        (404, "not-found", Exit.NOT_FOUND),
        (409, "under-way", Exit.CONFLICT),
        (413, "too-long", Exit.USAGE),
        (415, "not-json", Exit.USAGE),
        (422, "invalid-request", Exit.USAGE),
        (500, "internal", Exit.FAILED),
    ],
)
def test_each_answer_has_its_status(
    caller: Client, gateway: Server, status: int, slug: str, code: Exit
) -> None:
    gateway.faults = [Fault(status, {"type": f"urn:rds-provisioner:problem:{slug}", "title": "No"})]
    with pytest.raises(Failure, match="No") as ended:
        caller.get("/quota")
    assert ended.value.code is code


def test_a_list_has_every_page(client: Client, server: Server) -> None:
    names = [f"db-{number}" for number in range(5)]
    for name in names:
        asked = Client(server.url, "key-alpha")
        asked.call("POST", "/provision-rds", BODY | {"database_name": name})
    client.page_size = 2
    assert sorted(item["database_name"] for item in client.items("/databases", "databases")) == names
    assert len([call for call in server.calls if call.method == "GET"]) == 3


def test_the_key_is_sent_in_its_header_and_nowhere_else(caller: Client, gateway: Server) -> None:
    gateway.faults = [Fault(200)]
    caller.get("/quota")
    (call,) = gateway.calls
    assert call.headers["x-api-key"] == "key-alpha"
    assert "key-alpha" not in call.path
    assert [name for name, value in call.headers.items() if "key-alpha" in value] == ["x-api-key"]
