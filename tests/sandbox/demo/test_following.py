"""Following a request stops at once where a pipeline fails, and says where."""

from typing import Any

from sandbox.demo.following import jobs, pipeline_failure, timeline, why


def pipeline(*jobs: dict[str, Any], error: str = "") -> dict[str, Any]:
    return {"number": 3, "url": "http://localhost/pipelines/3", "error": error, "jobs": list(jobs)}


def job(name: str, status: str, *steps: dict[str, Any], note: str = "") -> dict[str, Any]:
    return {"name": name, "number": 7, "status": status, "note": note, "steps": list(steps)}


def step(name: str, status: str, output: str = "", ended: float = 0.0) -> dict[str, Any]:
    return {"name": name, "status": status, "output": output, "ended": ended}


def test_a_failed_step_is_named_with_its_job_and_its_last_lines() -> None:
    output = "".join(f"line {number}\n" for number in range(1, 21))
    failed = job("apply-dev", "failed", step("checkout", "success"), step("Apply", "failed", output))

    reported = pipeline_failure([pipeline(failed)])

    assert reported.startswith(
        "the job apply-dev of CircleCI #3 failed in its step “Apply”. Its last lines:\nline 6\n"
    )
    assert reported.endswith("line 20\nAll of it: http://localhost/pipelines/3/jobs/7")


def test_a_configuration_that_cannot_be_run_is_a_failure_too() -> None:
    assert (
        pipeline_failure([pipeline(error="there is no such command")])
        == "CircleCI #3: there is no such command"
    )


def test_a_job_that_failed_before_its_first_step_says_why() -> None:
    failed = job("plan", "failed", note="the stand-in itself failed; see its log")

    assert pipeline_failure([pipeline(failed)]) == (
        "the job plan of CircleCI #3 failed: the stand-in itself failed; see its log"
    )


def test_pipelines_that_run_or_were_skipped_are_no_failure() -> None:
    assert pipeline_failure([pipeline(job("apply-prod", "skipped"), job("gate", "running"))]) == ""


def test_a_request_that_failed_says_why_and_what_to_do() -> None:
    error = {"step": "review", "cause": "no plan came", "fix": "look at its pipeline", "retryable": False}

    assert why({"error": error, "message": "It failed."}) == "no plan came; look at its pipeline"
    assert why({"error": None, "message": "Cancelled. Nothing was changed."}) == (
        "Cancelled. Nothing was changed."
    )


def test_what_other_environments_do_and_every_jobs_furniture_are_left_out() -> None:
    mine = job(
        "apply-dev", "success", step("checkout", "success", ended=109), step("Apply", "success", ended=110)
    )
    other = job("apply-prod", "success", step("Apply", "success", ended=110))

    found = jobs([pipeline(mine, other)], begun=5, clock=100, environment="dev")

    assert [(at, text) for _, at, text in found] == [(10, "  CircleCI #3, apply-dev: Apply: success")]


def test_an_event_before_its_request_was_made_is_shown_when_it_is_seen() -> None:
    moved = {
        "timeline": [
            {"event": "requested", "actor": "rds-provisioner", "at": "2026-12-07T12:01:00Z", "seconds": 0.0},
            {
                "event": "opened",
                "actor": "rds-provisioner",
                "at": "2026-11-23T12:06:00Z",
                "seconds": -1209300.0,
            },
        ]
    }

    assert [at for _, at, _ in timeline(moved, begun=299.0, now=301.0)] == [299.0, 301.0]
