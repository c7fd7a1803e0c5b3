"""⑥ The reaper: on a schedule, re-drive what is stuck, warn about and end what expires."""

import dataclasses
import datetime as dt
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.access import master
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.names import MAIN
from provisioner.intake.opening import Opening
from provisioner.reaper.expired import ExpiredDatabases
from provisioner.reaper.glass import open_glasses
from provisioner.reaper.outcome import Outcome
from provisioner.reaper.rotations import MasterRotations
from provisioner.reaper.stuck import StuckRequests
from provisioner.wiring import changes, repository

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function; `{"now": "<RFC 3339>"}` in the event looks at another time than the present."""
    now = dt.datetime.fromisoformat(event["now"]) if "now" in event else dt.datetime.now(dt.UTC)
    opening, outcome = changes.opening(now), Outcome()
    rotations = MasterRotations(
        opening, lambda arn, since: master.is_rotated(settings.client("secretsmanager"), arn, since)
    )
    StuckRequests(opening, repository.github, MAIN, rotations.settle).run(outcome)
    ExpiredDatabases(opening, repository.github).run(outcome)
    for name, value in (
        ("StuckRequests", outcome.failed),
        ("Redriven", outcome.redriven),
        ("Warned", outcome.warned),
        ("Expired", outcome.expired),
        ("SweepErrors", len(outcome.errors)),
    ):
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    if glasses := open_glasses(opening):  # one that is seldom open costs no metric while closed
        metrics.add_metric(name="BreakGlass", unit=MetricUnit.Count, value=glasses)
    answer = dataclasses.asdict(outcome)
    logger.info("swept", **answer)  # a text that filters use
    answer |= _daily(opening)
    if outcome.unexpected:  # everything else is done; this makes the function's alarm ring
        raise RuntimeError("; ".join(outcome.errors))
    return answer


def _daily(opening: Opening) -> dict[str, Any]:
    """What is done once a day; its metrics cost nothing in between."""
    # Loaded after what a cold start has to do.
    from provisioner.reaper.growth import GrownStorage  # noqa: PLC0415
    from provisioner.reaper.idle import IdleDatabases  # noqa: PLC0415
    from provisioner.reaper.log_groups import LogGroups  # noqa: PLC0415
    from provisioner.reaper.rds import Observer  # noqa: PLC0415
    from provisioner.reaper.snapshots import OldSnapshots  # noqa: PLC0415
    from provisioner.reaper.support import EndingVersions  # noqa: PLC0415

    def _observer() -> Observer:
        return Observer(settings.client("rds"), settings.client("cloudwatch"))

    idle = IdleDatabases(opening, _observer, repository.github)
    snapshots = OldSnapshots(opening, lambda: settings.client("rds"))
    growth = GrownStorage(opening, _observer)
    support = EndingVersions(opening, _observer)
    log_groups = LogGroups(opening, lambda: settings.client("logs"))
    answer: dict[str, dict[str, Any]] = {}
    for name, run, metric, counted in (
        ("idle", idle.run, "Idle", lambda done: done["idle"]),
        ("snapshots", snapshots.run, "SnapshotsDeleted", lambda done: len(done["deleted"])),
        ("growth", growth.run, "StorageGrown", lambda done: len(done["grown"])),
        ("support", support.run, "VersionsEnding", lambda done: len(done["warned"])),
        ("log_groups", log_groups.run, "LogGroupsLimited", lambda done: len(done["limited"])),
    ):
        try:
            done = run()
        except (TryLater, NeedsPerson) as error:  # of the lease itself; the others do not wait for it
            answer[name] = {"errors": [str(error)]}
        else:
            if done:
                answer[name] = dataclasses.asdict(done)
                metrics.add_metric(name=metric, unit=MetricUnit.Count, value=counted(answer[name]))
    for name, shown in answer.items():
        metrics.add_metric(name="SweepErrors", unit=MetricUnit.Count, value=len(shown["errors"]))
        logger.info(f"looked after {name}", **shown)
    return answer
