"""The comments that the provisioner writes on pull requests, each under a marker of its own.

A marked comment is updated, never repeated; each ends with what to do next.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from provisioner.core.lifecycle import Kind, State
from provisioner.core.policy import PolicyResult
from provisioner.pull_requests.content import cell, policy_table, quoted

PLAN: Final = "<!-- rds-provisioner: plan -->"
OUTCOME: Final = "<!-- rds-provisioner: outcome -->"
DRIFT: Final = "<!-- rds-provisioner: drift -->"
EXPIRY: Final = "<!-- rds-provisioner: expiry -->"
IDLE: Final = "<!-- rds-provisioner: idle -->"
ENDED: Final = "<!-- rds-provisioner: ended -->"
# GitHub refuses a comment of more than 65,536 characters; the rest is for fences and what stands around.
LIMIT: Final = 65_536
_PLAN_ROOM: Final = 48_000
_CAUSE_ROOM: Final = 4_000
_MOST_RULES: Final = 16


def plan_comment(
    *,
    outcome: str,
    place: str | None,
    commit: str,
    summary: Mapping[str, Any] | None,
    results: Sequence[PolicyResult],
    plan_text: str,
    pipeline_url: str,
    cause: str | None,
    next_step: str,
) -> str:
    """The verdict, the policy and the plan of one commit."""
    headline = {
        "passed": "Plan: " + counts(summary or {}),
        "denied": "Denied by the gate",
        "failed": "The plan failed",
    }[outcome]
    icon = {"passed": "✅", "denied": "⛔", "failed": "❌"}[outcome]
    sections = [f"{PLAN}\n## {icon} {headline}", f"{cell(place or 'no database')} at `{_sha(commit)}`."]
    if cause:
        sections.append(quoted(cause[:_CAUSE_ROOM]))
    if results:
        # What is denied first, so that a long table never hides it.
        ordered = sorted(results, key=lambda one: one.passed)
        sections.append(policy_table(results if len(results) <= _MOST_RULES else ordered[:_MOST_RULES]))
    if plan_text:
        sections.append(_folded("The plan", plan_text))
    sections.append(f"[Pipeline]({_url(pipeline_url)})\n\n**Next:** {next_step}")
    return "\n\n".join(sections) + "\n"


def outcome_comment(
    *,
    outcome: str,
    place: str,
    result: Mapping[str, Any] | None,
    cause: str | None,
    retryable: bool,
    pipeline_url: str,
) -> str:
    """How the apply went; where the database is, and never a password."""
    match outcome:
        case "started":
            text = f"## ⏳ Applying {cell(place)}\n\nCreating a database takes 5 to 60 minutes on AWS."
            follow = "wait; this comment will say how it went."
        case "succeeded":
            text = f"## ✅ {cell(place)} is as this pull request says\n\n{_where(result or {})}"
            follow = "read the user name and password from the secret; the API never shows them."
        case "removed":
            text = f"## ✅ {cell(place)} is removed"
            follow = "nothing; the name is free again."
        case _:
            why = (cause or "The pipeline gave no cause.")[:_CAUSE_ROOM]
            text = f"## ❌ Applying {cell(place)} failed\n\n{quoted(why)}"
            follow = (
                "fix the cause, then `POST /requests/{id}/retry`, or run the pipeline's workflow again; "
                "no new pull request is needed."
                if retryable
                else "this needs another change: correct the request, or remove the database."
            )
    return f"{OUTCOME}\n{text}\n\n[Pipeline]({_url(pipeline_url)})\n\n**Next:** {follow}\n"


def expiry_comment(*, place: str, expires_at: str, last: bool, automatic: bool) -> str:
    """The warning before the end of a database's life."""
    end = (
        "it is removed by itself"
        if automatic
        else "a pull request asks for its removal, which a person approves"
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
            f"{IDLE}\n## ✅ {cell(place)} is in use\n\nSomebody connected to it or changed it, so that what "
            "stood here is taken back.\n\n**Next:** nothing.\n"
        )
    if removed_at is None:
        return (
            f"{IDLE}\n## 💤 Nobody has connected to {cell(place)} since {idle_since}\n\nThis is a report: "
            "here nothing is removed without a person.\n\n"
            f"**Next:** if it is not needed, `DELETE /databases/{place}`. Otherwise do nothing.\n"
        )
    return (
        f"{IDLE}\n## 💤 Nobody has connected to {cell(place)} since {idle_since}\n\n"
        f"It is removed by itself {removed_at}, or at the next look after that.\n\n"
        "**Next:** to keep it, connect to it for a few minutes, or change it: "
        f'`PATCH /databases/{place}` with `{{"ttl": "7d"}}`, counted from now. To let it go, do nothing.\n'
    )


def ended_comment(*, state: State, kind: Kind, place: str) -> str:
    """Says why a pull request that was opened again is closed."""
    call = {
        Kind.CREATE: "POST /provision-rds",
        Kind.UPDATE: f"PATCH /databases/{place}",
        Kind.EXTEND: f"PATCH /databases/{place}",
        Kind.DISARM: f"DELETE /databases/{place}",
        Kind.REMOVE: f"DELETE /databases/{place}",
    }[kind]
    return (
        f"{ENDED}\n## 🚫 Closed again: the request of this pull request has ended\n\nIt was {state.value} "
        "when the pull request was closed, and what it held, its name or its part of the quota, may be "
        "somebody else's by now. Opening the pull request again does not bring it back.\n\n"
        f"**Next:** ask anew with `{call}`; that opens a new pull request.\n"
    )


def drift_comment(*, place: str, plan_text: str, pipeline_url: str) -> str:
    """What the nightly check found to differ."""
    return (
        f"{DRIFT}\n## 🔎 {cell(place)} differs from its root\n\nSomething changed it beside git.\n\n"
        f"{_folded('What differs', plan_text)}\n\n"
        f"[Pipeline]({_url(pipeline_url)})\n\n**Next:** undo it by hand, or bring it into the root by a pull "
        "request; the next apply of this database would set it back.\n"
    )


def counts(summary: Mapping[str, Any]) -> str:
    """How much a plan changes."""
    parts = [
        f"{summary.get(name, 0)} to {verb}"
        for name, verb in (
            ("add", "add"),
            ("change", "change"),
            ("replace", "replace"),
            ("destroy", "destroy"),
        )
        if summary.get(name) or name in ("add", "change", "destroy")
    ]
    return ", ".join(parts)


def _folded(summary: str, text: str) -> str:
    """A long text that opens on a click, cut to what a comment holds."""
    cut = text[:_PLAN_ROOM]
    note = "" if cut == text else f"\n\nCut after {_PLAN_ROOM:,} characters; the pipeline has all of it."
    return f"<details><summary>{summary}</summary>\n\n{quoted(cut)}\n\n</details>{note}"


def _where(result: Mapping[str, Any]) -> str:
    names = {
        "endpoint": "Endpoint",
        "port": "Port",
        "database_name": "Database",
        "secret_arn": "Secret",
        "identifier": "Identifier",
    }
    rows = [f"| {label} | {cell(str(result[name]))} |" for name, label in names.items() if result.get(name)]
    return "\n".join(["| | |", "|---|---|", *rows])


def _sha(text: str) -> str:
    return text[:12] if re.fullmatch(r"[0-9a-f]{7,64}", text) else "unknown"


def _url(text: str) -> str:
    return text if re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]{1,500}", text) else "#"
