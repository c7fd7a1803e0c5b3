"""`make demo STORY=review`: what a team asks for in prod, who approves it, and what goes wrong on the way.

An approval and a merge by the provisioner; a change behind Terraform's back, found by the nightly run; a job
that is lost in the middle of an apply, noticed, and its work taken over.
"""

import html
import json
import re
import textwrap
import time
import urllib.request
from typing import Any

from sandbox.circleci.control import kill_job
from sandbox.demo.following import steps
from sandbox.demo.stage import Stage, StoryFailed, expect
from sandbox.demo.watching import Watching, eventually, is_in, pipelines, waits_for
from sandbox.foundation import STATE_BUCKET
from sandbox.github import control
from sandbox.instance import describe
from sandbox.stack import reap

NAME = "ledger"
PLACE, IDENTIFIER = f"/databases/prod/{NAME}", f"prod-{NAME}"
BODY = {"database_name": NAME, "database_engine": "postgres", "environment": "prod"}
APPLY = "Apply what is not applied yet"
DRIFT = "Look for drift"
MODIFYING = "aws_db_instance.this: Modifying..."
REAPER_SECONDS = 5  # from one run of the reaper to the next; on AWS it runs every five minutes


def play(stage: Stage) -> object:
    """Create with an approval, drift, lose a job; the documents. Raises StoryFailed."""
    watching = Watching(stage)
    request_id = stage.ask("POST", "/provision-rds", BODY)
    approve(watching, request_id, "A database in prod")
    created = watching.until(request_id, is_in("done"), "done")
    show_merge(stage)
    drifted = drift(stage)
    request_id = stage.ask("PATCH", PLACE, {"size": "large"})
    approve(watching, request_id, "The next change, which puts it back too")
    return {"created": created, "drift": drifted, "changed": lose(watching, request_id)}


def approve(watching: Watching, request_id: str, title: str) -> None:
    """Wait for the plan, show it as the reviewer sees it, and approve."""
    stage = watching.stage
    stage.printer.title(f"{title}: planned, and waiting for its reviewer")
    document = watching.until(request_id, waits_for("approval"), "waiting for an approval")
    stage.say(f"waiting for: {document['waiting_for']['sentence']}")
    number = int(str(document["links"]["pull_request"]).rpartition("/")[2])
    pull = pull_of(stage, number)
    expect(pull["state"] == "open", f"pull request #{number} is {pull['state']} without an approval")
    plans = [str(each["body"]) for each in pull["comments"] if "plan" in str(each["body"]).partition("\n")[0]]
    expect(len(plans) == 1, f"pull request #{number} has {len(plans)} comments with its plan, not one")
    show(stage, f"the plan on pull request #{number}", plans[0])
    stage.printer.title("Approved by a code owner, merged by the provisioner")
    control.approve(stage.github, number)
    stage.printer.line(f"a code owner approves #{number}, and does not merge it")


def show_merge(stage: Stage) -> None:
    """Who merged, and what RDS has now."""
    (pull,) = control.pulls(stage.github)
    merged_by = str(pull["merged_by"])
    expect(merged_by.endswith("[bot]"), f"{merged_by} merged #{pull['number']}, not the provisioner")
    instance = describe(stage.cloud, IDENTIFIER)
    expect(bool(instance.get("DeletionProtection")), "the database in prod has no deletion protection")
    stage.printer.line(f"merged by {merged_by}; RDS: {IDENTIFIER} has deletion protection")


def drift(stage: Stage) -> dict[str, Any]:
    """Change the instance outside git, and let the nightly run find it."""
    stage.printer.title("In a console, behind Terraform's back, its deletion protection is switched off")
    rds = stage.cloud.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier=IDENTIFIER, DeletionProtection=False, ApplyImmediately=True)
    stage.printer.line(f"RDS: ModifyDBInstance {IDENTIFIER} DeletionProtection=false")
    stage.printer.title("The nightly run looks for drift, and changes nothing")
    output = nightly(stage)
    expect(f"prod/{NAME}: DRIFTED" in output, f"the nightly run does not say that it drifted:\n{output}")
    shown = [
        line.removeprefix(f"prod/{NAME}") for line in output.splitlines() if re.search(r"\s[~+-] ", line)
    ]
    expect(any("deletion_protection" in line for line in shown), f"the diff does not show it:\n{output}")
    stage.printer.line(f"prod/{NAME}: DRIFTED")
    for line in shown:
        stage.printer.more(f"│ {line}")
    found = eventually(lambda: stage.alpha.call("GET", PLACE).body["drifted"], "word of the drift in the API")
    stage.printer.line(f"GET {PLACE} says drifted since {found['since']}: {found['link']}")
    untouched = describe(stage.cloud, IDENTIFIER)
    expect(not untouched.get("DeletionProtection"), "the nightly run changed the database")
    return {"log": output, "drifted": found}


def lose(watching: Watching, request_id: str) -> dict[str, Any]:
    """Lose the machine in the middle of an apply; another run takes over."""
    stage = watching.stage
    watching.until(request_id, is_in("applying"), "applying")
    # The plan before it has a lock too. With the beat that writes this, the claim names the apply's lock.
    log = f"/requests/{request_id}/log?step=apply"
    eventually(lambda: MODIFYING in stage.alpha.call("GET", log).body, "change of the instance in the log")
    killed = int(eventually(lambda: applying(stage), "job that applies"))
    stage.printer.title("The machine of the apply is lost: it reports nothing, and its locks stay")
    lose_machine(stage, killed)
    stage.printer.line(f"job {killed} is killed while RDS changes the instance")
    expect(has_lock(stage), "the job had ended before it was killed: no state lock is left")
    document = watching.until(request_id, waits_for("job"), "noticed", accident=True)
    stage.say(f"noticed: {document['waiting_for']['sentence']}")
    stage.printer.title("The reaper has main's pipeline run again; CircleCI says that the lost job has ended")
    eventually(lambda: goes_on(stage, request_id, killed), "other run that goes on for it")
    document = watching.until(request_id, is_in("done"), "done", accident=True)
    by = str(document["links"]["pipeline"])
    expect(not by.endswith(f"/jobs/{killed}"), f"the job that was killed is said to have done it: {by}")
    expect(not has_lock(stage), "the state lock of the job that was killed is still there")
    instance = describe(stage.cloud, IDENTIFIER)
    expect(bool(instance.get("DeletionProtection")), "what drifted was not put back")
    notes = [note for event in document["timeline"] for note in (event.get("detail") or {}).get("notes", [])]
    expect(any(f"/jobs/{killed}" in note for note in notes), "no event says whose place the other run took")
    stage.say(notes[-1])
    stage.printer.line(f"done by another run: {by}; no lock is left")
    stage.printer.line(f"RDS: {IDENTIFIER} is a {instance['DBInstanceClass']} with deletion protection")
    return document


def nightly(stage: Stage) -> str:
    """Run the nightly workflow as CircleCI's schedule does; what its look for drift prints."""
    url = f"{stage.circleci}/api/v2/project/gh/{stage.state['repository']}/pipeline"
    body = json.dumps({"branch": "main", "parameters": {"nightly": True}}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST"), timeout=30) as answer:
        number = json.load(answer)["number"]

    def ended() -> int | None:
        for pipeline, job, step in steps(pipelines(stage)):
            if pipeline["number"] == number and step["name"] == DRIFT and step["ended"]:
                expect(step["status"] == "success", f"the nightly run failed: {step['output']}")
                return int(job["number"])
        return None

    job = eventually(ended, "nightly run that ended", 300)
    with urllib.request.urlopen(f"{stage.circleci}/pipelines/{number}/jobs/{job}", timeout=30) as answer:
        page: str = answer.read().decode()
    return html.unescape(re.findall(r"<pre>(.*?)</pre>", page, re.S)[-1])


def applying(stage: Stage) -> int | None:
    """The number of the job that applies in prod at this moment."""
    for _, job, step in steps(pipelines(stage)):
        if job["name"] == "apply-prod" and step["name"] == APPLY and step["status"] == "running":
            return int(job["number"])
    return None


def goes_on(stage: Stage, request_id: str, killed: int) -> bool:
    """Run the reaper, as its schedule does; whether another job works on the request by now."""
    reap(stage.cloud)
    time.sleep(REAPER_SECONDS)
    document = stage.alpha.call("GET", f"/requests/{request_id}").body
    by = str(document["links"]["pipeline"])
    return bool(document["state"] == "done") or not by.endswith(f"/jobs/{killed}")


def lose_machine(stage: Stage, job: int) -> None:
    """End everything that a job started, at once."""
    try:
        kill_job(stage.circleci, str(job))
    except LookupError as error:
        raise StoryFailed(f"job {job} was over before it was killed") from error


def has_lock(stage: Stage) -> bool:
    """Whether Terraform holds the lock on the database's state."""
    listed = stage.cloud.client("s3").list_objects_v2(Bucket=STATE_BUCKET, Prefix=f"databases/prod/{NAME}/")
    return any(str(each["Key"]).endswith(".tflock") for each in listed.get("Contents", []))


def pull_of(stage: Stage, number: int) -> dict[str, Any]:
    """A pull request with its comments."""
    known = {int(pull["number"]): pull for pull in control.pulls(stage.github)}
    return known[number]


def show(stage: Stage, what: str, text: str) -> None:
    """A comment as people read it, without its markers and what is folded away."""
    stage.printer.line(f"{what}:")
    shown = re.sub(r"<!--.*?-->\n?|<details>.*?</details>\n?", "", text, flags=re.S)
    for line in filter(None, shown.splitlines()):
        for part in textwrap.wrap(line, 96, break_long_words=False):
            stage.printer.more(f"│ {part}")
