"""The comments that the provisioner writes on pull requests, each under a separate marker.

A marked comment is updated, never repeated; each ends with what to do next. What the pipeline's reports say
stands in reports/comments.py.
"""

from typing import Final

from provisioner.core.lifecycle import Kind, State
from provisioner.pull_requests.markdown import cell, quoted

PLAN: Final = "<!-- rds-provisioner: plan -->"
OUTCOME: Final = "<!-- rds-provisioner: outcome -->"
DRIFT: Final = "<!-- rds-provisioner: drift -->"
NOT_APPLIED: Final = "<!-- rds-provisioner: not applied -->"
EXPIRY: Final = "<!-- rds-provisioner: expiry -->"
IDLE: Final = "<!-- rds-provisioner: idle -->"
ENDED: Final = "<!-- rds-provisioner: ended -->"
REMOVAL: Final = "<!-- rds-provisioner: removal -->"
APPROVAL: Final = "<!-- rds-provisioner: approval -->"
CANCELLED: Final = "<!-- rds-provisioner: cancelled -->"


def expiry_comment(*, place: str, expires_at: str, last: bool, automatic: bool) -> str:
    """The warning before the end of a database's life."""
    end = (
        "it is removed automatically"
        if automatic
        else "a pull request asks for its removal, which a reviewer approves"
    )
    urgency = "Last warning: " if last else ""
    return (
        f"{EXPIRY}\n## ⏰ {urgency}{cell(place)} expires {expires_at}\n\nThen {end}.\n\n"
        f'**Next:** to keep it, `PATCH /databases/{place}` with `{{"ttl": "7d"}}`, counted from now. '
        "To let it go, do nothing.\n"
    )


def idle_comment(*, place: str, idle_since: str | None, removed_at: str | None) -> str:
    """Says that nobody uses a database, and when it is removed; without `idle_since`, takes that back."""
    if idle_since is None:
        return (
            f"{IDLE}\n## ✅ {cell(place)} is in use\n\nSomeone connected to it or changed it, so that what "
            "stood here is taken back.\n\n**Next:** nothing.\n"
        )
    if removed_at is None:
        return (
            f"{IDLE}\n## 💤 Nobody has connected to {cell(place)} since {idle_since}\n\nThis is a report: "
            "here nothing is removed without a reviewer.\n\n"
            f"**Next:** if it is not needed, `DELETE /databases/{place}`. Otherwise do nothing.\n"
        )
    return (
        f"{IDLE}\n## 💤 Nobody has connected to {cell(place)} since {idle_since}\n\n"
        f"It is removed automatically {removed_at}, or at the next look after that.\n\n"
        "**Next:** to keep it, connect to it for a few minutes, or change it: "
        f'`PATCH /databases/{place}` with `{{"ttl": "7d"}}`, counted from now. To let it go, do nothing.\n'
    )


def removal_comment(*, place: str, number: int, reviewed: bool) -> str:
    """Says on the pull request that disarmed a database which one removes it."""
    step = (
        f"approve #{number} where the database should go; close it to keep the database."
        if reviewed
        else f"nothing; close #{number} to keep the database."
    )
    return f"{REMOVAL}\n## 🗑 #{number} removes {cell(place)}\n\n**Next:** {step}\n"


def ended_comment(*, state: State, kind: Kind, place: str) -> str:
    """Says why a pull request that was opened again is closed."""
    call = {
        Kind.CREATE: "POST /provision-rds",
        Kind.UPDATE: f"PATCH /databases/{place}",
        Kind.EXTEND: f"PATCH /databases/{place}",
        Kind.MAINTAIN: "python -m ops.rollout",
        Kind.DISARM: f"DELETE /databases/{place}",
        Kind.REMOVE: f"DELETE /databases/{place}",
    }[kind]
    return (
        f"{ENDED}\n## 🚫 Closed again: the request of this pull request has ended\n\nIt was {state.value} "
        "when the pull request was closed, and what it held, its name or its part of the quota, may be "
        "someone else's by now. Opening the pull request again does not bring it back.\n\n"
        f"**Next:** ask again with `{call}`; that opens a new pull request.\n"
    )


def cancelled_comment(*, actor: str, reason: str) -> str:
    """Says who cancelled the request, and why."""
    return (
        f"{CANCELLED}\n## 🚫 Cancelled by {cell(actor)}\n\n**Why**\n\n{quoted(reason)}\n\n"
        "**Next:** nothing; nothing was changed. The same can be asked for again.\n"
    )


def approval_comment(missing: str, *, trouble: bool) -> str:
    """Says why a review did not lead to the merge; `trouble` where no review can before an operator acts."""
    title = "🔒 Nothing can be merged here now" if trouble else "⏳ Not merged yet"
    step = (
        "an operator changes what is named above; it is looked at again within the hour."
        if trouble
        else "approve the pull request as it is now, or close it. It is merged automatically; nobody has to "
        "merge it by hand."
    )
    return (
        f"{APPROVAL}\n## {title}\n\nThe provisioner merges pull requests, and this one is not merged: "
        f"{missing}.\n\n**Next:** {step}\n"
    )
