"""One root, one run: who has a claim, who may take it over, and what is never taken."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from provisioner.core.names import Place

from pipeline.claims import Claim, ClaimDenied, Claims, Heartbeat, key
from pipeline.pace import LEASE
from tests.core.examples import NOW
from tests.pipeline.fakes import Bucket

PLACE = Place("dev", "orders")


class Setting:
    """A bucket, a clock, and what CircleCI says of each job."""

    def __init__(self, bucket: Any) -> None:
        self.bucket, self.now = bucket, NOW
        self.ended: dict[str, bool] = {}
        self.locks: dict[Place, str] = {}

    def run(self, name: str) -> Claims:
        return Claims(
            self.bucket,
            "states",
            f"https://ci/{name}",
            lambda: self.now,
            job=name,
            ended=self.ended.get,
            lock_id=self.locks.get,
            release_lock=self.release,
        )

    def release(self, place: Place, lock_id: str) -> None:
        if self.locks.get(place) == lock_id:
            del self.locks[place]


@pytest.fixture(params=["fake", "moto"])
def setting(request: pytest.FixtureRequest) -> Iterator[Setting]:
    """The pipeline's stand-in for S3, and moto's, which holds it to S3's conditions."""
    if request.param == "fake":
        yield Setting(Bucket())
        return
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="states")
        yield Setting(client)


def test_the_first_has_it_and_the_second_learns_who(setting: Setting) -> None:
    first, second = setting.run("a"), setting.run("b")
    assert first.take(PLACE) is None
    other = second.take(PLACE)
    assert other is not None
    assert (other.holder, other.until) == ("https://ci/a", NOW + LEASE)
    assert (first.holds(PLACE), second.holds(PLACE)) == (True, False)


def test_a_release_gives_it_to_the_next(setting: Setting) -> None:
    first, second = setting.run("a"), setting.run("b")
    first.take(PLACE)
    first.release(PLACE)
    assert second.take(PLACE) is None
    first.release(PLACE)  # what is another's by now stays with it
    assert second.read(PLACE) is not None


@pytest.mark.parametrize("answer", [None, False])
def test_an_expired_claim_is_left_where_the_job_is_not_known_to_have_ended(
    setting: Setting, answer: bool | None
) -> None:
    first, second = setting.run("a"), setting.run("b")
    first.take(PLACE)
    setting.now += 2 * LEASE
    if answer is not None:
        setting.ended["a"] = answer
    other = second.take(PLACE)
    assert other is not None
    assert other.expired(setting.now)
    assert other.describe(setting.now) == "https://ci/a works on it, not renewed for 20 minutes"


def test_a_job_that_ended_keeps_its_claim_until_the_lease_is_over(setting: Setting) -> None:
    first, second = setting.run("a"), setting.run("b")
    first.take(PLACE)
    setting.ended["a"] = True
    assert second.take(PLACE) is not None
    setting.now += LEASE + dt.timedelta(seconds=1)
    assert second.take(PLACE) is None


def test_a_takeover_releases_the_lock_that_the_claim_names_and_no_other(setting: Setting) -> None:
    first = setting.run("a")
    first.take(PLACE)
    setting.locks[PLACE] = "lock-1"
    assert first.renew() == []
    setting.ended["a"] = True
    setting.now += 2 * LEASE
    setting.locks[Place("dev", "other")] = "lock-1"
    assert setting.run("b").take(PLACE) is None
    assert setting.locks == {Place("dev", "other"): "lock-1"}


def test_a_takeover_leaves_a_lock_that_someone_took_since(setting: Setting) -> None:
    first = setting.run("a")
    first.take(PLACE)
    setting.locks[PLACE] = "lock-1"
    first.renew()
    setting.locks[PLACE] = "an operator's"
    setting.ended["a"] = True
    setting.now += 2 * LEASE
    assert setting.run("b").take(PLACE) is None
    assert setting.locks == {PLACE: "an operator's"}


def test_a_renewal_keeps_it_and_one_that_was_lost_is_named(setting: Setting) -> None:
    first, second = setting.run("a"), setting.run("b")
    first.take(PLACE)
    setting.now += dt.timedelta(minutes=9)
    assert first.renew() == []
    found = second.read(PLACE)
    assert found is not None
    assert found.until == setting.now + LEASE
    setting.ended["a"] = True
    setting.now += 2 * LEASE
    second.take(PLACE)
    assert first.renew() == [PLACE]
    assert not first.holds(PLACE)
    first.release(PLACE)
    assert second.read(PLACE) is not None


def test_an_operator_takes_an_expired_claim_away_and_never_one_that_is_renewed(setting: Setting) -> None:
    first, operator = setting.run("a"), setting.run("me")
    assert (
        operator.unlock(PLACE)
        == "dev/orders: nobody claims it. `python -m pipeline locks` shows state locks."
    )
    first.take(PLACE)
    setting.locks[PLACE] = "lock-1"
    first.renew()
    assert operator.unlock(PLACE) == (
        "dev/orders: https://ci/a works on it, and renews it: end that job first."
    )
    setting.now += 2 * LEASE
    assert operator.unlock(PLACE) == (
        "dev/orders: took away the claim of https://ci/a, last seen at 12:00 UTC; its state lock lock-1 "
        "was released. Run main's newest workflow again."
    )
    assert (operator.read(PLACE), setting.locks) == (None, {})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"holder": "x", "since": "x", "until": 1}'])
def test_a_claim_that_cannot_be_read_is_a_claim_that_an_operator_ends(body: bytes) -> None:
    setting = Setting(Bucket())
    setting.bucket.objects[key(PLACE)] = body
    other = setting.run("b").take(PLACE)
    assert other is not None
    assert other.holder == "an unreadable claim"
    assert "took away" in setting.run("me").unlock(PLACE)
    assert setting.run("b").take(PLACE) is None


def test_a_claim_of_a_later_release_may_say_more() -> None:
    body = (
        b'{"version": 2, "holder": "h", "job": "j", "since": "2026-11-23T12:00:00+00:00", '
        b'"until": "2026-11-23T12:10:00+00:00", "lock_id": null, "new": 1}'
    )
    assert Claim.parse(PLACE, body, "t") == Claim(PLACE, "h", NOW, NOW + LEASE, "j", None, "t")


class Denying:
    """S3 for a role of before this release."""

    def put_object(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "PutObject")


def test_a_role_without_the_prefix_learns_which_step_is_missing() -> None:
    with pytest.raises(ClaimDenied, match=r"apply the foundation first \(docs/upgrade.md\)"):
        Setting(Denying()).run("a").take(PLACE)


def test_of_many_at_once_one_has_it() -> None:
    setting = Setting(Bucket())
    got: list[object] = []
    runs = [setting.run(str(number)) for number in range(8)]
    threads = [threading.Thread(target=lambda run=run: got.append(run.take(PLACE))) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got.count(None) == 1


def beating(claims: Claims, beats: int) -> list[Place]:
    """What a heartbeat reports as lost until it has beaten so often."""
    lost: list[Place] = []
    seen = threading.Event()
    renew: Callable[[], list[Place]] = claims.renew
    count = 0

    def counted() -> list[Place]:
        nonlocal count
        count += 1
        if count >= beats:
            seen.set()
        return renew()

    claims.renew = counted  # type: ignore[method-assign]
    with Heartbeat(claims, lost.append, seconds=0.001):
        assert seen.wait(20)
    return lost


def test_a_heartbeat_renews_and_says_what_was_lost() -> None:
    setting = Setting(Bucket())
    first = setting.run("a")
    first.take(PLACE)
    setting.now += dt.timedelta(minutes=5)
    assert beating(first, 2) == []
    found = first.read(PLACE)
    assert found is not None
    assert found.until == setting.now + LEASE
    del setting.bucket.objects[key(PLACE)]
    assert beating(first, 2) == [PLACE]


def test_a_heartbeat_outlives_a_network_that_fails_for_a_while() -> None:
    setting = Setting(Bucket())
    first = setting.run("a")
    first.take(PLACE)
    put, fails = setting.bucket.put_object, iter([True, True])

    def flaky(**call: Any) -> Any:
        if next(fails, False):
            raise EndpointConnectionError(endpoint_url="https://s3")
        return put(**call)

    setting.bucket.put_object = flaky
    setting.now += dt.timedelta(minutes=5)
    beating(first, 4)
    found = first.read(PLACE)
    assert found is not None
    assert found.until == setting.now + LEASE
