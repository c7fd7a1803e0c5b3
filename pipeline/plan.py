"""On a pull request: gate, then plan, then one report."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provisioner.core.catalog import Catalog
from provisioner.core.hcl import content_hash, parse, render_removed
from provisioner.core.names import DATABASES, Place
from provisioner.reports.schema import (
    PLAN_TEXT_LIMIT,
    Answer,
    Attribute,
    PlanOutcome,
    PlanReport,
    RuleResult,
)

from pipeline import gate
from pipeline.gate import Files, Verdict
from pipeline.git import Checkout
from pipeline.instances import Instances
from pipeline.logs import Log, Logs
from pipeline.output import about, say
from pipeline.plan_changes import (
    ResourceChange,
    changes_of,
    destroyed_databases,
    foreign_resources,
    summarise,
)
from pipeline.reporter import Reporter
from pipeline.shown_changes import attributes
from pipeline.sources import foreign_source
from pipeline.store import Store
from pipeline.terraform_cli import Terraform, TerraformError
from pipeline.workspace import prepare


def judge(checkout: Checkout, *, branch: str, catalog: Catalog, now: dt.datetime) -> Verdict:
    """The gate's verdict on what is checked out."""
    merge_base = checkout.merge_base()
    files = Files(
        before=lambda path: checkout.file(merge_base, path),
        after=lambda path: checkout.file("HEAD", path),
        base=lambda path: checkout.file(checkout.base, path),
        listing=checkout.paths("HEAD", DATABASES),
    )
    return gate.check(checkout.changes(), files, branch=branch, catalog=catalog, now=now)


@dataclass(frozen=True, slots=True)
class _Planned:
    """The hash of a root, and its plan as text, as changes, and as the attributes that people read."""

    digest: str
    text: str
    changes: list[ResourceChange]
    changed: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class PlanJob:
    """The plan job of one pull request."""

    checkout: Checkout
    store: Store
    reporter: Reporter
    instances: Instances
    terraform: Callable[[Path], Terraform]
    branch: str
    pipeline_url: str
    logs: Logs

    def run(self, verdict: Verdict) -> bool:
        """Plan what the gate let through and report it; whether it passed."""
        place = verdict.place
        if place is None:
            say(gate.table(verdict))
            say("This pull request touches no database: nothing to plan.")
            return verdict.passed
        log = self.logs.begin(place)
        try:
            with about("", log.add):
                say(f"plan of {self.branch} at {self.checkout.head()}, {self.pipeline_url}")
                say(gate.table(verdict))
                return self._run(place, verdict, log)
        finally:
            log.flush()
            if log.trouble:
                say(f"Note: {log.trouble}.")

    def _run(self, place: Place, verdict: Verdict, log: Log) -> bool:
        if not verdict.passed:
            answer = self._report(
                place, verdict, log, "denied", cause="the gate denied it; nothing was planned"
            )
            if not (verdict.only_unasked and answer.break_glass):
                return False
            say(f"{answer.reason}: it is planned without a request.")
        if foreign := self._foreign_source(place, verdict):
            self._report(place, verdict, log, "failed", cause=foreign)
            say(foreign)
            return False
        try:
            planned = self._plan(place)
        except TerraformError as error:
            say(error.output)
            self._report(place, verdict, log, "failed", cause=error.cause, fix=error.fix or None)
            return False
        wrong = foreign_resources(planned.changes, place=place)
        if verdict.action != "remove":
            wrong += destroyed_databases(planned.changes)
        if not wrong:
            self.store.keep_reviewed(place, planned.digest, planned.changes)
        answer = self._report(
            place,
            verdict,
            log,
            "failed" if wrong else "passed",
            planned,
            cause="the plan does more than this pull request may: " + "; ".join(wrong) if wrong else None,
        )
        return not (wrong or answer.denied)

    def _foreign_source(self, place: Place, verdict: Verdict) -> str | None:
        text = self.checkout.file("HEAD", place.root_path)
        if verdict.action != "create" or text is None:
            return None
        return foreign_source(parse(text), self.instances)

    def _plan(self, place: Place) -> _Planned:
        root = self.checkout.file("HEAD", place.root_path)
        text = render_removed(place) if root is None else root
        terraform = self.terraform(prepare(self.checkout.directory, place, text))
        terraform.init()
        shown, plan = terraform.plan("tfplan", lock=False)
        say(shown)
        return _Planned(content_hash(text), shown, changes_of(plan), attributes(plan))

    def _report(
        self,
        place: Place,
        verdict: Verdict,
        log: Log,
        outcome: PlanOutcome,
        planned: _Planned | None = None,
        *,
        cause: str | None = None,
        fix: str | None = None,
    ) -> Answer:
        answer = self.reporter.send(
            PlanReport(
                version=1,
                environment=place.environment,
                database_name=place.database_name,
                branch=self.branch,
                commit=self.checkout.head(),
                outcome=outcome,
                summary=summarise(planned.changes, place=place) if planned else None,
                plan_text=planned.text[:PLAN_TEXT_LIMIT] if planned else "",
                changed=planned.changed if planned else (),
                policy=tuple(map(RuleResult.of, verdict.results)),
                pipeline_url=self.pipeline_url,
                cause=cause,
                fix=fix,
            )
        )
        if answer.request_id:
            log.belongs_to(answer.request_id)
        return answer
