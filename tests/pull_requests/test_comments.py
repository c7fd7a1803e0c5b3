"""Comments say what happens to a database, begin with their marker and end with the next step."""

import pytest
from provisioner.core.lifecycle import Kind, State
from provisioner.pull_requests import comments
from provisioner.pull_requests.comments import (
    cancelled_comment,
    ended_comment,
    expiry_comment,
    idle_comment,
    removal_comment,
)

from tests.golden_files import assert_golden

COMMENTS = {
    "expiry-first": expiry_comment(
        place="dev/mydb123", expires_at="2026-11-30T12:00:00Z", last=False, automatic=True
    ),
    "expiry-last": expiry_comment(
        place="prod/orders", expires_at="2026-11-30T12:00:00Z", last=True, automatic=False
    ),
    "idle-warning": idle_comment(
        place="dev/mydb123", idle_since="2026-11-09T13:00:00Z", removed_at="2026-11-26T12:00:00Z"
    ),
    "idle-report": idle_comment(place="staging/orders", idle_since="2026-10-24T13:00:00Z", removed_at=None),
    "idle-over": idle_comment(place="dev/mydb123", idle_since=None, removed_at=None),
    "ended-rejected": ended_comment(state=State.REJECTED, kind=Kind.CREATE, place="dev/mydb123"),
    "cancelled": cancelled_comment(actor="jane", reason="asked for\n# twice"),
    "ended-cancelled": ended_comment(state=State.CANCELLED, kind=Kind.DISARM, place="prod/orders"),
    "removal": removal_comment(place="prod/orders", number=17, reviewed=True),
    "removal-unreviewed": removal_comment(place="dev/mydb123", number=17, reviewed=False),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_is_as_agreed(name: str) -> None:
    assert_golden(f"comments/{name}.md", COMMENTS[name])


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_begins_with_its_marker_and_ends_with_the_next_step(name: str) -> None:
    first, *_, last = COMMENTS[name].rstrip("\n").split("\n")

    assert first in (comments.EXPIRY, comments.IDLE, comments.ENDED, comments.REMOVAL, comments.CANCELLED)
    assert last.startswith("**Next:**")
