"""The table of a whole life says how long each step of each request took, and when warnings came."""

import re
from typing import Any

from sandbox.demo.life_table import life_table

CREATED = "2026-11-23T12:00:00Z"
DATABASE = {
    "events": [
        {
            "at": "2026-11-30T12:00:00Z",
            "event": "expiring",
            "actor": "rds-provisioner",
            "detail": {"expires_at": "2026-12-07T12:00:00Z", "last": False},
        }
    ]
}


def request(
    kind: str, created_at: str, updated_at: str, number: int | None, **seconds: float
) -> dict[str, Any]:
    link = f"http://localhost/acme/databases/pull/{number}" if number else None
    return {
        "kind": kind,
        "state": "done",
        "created_at": created_at,
        "updated_at": updated_at,
        "links": {"pull_request": link},
        "steps": [{"step": name, "seconds": number} for name, number in seconds.items()],
    }


CREATE = request(
    "create",
    CREATED,
    "2026-11-23T12:02:00Z",
    1,
    pull_request=2.3,
    review=17.1,
    queue=6.8,
    apply=90.4,
    users=3.1,
)
# Made under a clock that was moved: it ends before it begins.
REMOVE = request(
    "remove",
    "2026-12-07T12:01:00Z",
    "2026-11-23T12:08:00Z",
    4,
    pull_request=0.0,
    review=14.0,
    queue=5.0,
    apply=80.0,
)


def test_requests_and_warnings_stand_in_order_of_time_under_aligned_columns() -> None:
    cells = [re.split(r"   +", line.strip()) for line in life_table(DATABASE, [CREATE, REMOVE])]

    assert cells == [
        [*("at", "what", "state", "PR"), *("pull request", "review", "queue", "apply", "users", "together")],
        [CREATED, "create", "done", "#1", "2.3 s", "17.1 s", "6.8 s", "90.4 s", "3.1 s", "119.7 s"],
        ["2026-11-30T12:00:00Z", "warning", "the first one: it expires 2026-12-07T12:00:00Z"],
        ["2026-12-07T12:01:00Z", "remove", "done", "#4", "14.0 s", "5.0 s", "80.0 s", "99.0 s"],
    ]
    ends = {len(line) for line in life_table(DATABASE, [CREATE, REMOVE]) if "warning" not in line}
    assert len(ends) == 1


def test_a_request_without_a_pull_request_has_empty_cells() -> None:
    cancelled = request("extend", "2026-11-23T12:00:00Z", "2026-11-23T12:00:01Z", None, pull_request=1.0)

    assert life_table({"events": []}, [cancelled])[1].split() == [
        "2026-11-23T12:00:00Z",
        "extend",
        "done",
        "1.0",
        "s",
        "1.0",
        "s",
    ]
