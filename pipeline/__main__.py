"""The verbs that .circleci/config.yml calls: `python -m pipeline gate|plan|apply|drift`."""

import argparse
import datetime as dt
import os
import signal
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from provisioner import catalog
from provisioner.catalog import Catalog, CatalogError

from pipeline import gate, review
from pipeline.drift import Drift
from pipeline.git import Checkout
from pipeline.reconcile import Reconciler
from pipeline.report import Reporter
from pipeline.review import Review
from pipeline.store import Store
from pipeline.terraform_cli import Terraform, backend_settings


def main(arguments: list[str]) -> int:
    """Run one verb in the checkout that is the working directory; the exit status."""
    parser = argparse.ArgumentParser(prog="pipeline", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("gate", help="judge a pull request by its files; needs no credentials")
    verbs.add_parser("plan", help="gate, plan and report a pull request")
    apply = verbs.add_parser("apply", help="apply what main says and is not applied yet")
    apply.add_argument("--environment", required=True)
    verbs.add_parser("drift", help="report what differs from main")
    chosen = parser.parse_args(arguments)
    missing = [name for name in _NEEDED[chosen.verb] if not os.environ.get(name)]
    if missing:
        print(
            f"pipeline {chosen.verb}: set {', '.join(missing)} (the context rds-provisioner does)",
            file=sys.stderr,
        )
        return 2
    checkout = Checkout(Path.cwd())
    try:
        the_catalog = catalog.load(Path("catalog.yaml").read_text(encoding="utf-8"))
    except CatalogError as error:
        print(f"catalog.yaml cannot be used:\n{error}", file=sys.stderr)
        return 1
    if chosen.verb in ("gate", "plan"):
        return _review(chosen.verb, checkout, the_catalog)
    failures = (
        _drift(checkout) if chosen.verb == "drift" else _apply(chosen.environment, checkout, the_catalog)
    )
    for failure in failures:
        print(f"FAILED  {failure}", file=sys.stderr)
    return 1 if failures else 0


_AWS = ("AWS_REGION", "TF_STATE_BUCKET")
_NEEDED = {"gate": ("CIRCLE_BRANCH",), "plan": ("CIRCLE_BRANCH", *_AWS), "apply": _AWS, "drift": _AWS}


def _review(verb: str, checkout: Checkout, the_catalog: Catalog) -> int:
    branch = os.environ["CIRCLE_BRANCH"]
    verdict = review.judge(checkout, branch=branch, catalog=the_catalog, now=dt.datetime.now(dt.UTC))
    print(gate.table(verdict), flush=True)
    if verb == "gate":
        return 0 if verdict.passed else 1
    job = Review(checkout, _store(), _reporter("plan"), _terraform, branch, _pipeline_url())
    return 0 if job.run(verdict) else 1


def _apply(environment: str, checkout: Checkout, the_catalog: Catalog) -> list[str]:
    job = Reconciler(
        checkout,
        _store(),
        _reporter("apply"),
        _terraform,
        the_catalog,
        lambda: dt.datetime.now(dt.UTC),
        _pipeline_url(),
    )
    return job.run(environment)


def _drift(checkout: Checkout) -> list[str]:
    return Drift(checkout, _store(), _reporter("plan"), _terraform, _pipeline_url()).run()


def _terraform(directory: Path) -> Terraform:
    terraform = Terraform(directory, backend_settings(os.environ))

    def stop(*_: Any) -> None:
        terraform.stop()

    # CircleCI cancels a job with SIGTERM: Terraform then saves its state and lets go of its lock.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return terraform


def _store() -> Store:
    # Buckets as host names need DNS that only AWS has.
    style: Any = {"addressing_style": "path"} if os.environ.get("AWS_ENDPOINT_URL") else {}
    return Store(boto3.client("s3", config=Config(s3=style)), os.environ["TF_STATE_BUCKET"])


def _reporter(kind: str) -> Reporter:
    stack = os.environ.get("PROVISIONER_STACK") or "rds-provisioner"
    return Reporter(boto3.client("lambda", config=Config(read_timeout=70)), f"{stack}-{kind}-report")


def _pipeline_url() -> str:
    return os.environ.get("CIRCLE_BUILD_URL", "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
