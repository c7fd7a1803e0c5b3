"""Whether a job has ended is CircleCI's word, and nothing else counts as one."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from pipeline.circleci_jobs import ended, this_job

WORKFLOW, JOB = "0a1b2c3d-0000-4000-8000-000000000001", "0a1b2c3d-0000-4000-8000-000000000002"


def asked(
    answer: Any, *, status: int = 200, token: str = "t0ken", job: str = f"{WORKFLOW}/{JOB}"
) -> bool | None:
    """What is understood of CircleCI's answer."""
    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers["Circle-Token"]))
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        found = ended({"CIRCLECI_API_TOKEN": token, "CIRCLECI_API_URL": url})(job)
    finally:
        server.shutdown()
        server.server_close()
    if seen:
        assert seen == [(f"/api/v2/workflow/{WORKFLOW}/job", "t0ken")]
    return found


@pytest.mark.parametrize(
    ("status", "over"),
    [
        ("success", True),
        ("failed", True),
        ("canceled", True),
        ("timedout", True),
        ("infrastructure_fail", True),
        ("running", False),
        ("queued", False),
        ("on_hold", False),
        ("a new word", None),
    ],
)
def test_a_status_is_over_under_way_or_unknown(status: str, over: bool | None) -> None:
    assert asked({"items": [{"id": "another", "status": "success"}, {"id": JOB, "status": status}]}) is over


@pytest.mark.parametrize("answer", [{}, {"items": []}, {"items": [{}]}, [], b"{", {"items": [{"id": JOB}]}])
def test_an_answer_that_does_not_say_it_is_no_answer(answer: Any) -> None:
    assert asked(answer) is None


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_a_refusal_is_no_answer(status: int) -> None:
    assert asked({"items": [{"id": JOB, "status": "success"}]}, status=status) is None


def test_nobody_is_asked_without_a_token_or_a_job() -> None:
    assert asked({}, token="") is None
    assert asked({}, job="") is None
    assert asked({}, job=f"../{JOB}") is None


def test_no_connection_is_no_answer() -> None:
    look = ended({"CIRCLECI_API_TOKEN": "t0ken", "CIRCLECI_API_URL": "http://127.0.0.1:9"})
    assert look(f"{WORKFLOW}/{JOB}") is None


def test_a_job_knows_its_name() -> None:
    assert this_job({"CIRCLE_WORKFLOW_ID": "w", "CIRCLE_WORKFLOW_JOB_ID": "j"}) == "w/j"
    assert this_job({"CIRCLE_WORKFLOW_ID": "w"}) == ""
