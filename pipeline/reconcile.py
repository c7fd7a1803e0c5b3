"""On main: apply every root that differs from what was last applied, and remove what has no root any more.

Not only what the newest commit touched: CircleCI may skip an older pipeline for a newer one, and an apply may
fail half-way. What is left to do follows from main and from the markers alone, so every run can finish what
an earlier one began.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provisioner import policy
from provisioner.catalog import Catalog
from provisioner.terraform import RootSyntaxError, content_hash, parse, render_removed

from pipeline.git import Checkout
from pipeline.plan_summary import INSTANCE, beyond_review, normalise, strangers
from pipeline.report import Reporter, ReportError
from pipeline.store import ATTEMPTED, Store
from pipeline.terraform_cli import Terraform, TerraformError
from pipeline.workspace import prepare

_PARTS: Final = 5  # terraform/databases/<environment>/<name>/main.tf


class Refused(Exception):
    """A root that is not applied; the message is the cause, and says what to do."""

    def __init__(self, cause: str, *, retryable: bool) -> None:
        super().__init__(cause)
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Work:
    """One database that is not as main says; `text` is its root, or the empty one that removes it."""

    environment: str
    database_name: str
    text: str
    removal: bool
    applied_before: bool

    @property
    def place(self) -> str:
        """environment/database_name."""
        return f"{self.environment}/{self.database_name}"


def pending(roots: Mapping[str, str], applied: Mapping[str, set[str]], environment: str) -> list[Work]:
    """What is to do: `roots` has the text of each root on main, `applied` the hashes that were applied."""
    work = [
        Work(
            environment,
            name,
            text,
            removal=False,
            applied_before=bool(applied.get(name, set()) - {ATTEMPTED}),
        )
        for name, text in sorted(roots.items())
        if content_hash(text) not in applied.get(name, set())
    ]
    gone = [
        Work(environment, name, render_removed(environment, name), removal=True, applied_before=True)
        for name in sorted(applied)
        if name not in roots
    ]
    return work + gone


@dataclass(frozen=True, slots=True)
class Reconciler:
    """The apply job of one environment."""

    checkout: Checkout
    store: Store
    reporter: Reporter
    terraform: Callable[[Path], Terraform]
    catalog: Catalog
    clock: Callable[[], dt.datetime]
    pipeline_url: str

    def run(self, environment: str) -> list[str]:
        """Do what is to do; the failures, in words. One database's failure does not stop the others."""
        work = pending(self._roots(environment), self.store.applied(environment), environment)
        print(f"{environment}: {len(work)} of its databases differ from what was last applied.", flush=True)
        failures = []
        for one in work:
            print(f"\n== {one.place}: {'remove' if one.removal else 'apply'}", flush=True)
            try:
                self._reconcile(one)
            except ReportError as error:
                failures.append(f"{one.place}: {error}")
            except Exception as error:
                failures.append(f"{one.place}: {error}")
                print(f"{one.place}: {error}", flush=True)
                self._fail(one, error, failures)
        return failures

    def _reconcile(self, work: Work) -> None:
        self._check(work)
        self._report(work, "started")
        lock = self.store.lock(work.environment, work.database_name)
        if lock:
            raise Refused(
                f"the state is locked: {lock.describe(self.clock())}. If that run is over, compare RDS with "
                f"the state, then `terraform force-unlock {lock.id}` in the root, and run this again",
                retryable=True,
            )
        directory = prepare(self.checkout.directory, work.environment, work.database_name, work.text)
        terraform = self.terraform(directory)
        terraform.init()
        # A restore to a point in time leaves settings at the source's, which a second apply puts right.
        for _ in range(2):
            if not self._apply(work, terraform):
                break
        self._finish(work, terraform)

    def _apply(self, work: Work, terraform: Terraform) -> bool:
        """Plan, compare with the review, apply that very plan; whether there was anything to apply."""
        text, plan = terraform.plan("tfplan", lock=True)
        changes = normalise(plan)
        if not changes:
            print("No changes.", flush=True)
            return False
        print(text, flush=True)
        self._check_plan(work, changes)
        self.store.mark_attempted(work.environment, work.database_name)
        terraform.apply("tfplan")
        return not work.removal

    def _finish(self, work: Work, terraform: Terraform) -> None:
        """Report first, then mark: a report that is lost is sent by the next run, which finds no change."""
        if work.removal:
            self._report(work, "removed")
            self.store.forget(work.environment, work.database_name)
            return
        result = terraform.outputs().get("database")
        self._report(work, "succeeded", result=result)
        details = {
            "commit": self.checkout.head(),
            "at": self.clock().isoformat(),
            "pipeline_url": self.pipeline_url,
        }
        self.store.mark_applied(work.environment, work.database_name, content_hash(work.text), details)

    def _check(self, work: Work) -> None:
        if work.removal:
            return
        results = policy.check(
            work.text,
            environment=work.environment,
            database_name=work.database_name,
            catalog=self.catalog,
            now=self.clock(),
            disarming=True,  # main was reviewed; the pull request's gate tells a disarm from the rest
        )
        denied = [f"{one.rule}: {one.detail}" for one in results if not one.passed]
        if denied:
            raise Refused(
                "the policy denies what main says: " + "; ".join(denied) + ". Correct it by a pull request",
                retryable=False,
            )

    def _check_plan(self, work: Work, changes: list[dict[str, Any]]) -> None:
        beside = strangers(changes, environment=work.environment, database_name=work.database_name)
        if beside:
            raise Refused(
                "the plan touches more than its own database: " + "; ".join(beside), retryable=False
            )
        if work.removal:
            self._check_removal(work, changes)
        digest = content_hash(work.text)
        reviewed = self.store.reviewed(work.environment, work.database_name, digest)
        if reviewed is None:
            raise Refused(
                "no plan was reviewed for what main says. Revert the commit, and bring it back by a pull "
                "request, whose pipeline plans it",
                retryable=False,
            )
        beyond = beyond_review(reviewed, changes, applied_before=work.applied_before)
        if beyond:
            raise Refused(
                "the plan differs from the one that was reviewed: "
                + "; ".join(beyond)
                + ". Something changed "
                "since the review; bring the change again by a new pull request",
                retryable=False,
            )

    def _check_removal(self, work: Work, changes: list[dict[str, Any]]) -> None:
        rules = self.catalog.environments.get(work.environment)
        for one in changes:
            if one["type"] != INSTANCE:
                continue
            if one["protected"]:
                raise Refused(
                    "deletion protection is on. Bring the root back with deletion_protection = false, let "
                    "that be applied, then remove it",
                    retryable=False,
                )
            if one["skips_snapshot"] and rules and rules.final_snapshot:
                raise Refused(
                    f"{work.environment} asks for a final snapshot, but the database would go without one. "
                    "Bring the root back with final_snapshot = true, let that be applied, then remove it",
                    retryable=False,
                )

    def _roots(self, environment: str) -> dict[str, str]:
        roots = {}
        for path in self.checkout.files("HEAD", f"terraform/databases/{environment}/"):
            parts = path.split("/")
            text = self.checkout.file("HEAD", path)
            if len(parts) == _PARTS and parts[-1] == "main.tf" and text is not None:
                roots[parts[-2]] = text
        return roots

    def _fail(self, work: Work, error: Exception, failures: list[str]) -> None:
        if isinstance(error, Refused):
            cause, retryable = str(error), error.retryable
        elif isinstance(error, TerraformError):
            print(error.output, flush=True)
            cause, retryable = error.cause, True
        else:
            cause, retryable = f"{type(error).__name__}: {error}", True
        try:
            self._report(work, "failed", cause=cause, retryable=retryable)
        except ReportError as lost:
            failures.append(f"{work.place}: {lost}")

    def _report(self, work: Work, outcome: str, **more: Any) -> None:
        self.reporter.send(
            {
                "version": 1,
                "type": "apply",
                "environment": work.environment,
                "database_name": work.database_name,
                "request_id": None if work.removal else _request_id(work.text),
                "outcome": outcome,
                "commit": self.checkout.head(),
                "pipeline_url": self.pipeline_url,
                **more,
            }
        )


def _request_id(text: str) -> str | None:
    try:
        return parse(text).request_id
    except RootSyntaxError:
        return None
