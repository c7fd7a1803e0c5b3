"""How documents look in a line: money, engine, size, and the note that a table derives."""

import datetime as dt
import re
from typing import Any, Final

from rdsctl import times
from rdsctl.table import Column

SOON: Final = dt.timedelta(days=2)
# What Terraform's AWS provider puts before AWS's own words, and Terraform behind them.
_CALL: Final = re.compile(r"Error: [^\n]*?\bRequestID: [\w-]+, (?:api error )?(?=\S)")
_WHERE: Final = re.compile(
    r' with module\.[\w.\[\]"-]+, on \S+ line \d+, in resource "\w+" "\w+": \d+: resource "\w+" "\w+" \{'
)


def place(item: dict[str, Any]) -> str:
    """ENV/NAME."""
    return f"{item['environment']}/{item['database_name']}"


def money(amount: float | None) -> str:
    """USD with cents; a hyphen where there is no price."""
    return "-" if amount is None else f"{amount:,.2f}"


def engine(item: dict[str, Any]) -> str:
    """postgres 17."""
    return f"{item['database_engine']} {item['engine_version']}"


def size(item: dict[str, Any]) -> str:
    """The size of the catalog, or the instance class where it has none of them."""
    return str(item["size"] or item.get("instance_class") or "-")


def step(name: str) -> str:
    """A step in words: pull request."""
    return name.replace("_", " ")


def cause(text: str) -> str:
    """Why something failed, in AWS's words where it was AWS; the document and the log have all of it."""
    return _CALL.sub("", _WHERE.sub("", text), count=1)


def waits_for(request: dict[str, Any]) -> str:
    """What a request waits for, in a sentence; GitHub's marks for code are for GitHub."""
    waits = request.get("waiting_for") or {}
    return str(waits.get("sentence") or request["message"]).replace("`", "")


def asker(request: dict[str, Any]) -> str:
    """Who asked: the person of a personal key, else the key's name, with the team that it acts for.

    A name that the call merely sent is said to be that.
    """
    team, name = str(request["team"]), str(request.get("person") or request["requested_by"])
    who = f"team {team}" if name == team else f"{name} ({team})"
    claimed = request.get("claimed_by")
    return f"{who} for {claimed}, whose name nothing checked" if claimed else who


def note(item: dict[str, Any], present: dt.datetime) -> str:
    """What someone should know of a database: why its change failed or where it is, idleness, its end."""
    if active := item.get("active_request"):
        return _active(active, present)
    if since := item.get("idle_since"):
        days = (present - times.parse(since)).days
        return f"no connection for {days} days"
    return "ends soon" if ends_soon(item, present) else ""


def _active(request: dict[str, Any], present: dt.datetime) -> str:
    if request["cause"]:
        return f"{step(request['step'])}: {cause(request['cause'])}"
    return f"{step(request['step'])} since {times.hour(times.parse(request['updated_at']), present)}"


def ends_soon(item: dict[str, Any], present: dt.datetime) -> bool:
    """Whether a database that is there ends within two days."""
    expires = item["expires_at"]
    if item["state"] == "removed" or expires == times.NEVER:
        return False
    return times.parse(expires) - present < SOON


def database_columns(present: dt.datetime) -> list[Column]:
    """The columns of `ls`, the least needed on the right."""
    return [
        Column("NAME", place),
        Column("STATE", lambda item: str(item["state"])),
        Column("ENGINE", engine),
        Column("SIZE", size),
        Column("USD/MONTH", lambda item: money(item["monthly_cost_usd"]), right=True),
        Column("ENDS", lambda item: _ends(item, present)),
        Column("NOTE", lambda item: note(item, present), cut=True),
    ]


def wide_database_columns(present: dt.datetime) -> list[Column]:
    """What `-o wide` adds."""
    return [
        Column("GB", lambda item: str(item["storage_gb"]), right=True),
        Column("OWNER", lambda item: str(item.get("owner") or "")),
        Column("ENDPOINT", _endpoint),
        Column("CREATED", lambda item: times.clock(times.parse(item["created_at"]), present)),
    ]


def request_columns(present: dt.datetime) -> list[Column]:
    """The columns of `requests`."""
    return [
        Column("REQUEST", lambda item: str(item["id"])[:8]),
        Column("DATABASE", place),
        Column("KIND", lambda item: str(item["kind"])),
        Column("STATE", lambda item: str(item["state"])),
        Column("ASKED", lambda item: times.clock(times.parse(item["created_at"]), present)),
        Column("BY", lambda item: str(item.get("person") or item["requested_by"])),
        Column("REASON", lambda item: str(item.get("reason") or "")),
    ]


def _ends(item: dict[str, Any], present: dt.datetime) -> str:
    return "" if item["state"] == "removed" else times.ends(item["expires_at"], present)


def _endpoint(item: dict[str, Any]) -> str:
    result = item.get("result") or {}
    return f"{result['endpoint']}:{result['port']}" if result.get("endpoint") else ""
