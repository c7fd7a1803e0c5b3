"""⑥ The reaper: on a schedule, re-drive what stands still, warn about and end what expires."""

import dataclasses
import datetime as dt
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.reaper.expired import ExpiredDatabases
from provisioner.reaper.idle import IdleDatabases
from provisioner.reaper.outcome import Outcome
from provisioner.reaper.rds import Observer
from provisioner.reaper.snapshots import OldSnapshots
from provisioner.reaper.stuck import StuckRequests
from provisioner.wiring import changes, repository

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function; `{"now": "<RFC 3339>"}` in the event looks at another time than the present."""
    now = dt.datetime.fromisoformat(event["now"]) if "now" in event else dt.datetime.now(dt.UTC)
    swept, opening = Outcome(), changes.opening(now)
    StuckRequests(opening, repository.github, settings.base_branch()).run(swept)
    ExpiredDatabases(opening, repository.github).run(swept)
    for name, value in (
        ("StuckRequests", swept.failed),
        ("Redriven", swept.redriven),
        ("Warned", swept.warned),
        ("Expired", swept.expired),
        ("SweepErrors", len(swept.errors)),
    ):
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    outcome = dataclasses.asdict(swept)
    logger.info("swept", **outcome)
    outcome |= _daily(now)
    if swept.unexpected:  # everything else is done; this makes the function's alarm ring
        raise RuntimeError("; ".join(swept.errors))
    return outcome


def _daily(now: dt.datetime) -> dict[str, Any]:
    """What is done once a day: idle databases and old snapshots; its metrics cost nothing in between."""
    opening = changes.opening(now)
    idle = IdleDatabases(opening, _observer, repository.github)
    snapshots = OldSnapshots(opening, lambda: settings.client("rds"))
    outcome: dict[str, dict[str, Any]] = {}
    for name, run, metric, counted in (
        ("idle", idle.run, "Idle", lambda done: done["idle"]),
        ("snapshots", snapshots.run, "SnapshotsDeleted", lambda done: len(done["deleted"])),
    ):
        try:
            done = run()
        except (TryLater, NeedsPerson) as error:  # of the turn itself; the others do not wait for it
            outcome[name] = {"errors": [str(error)]}
        else:
            if done:
                outcome[name] = dataclasses.asdict(done)
                metrics.add_metric(name=metric, unit=MetricUnit.Count, value=counted(outcome[name]))
    for name, shown in outcome.items():
        metrics.add_metric(name="SweepErrors", unit=MetricUnit.Count, value=len(shown["errors"]))
        logger.info(f"looked after {name}", **shown)
    return outcome


def _observer() -> Observer:
    return Observer(settings.client("rds"), settings.client("cloudwatch"))
