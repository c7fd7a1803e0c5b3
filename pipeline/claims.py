"""One root, one run: a claim in the state bucket, written only where there is none.

A run that meets a claim leaves the root to its holder, who looks at main again after the release. The holder
renews its claim while it works; a claim that is no longer renewed is taken over only when CircleCI says that
its job has ended, or when an operator says so: a job that only lost its network may still be applying.
Conditional writes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import datetime as dt
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core.names import Place

from pipeline.pace import HEARTBEAT_SECONDS, LEASE

UNREADABLE: Final = "an unreadable claim"
_TAKEN: Final = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_MISSING: Final = {"NoSuchKey", "404"}
_DENIED: Final = {"AccessDenied", "403"}


class ClaimDenied(Exception):
    """The role may not keep claims: the foundation is older than the pipeline."""

    def __init__(self) -> None:
        super().__init__(
            "the apply role may not write claims/ in the state bucket: apply the foundation first "
            "(docs/upgrade.md)"
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """Who works on a root: the job's address, until when, and the state lock that it holds meanwhile."""

    place: Place
    holder: str
    since: dt.datetime
    until: dt.datetime
    job: str = ""  # as CircleCI's API names it
    lock_id: str | None = None
    tag: str = ""
    lease: dt.timedelta = LEASE

    def body(self) -> bytes:
        """The object in the bucket; a later version may say more."""
        content = {
            "version": 1,
            "holder": self.holder,
            "job": self.job,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "lease_seconds": self.lease.total_seconds(),
            "lock_id": self.lock_id,
        }
        return json.dumps(content, sort_keys=True).encode()

    @classmethod
    def parse(cls, place: Place, body: bytes, tag: str) -> "Claim":
        """Read a claim; one that cannot be read is held by nobody knows whom, and never expires alone."""
        try:
            content = json.loads(body)
            since, until = (dt.datetime.fromisoformat(str(content[name])) for name in ("since", "until"))
            if since.tzinfo is None or until.tzinfo is None:
                raise ValueError
            lock_id = content.get("lock_id")
            lock = str(lock_id) if lock_id else None
            lease = dt.timedelta(seconds=float(content.get("lease_seconds", LEASE.total_seconds())))
            job = str(content.get("job", ""))
            return cls(place, str(content["holder"]), since, until, job, lock, tag, lease)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            never = dt.datetime.max.replace(tzinfo=dt.UTC)
            return cls(place, UNREADABLE, dt.datetime.min.replace(tzinfo=dt.UTC), never, tag=tag)

    def expired(self, now: dt.datetime) -> bool:
        """Whether its holder has not renewed it in time."""
        return now > self.until

    def describe(self, now: dt.datetime) -> str:
        """The claim in one sentence."""
        late = f", not renewed for {(now - self.until + self.lease).total_seconds() / 60:.0f} minutes"
        return f"{self.holder} works on it{late if self.expired(now) else ''}"


class Claims:
    """The claims of one run; the threads of its roots share it."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        holder: str,
        clock: Callable[[], dt.datetime],
        *,
        job: str = "",
        ended: Callable[[str], bool | None] = lambda _: None,
        lock_id: Callable[[Place], str | None] = lambda _: None,
        release_lock: Callable[[Place, str], None] = lambda *_: None,
        lease: dt.timedelta = LEASE,
    ) -> None:
        """`ended` says whether a job has ended, None where that is not known.

        `lock_id` reads the state lock of a place, and `release_lock` removes it where it has that id.
        """
        self._client = client
        self._bucket = bucket
        self._holder = holder
        self._clock = clock
        self._job = job
        self._ended = ended
        self._lock_id = lock_id
        self._release_lock = release_lock
        self._lease = lease
        self._taken_over: dict[Place, str] = {}
        self._held: dict[Place, Claim] = {}
        self.guard = threading.RLock()

    def take(self, place: Place) -> Claim | None:
        """Claim a place: None where that worked, else the claim that stands in the way."""
        with self.guard:
            now = self._clock()
            mine = Claim(place, self._holder, now, now + self._lease, self._job, lease=self._lease)
            for _ in range(3):
                if tag := self._write(mine, IfNoneMatch="*"):
                    self._held[place] = replace(mine, tag=tag)
                    self._note_unlock(place)
                    return None
                other = self.read(place)
                if other is not None and not self._take_over(other, now):
                    return other
            return other

    def release(self, place: Place) -> None:
        """Give a place back; one that another run has by now stays with it."""
        with self.guard:
            self._taken_over.pop(place, None)
            mine = self._held.pop(place, None)
            if mine is not None:
                self._delete(mine)

    def renew(self) -> list[Place]:
        """Renew every claim of this run; the places that another run has taken by now."""
        lost = []
        with self.guard:
            for place, mine in list(self._held.items()):
                newer = replace(mine, until=self._clock() + self._lease, lock_id=self._lock_id(place))
                if tag := self._write(newer, IfMatch=mine.tag):
                    self._held[place] = replace(newer, tag=tag)
                else:
                    del self._held[place]
                    lost.append(place)
        return lost

    def holds(self, place: Place) -> bool:
        """Whether this run has the place, as far as it knows."""
        return place in self._held

    def read(self, place: Place) -> Claim | None:
        """The claim on a place, whoever has it."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key(place))
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            raise _explained(error) from error
        return Claim.parse(place, bytes(answer["Body"].read()), str(answer["ETag"]))

    def unlock(self, place: Place) -> str:
        """Take an expired claim and its state lock away, as an operator says; what was done."""
        claim, now = self.read(place), self._clock()
        if claim is None:
            return f"{place}: nobody claims it. `python -m pipeline locks` shows state locks."
        if not claim.expired(now) and claim.holder != UNREADABLE:
            return f"{place}: {claim.describe(now)}, and renews it: end that job first."
        self._client.put_object(
            Bucket=self._bucket,
            Key=_unlocked(place),
            Body=json.dumps(
                {"version": 1, "said": f"An operator took away the claim of {_lost(claim)}."}
            ).encode(),
            ContentType="application/json",
        )
        self._give_up(claim)
        return f"{place}: took away the claim of {_lost(claim)}. Run main's newest workflow again."

    def took_over(self, place: Place) -> str:
        """Whose place this run has taken, in a sentence; "" where nobody's."""
        return self._taken_over.get(place, "")

    def _note_unlock(self, place: Place) -> None:
        """What an operator did before this run is said by it once, where people read of the apply."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=_unlocked(place))
            said = json.loads(answer["Body"].read())
            self._taken_over[place] = str(said["said"])
            self._client.delete_object(Bucket=self._bucket, Key=_unlocked(place))
        except (BotoCoreError, ClientError, ValueError, KeyError, TypeError):
            return  # as a rule there is none

    def _take_over(self, other: Claim, now: dt.datetime) -> bool:
        """Whether the other's claim is out of the way: its time is over, and its job has ended."""
        if not other.expired(now) or self._ended(other.job) is not True:
            return False
        self._give_up(other)
        said = f"It goes on for {_lost(other)}: CircleCI says that this job has ended."
        self._taken_over[other.place] = said
        return True

    def _give_up(self, claim: Claim) -> None:
        """The lock first: without the claim nobody would know whose it is."""
        if claim.lock_id:
            self._release_lock(claim.place, claim.lock_id)
        self._delete(claim)

    def _write(self, claim: Claim, **condition: str) -> str | None:
        """Write a claim under a condition; its tag, None where the condition does not hold."""
        try:
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=key(claim.place),
                Body=claim.body(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if _code(error) in _TAKEN | _MISSING:
                return None
            raise _explained(error) from error
        return str(answer["ETag"])

    def _delete(self, claim: Claim) -> None:
        try:
            self._client.delete_object(Bucket=self._bucket, Key=key(claim.place), IfMatch=claim.tag)
        except ClientError as error:
            if _code(error) not in _TAKEN | _MISSING:
                raise _explained(error) from error


class Heartbeat:
    """Renews a run's claims in a thread, while the run works."""

    def __init__(
        self,
        claims: Claims,
        lost: Callable[[Place], None],
        seconds: float = HEARTBEAT_SECONDS,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """`then` is done after each renewal, and raises nothing."""
        self._claims = claims
        self._lost = lost
        self._seconds = seconds
        self._then = then
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                for place in self._claims.renew():
                    self._lost(place)
            except (BotoCoreError, ClientError, ClaimDenied):
                pass  # the next beat tries again; thirty of them fit into a lease
            self._then()


def key(place: Place) -> str:
    """Where the claim on a place is kept."""
    return f"claims/{place}.json"


def _unlocked(place: Place) -> str:
    """Where an operator's `unlock` is noted for the run after it."""
    return f"claims/{place}.unlocked.json"


def _lost(claim: Claim) -> str:
    """Who had it, until when, and the state lock that was released with it."""
    lock = f"; its state lock {claim.lock_id} was released" if claim.lock_id else ""
    seen = "" if claim.holder == UNREADABLE else f", last seen at {claim.until - claim.lease:%H:%M} UTC"
    return f"{claim.holder}{seen}{lock}"


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def _explained(error: ClientError) -> Exception:
    return ClaimDenied() if _code(error) in _DENIED else error
