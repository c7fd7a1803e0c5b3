"""How each sort of value stands in a row of the ledger: one codec each, wherever the value is kept.

By hand, because pydantic costs more at a cold start than it saves here (docs/adr/0013).
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from provisioner.core.events import Step
from provisioner.core.lifecycle import Failure, Kind, Progress, State
from provisioner.core.models import Beat, Charge, Listed, ListedRequest
from provisioner.core.root import Capacity, Restore, Root, Upgrade

Row = Mapping[str, str | int]


def to_item(row: Row) -> dict[str, Any]:
    """A row of texts and whole numbers in DynamoDB's own JSON."""
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in row.items()
    }


def from_item(item: Mapping[str, Any]) -> Row:
    """The inverse of `to_item`."""
    return {name: int(value["N"]) if "N" in value else str(value["S"]) for name, value in item.items()}


def when(time: dt.datetime) -> str:
    """A time as the ledger keeps it: fixed width, so that text sorts as time does; microseconds."""
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_when(text: str | int) -> dt.datetime:
    """The inverse of `when`."""
    return dt.datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Codec:
    """How one attribute is written and read; an optional one is left out where its value is None."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    optional: bool = False


Codecs = Mapping[str, Codec]


def written(codecs: Codecs, value: object) -> dict[str, Any]:
    """The attributes of a value."""
    found = {name: getattr(value, name) for name in codecs}
    return {
        name: codec.write(found[name])
        for name, codec in codecs.items()
        if not (codec.optional and found[name] is None)
    }


def fields(codecs: Codecs, row: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `written`; raises KeyError where an attribute is missing that is not optional."""
    return {
        name: None if codec.optional and name not in row else codec.read(row[name])
        for name, codec in codecs.items()
    }


def optional(codec: Codec) -> Codec:
    """The codec of an attribute that is left out where its value is None."""
    return dataclasses.replace(codec, optional=True)


def member(kind: type[Enum]) -> Codec:
    """The codec of an enumeration's members."""
    return Codec(lambda member: member.value, lambda text: kind(str(text)))


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _load(text: str | int) -> Any:
    return json.loads(str(text))


def _root_to_json(root: Root) -> str:
    """As earlier releases wrote it, where it says no more than they knew."""
    values = dataclasses.asdict(root)
    for name in ("backup_window", "maintenance_window", "upgrade", "capacity", "extended_support"):
        if not values[name]:
            del values[name]
    values["restore"] = root.restore and root.restore.values()
    return json.dumps(values, separators=(",", ":"), sort_keys=True)


def _root_from_json(text: str | int) -> Root:
    values = _load(text)
    restore, upgrade = values.pop("restore"), values.pop("upgrade", None)
    capacity = values.pop("capacity", None)
    return Root(
        **values,
        restore=None if restore is None else Restore(**restore),
        upgrade=None if upgrade is None else Upgrade(**upgrade),
        capacity=None if capacity is None else Capacity(**capacity),
    )


def _known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _progress_to_json(progress: Progress) -> str:
    values = dataclasses.asdict(progress) | {"since": when(progress.since)}
    users, applied = values.pop("users"), values.pop("applied_at")
    if users:  # no other request's row says anything of them, as before there was that step
        values |= {"users": True} | ({"applied_at": when(applied)} if applied else {})
    return _dump(values)


def _progress_from_json(text: str | int) -> Progress:
    """Without what only a newer release derives of the events, which it derives again."""
    values = _known(Progress, _load(text))
    failure, applied = values.pop("failure"), values.pop("applied_at", None)
    return Progress(
        **values
        | {
            "state": State(values["state"]),
            "step": Step(values["step"]),
            "since": parse_when(values["since"]),
            "applied_at": applied and parse_when(applied),
            "failure": failure and Failure(**_known(Failure, failure) | {"step": Step(failure["step"])}),
        }
    )


def _beat_to_json(beat: Beat) -> str:
    return _dump(dataclasses.asdict(beat) | {"at": when(beat.at)})


def _beat_from_json(text: str | int) -> Beat:
    values = _load(text)
    return Beat(
        at=parse_when(values["at"]), seconds=values["seconds"], pipeline_url=values.get("pipeline_url", "")
    )


def _listed_to_json(listed: Listed) -> str:
    """As short as may be: what is None is left out."""
    values = dataclasses.asdict(listed)
    for name in ("last_connection_at", "idle_since"):
        values[name] = values[name] and when(values[name])
    if listed.request:
        request = {name: value for name, value in values["request"].items() if value is not None}
        values["request"] = request | {"since": when(listed.request.since)}
    return _dump({name: value for name, value in values.items() if value is not None})


def _listed_from_json(text: str | int) -> Listed:
    """Without what only a newer release shows."""
    values = _known(Listed, _load(text))
    request = values.get("request")
    for name in ("last_connection_at", "idle_since"):
        if name in values:
            values[name] = parse_when(values[name])
    if request:
        known = _known(ListedRequest, request)
        members = {"kind": Kind(known["kind"]), "state": State(known["state"]), "step": Step(known["step"])}
        values["request"] = ListedRequest(**known | members | {"since": parse_when(known["since"])})
    return Listed(**values)


TEXT: Final = Codec(str, str)
NUMBER: Final = Codec(int, int)
TIME: Final = Codec(when, parse_when)
JSON: Final = Codec(_dump, _load)
ROOT: Final = Codec(_root_to_json, _root_from_json)
CHARGE: Final = Codec(lambda charge: _dump(dataclasses.asdict(charge)), lambda text: Charge(**_load(text)))
PROGRESS: Final = Codec(_progress_to_json, _progress_from_json)
BEAT: Final = Codec(_beat_to_json, _beat_from_json)
LISTED: Final = Codec(_listed_to_json, _listed_from_json)
