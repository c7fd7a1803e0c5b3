"""A run's heart: what it reports, how often, and that nothing which goes wrong with it stops an apply."""

import datetime as dt
import io
import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from provisioner.core.names import Place

from pipeline.bad_setting import BadSetting
from pipeline.claims import Claims, Heartbeat
from pipeline.logs import Logs
from pipeline.pace import Pace, pace
from pipeline.pulse import Pulse
from pipeline.reporter import Reporter
from tests.core.examples import ID, NOW, root
from tests.pipeline.fakes import Bucket
from tests.pipeline.repository import file_of
from tests.pipeline.setting import URL, Setting

ORDERS, SHOP = Place("dev", "orders"), Place("dev", "shop")


class Lambda:
    """A client whose functions answer as they are set to, and note what they were sent."""

    def __init__(self, answer: Any = None) -> None:
        self.answer: Any = answer or {"accepted": True}
        self.sent: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, Qualifier: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert (FunctionName, Qualifier) == ("apply-report", "live")
        self.sent.append(json.loads(Payload))
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, bytes):
            return {"Payload": io.BytesIO(self.answer)}
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode())}


def pulse(client: Any, beat: Pace | None = None) -> Pulse:
    return Pulse(Reporter(client, "apply-report"), "dev", URL, lambda: NOW, beat or Pace())


def test_every_third_beat_reports_all_that_is_at_work_in_one_word() -> None:
    functions = Lambda()
    mine = pulse(functions)
    mine.belongs_to(ORDERS, "r2")
    mine.belongs_to(SHOP, "r1")
    for _ in range(7):
        mine.beat()
    assert functions.sent == 2 * [
        {
            "version": 1,
            "type": "heartbeat",
            "environment": "dev",
            "database_name": "",
            "pipeline_url": URL,
            "commit": "",
            "requests": ["r1", "r2"],
            "seconds": 60,
        }
    ]


def test_what_is_done_is_reported_no_longer() -> None:
    functions = Lambda()
    mine = pulse(functions)
    mine.belongs_to(ORDERS, "r1")
    mine.end(ORDERS)
    mine.report()
    assert functions.sent == []


@pytest.mark.parametrize(
    "answer",
    [
        EndpointConnectionError(endpoint_url="https://lambda"),
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Invoke"),
        {"accepted": False, "reason": "this function takes no report of type heartbeat"},
        {"errorType": "Boom", "errorMessage": "it broke"},
        RuntimeError("a bug"),
        b"no JSON",
        b"[]",
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_nothing_that_goes_wrong_is_raised_and_it_is_said_once(
    answer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = pulse(Lambda(answer))
    mine.belongs_to(ORDERS, "r1")
    for _ in range(9):
        mine.beat()
    assert capsys.readouterr().out.count("Note: a heartbeat was not taken") == 1


def test_a_beat_writes_the_logs_of_all_that_is_at_work() -> None:
    bucket = Bucket()
    mine = pulse(Lambda())
    logs = Logs(bucket, "states", "apply", lambda: NOW, "job1")
    for place, request_id in ((ORDERS, "r1"), (SHOP, "r2")):
        log = logs.begin(place)
        mine.begin(place, log)
        mine.belongs_to(place, request_id)
        log.add(f"applying {place}")
    mine.beat()
    assert sorted(bucket.objects.values()) == [b"applying dev/orders\n", b"applying dev/shop\n"]


def test_a_slow_bucket_holds_up_the_claims_for_one_beat_at_most() -> None:
    now = [NOW]

    class Slow(Bucket):
        def put_object(self, **call: Any) -> dict[str, Any]:
            now[0] += dt.timedelta(seconds=15)
            return super().put_object(**call)

    bucket = Slow()
    mine = Pulse(Reporter(Lambda(), "apply-report"), "dev", URL, lambda: now[0])
    for number in range(16):
        place = Place("dev", f"n{number}")
        log = Logs(bucket, "states", "apply", lambda: NOW, "job1").begin(place)
        log.belongs_to(str(number))
        log.add("x")
        mine.begin(place, log)
    mine.beat()
    assert len(bucket.objects) == 2
    for _ in range(7):
        mine.beat()
    assert len(bucket.objects) == 16


def test_the_claims_and_the_word_have_one_clock() -> None:
    beaten = threading.Event()
    claims = Claims(Bucket(), "states", "run", lambda: NOW)
    claims.take(ORDERS)
    with Heartbeat(claims, lambda _: None, 0.001, beaten.set):
        assert beaten.wait(5)


def test_a_run_reports_its_requests_as_soon_as_they_have_started(setting: Setting) -> None:
    setting.functions.request_id = ID
    setting.reviewed(file_of(root()))
    assert setting.apply() == []
    assert [beat["requests"] for beat in setting.functions.beats] == [[ID]]


def test_functions_of_an_earlier_release_get_no_heartbeat(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    assert setting.apply() == []
    assert setting.functions.beats == []


class TestPace:
    def test_one_setting_moves_all_that_is_counted_in_beats(self) -> None:
        usual, quick = pace({}), pace({"HEARTBEAT_SECONDS": "2"})
        assert (usual.seconds, usual.report_seconds, usual.lease) == (20, 60, dt.timedelta(minutes=10))
        assert (quick.seconds, quick.report_seconds, quick.lease) == (2, 6, dt.timedelta(minutes=1))

    @pytest.mark.parametrize("given", ["0", "61", "-1", "1.5", "soon", " 2"])
    def test_what_is_no_pace_is_refused(self, given: str) -> None:
        with pytest.raises(BadSetting, match="set a number from 1 to 60, or leave it out"):
            pace({"HEARTBEAT_SECONDS": given})


class TestTakenOver:
    """Whose place a run has taken is said in its log, its reports and the pull request."""

    DEAD = "https://ci.example/dead"

    def claimed(self, setting: Setting) -> Claims:
        setting.functions.request_id = ID
        setting.reviewed(file_of(root()))
        dead = Claims(setting.bucket, "states", self.DEAD, lambda: setting.now, job="w/j")
        dead.take(Place("dev", "mydb123"))
        setting.now += dt.timedelta(minutes=11)
        return dead

    def test_from_a_job_that_circleci_says_has_ended(
        self, setting: Setting, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.claimed(setting)
        assert setting.apply() == []
        said = f"It goes on for {self.DEAD}, last seen at 12:00 UTC: CircleCI says that this job has ended."
        assert [report["notes"] for report in setting.functions.reports] == [[said], [said]]
        assert f"dev/mydb123  {said}" in capsys.readouterr().out
        assert any(
            said in body.decode() for key, body in setting.bucket.objects.items() if "logs/apply" in key
        )

    def test_after_an_operators_unlock(self, setting: Setting) -> None:
        self.claimed(setting)
        operator = Claims(setting.bucket, "states", "me", lambda: setting.now)
        operator.unlock(Place("dev", "mydb123"))
        assert setting.apply() == []
        said = f"An operator took away the claim of {self.DEAD}, last seen at 12:00 UTC."
        assert [report["notes"] for report in setting.functions.reports] == [[said], [said]]
        assert not [key for key in setting.bucket.objects if key.startswith("claims/")]

    def test_a_run_that_took_nobodys_place_says_nothing(self, setting: Setting) -> None:
        setting.functions.request_id = ID
        setting.reviewed(file_of(root()))
        assert setting.apply() == []
        assert [report["notes"] for report in setting.functions.reports] == [[], []]

    def test_what_an_operator_did_is_said_once(self, setting: Setting) -> None:
        self.claimed(setting)
        Claims(setting.bucket, "states", "me", lambda: setting.now).unlock(Place("dev", "mydb123"))
        assert setting.apply() == []
        setting.reviewed(file_of(root(storage_gb=40)))
        assert setting.apply() == []
        assert [report["notes"] for report in setting.functions.reports] == [[], []]
