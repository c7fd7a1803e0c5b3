"""Follows one request: prints its timeline and what the pipelines do for it, and stops where they fail."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.client import get_json
from sandbox.demo.stage import Stage, StoryFailed

# An apply waits 80 seconds for RDS here, and another one may be in front of it.
PATIENCE = 6 * 60
ENDED = ("done", "rejected", "failed", "cancelled")
# Steps that every job has, and that say nothing about the request.
COMMON_STEPS = ("checkout", "Install what the pipeline needs", "Take the plan role", "Take the apply role")
LAST_LINES = 15


def follow(
    stage: Stage, request_id: str, *, while_applying: Callable[[], object] | None = None
) -> dict[str, Any]:
    """The request's document when it is done. Raises StoryFailed where it ends otherwise, or is stuck."""
    printer, shown = stage.printer, set[object]()
    begun = printer.seconds
    document: dict[str, Any] = {}
    while printer.seconds - begun < PATIENCE:
        document = stage.alpha.call("GET", f"/requests/{request_id}").body
        pipelines = get_json(f"{stage.circleci}/api/pipelines")["pipelines"]
        news = [
            *timeline(document, begun, printer.seconds),
            *jobs(pipelines, begun, time.time() - printer.seconds, document["environment"]),
        ]
        for key, at, text in sorted(news, key=lambda each: each[1]):
            if key not in shown:
                shown.add(key)
                printer.line(text, at=at)
        if document["state"] == "done":
            return document
        if document["state"] == "applying" and while_applying:
            while_applying()
            while_applying = None
        if problem := pipeline_failure(pipelines):
            raise StoryFailed(problem)
        if document["state"] in ENDED:
            raise StoryFailed(f"request {request_id} is {document['state']}: {why(document)}")
        time.sleep(0.5)
    raise StoryFailed(
        f"request {request_id} is still {document.get('state')} after {PATIENCE} s, in the step "
        f"{document.get('step')}"
    )


def why(document: dict[str, Any]) -> str:
    """Why a request is not done, and what to do."""
    error = document["error"]
    return f"{error['cause']}; {error['fix']}" if error else str(document["message"])


def timeline(document: dict[str, Any], begun: float, now: float) -> list[tuple[object, float, str]]:
    """What the ledger received. The first event of a request under a moved clock lies in the future: the
    others are then shown when they are seen."""
    found: list[tuple[object, float, str]] = []
    for event in document["timeline"]:
        detail = event.get("detail", {})
        link = next((value for name, value in detail.items() if str(name).endswith("url")), "")
        text = f"{event['event'].replace('_', ' ')}, by {event['actor']}  {link}".rstrip()
        at = begun + event["seconds"] if event["seconds"] >= 0 else now
        found.append(((event["event"], event["at"]), min(at, now), text))
    return found


def jobs(
    pipelines: list[dict[str, Any]], begun: float, clock: float, environment: str
) -> list[tuple[object, float, str]]:
    """What the pipelines did since `begun`; `clock` is the time of day at which the printer began."""
    found: list[tuple[object, float, str]] = []
    for pipeline, job, step in steps(pipelines):
        at = (step["ended"] or 0) - clock
        elsewhere = job["name"].startswith("apply-") and job["name"] != f"apply-{environment}"
        redundant = step["status"] == "canceled"  # by a newer push to its branch
        if at >= begun and step["name"] not in COMMON_STEPS and not (elsewhere or redundant):
            key = (pipeline["number"], job["number"], step["name"])
            text = f"  CircleCI #{pipeline['number']}, {job['name']}: {step['name']}: {step['status']}"
            found.append((key, at, text))
    return found


def steps(pipelines: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    for pipeline in pipelines:
        for job in pipeline["jobs"]:
            for step in job["steps"]:
                yield pipeline, job, step


def pipeline_failure(pipelines: list[dict[str, Any]]) -> str:
    """What went wrong in the pipelines, or nothing: a request whose pipeline failed waits for an operator."""
    for pipeline, job, step in steps(pipelines):
        if step["status"] == "failed":
            last = "\n".join(step["output"].rstrip().splitlines()[-LAST_LINES:])
            return (
                f"the job {job['name']} of CircleCI #{pipeline['number']} failed in its step "
                f"“{step['name']}”. Its last lines:\n{last}\n"
                f"All of it: {pipeline['url']}/jobs/{job['number']}"
            )
    for pipeline in pipelines:
        if pipeline["error"]:
            return f"CircleCI #{pipeline['number']}: {pipeline['error']}"
        for job in pipeline["jobs"]:
            if job["status"] == "failed" and not job["steps"]:
                return f"the job {job['name']} of CircleCI #{pipeline['number']} failed: {job['note']}"
    return ""
