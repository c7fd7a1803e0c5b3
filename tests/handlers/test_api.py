"""The API does as its description says: answers, problems, replays, and nothing written for bad input."""

import base64
import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from provisioner import settings
from provisioner.api.query import Query
from provisioner.core.errors import Problem
from provisioner.core.events import Detail, Event, EventType, Step
from provisioner.core.names import Place
from provisioner.handlers import admin, api
from provisioner.intake.bodies import CreateBody, PatchBody, RotateBody

from tests.core.examples import MISSION_BODY, NOW, ROOMY
from tests.core.examples import charge as charge_of
from tests.core.examples import request as new_request
from tests.handlers.api_client import Client
from tests.handlers.conftest import Cloud, no_table
from tests.handlers.described import OPENAPI, assert_described

ALPHA, BETA = Client("key-alpha"), Client("key-beta")


def done(cloud: Cloud, **body: Any) -> None:
    """A database that exists."""
    one = new_request(**body)
    cloud.ledger.open_create(one, charge_of(one.root), ROOMY)
    result = {"endpoint": "localhost", "port": 3306, "secret_arn": "arn"}
    cloud.ledger.add_event(
        one.id,
        Event(id="s", type=EventType.SUCCEEDED, at=NOW, actor="pipeline", detail={"result": result}),
        NOW,
    )


def test_the_missions_body_is_accepted_as_it_is(cloud: Cloud) -> None:
    answer = ALPHA.call("POST", "/provision-rds", MISSION_BODY)

    assert answer.status == 202
    assert answer.headers["location"] == f"/requests/{answer.json['id']}"
    assert answer.headers["retry-after"] == "5"
    assert answer.json["state"] == "requested"
    assert_described(answer, "/provision-rds", "post")
    assert [message["request_id"] for message in cloud.messages()] == [answer.json["id"]]


def test_a_running_step_says_how_long_it_usually_takes(cloud: Cloud) -> None:
    earlier = new_request(database_name="earlier")
    cloud.ledger.open_create(earlier, charge_of(earlier.root), ROOMY)
    later = NOW + dt.timedelta(seconds=4)
    opened: Detail = {"pull_request": 1, "pull_request_url": "u", "commit": "c"}
    for event in (
        Event(id="o", type=EventType.OPENED, at=later, actor="x", detail=opened),
        Event(id="s", type=EventType.SUCCEEDED, at=later, actor="x"),
    ):
        cloud.ledger.add_event(earlier.id, event, NOW)

    answer = ALPHA.call("POST", "/provision-rds", MISSION_BODY)

    (step,) = answer.json["steps"]
    assert step["step"] == "pull_request"
    assert step["running"] is True
    assert step["typical_seconds"] == 4.0
    assert step["maximum_seconds"] == 86_400
    assert_described(answer, "/provision-rds", "post")


def test_the_same_post_again_is_the_same_request(cloud: Cloud) -> None:
    first = ALPHA.call("POST", "/provision-rds", MISSION_BODY)
    rows = cloud.rows()

    again = ALPHA.call("POST", "/provision-rds", MISSION_BODY)

    assert again.json["id"] == first.json["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert cloud.rows() == rows
    assert len(cloud.messages()) == 1


def test_another_post_for_the_name_says_what_differs(cloud: Cloud) -> None:
    ALPHA.call("POST", "/provision-rds", MISSION_BODY)

    answer = ALPHA.call(
        "POST", "/provision-rds", MISSION_BODY | {"size": "medium", "database_engine": "postgres"}
    )

    assert answer.status == 409
    assert {error["pointer"] for error in answer.json["errors"]} == {
        "/database_engine",
        "/engine_version",
        "/size",
    }
    assert 'it has "small", not "medium"' in [error["detail"] for error in answer.json["errors"]]
    assert_described(answer, "/provision-rds", "post")


def test_another_teams_name_is_taken_and_says_nothing_more(cloud: Cloud) -> None:
    ALPHA.call("POST", "/provision-rds", MISSION_BODY)

    answer = BETA.call("POST", "/provision-rds", MISSION_BODY)

    assert answer.status == 409
    assert "alpha" not in answer.text


BAD = {
    "malformed JSON": ("{", 400, "Correct the JSON"),
    "a field twice": ('{"environment": "dev", "environment": "prod"}', 400, "it has a field twice"),
    "NaN": ('{"storage_gb": NaN}', 400, "NaN is not JSON"),
    "an array": ("[1]", 422, "send a JSON object"),
    "a missing field": ({"database_name": "x", "environment": "dev"}, 422, "this field is required"),
    "an unknown field": (MISSION_BODY | {"colour": "red"}, 422, "there is no field 'colour' here"),
    "an unknown engine": (
        MISSION_BODY | {"database_engine": "oracle"},
        422,
        "'oracle' is not offered: choose postgres, mysql, aurora-postgresql or aurora-mysql",
    ),
    "an unknown environment": (MISSION_BODY | {"environment": "mars"}, 422, "choose dev, staging or prod"),
    "an unknown version": (MISSION_BODY | {"engine_version": "5.7"}, 422, "choose 8.4"),
    "an unknown size": (MISSION_BODY | {"size": "xlarge"}, 422, "choose small or medium in dev"),
    "a bad name": (MISSION_BODY | {"database_name": "My_DB"}, 422, "lower-case letters"),
    "a long name": (MISSION_BODY | {"database_name": "a" * 41}, 422, "1 to 40 characters"),
    "a very long name": (MISSION_BODY | {"database_name": "a" * 3000}, 422, "1 to 40 characters"),
    "a double hyphen": (MISSION_BODY | {"database_name": "a--b"}, 422, "single hyphens"),
    "a reserved word": (MISSION_BODY | {"database_name": "select"}, 422, "reserved word of mysql"),
    "a reserved word with hyphens": (MISSION_BODY | {"database_name": "current-user"}, 422, "reserved word"),
    "too long a life": (MISSION_BODY | {"ttl": "31d"}, 422, "dev allows 30d"),
    "no end where none is allowed": (MISSION_BODY | {"ttl": "never"}, 422, "does not allow never"),
    "an odd lifetime": (MISSION_BODY | {"ttl": "2 weeks"}, 422, "write hours as 8h"),
    "too much storage": (MISSION_BODY | {"storage_gb": 101}, 422, "dev allows 20 to 100 GB"),
    "text for a number": (MISSION_BODY | {"storage_gb": "20"}, 422, "send a whole number"),
    "a standby in dev": (MISSION_BODY | {"high_availability": True}, 422, "dev has no standby"),
    "a reserved tag": (MISSION_BODY | {"tags": {"managedby": "me"}}, 422, "set by the provisioner"),
    "a line break": (MISSION_BODY | {"purpose": "a\nb"}, 422, "control characters"),
    "two sources": (
        MISSION_BODY | {"restore_from": {"snapshot": "dev-a-final-0a1b2c3d", "database": "dev/b"}},
        422,
        "either snapshot or database",
    ),
}


@pytest.mark.parametrize(("body", "status", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_says_what_to_change_and_writes_nothing(
    cloud: Cloud, body: Any, status: int, words: str
) -> None:
    answer = ALPHA.call("POST", "/provision-rds", body)

    assert answer.status == status
    assert words in answer.text
    assert answer.json["request_id"] == "call-1"
    assert_described(answer, "/provision-rds", "post")
    assert cloud.rows() == 0
    assert cloud.messages() == []


def test_a_body_that_is_not_json_is_415(cloud: Cloud) -> None:
    answer = ALPHA.call("POST", "/provision-rds", "a=b", headers={"content-type": "text/plain"})

    assert answer.status == 415
    assert_described(answer, "/provision-rds", "post")


def test_too_long_a_body_is_413(cloud: Cloud) -> None:
    answer = ALPHA.call("POST", "/provision-rds", json.dumps({"purpose": "x" * 40_000}))

    assert answer.status == 413
    assert_described(answer, "/provision-rds", "post")


def test_a_key_without_a_team_is_403(cloud: Cloud) -> None:
    answers = [Client(key).call("POST", "/provision-rds", MISSION_BODY) for key in (None, "key-unknown")]

    assert [answer.status for answer in answers] == [403, 403]
    assert cloud.rows() == 0


def test_a_dry_run_shows_the_file_the_verdict_and_the_cost_and_writes_nothing(cloud: Cloud) -> None:
    answer = ALPHA.call("POST", "/provision-rds", MISSION_BODY, query={"dry_run": "true"})

    assert answer.status == 200
    assert 'module "database"' in answer.json["terraform"]
    assert answer.json["policy"]["passed"]
    assert answer.json["monthly_cost_usd"] == 13.98
    assert answer.json["fits_quota"]
    assert_described(answer, "/provision-rds", "post")
    assert cloud.rows() == 0


def test_an_idempotency_key_stands_for_one_body(cloud: Cloud) -> None:
    first = ALPHA.call("POST", "/provision-rds", MISSION_BODY, headers={"idempotency-key": '"abc"'})
    again = ALPHA.call("POST", "/provision-rds", MISSION_BODY, headers={"idempotency-key": "abc"})
    other = ALPHA.call(
        "POST", "/provision-rds", MISSION_BODY | {"database_name": "x"}, headers={"idempotency-key": "abc"}
    )
    invalid = ALPHA.call("POST", "/provision-rds", MISSION_BODY, headers={"idempotency-key": "a b"})

    assert again.json["id"] == first.json["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status, invalid.status) == (422, 400)


def test_a_message_that_cannot_be_sent_loses_nothing(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUEST_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:gone")

    answer = ALPHA.call("POST", "/provision-rds", MISSION_BODY)

    assert answer.status == 202
    due = list(cloud.ledger.due_requests(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=3)))
    assert [request.id for request in due] == [answer.json["id"]]


def test_a_full_quota_is_a_403_that_says_what_is_held_and_is_not_retryable(cloud: Cloud) -> None:
    for number in range(10):
        assert (
            ALPHA.call("POST", "/provision-rds", MISSION_BODY | {"database_name": f"db{number}"}).status
            == 202
        )

    answer = ALPHA.call("POST", "/provision-rds", MISSION_BODY | {"database_name": "one-more"})

    assert (answer.status, answer.json["retryable"]) == (403, False)
    assert "holds 10 of 10 databases" in answer.json["detail"]
    assert "retry-after" not in answer.headers
    assert_described(answer, "/provision-rds", "post")
    assert ALPHA.call("GET", "/quota").json["environments"]["dev"]["databases"] == {"used": 10, "limit": 10}


@pytest.mark.parametrize(
    ("method", "path", "query", "detail"),
    [
        ("POST", "/provision-rds", {"dryrun": "true"}, "There is no query parameter 'dryrun' here"),
        ("POST", "/provision-rds", {"dry_run": "yes"}, "dry_run has to be one of true, false."),
        ("POST", "/provision-rds", {"dry_run": ""}, "dry_run has to be one of true, false."),
        ("PATCH", "/databases/dev/mydb123", {"dry-run": "true"}, "it takes dry_run."),
        ("DELETE", "/databases/dev/mydb123", {"dry_run": "1"}, "dry_run has to be one of true, false."),
        (
            "DELETE",
            "/databases/dev/mydb123",
            {"reason": "x" * 257},
            "reason has 257 characters; send at most",
        ),
        ("POST", "/databases/dev/mydb123/rotate", {"user": "master"}, "it takes dry_run, reason."),
        ("POST", "/requests/{id}/cancel", {"dryRun": "true"}, "it takes dry_run, reason."),
        ("POST", "/requests/{id}/retry", {"force": "1"}, "it takes dry_run, reason."),
        ("GET", "/requests", {"state": "finished"}, "state has to be one of requested, pull_request_open,"),
        ("GET", "/requests", {"kind": "restore"}, "kind has to be one of create, update,"),
        ("GET", "/requests", {"page_size": "0"}, "page_size has to be a number from 1 to 100."),
        ("GET", "/databases", {"page_size": ""}, "page_size has to be a number from 1 to 100."),
        (
            "GET",
            "/databases",
            {"database_engine": "oracle"},
            "database_engine has to be one of mysql, postgres, aurora-mysql, aurora-postgresql.",
        ),
        ("GET", "/databases", {"engine": "mysql"}, "There is no query parameter 'engine' here"),
        ("GET", "/databases", {"expires_before": "friday"}, "'friday' is not a time: write RFC 3339"),
        ("GET", "/databases", {"expires_before": "2026-12-01T00:00:00"}, "write RFC 3339 with a zone"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else None,
)
def test_a_query_that_is_not_understood_is_refused_and_nothing_is_written(
    cloud: Cloud, method: str, path: str, query: dict[str, str], detail: str
) -> None:
    done(cloud, database_name="mydb123")
    (request_id,) = cloud.ledger.request_ids(Place("dev", "mydb123"))
    cloud.messages()
    bodies = {
        "/provision-rds": MISSION_BODY | {"database_name": "other"},
        "/databases/dev/mydb123": {"ttl": "8h"},
    }

    answer = ALPHA.call(
        method, path.format(id=request_id), bodies.get(path) if method != "DELETE" else None, query=query
    )

    assert (answer.status, answer.json["type"]) == (400, "urn:rds-provisioner:problem:bad-query")
    assert detail in answer.json["detail"]
    described = path.format(id="{request_id}").replace("dev/mydb123", "{environment}/{database_name}")
    assert_described(answer, described, method.lower())
    assert cloud.ledger.request_ids(Place("dev", "mydb123")) == [request_id]
    assert cloud.ledger.database(Place("dev", "other")) is None
    assert cloud.messages() == []


def test_a_parameter_that_is_sent_twice_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        Query({"dry_run": ["false", "true"]}, "dry_run")
    assert caught.value.detail == "Send dry_run once."


def test_a_list_by_expiry_takes_any_zone(cloud: Cloud) -> None:
    done(cloud, database_name="mydb123", now=NOW, ttl="8h")  # it expires 20:00 UTC
    for moment, names in (
        ("2026-11-23T20:00:00Z", []),
        ("2026-11-23T20:00:01Z", ["mydb123"]),
        ("2026-11-23T21:30:00+02:00", []),
        ("2026-11-23T22:30:00+02:00", ["mydb123"]),
    ):
        answer = ALPHA.call("GET", "/databases", query={"expires_before": moment})
        assert [database["database_name"] for database in answer.json["databases"]] == names, moment


def test_a_dry_run_of_a_cancel_cancels_nothing(cloud: Cloud) -> None:
    path = "/requests/" + ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]
    cloud.messages()

    answer = ALPHA.call("POST", f"{path}/cancel", query={"dry_run": "true"})

    assert answer.status == 200
    assert_described(answer, "/requests/{request_id}/cancel", "post")
    assert (answer.json["state"], answer.json["next_state"]) == ("requested", "cancelled")
    assert [entry["event"] for entry in ALPHA.call("GET", path).json["timeline"]] == ["requested"]
    assert cloud.messages() == []


@pytest.mark.parametrize(
    ("step", "reached", "next_state"),
    [
        ("pull_request", [], "requested"),
        ("queue", [EventType.MERGED], "merged"),
        ("apply", [EventType.MERGED, EventType.STARTED], "applying"),
    ],
)
def test_a_dry_run_of_a_retry_retries_nothing(
    cloud: Cloud, step: str, reached: list[EventType], next_state: str
) -> None:
    path = "/requests/" + ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]
    failure: Detail = {"step": Step(step), "cause": "c", "fix": "f", "retryable": True}
    now = dt.datetime.now(dt.UTC)
    for happened in (*reached, EventType.FAILED):
        detail = failure if happened is EventType.FAILED else Detail()
        event = Event(id=happened, type=happened, at=now, actor="x", detail=detail)
        cloud.ledger.add_event(path.rpartition("/")[2], event, now)
    cloud.messages()

    answer = ALPHA.call("POST", f"{path}/retry", query={"dry_run": "true"})

    assert answer.status == 200
    assert_described(answer, "/requests/{request_id}/retry", "post")
    assert (answer.json["state"], answer.json["next_state"]) == ("failed", next_state)
    assert ALPHA.call("GET", path).json["state"] == "failed"
    assert cloud.messages() == []


def test_a_dry_run_of_a_removal_that_is_under_way_is_a_preview_of_it(cloud: Cloud) -> None:
    done(cloud)
    wet = ALPHA.call("DELETE", "/databases/dev/mydb123")

    dry = ALPHA.call("DELETE", "/databases/dev/mydb123", query={"dry_run": "true"})

    assert (wet.status, dry.status, dry.json["kind"]) == (202, 200, "remove")
    assert_described(dry, "/databases/{environment}/{database_name}", "delete")
    assert ALPHA.call("DELETE", "/databases/dev/mydb123").json["id"] == wet.json["id"]


def test_a_dry_run_of_a_wrong_move_is_refused_as_the_move_is(cloud: Cloud) -> None:
    done(cloud)
    (request_id,) = cloud.ledger.request_ids(Place("dev", "mydb123"))
    for move in ("cancel", "retry"):
        path = f"/requests/{request_id}/{move}"
        wet, dry = ALPHA.call("POST", path), ALPHA.call("POST", path, query={"dry_run": "true"})
        assert (wet.status, dry.status, wet.json["detail"]) == (409, 409, dry.json["detail"])


def test_another_teams_requests_and_databases_are_404(cloud: Cloud) -> None:
    request_id = ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]
    calls = [
        ("GET", f"/requests/{request_id}", None),
        ("POST", f"/requests/{request_id}/cancel", None),
        ("POST", f"/requests/{request_id}/retry", None),
        ("GET", "/databases/dev/mydb123", None),
        ("PATCH", "/databases/dev/mydb123", {"ttl": "8h"}),
        ("DELETE", "/databases/dev/mydb123", None),
    ]

    assert [BETA.call(*call).status for call in calls] == [404] * len(calls)
    assert BETA.call("GET", "/requests").json["requests"] == []
    assert BETA.call("GET", "/databases").json["databases"] == []


def test_lists_are_paged_filtered_and_newest_first(cloud: Cloud) -> None:
    names = [f"db{number}" for number in range(5)]
    for name in names:
        ALPHA.call("POST", "/provision-rds", MISSION_BODY | {"database_name": name})

    seen, token = [], None
    while True:
        page = ALPHA.call(
            "GET", "/databases", query={"page_size": "2"} | ({"page_token": token} if token else {})
        )
        assert_described(page, "/databases", "get")
        seen += [database["database_name"] for database in page.json["databases"]]
        token = page.json["next_page_token"]
        if token is None:
            break

    assert seen == names[::-1]
    filtered = ALPHA.call("GET", "/requests", query={"database_name": "db3", "state": "requested"})
    assert [request["database_name"] for request in filtered.json["requests"]] == ["db3"]
    assert ALPHA.call("GET", "/requests", query={"page_size": "0"}).status == 400


def test_a_page_token_of_another_team_is_refused(cloud: Cloud) -> None:
    for name in ("a", "b"):
        ALPHA.call("POST", "/provision-rds", MISSION_BODY | {"database_name": name})
    token = ALPHA.call("GET", "/requests", query={"page_size": "1"}).json["next_page_token"]

    assert BETA.call("GET", "/requests", query={"page_token": token}).status == 400
    assert ALPHA.call("GET", "/requests", query={"page_token": "nonsense"}).status == 400


def test_a_database_is_changed_in_place(cloud: Cloud) -> None:
    done(cloud)

    answer = ALPHA.call("PATCH", "/databases/dev/mydb123", {"size": "medium", "storage_gb": 40})

    assert answer.status == 202
    assert (answer.json["kind"], answer.json["database"]["storage_gb"]) == ("update", 40)
    assert answer.json["interruption"]["kind"] == "restart"
    assert_described(answer, "/databases/{environment}/{database_name}", "patch")
    busy = ALPHA.call("PATCH", "/databases/dev/mydb123", {"size": "small"})
    assert busy.status == 409
    assert busy.json["request"] == f"/requests/{answer.json['id']}"


REFUSED = {
    "another engine": ({"database_engine": "postgres"}, 422, "cannot change in place"),
    "another version": ({"engine_version": "9"}, 422, "RDS upgrades mysql 8.4 to no version of the catalog"),
    "less storage": ({"storage_gb": 20}, 422, "cannot shrink"),
    "nothing": ({}, 422, "name at least one"),
    "what it is already": ({"storage_gb": 30}, 409, "already is as asked"),
    "over the maximum": ({"ttl": "31d"}, 422, "counted from creation"),
}


@pytest.mark.parametrize(("body", "status", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_an_impossible_change_says_why(cloud: Cloud, body: dict[str, Any], status: int, words: str) -> None:
    done(cloud, storage_gb=30)

    answer = ALPHA.call("PATCH", "/databases/dev/mydb123", body)

    assert answer.status == status
    assert words in answer.text


def test_a_removal_of_a_protected_database_disarms_it_first(cloud: Cloud) -> None:
    done(cloud, environment="prod", ttl="never")

    preview = ALPHA.call("DELETE", "/databases/prod/mydb123", query={"dry_run": "true"})
    answer = ALPHA.call("DELETE", "/databases/prod/mydb123", query={"reason": "no longer used"})
    again = ALPHA.call("DELETE", "/databases/prod/mydb123")

    assert "deletion_protection   = false" in preview.json["terraform"]
    assert (answer.status, answer.json["kind"]) == (202, "disarm")
    assert answer.json["links"]["next_request"]
    assert answer.json["reason"] == "no longer used"
    assert again.json["id"] == answer.json["id"]


def test_a_request_is_cancelled_before_and_not_after_the_merge(cloud: Cloud) -> None:
    early = ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]
    late = ALPHA.call("POST", "/provision-rds", MISSION_BODY | {"database_name": "late"}).json["id"]
    cloud.ledger.add_event(late, Event(id="merged:1", type=EventType.MERGED, at=NOW, actor="x"), NOW)

    answers = [ALPHA.call("POST", f"/requests/{request_id}/cancel") for request_id in (early, late)]

    assert [answer.status for answer in answers] == [202, 409]
    assert "It is merged" in answers[1].json["detail"]


def test_only_what_failed_and_may_be_retried_is_retried(cloud: Cloud) -> None:
    request_id = ALPHA.call("POST", "/provision-rds", MISSION_BODY).json["id"]
    refused = ALPHA.call("POST", f"/requests/{request_id}/retry")
    detail: Detail = {
        "step": Step.PULL_REQUEST,
        "cause": "no permission",
        "fix": "give it",
        "retryable": True,
    }
    later = dt.datetime.now(dt.UTC)
    cloud.ledger.add_event(
        request_id, Event(id="f", type=EventType.FAILED, at=later, actor="x", detail=detail), later
    )
    shown = ALPHA.call("GET", f"/requests/{request_id}")
    cloud.messages()

    retried = ALPHA.call("POST", f"/requests/{request_id}/retry")

    assert refused.status == 409
    assert shown.json["error"] == detail
    assert_described(shown, "/requests/{request_id}", "get")
    assert (retried.status, retried.json["state"], retried.json["error"]) == (202, "requested", None)
    assert len(cloud.messages()) == 1


def test_every_route_is_described_and_every_description_is_served() -> None:
    served = {
        (route.rule.pattern.strip("^$").removesuffix("/*"), route.method.lower())
        for app in (api.app, admin.app)
        for route in (*app._static_routes, *app._dynamic_routes)
    }
    shapes = {(re.sub(r"\(\?P<(\w+)>.*?\)(?=/|$)", r"{\1}", pattern), method) for pattern, method in served}
    described = {
        (path, method) for path, item in OPENAPI["paths"].items() for method in item if method != "parameters"
    }

    assert shapes == described


@pytest.mark.parametrize(
    ("model", "name"), [(CreateBody, "CreateBody"), (PatchBody, "PatchBody"), (RotateBody, "RotateBody")]
)
def test_the_described_bodies_have_the_fields_that_are_read(model: Any, name: str) -> None:
    assert set(OPENAPI["components"]["schemas"][name]["properties"]) == set(model.model_fields)


def test_the_description_is_valid_and_served(cloud: Cloud) -> None:
    answer = ALPHA.call("GET", "/openapi.json")

    assert answer.json == OPENAPI | {"servers": answer.json["servers"]}


def test_the_certificates_are_sent_once_and_again_where_they_have_changed(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    amazons = Client(None).call("GET", "/certificates.pem")
    assert amazons.text.count("BEGIN CERTIFICATE") == 27
    same = ALPHA.call("GET", "/certificates.pem", headers={"if-none-match": amazons.headers["etag"]})
    assert (same.status, same.text) == (304, "")

    (tmp_path / "roots.pem").write_text("others")
    monkeypatch.setenv("DATABASE_ROOTS", str(tmp_path / "roots.pem"))
    settings.forget()
    other = ALPHA.call("GET", "/certificates.pem", headers={"if-none-match": amazons.headers["etag"]})
    assert (other.status, other.text) == (200, "others")


def test_a_database_says_how_to_connect(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    done(cloud)
    monkeypatch.setenv("MAKES_USERS", "true")
    answer = ALPHA.call("GET", "/databases/dev/mydb123")
    assert answer.json["connection"]["users_state"] == "pending"
    assert answer.json["connection"]["default_user"] == "application"
    assert_described(answer, "/databases/{environment}/{database_name}", "get")


def test_unknown_routes_and_failures_are_problem_documents(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = ALPHA.call("GET", "/nope")
    api._key_of.cache_clear()
    monkeypatch.setattr(cloud.dynamodb, "get_item", no_table)
    broken = ALPHA.call("GET", "/quota")

    assert (unknown.status, broken.status) == (404, 500)
    assert broken.headers["content-type"] == "application/problem+json"
    assert "gone" not in broken.text


def test_a_removed_database_names_the_snapshot_that_it_left(cloud: Cloud) -> None:
    done(cloud, environment="staging")
    place = "/databases/staging/mydb123"
    assert ALPHA.call("GET", place).json["final_snapshot_id"] is None
    made = cloud.ledger.database(Place("staging", "mydb123"))
    removal = ALPHA.call("DELETE", place).json["id"]
    cloud.ledger.add_event(removal, Event(id="s", type=EventType.SUCCEEDED, at=NOW, actor="pipeline"), NOW)
    assert made is not None
    shown = ALPHA.call("GET", place)
    assert shown.json["final_snapshot_id"] == f"staging-mydb123-final-{made.origin[:8]}"
    assert_described(shown, "/databases/{environment}/{database_name}", "get")


LONG = "a" * 2100


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "place", [f"dev/{LONG}", f"{LONG}/x", "dev/No", "dev/a--b"], ids=lambda text: text[:8]
)
def test_a_name_that_no_database_can_have_is_not_found(cloud: Cloud, method: str, place: str) -> None:
    body = {"ttl": "9d"} if method == "PATCH" else None
    answer = ALPHA.call(method, f"/databases/{place}", body)
    assert (answer.status, answer.json["detail"]) == (404, "There is no database of this name of this team.")


def test_a_page_token_that_is_too_long_for_a_key_is_refused(cloud: Cloud) -> None:
    token = base64.urlsafe_b64encode(json.dumps(["x" * 3000, "DB", "TEAM#alpha#DB", "y"]).encode()).decode()
    assert ALPHA.call("GET", "/databases", query={"page_token": token}).status == 400


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"tags": {"rds:owner": "x"}}, "/tags/rds:owner"),
        ({"tags": {"x": "aws:y"}}, "/tags/x"),
        ({"tags": {"x": "rds:y"}}, "/tags/x"),
        ({"owner": "aws:x"}, "/owner"),
        ({"purpose": "RDS:x"}, "/purpose"),
        ({"restore_from": {"database": "prod/" + "a" * 3000}}, "/restore_from/database"),
        ({"restore_from": {"snapshot": "rds:dev-x-2026-13-01-00-00"}}, "/restore_from/snapshot"),
    ],
)
def test_what_rds_would_refuse_is_refused_before_anything_is_written(
    cloud: Cloud, body: dict[str, Any], pointer: str
) -> None:
    answer = ALPHA.call("POST", "/provision-rds", MISSION_BODY | body)
    assert answer.status == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert "strptime" not in answer.text
    assert "does not match format" not in answer.text
    assert cloud.rows() == 0


def test_a_dry_run_refuses_the_idempotency_key_that_the_real_call_refuses(cloud: Cloud) -> None:
    for query in ({"dry_run": "true"}, {}):
        answer = ALPHA.call(
            "POST", "/provision-rds", MISSION_BODY, query=query, headers={"idempotency-key": "a b"}
        )
        assert answer.status == 400
        assert answer.json["type"].endswith("bad-idempotency-key")
    assert cloud.rows() == 0
