"""Lays out a database's whole life as a table, from the API's own documents."""

from collections.abc import Sequence
from typing import Any

STEPS = ("pull_request", "review", "queue", "apply", "users")
HEAD = ("at", "what", "state", "PR", "pull request", "review", "queue", "apply", "users", "together")
RIGHT = frozenset(range(4, len(HEAD)))


def life_table(database: dict[str, Any], requests: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each request, with the seconds of its steps, and for each warning; in order of time."""
    rows = [(request["created_at"], request_row(request)) for request in requests]
    rows += [(event["at"], database_event_row(event)) for event in database["events"]]
    ordered = [row for _, row in sorted(rows, key=lambda each: each[0])]
    full = [HEAD, *(row for row in ordered if len(row) == len(HEAD))]
    widths = [max(len(row[column]) for row in full) for column in range(len(HEAD))]
    return [line(row, widths) for row in (HEAD, *ordered)]


def request_row(request: dict[str, Any]) -> tuple[str, ...]:
    # A request that was made under a moved clock begins after it ends: how long that took is not known.
    moved = request["created_at"] > request["updated_at"]
    took = {step["step"]: step["seconds"] for step in request["steps"]}
    if moved:
        took.pop("pull_request", None)
    number = str(request["links"]["pull_request"] or "").rpartition("/")[2]
    return (
        request["created_at"],
        request["kind"],
        request["state"],
        f"#{number}" if number else "",
        *(seconds(took.get(step)) for step in STEPS),
        seconds(sum(took.values())),
    )


def database_event_row(event: dict[str, Any]) -> tuple[str, ...]:
    if event["event"] != "expiring":
        return event["at"], event["event"].replace("_", " ")
    which = "last" if event["detail"]["last"] else "first"
    return event["at"], "warning", f"the {which} one: it expires {event['detail']['expires_at']}"


def seconds(number: float | None) -> str:
    return "" if number is None else f"{number:.1f} s"


def line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        text.rjust(widths[column]) if column in RIGHT else text.ljust(widths[column])
        for column, text in enumerate(row)
    ]
    return "  " + "   ".join(cells).rstrip()
