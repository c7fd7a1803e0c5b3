"""Labels, reviewers and mentions draw eyes to a pull request, at a bounded price; nothing depends on them."""

import dataclasses
from typing import Any

import pytest
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.pull_requests import signposts
from provisioner.wiring import intake

from tests.core.examples import catalog
from tests.handlers.chain import ALPHA, Chain, now
from tests.handlers.test_report import bodies, done
from tests.pull_requests.test_content import REQUESTS, of_kind

RESIZE = of_kind(Kind.UPDATE, instance_class="db.t4g.medium")
STAGING: dict[str, Any] = {"environment": "staging"}


@pytest.mark.parametrize(
    ("one", "labels"),
    [
        (REQUESTS["create-mysql-dev"], ["env:dev", "kind:create"]),
        (RESIZE, ["env:dev", "kind:update", "restarts", "cost-up"]),
        (dataclasses.replace(RESIZE, before=RESIZE.root, root=RESIZE.before or RESIZE.root),
         ["env:dev", "kind:update", "restarts"]),
        (of_kind(Kind.UPDATE, storage_gb=40), ["env:dev", "kind:update", "cost-up"]),
        (REQUESTS["extend"], ["env:dev", "kind:extend"]),
        (REQUESTS["remove-prod"], ["env:prod", "kind:remove"]),
    ],
)  # fmt: skip
def test_labels_are_environment_kind_restart_and_higher_cost(one: Request, labels: list[str]) -> None:
    assert signposts.labels(one, catalog()) == labels


def test_a_database_takes_six_calls_at_most_to_its_open_pull_request(chain: Chain) -> None:
    chain.ask()
    assert chain.work() == []

    made = chain.calls()
    assert [call.split("?")[0] for call in made] == [
        "GET /contents/terraform/modules/rds_database/ROOT_FORMAT",
        "GET /git/ref/heads/main",
        "POST /git/refs",
        "PUT /contents/terraform/databases/dev/mydb123/main.tf",
        "POST /pulls",
        "POST /issues/1/labels",
    ]
    assert chain.server.hub.pulls[1].labels == ["env:dev", "kind:create"]


@pytest.mark.parametrize(
    "harm",
    [{"status": 403}, {"status": 404}, {"status": 422}, {"status": 500}, {"drop": True}],
    ids=str,
)
def test_labels_that_github_refuses_cost_nothing_and_come_with_the_plan(
    chain: Chain, harm: dict[str, Any]
) -> None:
    chain.server.fault("POST .*/labels", **harm)

    one = chain.opened()
    assert one.progress.state is State.PULL_REQUEST_OPEN
    assert chain.server.hub.pulls[1].labels == []
    assert chain.plan(one)["accepted"]

    assert chain.server.hub.pulls[1].labels == ["env:dev", "kind:create"]
    assert chain.now(one).progress.state is State.MERGED


def test_the_code_owners_whose_approval_is_due_are_asked_once(chain: Chain) -> None:
    one = chain.opened(**STAGING)
    assert chain.server.hub.pulls[1].teams == []

    for _ in range(2):
        chain.plan(one)

    assert chain.server.hub.pulls[1].teams == ["platform"]
    asked = [call for call in chain.calls() if call.endswith("/requested_reviewers")]
    assert asked == ["POST /pulls/1/requested_reviewers"]


def test_nobody_is_asked_where_nobody_has_to_approve(chain: Chain) -> None:
    chain.plan(chain.opened())

    assert chain.server.hub.pulls[1].teams == []


@pytest.mark.parametrize("status", [403, 404, 422, 500])
def test_reviewers_that_github_refuses_cost_nothing(chain: Chain, status: int) -> None:
    one = chain.opened(**STAGING)
    chain.server.fault("requested_reviewers", status=status)

    assert chain.plan(one)["accepted"]

    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN
    assert len(bodies(chain)) == 1


@pytest.mark.parametrize(
    ("owner", "mentioned"),
    [("@data-owner", True), ("@somewhere-else", False), ("data-owner", False), ("@acme/orders", False)],
)
def test_the_owner_is_mentioned_only_as_a_member_of_the_organization(
    chain: Chain, owner: str, mentioned: bool
) -> None:
    one = chain.opened(owner=owner)
    chain.plan(one)
    chain.apply(one, "succeeded")

    plan, outcome = bodies(chain)
    assert ("\n@data-owner owns this database.\n" in plan) is mentioned
    assert ("\n@data-owner owns this database.\n" in outcome) is mentioned
    assert chain.calls().count("GET /orgs/acme/members/data-owner") == 2 * mentioned


def test_without_the_permission_nobody_is_mentioned(chain: Chain) -> None:
    del chain.server.app.permissions["members"]
    one = chain.opened(owner="@data-owner")

    assert chain.plan(one)["accepted"]
    assert "owns this database" not in bodies(chain)[0]


def disarmed(chain: Chain) -> None:
    done(chain, environment="prod", database_engine="postgres", size="medium")
    use_cases = intake.use_cases(now())
    disarm = use_cases.remove(Place("prod", "mydb123"), ALPHA).request
    chain.work()
    chain.server.users.merge(2)
    chain.plan(chain.now(disarm))
    chain.apply(chain.now(disarm), "succeeded")
    chain.show_all()


def test_the_removal_and_the_pull_request_that_disarmed_link_to_each_other(chain: Chain) -> None:
    disarmed(chain)
    chain.work()

    removal = chain.server.hub.pulls[3]
    assert removal.title == "Remove prod/mydb123"
    assert "Deletion protection was taken off by #2." in removal.body
    (led_on,) = [text for text in bodies(chain, 2) if "#3 removes" in text]
    assert "approve #3" in led_on


def test_a_removal_opens_although_github_refuses_to_take_the_link_to_it(chain: Chain) -> None:
    disarmed(chain)
    chain.server.fault("POST .*/issues/2/comments", status=403)
    chain.work()

    assert chain.server.hub.pulls[3].title == "Remove prod/mydb123"
    assert not [text for text in bodies(chain, 2) if "#3 removes" in text]
