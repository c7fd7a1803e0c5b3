"""Problem documents: what each member says, and the problems that are the API's own."""

import pytest
from provisioner.api import problems
from provisioner.core.errors import FieldError, Problem


def test_a_problem_document_has_the_members_of_rfc_9457_and_ours() -> None:
    problem = Problem(
        422,
        "The request is not valid",
        "Change ttl.",
        slug="invalid-request",
        errors=[
            FieldError("/ttl", "too long", "99d", "at most 30d", "30d"),
            FieldError("", "one of", "x", ("a", "b"), parameter="state"),
        ],
        extra={"database": "/databases/dev/x"},
    )
    assert problems.document(problem, instance="/provision-rds", request_id="call-1") == {
        "type": "urn:rds-provisioner:problem:invalid-request",
        "title": "The request is not valid",
        "status": 422,
        "detail": "Change ttl.",
        "instance": "/provision-rds",
        "request_id": "call-1",
        "retryable": False,
        "errors": [
            {
                "pointer": "/ttl",
                "detail": "too long",
                "given": "99d",
                "allowed": "at most 30d",
                "suggestion": "30d",
            },
            {
                "pointer": "",
                "parameter": "state",
                "detail": "one of",
                "given": "x",
                "allowed": ["a", "b"],
                "suggestion": None,
            },
        ],
        "database": "/databases/dev/x",
    }


@pytest.mark.parametrize(
    ("status", "retryable"), [(429, True), (503, True), (400, False), (409, False), (500, False)]
)
def test_the_same_call_helps_later_only_where_nothing_is_wrong_with_it(status: int, retryable: bool) -> None:
    document = problems.document(Problem(status, "t", "d", slug="s"), instance="/", request_id="c")
    assert document["retryable"] is retryable


@pytest.mark.parametrize(
    ("problem", "status", "slug", "detail"),
    [
        (
            problems.busy(),
            503,
            "busy",
            "Others changed the same thing at the same moment. Send the same call again.",
        ),
        (problems.no_route("GET", "/nope"), 404, "not-found", "There is no GET /nope; see /openapi.json."),
        (
            problems.broken(),
            500,
            "internal",
            "The same call is safe to send again. If it stays, tell the platform team this request_id.",
        ),
    ],
    ids=lambda value: value.slug if isinstance(value, Problem) else "",
)
def test_the_apis_own_problems_say_what_to_do_next(
    problem: Problem, status: int, slug: str, detail: str
) -> None:
    assert (problem.status, problem.slug, problem.detail) == (status, slug, detail)


def test_a_busy_ledger_is_asked_again_in_two_seconds() -> None:
    assert problems.busy().retry_after == 2
