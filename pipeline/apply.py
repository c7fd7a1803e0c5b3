"""On main: apply every root that differs from what was last applied, and remove what has no root any more.

Not only what the newest commit touched: CircleCI may skip an older pipeline for a newer one, and an apply may
fail half-way. What is left to do follows from main and from the markers alone, so every run can finish what
an earlier one began.
"""

import dataclasses
import datetime as dt
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provisioner.core import policy
from provisioner.core.catalog import Catalog
from provisioner.core.module import module_hash
from provisioner.core.names import Place
from provisioner.reports.schema import ROOT_TEXT_LIMIT, ApplyOutcome, ApplyQuestion, ApplyReport
from pydantic import ValidationError

from pipeline import upgrades
from pipeline.apply_checks import Refused, check_gone, check_plan, check_policy, check_result
from pipeline.claims import Claims, Heartbeat
from pipeline.fleet import Fleet, Look, stale
from pipeline.git import Checkout
from pipeline.instances import Instances
from pipeline.interruption import Interruption
from pipeline.logs import Logs
from pipeline.output import about, say
from pipeline.pending import Main, Work
from pipeline.plan_changes import ResourceChange, UnreadablePlan, changes_of, changes_outputs
from pipeline.pulse import Pulse
from pipeline.reporter import Reporter, Undelivered
from pipeline.sources import foreign_source
from pipeline.store import Store
from pipeline.terraform_cli import Terraform, TerraformError
from pipeline.workspace import module, prepare

# The role is taken for three hours, and one database may need two: none is begun later than this.
LAST_START: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ApplyJob:
    """The apply job of one environment."""

    checkout: Checkout
    store: Store
    instances: Instances
    reporter: Reporter
    terraform: Callable[[Path], Terraform]
    catalog: Catalog
    clock: Callable[[], dt.datetime]
    pipeline_url: str
    interruption: Interruption
    claims: Claims
    pulse: Pulse
    logs: Logs
    at_once: int = 1
    pool: Callable[[int], Executor] = ThreadPoolExecutor

    def run(self, environment: str) -> list[str]:
        """Do what is to do; the failures. One database's failure does not stop the others."""
        began, seen, main = self.clock(), list[int](), Main(environment)

        def look() -> Look:
            checkout = self.checkout.newest_base(Path(looks))
            work = main.pending(checkout, self.store.applied(environment))
            if not seen:
                seen.append(len(work))
                say(f"{environment}: {len(work)} of its databases differ from what was last applied.")
            return Look(checkout, {item.place: item for item in work})

        def may_begin() -> str | None:
            if self.interruption.requested:
                return "because the job was ended from outside"
            return "out of time: run the workflow again" if self.clock() - began > LAST_START else None

        with (
            tempfile.TemporaryDirectory(prefix="main-") as looks,
            self.pool(self.at_once) as pool,
            Heartbeat(self.claims, self._lost, self.pulse.pace.seconds, self.pulse.beat),
        ):
            fleet = Fleet(look, self._apply_one, self.claims, pool, self.at_once, self.clock, may_begin)
            tally = fleet.run()
        say(tally.summary(environment))
        return tally.failures + stale(tally, self.clock())

    def _apply_one(self, work: Work, checkout: Checkout) -> tuple[bool, list[str]]:
        log = self.logs.begin(work.place)
        self.pulse.begin(work.place, log)
        try:
            with about(str(work.place), log.add):
                say(f"{'remove' if work.removal else 'apply'} at {checkout.head()}, {self.pipeline_url}")
                if over := self.claims.took_over(work.place):
                    say(over)
                return dataclasses.replace(self, checkout=checkout)._one(work)
        finally:
            self.pulse.end(work.place)

    def _lost(self, place: Place) -> None:
        say(
            f"{place}: its claim was taken away while it was applied. Terraform's lock still holds its state."
        )

    def _one(self, work: Work) -> tuple[bool, list[str]]:
        """Bring one database to what main says: whether that was asked for, and what failed."""
        try:
            asked = self._is_asked_for(work)
        except (Undelivered, ValidationError) as error:
            return True, [
                f"{work.place}: not applied, since it is not known whether a request asked for it: {error}. "
                "Where the functions are older than main, deploy the stack first (docs/upgrade.md)"
            ]
        return asked, self._carry_out(work) if asked else []

    def _is_asked_for(self, work: Work) -> bool:
        """Whether a request asked for what main says; what none did blocks no other database, nor the job."""
        text = None if work.removal else work.text[:ROOT_TEXT_LIMIT]
        question = ApplyQuestion(
            version=1,
            environment=work.place.environment,
            database_name=work.place.database_name,
            commit=self.checkout.head(),
            pipeline_url=self.pipeline_url,
            text=text,
        )
        answer = self.reporter.send(question)
        if answer.request_id:
            self.pulse.belongs_to(work.place, answer.request_id)
        if not answer.may_apply:
            say(f"NOT APPLIED  {work.place}: {answer.reason}. Next: {answer.fix}.")
        return bool(answer.may_apply)

    def _carry_out(self, work: Work) -> list[str]:
        """Apply it, or report why not; the failure, if there is one."""
        try:
            self._reconcile(work)
        except Undelivered as error:
            return [f"{work.place}: {error}"]
        except Exception as error:
            failure = self._failure(error)
            say(f"{work.place}: {failure}")
            try:
                self._report(work, "failed", failure=failure)
            except (Undelivered, ValidationError) as lost:
                return [f"{work.place}: {failure}; and {lost}"]
            return [f"{work.place}: {failure}"]
        return []

    def _reconcile(self, work: Work) -> None:
        # From here git may lose the root again, and then whatever was made of it is cleaned up and reported.
        self.store.mark_attempted(work.place)
        self._check_policy(work)
        self._check_source(work)
        self._report(work, "started")
        self.pulse.report()
        self._check_lock(work)
        place = prepare(self.checkout.directory, work.place, work.text)
        terraform = self.terraform(place)
        terraform.init()
        self._take_up(work, terraform)
        # A restore to a point in time leaves settings at the source's, which a second apply puts right.
        for _ in range(2 if work.restores else 1):
            self._apply(work, terraform)
        self._finish(work, terraform)

    def _take_up(self, work: Work, terraform: Terraform) -> None:
        """A restore makes no master secret: the change after it does, and an apply may end between the two.

        The state of such an apply says all the same that there is one, and no plan would ask for it again.
        """
        if not work.restores or work.applied_before:
            return
        resource = work.resource
        if self.instances.lacks_secret(work.place.identifier, work.request_id, resource):
            say(f"An earlier apply left no master secret: this one takes up the {resource.name} as it is.")
            terraform.forget(resource.address)
            terraform.adopt(resource.address, work.place.identifier)

    def _check_policy(self, work: Work) -> None:
        if work.removal:
            return
        # Main was reviewed; the pull request's gate distinguished a disarm from other changes.
        check_policy(
            policy.check(
                work.text,
                place=work.place,
                catalog=self.catalog,
                now=self.clock(),
                disarming=True,
                creating=not work.applied_before,
                reviewed=True,
            )
        )

    def _check_source(self, work: Work) -> None:
        root = work.root
        if root is None or work.applied_before:
            return
        if foreign := foreign_source(root, self.instances):
            raise Refused(foreign, "remove the database through the API")

    def _check_lock(self, work: Work) -> None:
        lock = self.store.lock(work.place)
        if lock:
            raise Refused(
                f"the state is locked: {lock.describe(self.clock())}",
                "if that run is over, `python -m pipeline locks` says how to release it; then try again",
                retryable=True,
            )

    def _apply(self, work: Work, terraform: Terraform) -> None:
        """Plan, compare with the review, apply that very plan."""
        text, plan = self._plan(work, terraform)
        changes = changes_of(plan)
        if not changes and not changes_outputs(plan):
            say("No changes.")
            return
        say(text)
        if changes:
            check_plan(work, changes, self._reviewed(work), self.catalog)
            upgrades.keep_before(work.root, changes, self.instances)
        try:
            terraform.apply("tfplan")
        except TerraformError as error:
            orphan = self._orphan(work, error)
            if orphan is None:
                upgrades.check_done(work.root, self.instances, f". {error.cause}")
                raise
            address, identifier = orphan
            say(f"A killed apply made {identifier}, and no state knows it: this one adopts it.")
            terraform.adopt(address, identifier)
            self._apply(work, terraform)

    def _reviewed(self, work: Work) -> list[ResourceChange] | None:
        try:
            return self.store.reviewed(work.place, *work.reviewed_as)
        except UnreadablePlan as error:
            raise Refused(
                f"the reviewed plan in the state bucket cannot be read: {error}",
                "ask for the change again through the API, whose pull request is planned again",
            ) from error

    def _orphan(self, work: Work, error: TerraformError) -> tuple[str, str] | None:
        """The address and identifier of what is in the way, where it was made for this very request."""
        if work.applied_before or work.request_id is None:
            return None
        for address, identifier, kind in work.made:
            # Terraform names the member that it could not make; of the database there is one.
            named = kind.exists in error.output and (
                identifier == work.place.identifier or identifier in error.output
            )
            if named and self.instances.request_of(identifier, kind) == work.request_id:
                return address, identifier
        return None

    def _plan(self, work: Work, terraform: Terraform) -> tuple[str, dict[str, Any]]:
        try:
            return terraform.plan("tfplan", lock=True)
        except TerraformError as error:
            # An apply that ended while RDS created the instance leaves it tainted. It is kept and finished.
            half_made = "prevent_destroy" in error.output and not (work.removal or work.applied_before)
            if not half_made or not terraform.untaint(work.resource.address):
                raise
        say("An earlier apply left the database half made; this one finishes it.")
        return terraform.plan("tfplan", lock=True)

    def _finish(self, work: Work, terraform: Terraform) -> None:
        """Report first, then mark: a report that is lost is sent by the next run, which finds no change."""
        if work.removal:
            check_gone(work, self.instances.request_of(work.place.identifier))
            self._report(work, "removed")
            self.store.forget(work.place)
            return
        result = terraform.outputs().get("database")
        check_result(result)
        upgrades.check_done(work.root, self.instances)
        self._report(work, "succeeded", result=result)
        details = {
            "commit": self.checkout.head(),
            "at": self.clock().isoformat(),
            "pipeline_url": self.pipeline_url,
            "module": module_hash(module(self.checkout, work.resource)),
        }
        self.store.mark_applied(work.place, work.digest, details)

    def _failure(self, error: Exception) -> Refused:
        """What to say of a failure, what to do, and whether the same again may go through."""
        if isinstance(error, Refused):
            return error
        cause, fix = f"{type(error).__name__}: {error}", ""
        if isinstance(error, TerraformError):
            cause, fix = error.cause, error.fix
            if error.command != "apply":  # which was shown as it ran
                say(error.output)
        if self.interruption.requested:
            cause, fix = f"the job was ended from outside. {cause}", "try again: it goes on from here"
        return Refused(cause, fix, retryable=True)

    def _report(
        self,
        work: Work,
        outcome: ApplyOutcome,
        *,
        result: dict[str, Any] | None = None,
        failure: Refused | None = None,
    ) -> None:
        self.pulse.write(work.place)  # who reads of the outcome finds all that led to it
        notes = (self.claims.took_over(work.place), self.pulse.trouble(work.place))
        self.reporter.send(
            ApplyReport(
                version=1,
                environment=work.place.environment,
                database_name=work.place.database_name,
                request_id=work.request_id,
                outcome=outcome,
                commit=self.checkout.head(),
                pipeline_url=self.pipeline_url,
                result=result,
                cause=failure.cause if failure else None,
                fix=failure.fix or None if failure else None,
                retryable=failure.retryable if failure else True,
                notes=tuple(filter(None, notes)),
            )
        )
