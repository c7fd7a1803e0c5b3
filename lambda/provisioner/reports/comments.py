"""④⑤ What the pipeline's reports say on a pull request: the plan, what is not applied, what drifted.

Each ends with what to do next. How an apply went is said in pull_requests/outcome.py.
"""

from typing import Final

from provisioner.core.catalog import Catalog
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Request
from provisioner.pull_requests import wording
from provisioner.pull_requests.comments import DRIFT, NOT_APPLIED, PLAN
from provisioner.pull_requests.markdown import cell, folded, link, policy_table, quoted, sha
from provisioner.reports.schema import ApplyQuestion, DriftReport, PlanReport, Summary

_CAUSE_LENGTH: Final = 4_000
_MOST_RULES: Final = 16
_MOST_SHOWN: Final = 20
# What a comment holds of a plan, and the longest row of an attribute, which takes of that.
_PLAN_ROOM: Final = 48_000
_ROW: Final = 750
# Attributes of an instance that RDS changes by a restart:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
_RESTARTING: Final = frozenset({"instance_class", "engine_version"})


def plan_comment(
    report: PlanReport, next_step: str, request: Request | None, catalog: Catalog, *, mention: str = ""
) -> str:
    """What one commit's plan does, its changes, the policy, and the whole plan.

    `mention` is the login of the owner, where GitHub may mail them.
    """
    headline = {
        "passed": "✅ " + _does(report.summary or Summary(), cell(str(report.place))),
        "denied": "⛔ Denied by the gate",
        "failed": "❌ The plan failed",
    }[report.outcome]
    sections = [f"{PLAN}\n## {headline}"]
    if report.outcome == "passed" and request:
        sections.append(wording.listed(_effects(report, request, catalog)))
    if report.changed:
        sections.append(_changed(report))
    if report.cause:
        sections.append(quoted("\n".join(filter(None, (report.cause[:_CAUSE_LENGTH], report.fix)))))
    sections.append(
        (f"{counts(report.summary)}: " if report.summary else "")
        + f"{cell(str(report.place))} at `{sha(report.commit)}`, as the pipeline of this branch reports."
    )
    if report.policy:
        sections.append(_policy(report))
    if report.plan_text:
        room = _PLAN_ROOM - _ROW * len(report.changed[:_MOST_SHOWN])
        sections.append(folded("The whole plan", report.plan_text, room=room))
    if mention:
        sections.append(f"@{mention} owns this database.")
    sections.append(_end(report.pipeline_url, next_step))
    return "\n\n".join(sections)


def _does(summary: Summary, place: str) -> str:
    """What a plan does to its database, for a headline."""
    if summary.databases_destroyed:
        return f"The plan {'replaces' if summary.databases_added else 'removes'} {place}"
    if summary.databases_added:
        return f"The plan creates {place}"
    if summary.add or summary.change or summary.replace or summary.destroy:
        return f"The plan changes {place} in place"
    return f"The plan changes nothing of {place}"


def _effects(report: PlanReport, request: Request, catalog: Catalog) -> dict[str, str]:
    """What was asked for does that; where the plan says more, the plan's word counts."""
    said = wording.effects(request, catalog)
    summary = report.summary or Summary()
    restarts = {attribute.name for attribute in report.changed} & _RESTARTING
    if restarts and said["Restart"].startswith("none"):
        said["Restart"] = f"⚠ yes: some minutes without service, for {', '.join(sorted(restarts))}"
    if summary.databases_destroyed and request.kind is not Kind.REMOVE:
        said["Data at risk"] = "⚠ all of it: the plan destroys the database"
    return said


def _changed(report: PlanReport) -> str:
    rows = [
        f"| {cell(f'{change.resource} {change.name}')} | {cell(change.before)} | {cell(change.after)} |"
        for change in report.changed[:_MOST_SHOWN]
    ]
    left = len(report.changed) - len(rows)
    more = [f"\nThe whole plan has {left} more."] if left > 0 else []
    return "\n".join(["| Changes | Before | After |", "|---|---|---|", *rows, *more])


def not_applied_comment(question: ApplyQuestion, cause: str, fix: str) -> str:
    """What main says of a database without a request, so that it is not applied, and the way back."""
    return (
        f"{NOT_APPLIED}\n## ⛔ What main says of {cell(str(question.place))} is not applied\n\n"
        f"At `{sha(question.commit)}`:\n\n{quoted(cause)}\n\n{_end(question.pipeline_url, f'{fix}.')}"
    )


def drift_comment(report: DriftReport) -> str:
    """What the nightly check found to differ, and what makes it so."""
    if report.module_newer:
        return (
            f"{DRIFT}\n## 🧩 The module of {cell(str(report.place))} has a newer version\n\n"
            "Nothing was changed outside git: `main` has a newer module than this database was applied "
            "with.\n\n"
            f"{folded('What it would change', report.plan_text)}\n\n"
            + _end(
                report.pipeline_url,
                "nothing; the next change of this database brings it, or an operator's "
                "`python -m ops.rollout` does.",
            )
        )
    return f"{DRIFT}\n{drift_text(report)}"


def drift_text(report: DriftReport) -> str:
    """What was changed outside git, and what to do, for a comment or an issue."""
    next_step = (
        "undo it by hand, or ask for the same through the API; the next apply of this database would set it "
        "back."
    )
    return (
        f"## 🔎 {cell(str(report.place))} differs from its root\n\n"
        "Something changed it outside git.\n\n"
        f"{folded('What differs', report.plan_text)}\n\n{_end(report.pipeline_url, next_step)}"
    )


def drift_ended_comment(report: DriftReport) -> str:
    """Takes back what stood in the comment on drift."""
    text = f"## ✅ {cell(str(report.place))} is as its root says again"
    return f"{DRIFT}\n{text}\n\n{_end(report.pipeline_url, 'nothing.')}"


def counts(summary: Summary) -> str:
    """How much a plan changes."""
    parts = [f"{summary.add} to add", f"{summary.change} to change"]
    if summary.replace:
        parts.append(f"{summary.replace} to replace")
    return ", ".join([*parts, f"{summary.destroy} to destroy"])


def _policy(report: PlanReport) -> str:
    results = [rule.result() for rule in report.policy]
    if len(results) > _MOST_RULES:
        # What is denied first, so that a long table never hides it.
        results = sorted(results, key=lambda result: result.passed)[:_MOST_RULES]
    return policy_table(results)


def _end(pipeline_url: str, next_step: str) -> str:
    return f"{link('Pipeline', pipeline_url)}\n\n**Next:** {next_step}\n"
