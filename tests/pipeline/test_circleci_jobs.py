"""Whether a job has ended is CircleCI's word by way of the functions, and nothing else counts as one."""

import io
import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from pipeline.circleci_jobs import ended_by, this_job
from pipeline.reporter import Reporter

JOB = "0a1b2c3d-0000-4000-8000-000000000001/0a1b2c3d-0000-4000-8000-000000000002"


class Function:
    """The apply-report function, as far as it is asked of jobs."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, Qualifier: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self.asked.append(json.loads(Payload))
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode())}


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        ({"accepted": True, "ended": True}, True),
        ({"accepted": True, "ended": False}, False),
        ({"accepted": True, "reason": "there is no token"}, None),
        ({"accepted": False, "reason": "this function takes no report of type has_ended"}, None),
        ({"accepted": True, "ended": "perhaps"}, None),
        ({"errorType": "Boom", "errorMessage": "it broke"}, None),
        (EndpointConnectionError(endpoint_url="https://lambda"), None),
    ],
)
def test_a_job_has_ended_only_where_the_function_says_so(answer: Any, known: bool | None) -> None:
    function = Function(answer)
    look = ended_by(Reporter(function, "apply-report", sleep=lambda _: None), "https://ci.example/2")
    assert look(JOB) is known
    (asked,) = function.asked  # once: the next look at the claim asks again
    assert (asked["type"], asked["job"], asked["version"]) == ("has_ended", JOB, 1)


@pytest.mark.parametrize("job", ["", "a/b", f"../{JOB}", JOB.replace("/", ""), f"{JOB}/logs"])
def test_nobody_is_asked_of_what_names_no_job(job: str) -> None:
    function = Function({"accepted": True, "ended": True})
    assert ended_by(Reporter(function, "apply-report"), "")(job) is None
    assert function.asked == []


def test_a_job_knows_its_name() -> None:
    assert this_job({"CIRCLE_WORKFLOW_ID": "w", "CIRCLE_WORKFLOW_JOB_ID": "j"}) == "w/j"
    assert this_job({"CIRCLE_WORKFLOW_ID": "w"}) == ""
