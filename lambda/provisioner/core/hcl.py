"""Render one database's Terraform root, and read it back.

The format is fixed, so that a reviewer reads a root in ten seconds and the gate can compare it byte for
byte: `render(parse(text), format_of(text)) == text` holds for every text that a release wrote, and for no
other. Formats have numbers. A change of what is written adds one, and every released one is read for ever,
since the roots on main stay as they were written until their next change.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from provisioner.core.engines import CLUSTER, INSTANCE, Resource
from provisioner.core.hcl_literals import RootSyntaxError, first_difference, literal, string_literal, typed
from provisioner.core.names import Place
from provisioner.core.root import SERVERLESS, Capacity, Restore, Root, Upgrade

# 1: with the provider's version. 2: its version is the module's, and the first line has the format's number.
# 3: with the windows of backups and maintenance, and with the upgrade that a root is for; clusters, also
# those made of an instance's snapshot.
FORMATS: Final = (1, 2, 3)
# Before it there were no clusters.
FIRST_OF_CLUSTERS: Final = 3
NEWEST: Final = FORMATS[-1]
WITH_WINDOWS: Final = 3
# Where the base branch says which format its pipeline and its module take; a branch without it takes 1.
FORMAT_PATH: Final = "terraform/modules/rds_database/ROOT_FORMAT"
_FIRST_PROVIDER: Final = "~> 5.100"


def content_hash(text: str) -> str:
    """SHA-256 of a main.tf, in hex: the name under which it was reviewed and applied."""
    return hashlib.sha256(text.encode()).hexdigest()


def format_of(text: str) -> int:
    """The number of the format that a main.tf says it is in; raises RootSyntaxError for a later one."""
    match = _NUMBERED.match(text)
    number = int(match["number"]) if match else 1
    if number not in FORMATS:
        known = f"format {number} is none of {', '.join(map(str, FORMATS))}, which this release reads"
        raise RootSyntaxError(f"{known}: a newer release wrote it, so merge that one", 1)
    return number


def renderings(root: Root) -> tuple[str, ...]:
    """The root's main.tf in every format, the newest first: what main may have of it."""
    first = FIRST_OF_CLUSTERS if root.resource is CLUSTER else FORMATS[0]
    return tuple(render(root, number) for number in reversed(FORMATS) if number >= first)


def removals(place: Place) -> tuple[str, ...]:
    """The root without resources in every format, the newest first: for what a removal was reviewed."""
    return tuple(render_removed(place, number) for number in reversed(FORMATS))


def render(root: Root, number: int = NEWEST) -> str:
    """The root's main.tf in a format; the same root always gives the same bytes."""
    return "\n".join(
        [
            _header(root.place, number),
            "",
            *_settings(root.place, number),
            "",
            'module "database" {',
            f"  source = {string_literal(root.resource.module_source)}",
            "",
            *_aligned(
                {
                    "environment": string_literal(root.environment),
                    "database_name": string_literal(root.database_name),
                    "engine": string_literal(root.engine),
                    "engine_version": string_literal(root.engine_version),
                    **_sized(root),
                    "multi_az": _bool(root.multi_az),
                    "backup_retention_days": str(root.backup_retention_days),
                    "deletion_protection": _bool(root.deletion_protection),
                    "final_snapshot": _bool(root.final_snapshot),
                    **(_windows(root) if number >= WITH_WINDOWS else {}),
                    **({"extended_support": "true"} if _is_enrolled(root, number) else {}),
                }
            ),
            "",
            *_aligned(
                {
                    "request_id": string_literal(root.request_id),
                    "team": string_literal(root.team),
                    "owner": string_literal(root.owner),
                    "purpose": string_literal(root.purpose),
                    "cost_center": string_literal(root.cost_center),
                    "expires_at": string_literal(root.expires_at),
                }
            ),
            *_tags(root.tags),
            *_restore(root.restore),
            *(_upgrade(root.upgrade) if number >= WITH_WINDOWS else []),
            "}",
            "",
            'output "database" {',
            '  description = "Where the database is and which secret opens it."',
            "  value       = module.database",
            "}",
            "",
        ]
    )


def _sized(root: Root) -> dict[str, str]:
    """How large it is: an instance's class and storage, a cluster's capacity."""
    if root.capacity is None:
        return {
            "instance_class": string_literal(root.instance_class),
            "storage_gb": str(root.storage_gb),
            "max_storage_gb": str(root.max_storage_gb),
        }
    return {
        "min_acu": f"{root.capacity.min_acu:g}",
        "max_acu": f"{root.capacity.max_acu:g}",
        "pause_after": str(root.capacity.pause_after),
        "monitoring": _bool(root.capacity.monitoring),
    }


def render_removed(place: Place, number: int = NEWEST) -> str:
    """A root without resources on the same state: applying it destroys the database."""
    return "\n".join(
        [
            f"# {place}: removed. Applying this root destroys what its state holds.",
            "",
            *_settings(place, number),
            "",
        ]
    )


def parse(text: str) -> Root:
    """Read a main.tf back, of any format; raises RootSyntaxError where it is not one that `render` wrote.

    Parsing is lenient where the final comparison is strict: what this function skips over cannot
    survive the comparison with the re-rendered root.
    """
    number_of_format = format_of(text)
    values: dict[str, str | int | float | bool] = {}
    blocks: dict[str, dict[str, str | None]] = {}
    lines = iter(enumerate(text.split("\n"), start=1))
    for _, line in lines:
        if line == 'module "database" {':
            break
    else:
        raise RootSyntaxError('there is no module "database"', 1)
    for number, line in lines:
        if line == "}":
            break
        if not line.strip():
            continue
        if line in ("  tags = {", "  restore = {", "  upgrade = {"):
            blocks[line.split()[0]] = dict(_entries(lines))
            continue
        match = _ARGUMENT.fullmatch(line)
        if not match:
            raise RootSyntaxError(f"cannot read {line.strip()!r}", number)
        values[match["name"]] = literal(match["value"], number)
    root = _root(values, blocks, number_of_format)
    if root.resource is CLUSTER and number_of_format < FIRST_OF_CLUSTERS:
        raise RootSyntaxError(f"clusters have format {FIRST_OF_CLUSTERS} or a later one", 1)
    written = render(root, number_of_format)
    if written != text:
        raise RootSyntaxError(*first_difference(written, text))
    return root


def resource_in(text: str) -> Resource:
    """What the module of a main.tf makes; an instance where it cannot be read."""
    return CLUSTER if f"  source = {string_literal(CLUSTER.module_source)}\n" in text else INSTANCE


_NUMBERED: Final = re.compile(r"# [a-z0-9/-]+: RDS Provisioner, format (?P<number>[0-9]{1,9})\.")


def _header(place: Place, number: int) -> str:
    if number == 1:
        return f"# {place}: managed by RDS Provisioner. Change it through the API, or here in a pull request."
    return (
        f"# {place}: RDS Provisioner, format {number}. Change it through the API: "
        "a pull request that no request made is denied."
    )


def _settings(place: Place, number: int) -> list[str]:
    return [
        "terraform {",
        '  required_version = ">= 1.10"',
        "",
        '  backend "s3" {',
        f"    key          = {string_literal(place.state_key)}",
        "    encrypt      = true",
        "    use_lockfile = true",
        "  }",
        *(_PROVIDERS if number == 1 else ()),
        "}",
        "",
        'provider "aws" {}',
    ]


_PROVIDERS: Final = (
    "",
    "  required_providers {",
    "    aws = {",
    '      source  = "hashicorp/aws"',
    f'      version = "{_FIRST_PROVIDER}"',
    "    }",
    "  }",
)


def _aligned(arguments: Mapping[str, str], indent: str = "  ") -> list[str]:
    width = max(map(len, arguments), default=0)
    return [f"{indent}{name:<{width}} = {value}" for name, value in arguments.items()]


def _tags(tags: Mapping[str, str]) -> list[str]:
    if not tags:
        return []
    literals = {string_literal(key): string_literal(tags[key]) for key in sorted(tags)}
    return ["  tags = {", *_aligned(literals, "    "), "  }"]


def _windows(root: Root) -> dict[str, str]:
    return {
        "backup_window": string_literal(root.backup_window),
        "maintenance_window": string_literal(root.maintenance_window),
    }


def _is_enrolled(root: Root, number: int) -> bool:
    """Only such a root says it, so that all others are written as before."""
    return root.extended_support and number >= WITH_WINDOWS


def _restore(restore: Restore | None) -> list[str]:
    if restore is None:
        return []
    fields = restore.values().items()
    literals = {name: "null" if value is None else string_literal(value) for name, value in fields}
    return ["  restore = {", *_aligned(literals, "    "), "  }"]


def _upgrade(upgrade: Upgrade | None) -> list[str]:
    if upgrade is None:
        return []
    fields = {"from": string_literal(upgrade.from_version), "snapshot": string_literal(upgrade.snapshot)}
    return ["  upgrade = {", *_aligned(fields, "    "), "  }"]


def _bool(value: bool) -> str:
    return "true" if value else "false"


_ARGUMENT: Final = re.compile(r"  (?P<name>[a-z_]+) += (?P<value>.+)")
_ENTRY: Final = re.compile(r'    (?P<name>[a-z_]+|"(?:[^"\\]|\\.)*") += (?P<value>.+)')


def _entries(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[str, str | None]]:
    for number, line in lines:
        if line == "  }":
            return
        match = _ENTRY.fullmatch(line)
        if not match:
            raise RootSyntaxError(f"cannot read {line.strip()!r}", number)
        name = match["name"]
        key = str(literal(name, number)) if name.startswith('"') else name
        value = None if match["value"] == "null" else literal(match["value"], number)
        yield key, None if value is None else str(value)


_TYPES: Final[Mapping[str, type]] = {
    "environment": str,
    "database_name": str,
    "engine": str,
    "engine_version": str,
    "multi_az": bool,
    "backup_retention_days": int,
    "deletion_protection": bool,
    "final_snapshot": bool,
    "request_id": str,
    "team": str,
    "owner": str,
    "purpose": str,
    "cost_center": str,
    "expires_at": str,
}
_OF_INSTANCES: Final[Mapping[str, type]] = {"instance_class": str, "storage_gb": int, "max_storage_gb": int}
_OF_CLUSTERS: Final[Mapping[str, type]] = {
    "min_acu": float,
    "max_acu": float,
    "pause_after": int,
    "monitoring": bool,
}


# What a format added to those of the first.
_LATER_TYPES: Final[Mapping[int, Mapping[str, type]]] = {
    WITH_WINDOWS: {"backup_window": str, "maintenance_window": str},
}


def _types(number: int) -> Mapping[str, type]:
    """The arguments of a format's roots, of both kinds."""
    later = [types for since, types in _LATER_TYPES.items() if since <= number]
    return {name: kind for types in (_TYPES, *later) for name, kind in types.items()}


def _root(
    values: Mapping[str, object], blocks: Mapping[str, Mapping[str, str | None]], number_of_format: int
) -> Root:
    known = typed(values, _types(number_of_format))
    if values.get("source") == CLUSTER.module_source:
        capacity: Any = typed(values, _OF_CLUSTERS)
        known |= {"capacity": Capacity(**capacity)}
        known |= {"instance_class": SERVERLESS, "storage_gb": 0, "max_storage_gb": 0}
    else:
        known |= typed(values, _OF_INSTANCES)
    restore, upgrade = blocks.get("restore"), blocks.get("upgrade")
    tags = {key: value or "" for key, value in blocks.get("tags", {}).items()}
    return Root(
        extended_support=values.get("extended_support") is True,
        **known,  # type: ignore[arg-type]  # each was checked against its type above
        tags=tags,
        restore=None
        if restore is None
        else Restore(
            snapshot=restore.get("snapshot"),
            database=restore.get("database"),
            point_in_time=restore.get("point_in_time"),
            engine=restore.get("engine"),
        ),
        upgrade=None
        if upgrade is None
        else Upgrade(
            from_version=upgrade.get("from") or "",
            snapshot=upgrade.get("snapshot") or "",
        ),
    )
