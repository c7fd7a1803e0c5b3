"""What a plan has to keep before it is applied, also where the review that was kept says otherwise."""

import dataclasses
from typing import Any

import pytest
from provisioner.core.hcl import render, render_removed
from provisioner.core.names import Place
from provisioner.core.policy import PolicyResult

from pipeline.apply_checks import Refused, check_gone, check_plan, check_policy, check_result
from pipeline.pending import Work
from tests.core.examples import catalog, root
from tests.pipeline.test_plan_changes import GROUP, INSTANCE, changes, resource


def creating(environment: str = "dev") -> Work:
    wanted = root(environment=environment)
    return Work(wanted.place, render(wanted), removal=False, applied_before=False)


def removing(environment: str) -> Work:
    place = Place(environment, "mydb123")
    return Work(place, render_removed(place), removal=True, applied_before=True)


def instance(environment: str = "dev", **settings: Any) -> dict[str, Any]:
    return {"identifier": f"{environment}-mydb123"} | settings


def refusal(work: Work, plan: Any, reviewed: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        check_plan(work, plan, reviewed, catalog())
    return refused.value


STRANGER = resource(["create"], address="module.database.aws_iam_role.x", after={})
DELETED = resource(["delete"], before=instance())
REPLACED = resource(["delete", "create"], before=instance(), after=instance())


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (STRANGER, "the plan touches more than its own database: module.database.aws_iam_role.x is of type"),
        (DELETED, f"the plan loses the database: {INSTANCE}: delete"),
        (REPLACED, f"the plan loses the database: {INSTANCE}: replace"),
    ],
    ids=["stranger", "deleted", "replaced"],
)
def test_a_review_that_holds_the_same_change_does_not_allow_it(change: dict[str, Any], cause: str) -> None:
    """The plan role of any branch writes what is kept of a review."""
    refused = refusal(creating(), changes(change), changes(change))
    assert str(refused).startswith(cause)
    assert refused.retryable is False


def test_a_removal_that_touches_another_database_is_refused_though_it_was_reviewed() -> None:
    plan = changes(resource(["delete"], before=instance("prod")))
    assert "is the database prod-mydb123" in str(refusal(removing("dev"), plan, plan))


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_a_removal_that_takes_its_final_snapshot_is_applied(environment: str) -> None:
    plan = changes(
        resource(["delete"], before=instance(environment, skip_final_snapshot=False)),
        resource(["delete"], address=GROUP, before={}),
    )
    check_plan(removing(environment), plan, plan, catalog())


@pytest.mark.parametrize(("environment", "refused"), [("dev", False), ("staging", True), ("prod", True)])
def test_a_removal_without_a_final_snapshot_is_for_environments_that_ask_for_none(
    environment: str, refused: bool
) -> None:
    plan = changes(resource(["delete"], before=instance(environment, skip_final_snapshot=True)))
    if refused:
        cause = str(refusal(removing(environment), plan, plan))
        assert cause.startswith(f"{environment} asks for a final snapshot, but the database would go without")
    else:
        check_plan(removing(environment), plan, plan, catalog())


def test_the_settings_of_what_is_no_instance_stop_no_removal() -> None:
    plan = changes(
        resource(["delete"], address=GROUP, before={"deletion_protection": True, "skip_final_snapshot": True})
    )
    check_plan(removing("prod"), plan, plan, catalog())


def test_a_protected_database_is_not_removed() -> None:
    plan = changes(resource(["delete"], before=instance(deletion_protection=True)))
    assert "through the API, which disarms it first" in str(refusal(removing("dev"), plan, plan))


def test_what_was_reviewed_is_applied_and_what_was_not_is_refused_with_the_way_on() -> None:
    plan = changes(resource(["create"], after=instance()))
    check_plan(creating(), plan, plan, catalog())
    assert "whose pull request is planned" in str(refusal(creating(), plan, None))
    assert str(refusal(creating(), plan, [])) == (
        "the plan differs from the one that was reviewed, since something changed in between: "
        f"{INSTANCE}: create was not reviewed. Next: ask for the change again through the API"
    )


def test_a_database_that_was_applied_before_is_not_finished_but_changed() -> None:
    reviewed = changes(resource(["create"], after=instance(port=1)))
    plan = changes(resource(["update"], before=instance(), after=instance(port=1)))
    check_plan(creating(), plan, reviewed, catalog())
    assert "update, but create was reviewed" in str(
        refusal(dataclasses.replace(creating(), applied_before=True), plan, reviewed)
    )


def test_a_removal_that_an_unknown_instance_blocks_may_be_tried_again() -> None:
    check_gone(removing("dev"), None)
    check_gone(removing("dev"), "")  # an instance of that name which the provisioner did not make
    with pytest.raises(Refused, match="RDS still has the instance dev-mydb123 of request r-1") as refused:
        check_gone(removing("dev"), "r-1")
    assert refused.value.retryable is True


@pytest.mark.parametrize("result", [None, {}, "text", {"endpoint": None}, {"endpoint": ""}], ids=str)
def test_a_result_without_an_endpoint_may_be_tried_again(result: Any) -> None:
    with pytest.raises(Refused, match="RDS is still creating the database") as refused:
        check_result(result)
    assert refused.value.retryable is True


@pytest.mark.parametrize("secret", [{}, {"secret_arn": None}, {"secret_arn": ""}], ids=str)
def test_a_result_without_a_master_secret_is_never_done_and_says_what_to_do(secret: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        check_result({"endpoint": "e", "identifier": "dev-mydb123", **secret})
    assert refused.value.retryable is True
    assert str(refused.value) == (
        "RDS manages no master password for the database, so that nobody can log in. Next: let an operator "
        "run `aws rds modify-db-instance --db-instance-identifier dev-mydb123 --manage-master-user-password "
        "--apply-immediately`, then try again"
    )
    check_result({"endpoint": "e", "identifier": "dev-mydb123", "secret_arn": "arn"})


def test_what_main_says_is_held_to_the_policy_and_each_rule_that_it_breaks_is_named() -> None:
    fine, size, tags = (
        PolicyResult("name", True, "fine"),
        PolicyResult("size", False, "too large"),
        PolicyResult("tags", False, "aws:x"),
    )
    check_policy([fine])
    with pytest.raises(Refused) as refused:
        check_policy([fine, size, tags])
    assert str(refused.value) == (
        "the policy denies what main says: size: too large; tags: aws:x. "
        "Next: ask for what it allows through the API"
    )
    assert refused.value.retryable is False


def test_everything_that_a_plan_does_beyond_is_listed() -> None:
    other = resource(["create"], address="module.database.aws_iam_role.y", after={})
    assert str(refusal(creating(), changes(STRANGER, other), None)) == (
        "the plan touches more than its own database: "
        "module.database.aws_iam_role.x is of type aws_iam_role; "
        "module.database.aws_iam_role.y is of type aws_iam_role"
    )
    second = resource(["delete"], address=INSTANCE.replace("this", "other"), before=instance())
    assert str(refusal(creating(), changes(DELETED), None)) == (
        f"the plan loses the database: {INSTANCE}: delete. Next: undo what asks for it through the API"
    )
    lost = str(refusal(creating(), changes(DELETED, second), None))
    assert "aws_db_instance.other: delete; " in lost
    group = resource(["create"], address=GROUP, after={})
    beyond = str(refusal(creating(), changes(resource(["create"], after=instance()), group), []))
    assert f"create was not reviewed; {GROUP}: create was not reviewed. Next: " in beyond


def test_each_refusal_says_what_to_do() -> None:
    assert str(refusal(creating(), changes(resource(["create"], after=instance())), None)) == (
        "no plan was reviewed for what main says: it was merged before its pipeline had planned it. Next: "
        "ask for the change again through the API, whose pull request is planned"
    )
    protected = changes(resource(["delete"], before=instance(deletion_protection=True)))
    assert str(refusal(removing("dev"), protected, protected)) == (
        "deletion protection is on. Next: bring the root back by reverting its removal, then ask for the "
        "removal again through the API, which disarms it first"
    )
    with pytest.raises(Refused) as creating_still:
        check_result({})
    assert str(creating_still.value) == (
        "RDS is still creating the database. Next: try again in some minutes"
    )


def test_a_result_with_an_endpoint_and_a_secret_is_one() -> None:
    check_result({"endpoint": "dev-a.example", "secret_arn": "arn:aws:secretsmanager:x"})
