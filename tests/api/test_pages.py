"""A page has all that the ledger knows of one request or one database, and nothing of another team's."""

import datetime as dt

import pytest
from provisioner.api import documents
from provisioner.api.pages import database_page, request_page, tag
from provisioner.core import database_events, events
from provisioner.core.events import Step
from provisioner.core.models import Activity
from provisioner.core.times import instant

from tests.core.examples import NOW
from tests.intake.setting import ALPHA, BETA, DEV, Setting

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def setting() -> Setting:
    return Setting()


def typical(setting: Setting, request_id: str) -> object:
    """What the page of a request says of the usual time of its newest step."""
    request = setting.ledger.request(request_id)
    assert request is not None
    page = request_page(request, setting.ledger, setting.rules, setting.now)
    assert page["timeline"] == [
        {"at": instant(request.created_at), "seconds": 0.0, "event": "requested", "actor": "alpha-ci"},
        *page["timeline"][1:],
    ]
    return page["steps"][-1].get("typical_seconds", "not said")


def test_the_page_of_a_running_request_says_how_long_its_step_usually_takes(setting: Setting) -> None:
    earlier = setting.create(database_name="earlier")
    setting.now += MINUTE
    setting.happened(earlier, events.opened(1, setting.now, url="u", commit="c"))
    setting.applied(earlier)
    assert typical(setting, setting.create().id) == 60.0


def test_the_tag_of_a_page_changes_with_the_request_and_where_it_becomes_slow(setting: Setting) -> None:
    made = setting.create()

    def tag_now() -> str:
        found = setting.ledger.request(made.id)
        assert found is not None
        return tag(found, request_page(found, setting.ledger, setting.rules, setting.now))

    first = tag_now()
    setting.now += dt.timedelta(seconds=59)
    assert tag_now() == first == 'W/"1"'
    setting.now += dt.timedelta(seconds=2)
    assert tag_now() == 'W/"1-slow"'
    setting.happened(made, events.opened(1, setting.now, url="u", commit="c"))
    assert tag_now() == 'W/"2"'


def test_nothing_is_usual_of_what_failed_or_ended(setting: Setting) -> None:
    made = setting.create()
    setting.applied(made)
    failed = setting.failed(setting.create(database_name="failed"), Step.REVIEW)
    assert typical(setting, made.id) == typical(setting, failed.id) == "not said"


def test_the_page_of_a_database_has_its_requests_events_secrets_and_connections(setting: Setting) -> None:
    made = setting.database()
    setting.now += MINUTE
    change = setting.use_cases.change(DEV, {"ttl": "9d"}, ALPHA).request
    ready = database_events.users_ready(made.origin, NOW, secrets={"application": "arn:app"})
    setting.ledger.add_database_event(DEV, ready)
    setting.ledger.keep_activity(DEV, Activity(origin=made.origin, looked_at=NOW, last_connection_at=NOW))
    page = database_page(setting.at(DEV), setting.ledger, setting.rules, setting.now)
    assert page["requests"] == [f"/requests/{made.origin}", f"/requests/{change.id}"]
    assert [event["event"] for event in page["events"]] == ["users_ready"]
    assert page["secrets"] == {"master": "arn", "application": "arn:app"}
    assert page["last_connection_at"] == "2026-11-23T12:00:00Z"
    assert page["until_end_usd"] == 3.22  # 13.98 USD a month, for 7 days
    assert page == page | documents.root_document(setting.at(DEV).root, setting.rules)


def test_the_page_shows_nothing_of_what_had_the_name_before(setting: Setting) -> None:
    before = setting.database(BETA)
    ready = database_events.users_ready(before.origin, NOW, secrets={"application": "arn:app"})
    setting.ledger.add_database_event(DEV, ready)
    setting.ledger.keep_activity(DEV, Activity(origin=before.origin, looked_at=NOW, idle_since=NOW))
    setting.applied(setting.use_cases.remove(DEV, BETA).request)
    setting.now += MINUTE
    made = setting.database()
    page = database_page(made, setting.ledger, setting.rules, setting.now)
    assert page["requests"] == [f"/requests/{made.origin}"]
    assert (page["events"], page["secrets"]) == ([], {"master": "arn"})
    assert (page["last_connection_at"], page["idle_since"]) == (None, None)


def test_the_page_of_a_database_says_until_when_it_could_be_extended(setting: Setting) -> None:
    def latest(environment: str = "dev") -> object:
        database = setting.database(environment=environment)
        page = database_page(database, setting.ledger, setting.rules, setting.now)
        return page["extendable_until"]

    until = latest()
    assert until == instant(setting.now + dt.timedelta(days=30))
    assert setting.use_cases.change(DEV, {"ttl": "30d"}, ALPHA).request.root.expires_at == until
    assert latest("prod") == "never"
