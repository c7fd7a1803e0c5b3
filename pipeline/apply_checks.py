"""The rules that a plan has to keep before it is applied; each refusal says what to do."""

from collections.abc import Sequence
from typing import Any

from provisioner.core import policy
from provisioner.core.catalog import Catalog
from provisioner.core.policy import PolicyResult

from pipeline.pending import Work
from pipeline.plan_changes import ResourceChange, destroyed_databases, foreign_resources
from pipeline.review_check import beyond_review


class Refused(Exception):
    """A root that is not applied, with what to do; `retryable` when the same again may go through."""

    def __init__(self, cause: str, fix: str = "", *, retryable: bool = False) -> None:
        super().__init__(f"{cause}. Next: {fix}" if fix else cause)
        self.cause = cause
        self.fix = fix
        self.retryable = retryable


def check_policy(results: list[PolicyResult]) -> None:
    """Main itself passes the gate's policy."""
    if not policy.passed(results):
        denied = "; ".join(f"{result.rule}: {result.detail}" for result in results if not result.passed)
        raise Refused(f"the policy denies what main says: {denied}", "ask for what it allows through the API")


def check_plan(
    work: Work, changes: Sequence[ResourceChange], reviewed: Sequence[ResourceChange] | None, catalog: Catalog
) -> None:
    """The plan is for its own database, loses none unless that is its purpose, and was reviewed."""
    others = foreign_resources(changes, place=work.place)
    if others:
        raise Refused("the plan touches more than its own database: " + "; ".join(others))
    if work.removal:
        _check_removal(work, changes, catalog)
    elif lost := destroyed_databases(changes):
        raise Refused(
            "the plan loses the database: " + "; ".join(lost), "undo what asks for it through the API"
        )
    if reviewed is None:
        raise Refused(
            "no plan was reviewed for what main says: it was merged before its pipeline had planned it",
            "ask for the change again through the API, whose pull request is planned",
        )
    beyond = beyond_review(reviewed, changes, applied_before=work.applied_before)
    if beyond:
        raise Refused(
            "the plan differs from the one that was reviewed, since something changed in between: "
            + "; ".join(beyond),
            "ask for the change again through the API",
        )


def check_result(result: Any) -> None:
    """The database can be connected to: it has an endpoint once RDS has created it, and a master secret."""
    if not isinstance(result, dict) or not result.get("endpoint"):
        raise Refused("RDS is still creating the database", "try again in some minutes", retryable=True)
    if not result.get("secret_arn"):
        raise Refused(
            "RDS manages no master password for the database, so that nobody can log in",
            "let an operator run `aws rds modify-db-instance --db-instance-identifier "
            f"{result.get('identifier')} --manage-master-user-password --apply-immediately`, then try again",
            retryable=True,
        )


def check_gone(work: Work, request_id: str | None) -> None:
    """Nothing is left of a removed database; `request_id` is what RDS's instance of that name says."""
    if request_id:
        raise Refused(
            f"RDS still has the instance {work.place.identifier} of request {request_id}, which no state "
            "knows: a killed apply left it",
            "delete it by hand, with a final snapshot where one is due, then try again",
            retryable=True,
        )


def _check_removal(work: Work, changes: Sequence[ResourceChange], catalog: Catalog) -> None:
    for change in changes:
        if not change.is_database:
            continue
        if change.protected:
            raise Refused(
                "deletion protection is on",
                "bring the root back by reverting its removal, then ask for the removal again through the "
                "API, which disarms it first",
            )
        if change.skips_snapshot and catalog.environments[work.place.environment].final_snapshot:
            raise Refused(
                f"{work.place.environment} asks for a final snapshot, but the database would go without one",
                "bring the root back by reverting its removal, ask for a change of it through the API, which "
                "sets final_snapshot, then remove it",
            )
