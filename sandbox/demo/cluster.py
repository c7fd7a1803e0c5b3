"""`make demo STORY=cluster`: an Aurora Serverless v2 cluster from a POST to a login, asleep and awake again.

A clone in which its row is, and the end of both with their final snapshots. Time goes faster for its sleep:
what the catalog calls ten minutes is half a minute here.
"""

from typing import Any, Final

from sandbox import cluster
from sandbox.demo.review import approve
from sandbox.demo.stage import Stage, expect
from sandbox.demo.watching import Watching, eventually, is_in

ENVIRONMENT: Final = {"SANDBOX_PAUSE_SCALE": "0.05"}
NAME: Final = "nap"
PLACE, IDENTIFIER = f"/databases/staging/{NAME}", f"staging-{NAME}"
CLONE, CLONE_IDENTIFIER = "/databases/staging/nap-copy", "staging-nap-copy"
BODY: Final = {"database_name": NAME, "database_engine": "aurora-postgresql", "environment": "staging"}
COPY: Final = {**BODY, "database_name": "nap-copy", "restore_from": {"database": f"staging/{NAME}"}}
ROWS: Final = ("create table answers (answer int)", "insert into answers values (42)")


def play(stage: Stage) -> object:
    """Create, write, clone, sleep, wake, remove; the documents. Raises StoryFailed."""
    watching = Watching(stage)
    expect("postgres" not in stage.state["missing_engines"], "no PostgreSQL server is installed here")
    created = ask(watching, "POST", "/provision-rds", BODY, "A cluster that sleeps when nobody is connected")
    shown = stage.alpha.call("GET", PLACE).body
    stage.say(f"{shown['size']}: {cost(shown)}")
    found = cluster.describe(stage.cloud, IDENTIFIER)
    version, *_ = cluster.query(stage.cloud, found, *ROWS, "select version()")[0]
    stage.printer.line(f"logged in to {' '.join(str(version).split()[:2])}; a row is written")
    cloned = ask(watching, "POST", "/provision-rds", COPY, "A clone of it, copy-on-write")
    look_into_clone(stage)
    sleep_and_wake(stage)
    removed = [remove(watching, path) for path in (CLONE, PLACE)]
    return {"created": created, "database": shown, "cloned": cloned, "removed": removed}


def ask(watching: Watching, method: str, path: str, body: Any, title: str) -> dict[str, Any]:
    """Ask for a change, approve it, and see it done."""
    request_id = watching.stage.ask(method, path, body)
    approve(watching, request_id, title)
    return watching.until(request_id, is_in("done"), "done")


def cost(shown: dict[str, Any]) -> str:
    """What it costs, in the API's words and with what that rests on."""
    found = shown["price"]["range"]
    return (
        f"{found['least_usd']:.2f} USD a month asleep, {found['usual_usd']:.2f} as usual, "
        f"{found['most_usd']:.2f} at the maximum ({found['assumption']})"
    )


def look_into_clone(stage: Stage) -> None:
    """The row is in the clone, and what the clone writes is in the clone alone."""
    source, clone = (cluster.describe(stage.cloud, each) for each in (IDENTIFIER, CLONE_IDENTIFIER))
    rows = cluster.query(stage.cloud, clone, "select answer from answers")
    expect(rows == [(42,)], f"the clone has {rows}, not the row of its source")
    cluster.query(stage.cloud, clone, "insert into answers values (43)")
    rows = cluster.query(stage.cloud, source, "select answer from answers")
    expect(rows == [(42,)], f"what the clone wrote is in its source: {rows}")
    stage.printer.line("the row is in the clone; what the clone writes stays there")


def sleep_and_wake(stage: Stage) -> None:
    """Nobody is connected: the real server stops. A login starts it again."""
    pause = cluster.describe(stage.cloud, IDENTIFIER)["ServerlessV2ScalingConfiguration"]
    stage.printer.title("Nobody is connected")
    seconds = pause["SecondsUntilAutoPause"]
    scale = float(ENVIRONMENT["SANDBOX_PAUSE_SCALE"])
    stage.printer.line(f"it sleeps after {seconds} s, which are {seconds * scale:.0f} s here")
    eventually(lambda: cluster.capacity(stage.cloud, IDENTIFIER) == 0, "capacity of 0 in CloudWatch", 300)
    stage.printer.line("asleep: ServerlessDatabaseCapacity is 0, and its server has ended")
    found = cluster.describe(stage.cloud, IDENTIFIER)
    delay = cluster.seconds_to_log_in(stage.cloud, found)
    stage.printer.line(f"awake: the login that woke it took {delay:.2f} s (on Aurora about 15 s)")
    again = cluster.seconds_to_log_in(stage.cloud, found)
    stage.printer.line(f"the next one took {again:.2f} s")
    rows = cluster.query(stage.cloud, found, "select answer from answers")
    expect(rows == [(42,)], f"the row that was written is not there: {rows}")
    stage.printer.line("and the row is still there")


def remove(watching: Watching, path: str) -> dict[str, Any]:
    """End one: its final snapshot stays."""
    stage = watching.stage
    document = ask(watching, "DELETE", path, None, "Its end")
    shown = stage.alpha.call("GET", path).body
    identifier = f"{shown['environment']}-{shown['database_name']}"
    expect(identifier not in cluster.identifiers(stage.cloud), f"RDS still has {identifier}")
    left = shown["final_snapshot_id"]
    expect(left in cluster.snapshots(stage.cloud), f"RDS has no snapshot {left}")
    stage.printer.line(f"RDS has no {identifier} any more; its final snapshot {left} stays")
    return document
