"""`make demo STORY=life`: one database from its creation to its removal, with a clock that is moved."""

import datetime as dt
import re
import textwrap
from typing import Any

from sandbox import stack
from sandbox.demo.following import follow
from sandbox.demo.life_table import life_table
from sandbox.demo.stage import Stage, expect
from sandbox.github import control
from sandbox.instance import describe, identifiers, query, tags

NAME = "orders"
PLACE, IDENTIFIER = f"/databases/dev/{NAME}", f"dev-{NAME}"
BODY = {"database_name": NAME, "database_engine": "postgres", "environment": "dev", "ttl": "8h"}
# Long enough for warnings 7 days and 1 day before the end.
EXTENDED = {"ttl": "14d"}
ROWS = ("create table answers (answer int)", "insert into answers values (42)")


def play(stage: Stage) -> object:
    """Create, resize, extend, expire, remove; the documents of the whole life.

    Raises StoryFailed where something is not as promised.
    """
    create(stage)
    resize(stage)
    extend(stage)
    warn(stage)
    expire(stage)
    return look_back(stage)


def create(stage: Stage) -> None:
    stage.printer.title("A database for eight hours")
    follow(stage, stage.ask("POST", "/provision-rds", BODY))
    if has_server(stage):
        version, *_ = query(stage.cloud, describe(stage.cloud, IDENTIFIER), *ROWS, "select version()")[0]
        stage.printer.line(f"logged in to {' '.join(str(version).split()[:2])}; a row is written")
    else:
        stage.printer.line("no login: no server for this engine is installed on this machine")


def resize(stage: Stage) -> None:
    stage.printer.title("It grows")
    request_id = stage.ask("PATCH", PLACE, {"size": "medium"})
    problem = stage.refused(409, "PATCH", PLACE, EXTENDED)
    expect(problem["request"] == f"/requests/{request_id}", "the 409 does not link to the request under way")

    def cancel() -> None:
        stage.refused(409, "POST", f"/requests/{request_id}/cancel")

    follow(stage, request_id, while_applying=cancel)
    instance = describe(stage.cloud, IDENTIFIER)
    expect(
        instance["DBInstanceClass"] == "db.t4g.medium",
        f"RDS says {instance['DBInstanceClass']}, not db.t4g.medium",
    )
    stage.printer.line(f"RDS: {IDENTIFIER} is a {instance['DBInstanceClass']}" + still_there(stage, instance))


def extend(stage: Stage) -> None:
    stage.printer.title("It may stay longer, within limits")
    stage.refused(422, "PATCH", PLACE, {"ttl": "31d"})
    stage.refused(404, "PATCH", PLACE, EXTENDED, by=stage.beta)
    before = database(stage)["expires_at"]
    follow(stage, stage.ask("PATCH", PLACE, EXTENDED))
    after = database(stage)["expires_at"]
    expect(after > before, f"it expired {before} and still expires {after}")
    tag = tags(describe(stage.cloud, IDENTIFIER))["ExpiresAt"]
    expect(tag == after, f"the tag ExpiresAt says {tag}, the API {after}")
    stage.printer.line(f"expires {after} instead of {before}, says the instance's tag too")


def warn(stage: Stage) -> None:
    stage.printer.title("The clock is moved: the reaper runs at another time")
    end = expiry(stage)
    reap(stage, end - dt.timedelta(days=8), "8 days before the end")
    reap(stage, end - dt.timedelta(days=7), "7 days before the end", warned=1)
    show_comment(stage, "expires")
    reap(stage, end - dt.timedelta(days=1), "1 day before the end", warned=1)
    show_comment(stage, "Last warning")
    reap(stage, end - dt.timedelta(hours=1), "1 hour before the end")


def expire(stage: Stage) -> None:
    stage.printer.title("Its time is over")
    end = expiry(stage)
    reap(stage, end + dt.timedelta(minutes=1), "1 minute after the end", expired=1)
    removal = str(database(stage)["links"]["active_request"])
    document = follow(stage, removal.rpartition("/")[2])
    expect(document["kind"] == "remove", f"the request is to {document['kind']} it, not to remove it")

    pulls = [
        pull for pull in control.pulls(stage.github) if pull["branch"].startswith(f"rds/dev/{NAME}/remove")
    ]
    expect(len(pulls) == 1, f"there are {len(pulls)} pull requests to remove it, not one")
    merged_by = str(pulls[0]["merged_by"])
    expect(merged_by.endswith("[bot]"), f"{merged_by} merged the removal, which should merge automatically")
    stage.printer.line(f"pull request #{pulls[0]['number']} was the only one, and {merged_by} merged it")
    expect(IDENTIFIER not in identifiers(stage.cloud), f"RDS still has {IDENTIFIER}")
    stage.printer.line(f"RDS has no instance {IDENTIFIER} any more")
    state = database(stage)["state"]
    expect(state == "removed", f"the API says that the database is {state}, not removed")
    stage.printer.line(f"GET {PLACE} says: {state}")
    stage.refused(409, "PATCH", PLACE, {"ttl": "8h"})


def look_back(stage: Stage) -> object:
    whole = database(stage)
    requests = [stage.alpha.call("GET", path).body for path in whole["requests"]]
    kinds = [request["kind"] for request in requests]
    expect(kinds == ["create", "update", "extend", "remove"], f"its history has {', '.join(kinds)}")
    stage.printer.title(f"Its life: GET {PLACE} and its {len(requests)} requests")
    for line in life_table(whole, requests):
        stage.printer.plain(line)
    return {"database": whole, "requests": requests}


def reap(stage: Stage, now: dt.datetime, when: str, *, warned: int = 0, expired: int = 0) -> None:
    """Run the deployed reaper as if it were `now`, and hold it to what it should do."""
    moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    reaped = stack.reap(stage.cloud, now=moment)
    expect("warned" in reaped, f"the reaper failed: {reaped}")
    did = [f"{reaped[name]} {name}" for name in ("warned", "expired") if reaped[name]]
    stage.printer.line(f"the reaper at {moment}, {when}: {', '.join(did) or 'nothing to do'}")
    expect(not reaped["errors"], f"the reaper had trouble: {reaped['errors']}")
    expect(reaped["warned"] == warned, f"the reaper warned {reaped['warned']} times, not {warned}")
    expect(reaped["expired"] == expired, f"the reaper ended {reaped['expired']} databases, not {expired}")


def show_comment(stage: Stage, words: str) -> None:
    """The warning on the pull request that created the database."""
    pull = control.pulls(stage.github)[0]
    comments = [comment["body"] for comment in pull["comments"]]
    bodies = [body for body in comments if "expiry" in body.partition("\n")[0]]
    expect(
        len(bodies) == 1, f"pull request #{pull['number']} has {len(bodies)} comments on its expiry, not one"
    )
    expect(words in bodies[0], f"the comment does not say “{words}”: {bodies[0]}")
    stage.printer.line(f"the comment on pull request #{pull['number']}:")
    text = re.sub(r"<!--.*?-->\n", "", bodies[0]).rstrip()
    for line in filter(None, text.splitlines()):
        for part in textwrap.wrap(line, 90, break_long_words=False) or [""]:
            stage.printer.more(f"│ {part}".rstrip())


def still_there(stage: Stage, instance: dict[str, Any]) -> str:
    if not has_server(stage):
        return ""
    found = query(stage.cloud, instance, "select answer from answers")
    expect(found == [(42,)], f"the row that was written is not there: {found}")
    return ", and the row is still there"


def has_server(stage: Stage) -> bool:
    return BODY["database_engine"] not in stage.state["missing_engines"]


def database(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = stage.alpha.call("GET", PLACE).body
    return found


def expiry(stage: Stage) -> dt.datetime:
    return dt.datetime.fromisoformat(database(stage)["expires_at"])
