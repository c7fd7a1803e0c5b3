"""Each try has a log of its request alone: bounded, without secrets, and written over by nobody else."""

import json
import os
import string
import threading
import time
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from provisioner.core.names import Place

from pipeline.logs import FIRST, LAST, LONGEST_LINE, Log, Logs, Text
from pipeline.output import about, say
from pipeline.redaction import shown
from tests.core.examples import ID, NOW, root
from tests.pipeline.fakes import INSTANCE, Bucket
from tests.pipeline.repository import file_of
from tests.pipeline.setting import Setting

PLACE = Place("dev", "orders")
KEY = f"logs/apply/dev/orders/{ID}/20261123T120000.000000Z-job1.txt"
SECRETS = st.text(string.ascii_letters + string.digits + '+/=&%"\\ \n-é', min_size=16, max_size=80).filter(
    lambda text: len(text.strip()) >= 16 and len(set(text)) > 5
)


def log(bucket: Any, job: str = "job1") -> Log:
    return Logs(bucket, "states", "apply", lambda: NOW, job).begin(PLACE)


def denied(code: str = "AccessDenied") -> Any:
    refused = ClientError({"Error": {"Code": code, "Message": "no"}}, "PutObject")
    return mock.Mock(put_object=mock.Mock(side_effect=refused))


def test_a_log_is_written_once_its_request_is_known_and_grows() -> None:
    bucket = Bucket()
    mine = log(bucket)
    mine.add("apply")
    mine.flush()
    assert bucket.objects == {}
    mine.belongs_to(ID)
    mine.flush()
    assert bucket.objects == {KEY: b"apply\n"}
    mine.add("Still creating...\n\nDone")
    mine.flush()
    assert bucket.objects == {KEY: b"apply\nStill creating...\n\nDone\n"}


def test_nothing_new_is_not_written_again() -> None:
    bucket = Bucket()
    mine = log(bucket)
    mine.add("apply")
    mine.belongs_to(ID)
    mine.flush()
    with mock.patch.object(bucket, "put_object", side_effect=AssertionError):
        mine.flush()


def test_two_jobs_write_two_objects_and_none_over_the_others() -> None:
    bucket = Bucket()
    for job in ("job1", "job2"):
        mine = log(bucket, job)
        mine.add(job)
        mine.belongs_to(ID)
        mine.flush()
    assert sorted(bucket.objects.values()) == [b"job1\n", b"job2\n"]


@pytest.mark.parametrize("emulator", ["fake", "moto"])
def test_an_object_of_this_name_that_another_wrote_stays_as_it_is(emulator: str) -> None:
    with mock_aws():
        client: Any = Bucket() if emulator == "fake" else boto3.client("s3", region_name="us-east-1")
        if emulator == "moto":
            client.create_bucket(Bucket="states")
        client.put_object(Bucket="states", Key=KEY, Body=b"theirs", ContentType="text/plain")
        mine = log(client)
        mine.add("mine")
        mine.belongs_to(ID)
        mine.flush()
        assert client.get_object(Bucket="states", Key=KEY)["Body"].read() == b"theirs"
        assert mine.trouble == f"its log was not written: {KEY} is another one's"


class Lossy(Bucket):
    """Writes, and loses the answer of the first calls."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self.lost = lost

    def put_object(self, **call: Any) -> dict[str, Any]:
        answer = super().put_object(**call)
        if self.lost:
            self.lost -= 1
            raise EndpointConnectionError(endpoint_url="https://s3")
        return answer


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_write_whose_answer_was_lost_is_continued(lost: int) -> None:
    bucket = Lossy(lost)
    mine = log(bucket)
    mine.belongs_to(ID)
    for line in range(lost + 2):
        mine.add(str(line))
        mine.flush()
    assert mine.trouble == ""
    assert bucket.objects[KEY] == "".join(f"{line}\n" for line in range(lost + 2)).encode()


def test_a_write_that_fails_is_made_up_for_by_the_next() -> None:
    bucket = Bucket()
    mine = log(bucket)
    mine.add("one")
    mine.belongs_to(ID)
    with mock.patch.object(
        bucket, "put_object", side_effect=EndpointConnectionError(endpoint_url="https://s3")
    ):
        mine.flush()
    assert mine.trouble.startswith("its log was not written: Could not connect")
    mine.flush()
    assert (mine.trouble, bucket.objects[KEY]) == ("", b"one\n")


def test_a_role_that_may_not_write_logs_names_the_step_that_is_missing_and_asks_once() -> None:
    client = denied()
    mine = log(client)
    mine.add("one")
    mine.belongs_to(ID)
    mine.flush()
    mine.add("two")
    mine.flush()
    assert mine.trouble == (
        "the apply role may not write logs/ in the state bucket: apply the foundation first (docs/upgrade.md)"
    )
    assert client.put_object.call_count == 1


class TestBounds:
    def test_of_a_long_log_the_begin_and_the_end_stay(self) -> None:
        text = Text(first=10, last=12)
        text.add("\n".join(f"{number:02}ü" for number in range(9)))
        assert str(text) == ("00ü\n01ü\n[5 lines are left out here; the job's page has them]\n07ü\n08ü\n")

    @given(st.lists(st.text(max_size=200), max_size=60), st.integers(0, 400), st.integers(0, 400))
    def test_no_log_is_larger_than_its_bounds(self, lines: list[str], first: int, last: int) -> None:
        text = Text(first, last)
        for line in lines:
            text.add(line)
        assert len(str(text).encode("utf-8", "replace")) <= first + last + 80

    def test_what_is_within_the_bounds_is_kept_whole(self) -> None:
        text = Text()
        said = "\n".join(f"aws_db_instance.this: Still creating... [{n}0s elapsed]" for n in range(240))
        text.add(said)
        assert str(text) == said + "\n"
        assert len(said) < FIRST

    def test_ten_megabytes_in_one_line_are_one_short_line(self) -> None:
        text = Text()
        text.add("x" * 10_000_000)
        assert str(text) == "x" * LONGEST_LINE + f" [{10_000_000 - LONGEST_LINE} more characters]\n"

    def test_three_megabytes_of_lines_are_held_in_bounds(self) -> None:
        text = Text()
        for _ in range(3000):
            text.add("y" * 1000)
        assert FIRST + LAST - 4096 <= len(str(text)) <= FIRST + LAST + 80


class TestSecrets:
    @given(secret=SECRETS, before=st.text(max_size=20), after=st.text(max_size=20), data=st.data())
    def test_no_form_of_a_jobs_secret_reaches_a_log(
        self, secret: str, before: str, after: str, data: st.DataObject
    ) -> None:
        forms = [secret, json.dumps(secret), json.dumps({"t": [secret]}, ensure_ascii=False)]
        said = before + data.draw(st.sampled_from(forms)) + after
        with mock.patch.dict(os.environ, {"CIRCLE_OIDC_TOKEN": secret}):
            kept = written(said)
        longest = max(secret.splitlines(), key=len).strip()
        for form in (secret.strip(), *([longest] if len(longest) >= 12 else [])):
            assert form not in kept
            assert json.dumps(form)[1:-1] not in kept

    @pytest.mark.parametrize(
        ("said", "hidden"),
        [
            ('  + password = "hunter2-is-short"', "hunter2-is-short"),
            ('  ~ master_password = "old-secret" -> "new-secret"', "new-secret"),
            ('  ~ master_password = "old-secret" -> "new-secret"', "old-secret"),
            ('{"auth_token": "abc\\"def-secret"}', "def-secret"),
            ("https://x-access-token:ghs_0123456789abcdefghij@github.com/a/b", "ghs_0123456789abcdefghij"),
            ("mysql://admin:s3cr3t-pass@host:3306/db", "s3cr3t-pass"),
            ("GET /b?X-Amz-Signature=deadbeefdeadbeef&X-Amz-Date=1", "deadbeefdeadbeef"),
            ("AKIAIOSFODNN7EXAMPLE was used", "AKIAIOSFODNN7EXAMPLE"),
            ("ASIAIOSFODNN7EXAMPLE was used", "ASIAIOSFODNN7EXAMPLE"),
            ("Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----", "MIIEow"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=", "MIIEow"),
        ],
    )
    def test_what_is_a_secret_by_its_form_reaches_no_log(self, said: str, hidden: str) -> None:
        assert hidden not in written(said)

    @pytest.mark.parametrize(
        "said",
        [
            "      + manage_master_user_password = true",
            '      + secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1-a"',
            '      + password_wo_version = 1\n      + name = "orders"',
            "https://app.circleci.com/pipelines/1 at 12:30, mail@example.com",
            "Plan: 2 to add, 0 to change, 0 to destroy.",
        ],
    )
    def test_what_is_no_secret_stays(self, said: str) -> None:
        assert written(said) == said + "\n"

    @pytest.mark.parametrize(
        "piece",
        [
            *(
                "x",
                "a.",
                "a-",
                "eyJaaaaaaaa-",
                "eyJaaaaaaaa.aaa.",
                "http://",
                "x://a:",
                'password = "',
                "password",
            ),
            *(
                "password=",
                "-----BEGIN A PRIVATE KEY-----",
                "-----BEGIN ",
                "gho_aaaa",
                "X-Amz-Signature=",
                '\\"',
                "\\",
            ),
        ],
    )
    def test_no_text_takes_long_to_look_through(self, piece: str) -> None:
        said = piece * (300_000 // len(piece))
        began = time.monotonic()
        shown(said, {})
        assert time.monotonic() - began < 2

    def test_a_secret_that_is_said_line_by_line_is_hidden_line_by_line(self) -> None:
        key = "-----BEGIN EC PRIVATE KEY-----\n" + "\n".join("abcdefghijklmnop" * 4 for _ in range(3))
        with mock.patch.dict(os.environ, {"DEPLOY_PRIVATE_KEY": key}):
            bucket = Bucket()
            mine = log(bucket)
            mine.belongs_to(ID)
            with about("", mine.add):
                for line in key.splitlines():
                    say(line)
            mine.flush()
        assert b"abcdefghijklmnop" not in bucket.objects[KEY]


def written(said: str) -> str:
    """What of a text is kept."""
    bucket = Bucket()
    mine = log(bucket)
    mine.belongs_to(ID)
    with about("", mine.add):
        say(said)
    mine.flush()
    return bucket.objects[KEY].decode()


class TestApply:
    """What a run of the pipeline leaves."""

    def test_each_roots_log_has_its_own_lines_alone(self, setting: Setting) -> None:
        other = "0f0c1a2b-8f5e-4c1d-9a70-1c2d3e4f5a6b"
        setting.functions.request_id = ID
        setting.reviewed(file_of(root()))
        setting.reviewed(file_of(root(other, database_name="second")))
        assert setting.apply() == []
        found = logs_of(setting, "apply")
        assert sorted(found) == ["dev/mydb123", "dev/second"]
        assert "apply at " in found["dev/mydb123"]
        assert "second" not in found["dev/mydb123"]
        assert "mydb123" not in found["dev/second"]

    def test_a_failed_apply_leaves_its_words(self, setting: Setting) -> None:
        setting.functions.request_id = ID
        setting.reviewed(file_of(root()))
        setting.cloud.fail[INSTANCE] = "InsufficientDBInstanceCapacity: none left"
        assert len(setting.apply()) == 1
        assert "InsufficientDBInstanceCapacity: none left" in logs_of(setting, "apply")["dev/mydb123"]

    def test_a_plan_leaves_its_gate_and_its_plan(self, setting: Setting) -> None:
        setting.functions.request_id = ID
        setting.cloud.words = ", and no more"
        setting.reviewed(file_of(root()))
        kept = logs_of(setting, "plan")["dev/mydb123"]
        assert "Gate: passed (create, dev/mydb123)" in kept
        assert "2 to change, and no more" in kept

    def test_functions_of_an_earlier_release_name_no_request_and_no_log_is_kept(
        self, setting: Setting
    ) -> None:
        setting.reviewed(file_of(root()))
        assert setting.apply() == []
        assert logs_of(setting, "apply") == {}

    def test_a_foundation_of_an_earlier_release_fails_no_apply_and_is_named_in_the_report(
        self, setting: Setting, capsys: pytest.CaptureFixture[str]
    ) -> None:
        setting.functions.request_id = ID
        setting.reviewed(file_of(root()))
        real = setting.bucket.put_object

        def refuse(**call: Any) -> dict[str, Any]:
            if call["Key"].startswith("logs/"):
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
            return real(**call)

        capsys.readouterr()
        with mock.patch.object(setting.bucket, "put_object", refuse):
            assert setting.apply() == []
        missing = "the apply role may not write logs/ in the state bucket: apply the foundation first"
        assert [report["notes"] for report in setting.functions.reports] == [
            [f"{missing} (docs/upgrade.md)"],
            [f"{missing} (docs/upgrade.md)"],
        ]
        assert capsys.readouterr().out.count(missing) == 1

    def test_logs_of_many_threads_do_not_mix(self) -> None:
        bucket = Bucket()
        logs = [log(bucket, f"job{number}") for number in range(8)]

        def speak(number: int) -> None:
            with about(f"dev/n{number}", logs[number].add):
                for line in range(50):
                    say(f"{number}-{line}")

        threads = [threading.Thread(target=speak, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, mine in enumerate(logs):
            mine.belongs_to(ID)
            mine.flush()
            key = KEY.replace("job1", f"job{number}")
            assert bucket.objects[key].decode().splitlines() == [f"{number}-{line}" for line in range(50)]


def logs_of(setting: Setting, step: str) -> dict[str, str]:
    """The logs of a step, by database."""
    return {
        "/".join(key.split("/")[2:4]): body.decode()
        for key, body in setting.bucket.objects.items()
        if key.startswith(f"logs/{step}/")
    }
