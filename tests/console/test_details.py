"""What the API knows besides is shown where a reader looks for it: plan, approvers, backups, drift, sizes."""

import datetime as dt

import pytest
from playwright.sync_api import expect
from provisioner.core import database_events, events
from provisioner.core.times import instant

from tests.console.conftest import Open
from tests.console.stack import Stack
from tests.console.team import Team, ago

COMMIT = "0" * 40
CHANGED = [
    {"resource": "aws_db_instance.this", "name": "allocated_storage", "before": "20", "after": "40"},
    {"resource": "aws_db_instance.this", "name": "instance_class", "before": "db.t4g.micro", "after": "<b>x"},
]


@pytest.mark.parametrize(
    ("people", "headline"),
    [
        (["ines", "paul"], "ines or paul"),
        (["ann", "ben", "cyd", "dan", "eve"], "ann or ben or cyd or 2 others"),
        ([], "@acme/platform"),
    ],
)
def test_a_request_in_review_names_its_approvers_and_what_the_plan_changes(
    open_page: Open, stack: Stack, people: list[str], headline: str
) -> None:
    team = Team(stack.ledger)
    one = team.opened(team.ask("staging/orders", ago(hours=2)))
    plan = events.planned(
        COMMIT,
        ago(hours=1),
        pipeline_url="https://ci.example/1",
        as_asked=True,
        counts="1 to add, 2 to change, 0 to destroy",
        numbers={"add": 1, "change": 2, "destroy": 0, "replace": 0},
        changed=CHANGED,
    )
    awaited = events.approval_awaited(
        1,
        ago(hours=1),
        owners=["@acme/platform"],
        waits_for="it waits for an approval",
        commit=COMMIT,
        approvers=[{"owner": "@acme/platform", "people": people}] if people else [],
    )
    for event in (plan, awaited):
        stack.ledger.add_event(one.id, event, event.at)

    page = open_page(f"#/requests/{one.id}")

    expect(page.locator(".lead .big")).to_have_text(headline)
    card = page.get_by_role("region", name="Plan")
    expect(card.locator("dl")).to_contain_text("to change")
    assert card.locator("dd").all_text_contents() == ["1", "2", "0", "0"]
    assert card.locator("tbody tr").all_text_contents() == [
        "allocated_storage2040",
        "instance_classdb.t4g.micro<b>x",
    ]


def test_a_database_says_what_it_can_be_restored_to_that_it_drifted_and_what_a_size_has(
    open_page: Open, stack: Stack
) -> None:
    team = Team(stack.ledger)
    one = team.ready(team.ask("staging/orders", ago(days=3)))
    drift = {"since": instant(ago(hours=5)), "link": "https://github.example/acme/databases/issues/4"}
    stack.ledger.all_teams.keep_drift(one.place, drift)
    began = database_events.drifted(ago(hours=5), pipeline_url="https://ci.example/2", link=drift["link"])
    assert stack.ledger.add_database_event(one.place, began)

    page = open_page("#/databases/staging/orders")

    expect(page.get_by_text("It differs from git")).to_be_visible()
    expect(page.get_by_role("link", name="What differs")).to_have_attribute("href", drift["link"])
    until = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    backups = page.get_by_role("region", name="Backups")
    expect(backups).to_contain_text("about any minute from")
    assert any(f"{until - dt.timedelta(minutes=late):%H:%M}" in backups.inner_text() for late in range(3))
    expect(page.get_by_role("region", name="Size", exact=True)).to_contain_text("2 vCPU, 1 GiB")

    page.goto(f"{stack.served.console}#/databases")
    expect(page.locator(".dbs tbody")).to_contain_text("differs from git since")
