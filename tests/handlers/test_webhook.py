"""What people do on GitHub reaches the request; what GitHub did not sign reaches nothing."""

import base64
import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from provisioner import settings
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.github.webhook_signature import signed
from provisioner.handlers import webhook
from provisioner.wiring import repository

from sandbox.github.accounts import Actor
from tests.handlers.chain import Chain, sign

PATH = "terraform/databases/dev/mydb123/main.tf"


@pytest.fixture
def connected(chain: Chain) -> Iterator[Chain]:
    """GitHub's own deliveries reach the function."""
    with chain.webhooks():
        yield chain


def settled(chain: Chain, one: Request) -> Request:
    chain.server.webhooks.settle()
    assert {delivery["status"] for delivery in chain.server.webhooks.deliveries} == {200}
    return chain.now(one)


def only(chain: Chain, one: Request, happened: EventType) -> Event:
    """The one event of its type. GitHub's times are whole seconds, so that it need not come last."""
    (event,) = (event for event in chain.events(one) if event.type is happened)
    return event


def payload(chain: Chain, action: str = "closed", **pull: Any) -> dict[str, Any]:
    """GitHub's payload about pull request 1."""
    hub = chain.server.hub
    content = hub.payload(hub.pulls[1], Actor("someone"))
    return {"action": action, **content, "pull_request": content["pull_request"] | pull}


def test_githubs_own_example_of_a_signature_is_accepted() -> None:
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert signed(b"Hello, World!", signature, "It's a Secret to Everybody")
    assert not signed(b"Hello, World?", signature, "It's a Secret to Everybody")


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha1=abc", "sha256=" + "0" * 64, "\u017fha256=é", "sha256=\udce9"],
    ids=ascii,
)
def test_a_wrong_signature_is_refused_before_anything_is_read(chain: Chain, signature: str) -> None:
    answer = chain.deliver("pull_request", b"{not json", **{"X-Hub-Signature-256": signature})

    assert answer["statusCode"] == 401
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["json"]["status"] == 401
    assert answer["json"]["title"] == "The signature is wrong"


def test_a_missing_signature_is_refused(chain: Chain) -> None:
    answer = webhook.handler({"headers": None, "body": "{}"}, chain.context)

    assert answer["statusCode"] == 401


def test_an_empty_secret_accepts_nothing(chain: Chain) -> None:
    assert not signed(b"{}", sign(b"{}", ""), "")


def test_a_replaced_secret_counts_without_a_deployment(chain: Chain) -> None:
    assert chain.deliver("ping", {})["statusCode"] == 200
    boto3.client("secretsmanager").update_secret(
        SecretId=os.environ["GITHUB_WEBHOOK_SECRET_ARN"], SecretString="new"
    )
    chain.server.webhook_secret = "new"
    settings.forget()  # as the passing of five minutes does

    assert chain.deliver("ping", {})["statusCode"] == 200


def test_a_ping_and_events_that_concern_nobody_are_fine(chain: Chain) -> None:
    for name in ("ping", "push", "star", ""):
        assert chain.deliver(name, {"zen": "Keep it logically awesome."})["statusCode"] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b"[]",
        b'"text"',
        b"null",
        b"{}",
        b"\xff\xfe",
        b'{"pull_request": 1}',
        b"[" * 100_000,
        b'{"action":"closed","repository":{"full_name":"acme/databases"},"pull_request":{"head":"x"}}',
    ],
    ids=lambda body: ascii(body[:20]),
)
def test_a_signed_body_that_is_no_payload_is_a_400(chain: Chain, body: bytes) -> None:
    answer = chain.deliver("pull_request", body)

    assert answer["statusCode"] == 400
    assert answer["json"]["status"] == 400


def test_a_body_that_is_not_base64_is_a_400(chain: Chain) -> None:
    event = {"headers": {}, "body": "é", "isBase64Encoded": True}

    assert webhook.handler(event, chain.context)["statusCode"] == 400


def test_a_body_that_is_too_long_is_a_413(chain: Chain) -> None:
    assert chain.deliver("pull_request", b" " * 2_000_001)["statusCode"] == 413


def test_an_encoded_body_is_checked_as_it_was_before(chain: Chain) -> None:
    body = json.dumps({"zen": "naïve"}).encode()
    event = {
        "headers": {"x-hub-signature-256": sign(body, chain.server.webhook_secret), "x-github-event": "ping"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }

    assert webhook.handler(event, chain.context)["statusCode"] == 200


def test_a_merge_by_a_reviewer_moves_the_request(connected: Chain) -> None:
    one = connected.opened()

    commit = connected.server.users.merge(1, "ann")

    assert settled(connected, one).progress.state is State.MERGED
    merged = only(connected, one, EventType.MERGED)
    assert (merged.actor, merged.detail) == ("ann", {"commit": commit})


def test_a_close_rejects_the_request_and_says_who_did_it(connected: Chain) -> None:
    one = connected.opened()

    connected.server.users.close(1, "ann")

    assert settled(connected, one).progress.state is State.REJECTED
    assert only(connected, one, EventType.CLOSED).actor == "ann"


def test_what_the_app_does_is_published_under_the_products_name(connected: Chain) -> None:
    one = connected.opened()

    repository.github().close_pull_request(1)

    assert settled(connected, one).progress.state is State.REJECTED
    assert only(connected, one, EventType.CLOSED).actor == "rds-provisioner"


def test_a_close_that_a_cancel_brought_is_no_rejection_whichever_is_received_first(connected: Chain) -> None:
    one = connected.opened()
    asked = Event(id="cancel_asked", type=EventType.CANCEL_ASKED, at=one.created_at, actor="alpha")
    connected.ledger.add_event(one.id, asked, one.created_at)

    connected.server.users.close(1, "ann")  # at the same moment, and received before the worker is

    waiting = settled(connected, one).progress
    assert (waiting.state, waiting.cancelling) == (State.PULL_REQUEST_OPEN, True)
    connected.send(one)
    assert connected.work() == []
    assert connected.now(one).progress.state is State.CANCELLED


def test_a_push_by_someone_else_marks_the_request_as_edited(connected: Chain) -> None:
    one = connected.opened()

    connected.server.users.push(connected.server.hub.pulls[1].branch, PATH, b"other\n", "Edit")

    assert settled(connected, one).progress.edited


def test_our_own_head_is_no_edit(chain: Chain) -> None:
    one = chain.opened()

    chain.deliver("pull_request", payload(chain, "synchronize"))

    assert not chain.now(one).progress.edited


def test_an_approval_is_in_the_timeline(connected: Chain) -> None:
    one = connected.opened()

    connected.server.users.approve(1, "ann")
    settled(connected, one)

    assert only(connected, one, EventType.APPROVED).actor == "ann"


def test_the_same_delivery_again_changes_nothing(connected: Chain) -> None:
    one = connected.opened()
    connected.server.users.close(1)
    before = settled(connected, one), connected.events(one)

    for delivery in list(connected.server.webhooks.deliveries):
        connected.server.webhooks.redeliver(delivery["id"])

    assert (settled(connected, one), connected.events(one)) == before


def test_a_fork_with_the_same_branch_is_nobodys_request(chain: Chain) -> None:
    one = chain.opened()
    content = payload(chain, merged=True)
    content["pull_request"]["head"]["repo"] = {"full_name": "mallory/databases"}
    assert chain.deliver("pull_request", content)["json"]["title"] == "Ignored"
    content["pull_request"]["head"]["repo"] = None  # the fork was deleted
    assert chain.deliver("pull_request", content)["json"]["title"] == "Ignored"

    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


def test_another_repository_is_nobodys_request(chain: Chain) -> None:
    one = chain.opened()
    content = payload(chain, merged=True) | {"repository": {"full_name": "acme/other"}}

    assert chain.deliver("pull_request", content)["json"]["title"] == "Ignored"
    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


def test_a_merge_into_another_branch_is_a_rejection(chain: Chain) -> None:
    one = chain.opened()

    chain.deliver("pull_request", payload(chain, merged=True, base={"ref": "elsewhere"}))

    assert chain.now(one).progress.state is State.REJECTED


@pytest.mark.parametrize(
    "branch", ["main", "rds/dev/mydb123/create-00000000", "rds/dev/../x/create-3f0c1a2b", "x" * 300]
)
def test_a_branch_of_no_request_is_ignored(chain: Chain, branch: str) -> None:
    chain.opened()
    content = payload(chain)
    content["pull_request"]["head"]["ref"] = branch

    assert chain.deliver("pull_request", content)["json"]["title"] == "Ignored"


@pytest.mark.parametrize("merged", [True, False])
def test_a_branch_of_another_kind_with_the_requests_characters_ends_nothing(
    chain: Chain, merged: bool
) -> None:
    """Anybody who may push can open a pull request from one, and close it."""
    one = chain.opened()
    content = payload(chain, merged=merged)
    content["pull_request"]["head"]["ref"] = f"rds/dev/mydb123/update-{one.id[:8]}"

    assert chain.deliver("pull_request", content)["json"]["title"] == "Ignored"

    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


@pytest.mark.parametrize("merged", [True, False])
def test_another_number_ends_nothing(chain: Chain, merged: bool) -> None:
    """A second pull request from the request's own branch, into a release branch, say."""
    one = chain.opened()
    answer = chain.deliver("pull_request", payload(chain, number=999, merged=merged))
    assert answer["json"]["detail"] == "This is not the request's own pull request."
    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


def test_what_is_received_before_the_number_is_known_counts_for_the_base_branch_alone(chain: Chain) -> None:
    one = chain.opened()
    content = payload(chain, base={"ref": "release"})
    unopened = chain.ask(database_name="other")
    for pull in (content["pull_request"],):
        pull["head"]["ref"] = f"rds/dev/other/create-{unopened.id[:8]}"
        pull["number"] = 7
    assert chain.deliver("pull_request", content)["json"]["title"] == "Ignored"
    assert chain.now(unopened).progress.state is State.REQUESTED
    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


@pytest.mark.parametrize("action", ["opened", "edited", "labeled", "assigned", "review_requested", "new_one"])
def test_actions_that_change_nothing_are_ignored(chain: Chain, action: str) -> None:
    one = chain.opened()
    before = chain.events(one)

    assert chain.deliver("pull_request", payload(chain, action))["statusCode"] == 200
    assert chain.events(one) == before
