"""An apply brings an environment to what main says, whatever stopped the one before."""

import dataclasses
import datetime as dt
import itertools
import json
from typing import Any

import pytest
from provisioner.core.hcl import content_hash, render
from provisioner.core.names import Place
from provisioner.core.root import Root

from pipeline.apply import LAST_START, ApplyJob
from pipeline.instances import Instances
from pipeline.pace import LEASE
from tests.core.examples import NOW, catalog, root
from tests.pipeline.fakes import GROUP, INSTANCE, Killed, Rds
from tests.pipeline.repository import file_of
from tests.pipeline.setting import URL, Setting

OTHER = "11111111-8f5e-4c1d-9a70-1c2d3e4f5a6b"


def marker(wanted: Root) -> str:
    return f"applied/{wanted.environment}/{wanted.database_name}/{content_hash(render(wanted))}.json"


def changed(**fields: Any) -> Root:
    return dataclasses.replace(root(), request_id=OTHER, **fields)


def gone(wanted: Root) -> dict[str, str | None]:
    return {wanted.place.root_path: None}


def test_a_merged_root_is_applied_reported_and_marked(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    assert setting.apply() == []
    assert setting.cloud.applied == [
        "dev/mydb123: create aws_db_parameter_group",
        "dev/mydb123: create aws_db_instance",
    ]
    assert setting.markers() == [marker(root())]
    started, succeeded = setting.functions.reports
    assert (started["outcome"], started["request_id"]) == ("started", root().request_id)
    assert succeeded["outcome"] == "succeeded"
    assert succeeded["result"] == {
        "identifier": "dev-mydb123",
        "endpoint": "db.example.com",
        "port": 3306,
        "secret_arn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-dev-mydb123",
    }
    assert succeeded["commit"] == setting.repository.checkout.head()
    assert succeeded["pipeline_url"] == URL


def test_what_is_applied_is_left_alone(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.apply()
    setting.functions.reports.clear()
    assert setting.apply() == []
    assert (len(setting.cloud.applied), setting.functions.reports) == (2, [])


def test_a_change_is_applied_and_replaces_the_marker(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.apply()
    setting.reviewed(file_of(changed(storage_gb=30)))
    assert setting.apply() == []
    assert setting.instance()["allocated_storage"] == 30
    assert setting.markers() == [marker(changed(storage_gb=30))]


def test_every_root_that_an_earlier_run_missed_is_applied(setting: Setting) -> None:
    second = root(OTHER, database_name="second")
    setting.reviewed(file_of(root()))
    setting.reviewed(file_of(second))
    assert setting.apply() == []
    assert set(setting.cloud.states) == {"dev/mydb123", "dev/second"}


def test_other_environments_are_left_to_their_own_jobs(setting: Setting) -> None:
    setting.reviewed(file_of(root(environment="staging")))
    assert setting.apply("dev") == []
    assert setting.cloud.applied == []


def test_one_failure_does_not_stop_the_others(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.reviewed(file_of(root(OTHER, database_name="second")))
    setting.cloud.fail[GROUP] = "InternalFailure: try again"
    (failure,) = setting.apply()
    assert failure == "dev/mydb123: Error: InternalFailure: try again"
    assert setting.functions.outcomes() == [
        "mydb123: started",
        "mydb123: failed",
        "second: started",
        "second: succeeded",
    ]
    failed = setting.functions.reports[1]
    assert (failed["cause"], failed["retryable"]) == ("Error: InternalFailure: try again", True)


def test_a_root_whose_name_no_report_can_carry_does_not_stop_the_others(setting: Setting) -> None:
    long = Place("dev", "a" * 70)
    setting.reviewed(file_of(root(OTHER, database_name="second")))
    setting.repository.on_main({long.root_path: "x"})
    (failure,) = setting.apply()
    assert failure.startswith(f"{long}: ")
    assert "database_name" in failure
    assert setting.functions.outcomes() == ["second: started", "second: succeeded"]


class TestResume:
    """A failed or killed apply is run again, without a new pull request."""

    @pytest.mark.parametrize("kind", ["create", "change", "remove"])
    def test_killed_at_any_step_the_next_run_brings_it_to_its_end(self, setting: Setting, kind: str) -> None:
        """At every single call to S3, Lambda or Terraform."""
        wanted = root()
        setting.reviewed(file_of(wanted))
        if kind != "create":
            setting.apply()
            wanted = changed(storage_gb=30)
            setting.reviewed(file_of(wanted) if kind == "change" else gone(wanted))
        before = setting.save()
        for kill_at in itertools.count(1):
            setting.restore(before)
            setting.lifeline.steps, setting.lifeline.kill_at = 0, kill_at
            try:
                setting.apply()
            except Killed:
                setting.lifeline.kill_at = None
                setting.now += 2 * LEASE
                assert setting.apply() == [], f"after being killed at step {kill_at}"
            else:
                break  # there is no such step any more
            last = [report for report in setting.functions.reports if report["outcome"] != "started"][-1]
            if kind == "remove":
                assert setting.cloud.states["dev/mydb123"].resources == {}
                assert {key for key in setting.bucket.objects if not key.startswith("claims/")} == set()
                assert last["outcome"] == "removed"
            else:
                assert setting.markers() == [marker(wanted)]
                assert setting.instance()["tags"]["RequestId"] == wanted.request_id
                assert (last["outcome"], last["result"]["port"]) == ("succeeded", 3306)
        assert kill_at > 12

    def test_a_failed_apply_goes_on_where_it_stopped(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.cloud.fail[INSTANCE] = "InsufficientDBInstanceCapacity"
        (failure,) = setting.apply()
        assert "AWS has no room for this size here now" in failure
        assert setting.apply() == []
        assert setting.cloud.applied == [
            "dev/mydb123: create aws_db_parameter_group",
            "dev/mydb123: create aws_db_instance",
        ]

    def test_a_half_made_database_is_finished_and_not_replaced(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.cloud.fail[INSTANCE] = "timeout while waiting; tainted"
        assert len(setting.apply()) == 1
        assert setting.apply() == []
        assert setting.cloud.applied == ["dev/mydb123: create aws_db_parameter_group"]
        assert setting.markers() == [marker(root())]

    @pytest.mark.parametrize("stopped", ["between its two calls", "before the state knew of it"])
    def test_a_restore_that_was_stopped_ends_with_a_master_secret(
        self, setting: Setting, stopped: str
    ) -> None:
        setting.reviewed(file_of(root(database_name="orders")))
        assert setting.apply() == []
        setting.reviewed(file_of(root(restore_from={"database": "dev/orders", "point_in_time": "latest"})))
        if stopped == "between its two calls":
            setting.cloud.fail[INSTANCE] = "interrupted; tainted"
            assert len(setting.apply()) == 1
        else:
            setting.cloud.killed_while_creating = True
            with pytest.raises(Killed):
                setting.apply()
            setting.cloud.secrets.discard("dev-mydb123")
        assert "dev-mydb123" not in setting.cloud.secrets
        assert setting.apply() == []
        assert setting.functions.reports[-1]["result"]["secret_arn"].endswith(":secret:rds!db-dev-mydb123")
        assert setting.cloud.applied[-1] == "dev/mydb123: update aws_db_instance"

    def test_a_database_without_a_master_secret_is_not_done(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        assert setting.apply() == []
        setting.cloud.secrets.clear()
        setting.reviewed(file_of(changed(instance_class="db.t4g.medium")))
        (failure,) = setting.apply()
        assert "--db-instance-identifier dev-mydb123 --manage-master-user-password" in failure
        assert setting.functions.reports[-1]["outcome"] == "failed"

    def test_an_instance_that_a_killed_apply_left_unknown_is_adopted(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.cloud.killed_while_creating = True
        with pytest.raises(Killed):
            setting.apply()
        assert list(setting.cloud.orphans) == ["dev-mydb123"]
        assert setting.apply() == []
        assert setting.cloud.orphans == {}
        assert setting.cloud.applied == [
            "dev/mydb123: create aws_db_parameter_group",
            "dev/mydb123: create aws_db_instance",
            "dev/mydb123: update aws_db_instance",
        ]
        assert setting.instance()["skip_final_snapshot"] is True

    def test_another_requests_instance_is_not_adopted(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        tags = {"ManagedBy": "rds-provisioner", "RequestId": OTHER}
        setting.cloud.orphans["dev-mydb123"] = {"identifier": "dev-mydb123", "tags": tags}
        (failure,) = setting.apply()
        assert "was not made for this request" in failure
        assert list(setting.cloud.orphans) == ["dev-mydb123"]

    def test_a_removal_is_not_done_while_an_unknown_instance_runs(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.cloud.killed_while_creating = True
        with pytest.raises(Killed):
            setting.apply()
        setting.reviewed(gone(root()))
        (failure,) = setting.apply()
        assert f"RDS still has the instance dev-mydb123 of request {root().request_id}" in failure
        setting.cloud.orphans.clear()
        assert setting.apply() == []
        assert setting.functions.reports[-1]["outcome"] == "removed"

    def test_a_database_without_an_endpoint_is_not_done(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.cloud.endpoint = None
        (failure,) = setting.apply()
        assert "still creating" in failure
        setting.cloud.endpoint = "db.example.com"
        assert setting.apply() == []
        assert setting.functions.reports[-1]["result"]["endpoint"] == "db.example.com"

    def test_a_root_taken_back_after_a_failed_creation_is_cleaned_up(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.cloud.fail[INSTANCE] = "no"
        setting.apply()
        setting.reviewed(gone(root()))
        assert setting.apply() == []
        assert setting.cloud.states["dev/mydb123"].resources == {}
        assert setting.markers() == []

    def test_a_change_that_failed_and_was_reverted_is_undone(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.apply()
        setting.reviewed(file_of(changed(instance_class="db.t4g.medium")))
        setting.cloud.fail[INSTANCE] = "no"
        setting.apply()
        setting.instance()["instance_class"] = "db.t4g.medium"  # it had come that far
        setting.reviewed(file_of(root()))
        assert setting.apply() == []
        assert setting.instance()["instance_class"] == "db.t4g.micro"

    def test_a_restore_is_applied_twice_where_it_keeps_its_sources_settings(self, setting: Setting) -> None:
        setting.cloud.restored_class = "db.m7g.large"
        setting.reviewed(file_of(root(database_name="orders")))
        assert setting.apply() == []
        setting.reviewed(file_of(root(restore_from={"database": "dev/orders", "point_in_time": "latest"})))
        assert setting.apply() == []
        assert setting.instance()["instance_class"] == "db.t4g.micro"
        assert setting.cloud.applied[-1] == "dev/mydb123: update aws_db_instance"

    def test_a_root_without_a_restore_is_planned_once_and_one_with_it_twice(self, setting: Setting) -> None:
        setting.reviewed(file_of(root(database_name="orders")))
        setting.cloud.planned.clear()
        assert setting.apply() == []
        assert setting.cloud.planned == ["dev/orders"]

        setting.reviewed(file_of(root(restore_from={"database": "dev/orders", "point_in_time": "latest"})))
        setting.cloud.planned.clear()
        assert setting.apply() == []
        assert setting.cloud.planned == ["dev/mydb123", "dev/mydb123"]

    @pytest.mark.parametrize(
        ("tags", "cause"),
        [
            (None, "RDS has no snapshot dev-orders-final-3f0c1a2b"),
            ({}, "snapshot dev-orders-final-3f0c1a2b was not made by the provisioner"),
            (
                {"ManagedBy": "rds-provisioner", "Team": "beta"},
                "snapshot dev-orders-final-3f0c1a2b is of team beta, not alpha: data stays with its team",
            ),
        ],
    )
    def test_a_snapshot_of_another_team_is_not_restored_whoever_merged_it(
        self, setting: Setting, tags: dict[str, str] | None, cause: str
    ) -> None:
        snapshot = "dev-orders-final-3f0c1a2b"
        setting.cloud.snapshots[snapshot] = {"ManagedBy": "rds-provisioner", "Team": "alpha"}
        setting.reviewed(file_of(root(restore_from={"snapshot": snapshot})))
        del setting.cloud.snapshots[snapshot]
        if tags is not None:
            setting.cloud.snapshots[snapshot] = tags
        (failure,) = setting.apply()
        assert failure.startswith(f"dev/mydb123: {cause}")
        assert setting.cloud.applied == []

    def test_a_database_that_was_restored_keeps_running_when_its_source_was_removed(
        self, setting: Setting
    ) -> None:
        snapshot = "dev-orders-final-3f0c1a2b"
        setting.cloud.snapshots[snapshot] = {"ManagedBy": "rds-provisioner", "Team": "alpha"}
        setting.reviewed(file_of(root(restore_from={"snapshot": snapshot})))
        assert setting.apply() == []
        del setting.cloud.snapshots[snapshot]
        copied = root(restore_from={"snapshot": snapshot})
        setting.reviewed(file_of(dataclasses.replace(copied, instance_class="db.t4g.medium")))
        assert setting.apply() == []

    def test_a_report_that_is_not_taken_is_sent_again_by_the_next_run(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.functions.answers = [{"accepted": True}, {"accepted": False, "reason": "no"}]
        assert setting.apply() == ["dev/mydb123: apply-report did not take the report: no"]
        assert marker(root()) not in setting.markers()
        assert setting.apply() == []
        assert setting.functions.outcomes()[-1] == "mydb123: succeeded"
        assert len(setting.cloud.applied) == 2

    def test_nothing_is_applied_before_the_ledger_knows(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.functions.answers = [{"accepted": False, "reason": "no"}]
        assert len(setting.apply()) == 1
        assert setting.cloud.applied == []


class TestUnasked:
    """What no request asked for: not applied, shown, and in nobody's way."""

    def test_it_is_not_applied_and_blocks_nothing_else(
        self, setting: Setting, capsys: pytest.CaptureFixture[str]
    ) -> None:
        setting.reviewed(file_of(root()))
        setting.reviewed(file_of(root(OTHER, database_name="second")))
        setting.functions.unasked = {"dev/mydb123"}
        assert setting.apply() == []
        assert setting.functions.outcomes() == ["second: started", "second: succeeded"]
        assert [key.split("/")[2] for key in setting.markers()] == ["second"]
        output = capsys.readouterr().out
        assert "NOT APPLIED  dev/mydb123: no request made it. Next: revert the commit." in output
        assert output.rstrip().endswith("dev: 1 done, 0 not, 1 not asked for.")

    def test_the_question_carries_what_main_says(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.apply()
        setting.reviewed(gone(root()))
        setting.apply()
        created, removed = setting.functions.questions
        assert (created["type"], created["version"], created["text"]) == ("may_apply", 1, render(root()))
        assert created["commit"] != removed["commit"] == setting.repository.checkout.head()
        assert removed["text"] is None

    def test_a_root_of_any_length_can_be_asked_about(self, setting: Setting) -> None:
        setting.repository.on_main({Place("dev", "mydb123").root_path: "# long\n" * 20_000})
        setting.functions.unasked = {"dev/mydb123"}
        assert setting.apply() == []
        assert len(setting.functions.questions[0]["text"]) == 50_000


class TestRefusal:
    """What is not applied, and what the reviewer reads."""

    def test_what_nobody_reviewed(self, setting: Setting) -> None:
        setting.repository.on_main(file_of(root()))
        (failure,) = setting.apply()
        assert "no plan was reviewed" in failure
        assert "Next: ask for the change again through the API, whose pull request is planned" in failure
        assert setting.cloud.applied == []
        assert setting.functions.reports[-1]["retryable"] is False

    @pytest.mark.parametrize(
        "text",
        ['{"changes": [{"address": "x"}]}', '{"version": 1, "changes": [{"address": "x"}]}', "no JSON"],
    )
    def test_what_was_reviewed_by_a_plan_that_cannot_be_read(self, setting: Setting, text: str) -> None:
        """Whoever may push a branch may write such a plan with its plan role."""
        setting.reviewed(file_of(root()))
        (key,) = setting.bucket.objects
        setting.bucket.objects[key] = text.encode()
        (failure,) = setting.apply()
        assert "the reviewed plan in the state bucket cannot be read" in failure
        assert setting.functions.reports[-1]["fix"].startswith("ask for the change again through the API")
        assert setting.cloud.applied == []
        assert setting.functions.reports[-1]["retryable"] is False

    def test_what_the_policy_denies(self, setting: Setting) -> None:
        setting.repository.on_main(
            file_of(root()) | {Place("dev", "evil").root_path: 'data "external" "x" {}\n'}
        )
        failures = setting.apply()
        assert "the policy denies what main says: rendered" in failures[0]
        assert setting.cloud.applied == []

    def test_a_plan_that_does_more_than_the_reviewed_one(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.apply()
        setting.reviewed(file_of(changed(storage_gb=30)))
        setting.instance()["instance_class"] = "db.m7g.large"  # someone was at the console
        (failure,) = setting.apply()
        assert f"{INSTANCE}: instance_class differs from what was reviewed" in failure
        assert setting.instance()["allocated_storage"] == 20

    def test_an_older_workflow_that_is_run_again_applies_nothing_old(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.apply()
        old = setting.repository.checkout.head()
        setting.reviewed(file_of(changed(storage_gb=30)))
        setting.reviewed(file_of(root(OTHER, database_name="second")))
        setting.apply()
        setting.repository.git("checkout", "--quiet", "--force", "--detach", old)
        applied = len(setting.cloud.applied)
        assert setting.apply() == []
        assert len(setting.cloud.applied) == applied

    def test_a_root_that_vanished_without_a_pull_request(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.apply()
        setting.repository.on_main(gone(root()))
        (failure,) = setting.apply()
        assert "no plan was reviewed" in failure
        assert INSTANCE in setting.cloud.states["dev/mydb123"].resources

    def test_a_state_that_someone_has_locked(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.reviewed(file_of(root(OTHER, database_name="second")))
        lock = {"ID": "b7c1", "Who": "ci@host", "Operation": "OperationTypeApply",
                "Created": "2026-11-23T11:15:00.123456789Z"}  # fmt: skip
        key = Place("dev", "mydb123").state_key + ".tflock"
        setting.bucket.put_object(Bucket="", Key=key, Body=json.dumps(lock).encode(), ContentType="")
        (failure,) = setting.apply()
        assert "ci@host took lock b7c1 for OperationTypeApply, 45 minutes ago" in failure
        assert "python -m pipeline locks" in failure
        assert key in setting.bucket.objects
        assert setting.cloud.applied == [
            "dev/second: create aws_db_parameter_group",
            "dev/second: create aws_db_instance",
        ]


class TestRemoval:
    """A root that was removed takes its database along."""

    def test_a_removal_destroys_reports_and_frees_the_name(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.apply()
        setting.reviewed(gone(root()))
        assert setting.apply() == []
        assert setting.cloud.applied[-2:] == [
            "dev/mydb123: delete aws_db_instance",
            "dev/mydb123: delete aws_db_parameter_group",
        ]
        assert setting.functions.outcomes() == ["mydb123: started", "mydb123: removed"]
        assert setting.functions.reports[-1]["request_id"] is None
        assert setting.bucket.objects == {}
        setting.reviewed(file_of(root(OTHER)))
        assert setting.apply() == []
        assert setting.markers() == [marker(root(OTHER))]

    def test_a_protected_database_is_disarmed_first(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.apply()
        setting.reviewed(gone(root()))
        setting.instance()["deletion_protection"] = True
        (failure,) = setting.apply()
        assert "through the API, which disarms it first" in failure
        assert INSTANCE in setting.cloud.states["dev/mydb123"].resources

    def test_no_database_goes_without_the_snapshot_that_its_environment_asks_for(
        self, setting: Setting
    ) -> None:
        staging = root(environment="staging")
        setting.reviewed(file_of(staging))
        setting.apply("staging")
        setting.reviewed(gone(staging))
        setting.instance("staging/mydb123")["skip_final_snapshot"] = True
        (failure,) = setting.apply("staging")
        assert "staging asks for a final snapshot" in failure
        assert INSTANCE in setting.cloud.states["staging/mydb123"].resources

    def test_a_plan_reviewed_for_the_names_next_owner_survives_the_clean_up(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.apply()
        setting.reviewed(gone(root()))
        setting.store.keep_reviewed(Place("dev", "mydb123"), "next", [])
        setting.apply()
        assert setting.store.reviewed(Place("dev", "mydb123"), "next") == []


class TestEnd:
    """A job that is ended from outside, or has no time left, begins nothing more."""

    def test_nothing_begins_after_the_end_was_asked_for(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.interruption.request()
        assert setting.apply() == ["dev/mydb123: not begun, because the job was ended from outside"]
        assert setting.functions.reports == []

    def test_nothing_begins_when_the_credentials_would_not_last(self, setting: Setting) -> None:
        setting.reviewed(file_of(root()))
        setting.reviewed(file_of(root(OTHER, database_name="second")))
        clock = iter([NOW, NOW, NOW + LAST_START + dt.timedelta(seconds=1)])
        checkout = setting.repository.checkout
        checkout.follow_base()
        times: list[dt.datetime] = []

        def now() -> dt.datetime:
            # The job begins, then the first database; all that is asked later is late.
            times.append(next(clock, NOW + LAST_START * 2))
            return times[-1]

        failures = ApplyJob(
            checkout, setting.store, Instances(Rds(setting.cloud)), setting.applies,
            setting.cloud.terraform, catalog(), now, URL, setting.interruption, setting.claims(),
            *setting.watched(),
        ).run("dev")  # fmt: skip
        assert failures == ["dev/second: not begun, out of time: run the workflow again"]
