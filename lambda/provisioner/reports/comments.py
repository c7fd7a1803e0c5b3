"""④⑤ What the pipeline's reports say on a pull request: the plan, what is not applied, what drifted.

Each ends with what to do next. How an apply went is said in pull_requests/outcome.py.
"""

from typing import Final

from provisioner.pull_requests.comments import DRIFT, NOT_APPLIED, PLAN
from provisioner.pull_requests.markdown import cell, folded, link, policy_table, quoted, sha
from provisioner.reports.schema import ApplyQuestion, DriftReport, PlanReport, Summary

_CAUSE_LENGTH: Final = 4_000
_MOST_RULES: Final = 16


def plan_comment(report: PlanReport, next_step: str) -> str:
    """The verdict, the policy and the plan of one commit."""
    headline = {
        "passed": "✅ Plan: " + counts(report.summary or Summary()),
        "denied": "⛔ Denied by the gate",
        "failed": "❌ The plan failed",
    }[report.outcome]
    sections = [
        f"{PLAN}\n## {headline}",
        f"{cell(str(report.place))} at `{sha(report.commit)}`, as the pipeline of this branch reports.",
    ]
    if report.cause:
        sections.append(quoted(report.cause[:_CAUSE_LENGTH]))
    if report.policy:
        sections.append(_policy(report))
    if report.plan_text:
        sections.append(folded("The plan", report.plan_text))
    sections.append(_end(report.pipeline_url, next_step))
    return "\n\n".join(sections)


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
    next_step = (
        "undo it by hand, or ask for the same through the API; the next apply of this database would set it "
        "back."
    )
    return (
        f"{DRIFT}\n## 🔎 {cell(str(report.place))} differs from its root\n\n"
        "Something changed it outside git.\n\n"
        f"{folded('What differs', report.plan_text)}\n\n{_end(report.pipeline_url, next_step)}"
    )


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
