"""All tries of a call are one change; a reason goes with it; a name that is merely sent decides nothing."""

import dataclasses
from typing import Any

import pytest
from provisioner.api.call import parse_claimed_by
from provisioner.api.documents import request_summary
from provisioner.core import events
from provisioner.core.errors import Problem
from provisioner.core.lifecycle import Kind, State
from provisioner.intake.bodies import parse_reason
from provisioner.intake.idempotency import Key
from provisioner.intake.opening import Caller
from provisioner.pull_requests import content, request_record

from tests.core.examples import MISSION_BODY, NOW
from tests.intake.setting import ALPHA, DEV, PROD, Setting, refused


def key(text: str = "k1", path: str = "/p", **body: Any) -> Key:
    found = Key.of_call(text, "PATCH", path, body)
    assert found
    return found


@pytest.fixture
def setting() -> Setting:
    return Setting()


def made(setting: Setting, **body: Any) -> str:
    """A database that exists; the id of the request that made it."""
    new = setting.use_cases.create(MISSION_BODY | body, ALPHA).request
    result = {"endpoint": "h", "port": 3306, "secret_arn": "arn"}
    event = events.succeeded(NOW, pipeline_url="https://ci.example/1", commit="c", result=result)
    setting.use_cases.ledger.add_event(new.id, event, NOW)
    return new.id


def test_a_change_that_is_sent_again_with_its_key_is_the_same_request(setting: Setting) -> None:
    made(setting)
    first = setting.use_cases.change(DEV, {"ttl": "8d"}, ALPHA, key=key(ttl="8d"))
    again = setting.use_cases.change(DEV, {"ttl": "8d"}, ALPHA, key=key(ttl="8d"))

    assert (first.replayed, again.replayed) == (False, True)
    assert again.request.id == first.request.id


def test_a_key_of_another_call_is_refused(setting: Setting) -> None:
    made(setting)
    setting.use_cases.change(DEV, {"ttl": "8d"}, ALPHA, key=key(ttl="8d"))

    for other in (key(ttl="9d"), key(path="/other", ttl="8d")):
        problem = refused(
            422, "idempotency-key-reused", setting.use_cases.change, DEV, {"ttl": "8d"}, ALPHA, key=other
        )
        assert "new Idempotency-Key" in problem.detail


def test_a_removal_that_is_sent_again_after_its_end_is_no_second_one(setting: Setting) -> None:
    made(setting)
    first = setting.use_cases.remove(DEV, ALPHA, key=key())
    removed = events.removed(NOW, pipeline_url="https://ci.example/2", commit="c")
    setting.use_cases.ledger.add_event(first.request.id, removed, NOW)

    again = setting.use_cases.remove(DEV, ALPHA, key=key())

    assert (again.replayed, again.request.id, again.request.kind) == (True, first.request.id, Kind.REMOVE)
    refused(409, "removed", setting.use_cases.remove, DEV, ALPHA, key=key("k2"))


def test_a_retry_that_is_sent_again_tries_once(setting: Setting) -> None:
    new = setting.use_cases.create(MISSION_BODY, ALPHA).request
    failed = events.failed_opening(1, NOW, cause="c", fix="f")
    setting.use_cases.ledger.add_event(new.id, failed, NOW)
    setting.now = NOW + (NOW - NOW.replace(hour=11))

    for _ in range(2):
        answer = setting.use_cases.retry(new.id, ALPHA, reason="the token is back", key=key())
        assert answer.request.progress.state is State.REQUESTED

    found = setting.use_cases.ledger.events(new.id)
    assert [event.detail for event in found if event.id.startswith("retried")] == [
        {"reason": "the token is back"}
    ]


def test_a_cancel_says_why(setting: Setting) -> None:
    new = setting.use_cases.create(MISSION_BODY, ALPHA).request
    setting.use_cases.cancel(new.id, ALPHA, reason="not needed", key=key())
    again = setting.use_cases.cancel(new.id, ALPHA, reason="not needed", key=key())

    assert again.replayed
    (asked,) = (event for event in setting.use_cases.ledger.events(new.id) if event.id == "cancel_asked")
    assert asked.detail == {"reason": "not needed"}


def test_a_reason_is_asked_for_where_the_catalog_says_so_and_a_reviewer_approves(setting: Setting) -> None:
    setting.rules = setting.rules.model_copy(update={"require_reason": True})
    ask = setting.use_cases
    prod = {"environment": "prod", "database_engine": "postgres"}

    problem = refused(422, "invalid-request", ask.create, MISSION_BODY | prod, ALPHA)
    assert [(error.pointer, error.detail) for error in problem.errors] == [
        ("/reason", "say why: whoever approves a change of prod reads it, and the catalog asks for it")
    ]
    refused(422, "invalid-request", ask.dry_run_create, MISSION_BODY | prod, ALPHA)
    made(setting, **prod, purpose="orders")
    refused(422, "invalid-request", ask.change, PROD, {"size": "large"}, ALPHA)
    refused(422, "invalid-request", ask.remove, PROD, ALPHA)
    assert ask.change(PROD, {"size": "large", "reason": "slow"}, ALPHA).request.reason == "slow"
    made(setting)  # in dev nobody approves
    assert ask.remove(DEV, ALPHA).request.reason == ""


def test_without_the_rule_no_reason_is_needed(setting: Setting) -> None:
    made(setting, environment="prod", database_engine="postgres")
    assert setting.use_cases.remove(PROD, ALPHA).request.reason == ""


def test_a_reason_of_a_new_database_comes_before_its_purpose(setting: Setting) -> None:
    body = MISSION_BODY | {"purpose": "load tests", "reason": "the old one is too small"}
    request = setting.use_cases.create(body, ALPHA).request
    assert (request.reason, request.root.purpose) == ("the old one is too small", "load tests")
    assert setting.use_cases.create(MISSION_BODY | {"purpose": "load tests"}, ALPHA).replayed


def test_only_a_personal_key_says_who_asks_and_a_sent_name_is_shown_as_such(setting: Setting) -> None:
    shared = Caller("alpha", "alpha-ci", claimed_by="jane")
    request = setting.use_cases.create(MISSION_BODY, shared).request

    assert (request.actor, request.person, request.claimed_by) == ("alpha-ci", None, "jane")
    summary = request_summary(request)
    assert (summary["requested_by"], summary["person"], summary["claimed_by"]) == ("alpha-ci", None, "jane")
    assert "The call named `jane`, which nothing checked." in content._who(request)
    assert request.root.owner == "alpha"

    personal = dataclasses.replace(shared, actor="ben", person="ben", claimed_by=None)
    other = setting.use_cases.create(MISSION_BODY | {"database_name": "other"}, personal).request
    assert (other.actor, other.person, other.claimed_by) == ("ben", "ben", None)


def test_who_asked_is_kept_in_the_ledger_and_on_the_pull_request(setting: Setting) -> None:
    caller = Caller("alpha", "ben", person="ben", claimed_by="jane")
    request = setting.use_cases.create(MISSION_BODY, caller).request
    kept = setting.use_cases.ledger.request(request.id)
    record = request_record.parse(request_record.section(request))

    assert kept
    assert record
    assert (kept.person, kept.claimed_by) == ("ben", "jane")
    assert (record.request.person, record.request.claimed_by) == ("ben", "jane")


@pytest.mark.parametrize("value", ["jane", "jane.doe+ci@example.com", "Jane Doe", "7"])
def test_a_name_of_plain_characters_is_kept_as_it_was_sent(value: str) -> None:
    assert parse_claimed_by(value) == value


@pytest.mark.parametrize("value", ["jane\nX: y", " jane", "", "j" * 65, "<b>", "jäne"])
def test_a_name_that_cannot_be_kept_is_refused(value: str) -> None:
    if not value:
        assert parse_claimed_by(value) is None
        return
    with pytest.raises(Problem) as caught:
        parse_claimed_by(value)
    assert (caught.value.status, caught.value.slug) == (400, "bad-claimed-by")


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "x" * 257, "aws:why"])
def test_a_reason_in_the_query_is_held_to_what_a_body_takes(text: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_reason(text)
    assert caught.value.status == 400
    assert parse_reason(None) == ""
