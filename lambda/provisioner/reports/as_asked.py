"""④ Whether a plan does what its request asked for, and nothing else."""

from provisioner.core.lifecycle import Kind
from provisioner.core.models import Request
from provisioner.reports.schema import PlanReport, Summary


def is_as_asked(report: PlanReport, request: Request) -> bool:
    """Whether the gate let everything pass, and the plan does what was asked for and nothing else."""
    return (
        all(rule.passed for rule in report.policy)
        and report.summary is not None
        and (_is_of_kind(request.kind, report.summary) or _is_upgrade(request, report.summary))
        and report.place == request.place
    )


def _is_upgrade(request: Request, summary: Summary) -> bool:
    """An upgrade, or taking back one that RDS refused, replaces the parameter group for its family.

    One that was refused may have left the other group behind.
    """
    if not (request.root.upgrade or (request.before and request.before.upgrade)):
        return False
    kept = summary.databases_added == summary.databases_destroyed == 0
    return (
        summary.only_own_database and kept and summary.add == 0 and max(summary.replace, summary.destroy) <= 1
    )


def _is_of_kind(kind: Kind, summary: Summary) -> bool:
    if not summary.only_own_database or summary.replace:
        return False
    match kind:
        case Kind.CREATE:
            return summary.databases_added == 1 and summary.change == 0 and summary.destroy == 0
        case Kind.REMOVE:
            # None where its creation failed before there was one.
            return summary.databases_destroyed <= 1 and summary.add == 0 and summary.change == 0
        case Kind.MAINTAIN:
            # A newer module may add what stands around the database; what it takes away is reviewed.
            return summary.databases_added == 0 and summary.destroy == 0
        case _:
            return summary.add == 0 and summary.destroy == 0
