"""The verbs: `python -m pipeline gate|plan|apply|drift` for .circleci/config.yml, `locks` and
`unlock` for operators."""

import argparse
import dataclasses
import datetime as dt
import functools
import json
import os
import socket
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core import catalog
from provisioner.core.catalog import Catalog, CatalogError
from provisioner.core.names import DATABASES, Place
from pydantic import ValidationError

from pipeline import gate, locks, plan
from pipeline.apply import ApplyJob
from pipeline.at_once import at_once
from pipeline.bad_setting import BadSetting
from pipeline.circleci_jobs import ended_by, this_job
from pipeline.claims import ClaimDenied, Claims
from pipeline.drift import Drift
from pipeline.git import Checkout, GitError
from pipeline.instances import Instances
from pipeline.interruption import Interruption
from pipeline.logs import Logs, Step
from pipeline.pace import pace
from pipeline.plan import PlanJob
from pipeline.providers import HOME, Providers
from pipeline.pulse import Pulse
from pipeline.reporter import Reporter, Undelivered
from pipeline.store import Store
from pipeline.terraform_cli import Terraform, backend_settings, program

# For what comes again with the next beat, and must not hold up the claims' renewal.
_QUICK: Final = Config(connect_timeout=3, read_timeout=15, retries={"mode": "standard", "max_attempts": 2})
_AWS = ("AWS_REGION", "TF_STATE_BUCKET")
_NEEDED = {
    "gate": ("CIRCLE_BRANCH",),
    "plan": ("CIRCLE_BRANCH", *_AWS),
    "apply": _AWS,
    "drift": _AWS,
    "locks": _AWS,
    "unlock": _AWS,
}


def main(arguments: list[str]) -> int:
    """Run one verb in the checkout that is the working directory; the exit status."""
    chosen = _parser().parse_args(arguments)
    missing = [name for name in _NEEDED[chosen.verb] if not os.environ.get(name)]
    if missing:
        return _say(
            f"pipeline {chosen.verb}: set {', '.join(missing)} (the CircleCI project's variables)",
            2,
        )
    interruption = Interruption()
    interruption.listen()
    try:
        failures = _run(chosen, Checkout(Path.cwd()), interruption)
    except CatalogError as error:
        return _say(f"catalog.yaml cannot be used:\n{error}", 1)
    except (
        GitError,
        Undelivered,
        ValidationError,
        BotoCoreError,
        ClientError,
        ClaimDenied,
        BadSetting,
    ) as error:
        return _say(f"pipeline {chosen.verb}: {error}", 1)
    for failure in failures:
        _say(f"FAILED  {failure}", 1)
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipeline", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    judge = verbs.add_parser("gate", help="judge a pull request by its files; needs no credentials")
    judge.add_argument("--result", type=Path, help="write the verdict there, as JSON")
    verbs.add_parser("plan", help="gate, plan and report a pull request")
    apply = verbs.add_parser("apply", help="apply what main says and is not applied yet")
    apply.add_argument("--environment", required=True)
    verbs.add_parser("drift", help="report what differs from main")
    verbs.add_parser("locks", help="list the state locks, and how to release each; changes nothing")
    unlock = verbs.add_parser("unlock", help="take away the claim of a job that ended without a word")
    unlock.add_argument("database", help="ENVIRONMENT/NAME")
    return parser


def _run(chosen: argparse.Namespace, checkout: Checkout, interruption: Interruption) -> list[str]:
    """What failed, as texts."""
    if chosen.verb == "locks":
        print(locks.listing(_store().locks(), _now(), os.environ["TF_STATE_BUCKET"]), flush=True)
        return []
    if chosen.verb == "unlock":
        return _unlock(chosen.database)
    if chosen.verb in ("apply", "drift"):
        print(f"Main is at {checkout.follow_base()}.", flush=True)
    terraform = _terraform(checkout, interruption)
    if chosen.verb == "drift":
        reporter = _reporter("plan")
        width = at_once(os.environ)
        job = Drift(checkout, _store(), reporter, terraform, _pipeline_url(), interruption, _now, width)
        return job.run()
    the_catalog = catalog.load(checkout.directory / "catalog.yaml")
    for warning in the_catalog.warnings:
        print(f"warning: {warning}", flush=True)
    if chosen.verb == "apply":
        return _apply(chosen.environment, checkout, the_catalog, terraform, interruption)
    return _plan(chosen, checkout, the_catalog, terraform)


def _plan(
    chosen: argparse.Namespace,
    checkout: Checkout,
    the_catalog: Catalog,
    terraform: Callable[[Path], Terraform],
) -> list[str]:
    branch = os.environ["CIRCLE_BRANCH"]
    verdict = plan.judge(checkout, branch=branch, catalog=the_catalog, now=_now())
    if chosen.verb == "plan":
        url, reporter = _pipeline_url(), _reporter("plan")
        job = PlanJob(checkout, _store(), reporter, _instances(), terraform, branch, url, _logs("plan"))
        return [] if job.run(verdict) else ["the plan job: see above"]
    print(gate.table(verdict), flush=True)
    if chosen.result:
        content = dataclasses.asdict(verdict) | {"passed": verdict.passed}
        chosen.result.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return [] if verdict.passed else ["the gate: see the rules marked DENY"]


def _apply(
    environment: str,
    checkout: Checkout,
    the_catalog: Catalog,
    terraform: Callable[[Path], Terraform],
    interruption: Interruption,
) -> list[str]:
    if environment not in the_catalog.environments:
        return [f"the catalog has no environment {environment}"]
    job = ApplyJob(
        checkout,
        _store(),
        _instances(),
        _reporter("apply"),
        terraform,
        the_catalog,
        _now,
        _pipeline_url(),
        interruption,
        _claims(),
        Pulse(_reporter("apply", _QUICK), environment, _pipeline_url(), _now, pace(os.environ)),
        _logs("apply"),
        at_once(os.environ),
    )
    return job.run(environment)


def _unlock(database: str) -> list[str]:
    place = Place.parse(database)
    if place is None:
        return [f"{database!r} names no database: write ENVIRONMENT/NAME"]
    print(_claims().unlock(place), flush=True)
    return []


def _claims() -> Claims:
    store = _store()

    def lock_id(place: Place) -> str | None:
        lock = store.lock(place)
        return lock.id if lock else None

    return Claims(
        _s3(),
        os.environ["TF_STATE_BUCKET"],
        _pipeline_url() or f"a run on {socket.gethostname()}, process {os.getpid()}",
        _now,
        job=this_job(os.environ),
        ended=ended_by(_reporter("apply", _QUICK), _pipeline_url()),
        lock_id=lock_id,
        release_lock=store.release_lock,
        lease=pace(os.environ).lease,
    )


def _terraform(checkout: Checkout, interruption: Interruption) -> Callable[[Path], Terraform]:
    settings = backend_settings(os.environ) if os.environ.get("TF_STATE_BUCKET") else {}
    made = functools.partial(Terraform, interruption=interruption, program=program(os.environ))
    if os.environ.get("TF_CLI_CONFIG_FILE"):  # which says from where to take providers
        return lambda directory: made(directory, settings)
    mirror = Providers(
        checkout.directory / DATABASES / ".terraform.lock.hcl",
        Path.home() / HOME,
        lambda directory, configuration: made(directory, {}, configuration=configuration),
    )
    return lambda directory: made(directory, settings, configuration=mirror.configuration())


def _store() -> Store:
    return Store(_s3(), os.environ["TF_STATE_BUCKET"])


def _logs(step: Step) -> Logs:
    return Logs(_s3(_QUICK), os.environ["TF_STATE_BUCKET"], step, _now, uuid.uuid4().hex[:12])


def _s3(limits: Config | None = None) -> Any:
    # Buckets as host names need DNS that only AWS has.
    style: Any = {"addressing_style": "path"} if os.environ.get("AWS_ENDPOINT_URL") else {}
    config = Config(s3=style)
    return boto3.client(
        "s3", region_name=os.environ["AWS_REGION"], config=config.merge(limits) if limits else config
    )


def _instances() -> Instances:
    return Instances(boto3.client("rds", region_name=os.environ["AWS_REGION"]))


def _reporter(kind: str, limits: Config | None = None) -> Reporter:
    stack = os.environ.get("PROVISIONER_STACK") or "rds-provisioner"
    config = limits or Config(read_timeout=70)
    return Reporter(
        boto3.client("lambda", region_name=os.environ["AWS_REGION"], config=config), f"{stack}-{kind}-report"
    )


def _pipeline_url() -> str:
    return os.environ.get("CIRCLE_BUILD_URL", "")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _say(text: str, status: int) -> int:
    print(text, file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
