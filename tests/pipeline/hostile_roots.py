"""Hostile by what the root says, or by what it does to the one that is there."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from provisioner.core.hcl import render
from provisioner.core.root import NEVER, Restore, Root, Upgrade

from tests.pipeline.hostile_case import (
    OTHER,
    Hostile,
    as_root,
    branch_of,
    changed,
    created,
    of,
    replaced,
    with_,
)


def of_another_request(base: Root) -> Iterator[Hostile]:
    kind = "another request's root"
    stranger = with_(base, request_id=OTHER)
    yield Hostile(
        kind=kind,
        name="on a branch of a known one",
        rule="request",
        branch=branch_of(base),
        changes=of(stranger),
        alone=True,
    )
    larger = with_(base, request_id=OTHER, max_storage_gb=base.max_storage_gb + 1)
    yield Hostile(
        kind=kind,
        name="in a change",
        rule="request",
        branch=branch_of(base, "update"),
        main=of(base),
        changes=of(larger),
        alone=True,
    )
    for text in ("", "3f0c1a2", "no request", "3F0C1A2B-8f5e-4c1d-9a70-1c2d3e4f5a6b"):
        odd = with_(base, request_id=text)
        yield Hostile(
            kind=kind,
            name=f"named {text!r}",
            rule="request",
            branch=branch_of(base),
            changes=of(odd),
            alone=True,
        )


def other_peoples_data(base: Root) -> Iterator[Hostile]:
    kind = "other people's data"
    elsewhere = "prod" if base.environment == "dev" else "dev"
    for name, restore in {
        "a database of another environment": Restore(database=f"{elsewhere}-db", point_in_time="latest"),
        "a final snapshot of another environment": Restore(snapshot=f"{elsewhere}-pp-final-11111111"),
        "an automated snapshot of another environment": Restore(
            snapshot=f"rds:{elsewhere}-pp-2026-11-01-03-00"
        ),
        "a snapshot by its ARN": Restore(snapshot="arn:aws:rds:us-east-1:123456789012:snapshot:x"),
        "a snapshot made by hand": Restore(snapshot="handmade"),
        "a database of no environment": Restore(database="legacy", point_in_time="latest"),
        "a time of an environment that is none": Restore(database="mars-db", point_in_time="latest"),
    }.items():
        found = created(kind, name, "restore", with_(base, restore=restore), alone=False)
        yield dataclasses.replace(found, alone=restore.snapshot is not None)
    source = with_(base, database_name="source", team="victims", request_id=OTHER)
    copy = with_(base, restore=Restore(database=source.place.identifier, point_in_time="latest"))
    snapshot = with_(base, restore=Restore(snapshot=source.place.final_snapshot(OTHER)))
    for name, root in {"another team's database": copy, "another team's snapshot": snapshot}.items():
        yield dataclasses.replace(created(kind, name, "source", root), main=of(source))
    yield created(kind, "a database that is not there", "source", copy)


# What someone would add to a root, and what it would run or reach.
_CODE: Final = {
    "an external program": 'data "external" "x" {\n  program = ["sh", "-c", "id"]\n}\n',
    "a local command": 'resource "null_resource" "x" {\n  provisioner "local-exec" { command = "id" }\n}\n',
    "another provider": 'provider "http" {}\n',
    "an HTTP call": 'data "http" "x" {\n  url = "http://169.254.169.254/"\n}\n',
    "another database": 'resource "aws_db_instance" "mine" {}\n',
    "an open security group": 'resource "aws_security_group" "x" {}\n',
    "a second module": 'module "x" {\n  source = "github.com/mallory/x"\n}\n',
    "an output of secrets": 'output "x" {\n  value = module.database\n}\n',
    "a variable": 'variable "x" {\n  default = "y"\n}\n',
    "a local value": 'locals {\n  x = file("/etc/passwd")\n}\n',
    "an import": 'import {\n  to = module.database.aws_db_instance.this\n  id = "prod-db"\n}\n',
    "a removed block": "removed {\n  from = module.database\n}\n",
    "a moved block": "moved {\n  from = module.database\n  to   = module.mine\n}\n",
    "a check": 'check "x" {\n  data "http" "y" {\n    url = "http://x"\n  }\n}\n',
    "a remote state": 'data "terraform_remote_state" "x" {\n  backend = "s3"\n}\n',
    "a comment alone": "# nothing\n",
}


def code(base: Root) -> Iterator[Hostile]:
    for name, text in _CODE.items():
        yield as_root(base, "code in a root", name, render(base) + text)


def not_as_rendered(base: Root) -> Iterator[Hostile]:
    kind, text = "not as rendered", render(base)
    owner = f'"{base.owner}"'
    for name, other in {
        "a function call": replaced(base, owner, 'file("/etc/passwd")'),
        "an interpolation": replaced(base, owner, '"${file("/etc/passwd")}"'),
        "a template": replaced(base, owner, '"%{ if true }x%{ endif }"'),
        "a heredoc": replaced(base, owner, "<<EOT\nx\nEOT"),
        "a reference": replaced(base, owner, "module.database.endpoint"),
        "an expression": replaced(base, f"= {base.storage_gb}\n", f"= {base.storage_gb} + 1000\n"),
        "a module from elsewhere": replaced(base, "../../../modules/rds_database", "../../../modules/mine"),
        "a module from the network": replaced(base, "../../../modules/rds_database", "git::https://x/y"),
        "another state key": replaced(base, f"databases/{base.place}/", "databases/prod/orders/"),
        "a state without encryption": replaced(base, "encrypt      = true", "encrypt      = false"),
        "a state without a lock": replaced(base, "use_lockfile = true", "use_lockfile = false"),
        "another backend": replaced(base, 'backend "s3"', 'backend "http"'),
        "a provider from elsewhere": replaced(
            base,
            "  required_version",
            '  required_providers {\n    aws = { source = "mallory/aws" }\n  }\n  required_version',
        ),
        "a provider's settings": replaced(base, 'provider "aws" {}', 'provider "aws" {\n  region = "x"\n}'),
        "providers passed on": replaced(base, "source = ", "providers = {}\n  source = "),
        "many databases": replaced(base, "source = ", "count = 100\n  source = "),
        "an argument twice": replaced(base, "  multi_az ", "  multi_az              = true\n  multi_az "),
        "an argument that is none": replaced(
            base, "  multi_az ", "  publicly_accessible   = true\n  multi_az "
        ),
        "a number as text": replaced(base, f"= {base.storage_gb}\n", f'= "{base.storage_gb}"\n'),
        "a later format": re.sub("format [123]", "format 4", text, count=1),
        "an earlier format with a later one's words": text.replace("format 3", "format 2", 1),
        "Windows line ends": text.replace("\n", "\r\n"),
        "no last line end": text.rstrip("\n"),
        "a tab": text.replace("  multi_az", "\tmulti_az", 1),
        "a byte order mark": "\ufeff" + text,
        "a text that turns around": replaced(base, owner, f'"{base.owner}\u202e"'),
        "a null character": replaced(base, owner, f'"{base.owner}\0"'),
        "a look-alike letter": text.replace("deletion_protection", "d\u0435letion_protection", 1),
        "one line": text.replace("\n", " "),
        "an empty file": "",
        "JSON": '{"module": {}}',
    }.items():
        yield as_root(base, kind, name, other)
    yield as_root(base, kind, "bytes that are no text", text.encode().replace(b"owner", b"own\xffr", 1))
    yield as_root(base, kind, "UTF-16", text.encode("utf-16"))


def removals(base: Root) -> Iterator[Hostile]:
    kind, path = "a removal that loses data", base.place.root_path
    armed = with_(base, deletion_protection=True)
    for name, content in {
        "of a protected database": render(armed),
        "of a root that cannot be read": "# not rendered\n",
        "of a root that hides its protection": render(armed).replace("= true", "= !false"),
    }.items():
        yield Hostile(
            kind=kind,
            name=name,
            rule="removal",
            branch=branch_of(base, "remove"),
            main={path: content},
            changes={path: None},
            alone=True,
        )


def enrolments(base: Root) -> Iterator[Hostile]:
    """What RDS would charge for, where the catalog allows none."""
    kind, enrolled = "Extended Support that nobody decided", with_(base, extended_support=True)
    yield created(kind, "of a new database", "support", enrolled)
    yield changed(kind, "of one that exists", "in place", base, with_(enrolled, request_id=OTHER))
    yield changed(kind, "that is left", "in place", enrolled, with_(base, request_id=OTHER))
    yield as_root(
        base, kind, "by a word", replaced(base, "  multi_az ", '  extended_support      = "yes"\n  multi_az ')
    )
    yield as_root(
        base,
        kind,
        "refused by its value",
        render(enrolled).replace("extended_support      = true", "extended_support      = false"),
    )


def disarms(base: Root) -> Iterator[Hostile]:
    kind = "a disarm that does more"
    armed = with_(base, deletion_protection=True)
    more: dict[str, dict[str, Any]] = {
        "a larger database": {"max_storage_gb": base.max_storage_gb + 1},
        "another owner": {"owner": "mallory"},
        "another end": {"expires_at": "2026-11-24T12:00:00Z"},
        "other tags": {"tags": {"x": "y"}},
    }
    for name, fields in more.items():
        after = with_(armed, deletion_protection=False, **fields)
        yield changed(kind, name, "in place", armed, after, does="disarm", alone=True)
    yield changed(
        kind, "nothing at all", "in place", armed, with_(armed, request_id=OTHER), does="disarm", alone=True
    )


def maintenances(base: Root) -> Iterator[Hostile]:
    """What nobody asked for, under the name of bringing the module up to date."""
    kind = "a maintenance that does more"
    larger = with_(base, storage_gb=base.storage_gb + 1)
    for name, before, after in (
        ("less storage", larger, base),
        ("more storage", base, larger),
        ("another class", base, with_(base, instance_class="db.t4g.medium")),
        ("another owner", base, with_(base, owner="mallory")),
    ):
        if before != after:
            yield changed(kind, name, "in place", before, after, does="maintain", alone=True)


def recreated(base: Root) -> Iterator[Hostile]:
    kind = "a change that recreates or shrinks it"
    other_engine = {"engine": "postgres", "engine_version": "17"}
    if base.engine == "postgres":
        other_engine = {"engine": "mysql", "engine_version": "8.4"}
    restore = Restore(snapshot=base.place.final_snapshot(OTHER))
    for name, before, after in (
        ("another engine", base, with_(base, **other_engine)),
        ("another team", base, with_(base, team="mallory")),
        ("a restore of an existing one", base, with_(base, restore=restore)),
        ("no restore any more", with_(base, restore=restore), base),
        (
            "a restore from elsewhere",
            base,
            with_(base, restore=Restore(database="prod-x", point_in_time="latest")),
        ),
    ):
        yield changed(kind, name, "in place", before, after, alone=True)
    if base.engine == "postgres":
        old = with_(base, engine_version="15")
        yield changed(kind, "another version", "in place", old, base, alone=True)
    text = {base.place.root_path: "# not rendered\n"}
    hidden = changed(kind, "what main says cannot be read", "in place", base, base, alone=True)
    yield dataclasses.replace(hidden, main=text)


def upgrades(base: Root) -> Iterator[Hostile]:
    kind = "an upgrade that is none"
    base = with_(base, engine="postgres", engine_version="17")
    old = with_(base, engine_version="16")
    own = Upgrade(from_version="16", snapshot=base.place.before_snapshot(base.request_id))
    good = with_(base, engine_version="18", upgrade=own)
    down = with_(good, engine_version="15")
    for name, rule, before, after in (
        ("to an earlier version", "upgrade", old, down),
        ("to the same version", "in place", old, with_(good, engine_version="16")),
        ("to a version that is none", "upgrade", old, with_(good, engine_version="42")),
        ("from another version", "in place", old, with_(good, upgrade=replace(own, from_version="17"))),
        ("after a foreign snapshot", "upgrade", old, _after(good, "prod-orders-before-3f0c1a2b")),
        ("after another request's snapshot", "upgrade", old, _after(good, base.place.before_snapshot(OTHER))),
        ("after a final snapshot", "upgrade", old, _after(good, base.place.final_snapshot(base.request_id))),
        ("after a text that is none", "upgrade", old, _after(good, "${x}")),
        (
            "back where none was",
            "in place",
            with_(base, engine_version="18"),
            with_(base, engine_version="17"),
        ),
        ("further back than it came", "in place", good, with_(base, engine_version="15")),
    ):
        alone = name != "to a version that is none"
        if name == "to the same version":
            alone = False
        yield changed(kind, name, rule, before, after, alone=alone)
    for does in ("extend", "maintain"):
        yield changed(kind, f"by {does}", "in place", old, good, does=does, alone=True)
    armed, off = with_(old, deletion_protection=True), with_(good, deletion_protection=False)
    yield changed(kind, "by a disarm", "in place", armed, off, does="disarm", alone=True)
    yield created(kind, "of a new database", "upgrade", good)


def _after(root: Root, snapshot: str) -> Root:
    assert root.upgrade is not None
    return with_(root, upgrade=replace(root.upgrade, snapshot=snapshot))


def beyond_the_catalog(base: Root) -> Iterator[Hostile]:
    kind = "beyond the catalog"
    yield created(kind, "a class that is not offered", "size", with_(base, instance_class="db.r7g.16xlarge"))
    yield created(kind, "a class that is none", "size", with_(base, instance_class="db.serverless"))
    for name, fields in {
        "too much storage": {"storage_gb": 4000, "max_storage_gb": 4000},
        "too little storage": {"storage_gb": 5, "max_storage_gb": 20},
        "growth without an end": {"max_storage_gb": 65536},
        "growth below its size": {"storage_gb": 30, "max_storage_gb": 20},
    }.items():
        yield created(kind, name, "storage", with_(base, **fields))
    for engine, version in (("oracle-ee", "19"), ("mysql", "5.7"), ("postgres", "9.6"), ("postgres", "17.2")):
        yield created(
            kind, f"{engine} {version}", "engine", with_(base, engine=engine, engine_version=version)
        )
    yield created(
        kind, "a life of a hundred years", "lifetime", with_(base, expires_at="2126-11-23T12:00:00Z")
    )
    for text in ("", "tomorrow", "2026-12-01", "2026-12-01T12:00:00+02:00", "Never", "2026-13-01T00:00:00Z"):
        yield created(kind, f"an end that is {text!r}", "lifetime", with_(base, expires_at=text))
    if base.environment != "prod":
        yield created(kind, "no end", "lifetime", with_(base, expires_at=NEVER))
    if base.environment == "dev":
        yield created(kind, "a standby", "availability", with_(base, multi_az=True))
    yield created(kind, "no backups", "safety", with_(base, backup_retention_days=0))
    if base.final_snapshot:
        yield created(kind, "no final snapshot", "safety", with_(base, final_snapshot=False))
    if base.environment == "prod":
        bare = with_(base, deletion_protection=False)
        yield created(kind, "no protection", "safety", bare)
        yield changed(kind, "protection off by an update", "safety", base, bare, alone=True)


def ends(base: Root) -> Iterator[Hostile]:
    kind = "an end in the past"
    for past in ("1970-01-01T00:00:00Z", "2026-11-23T12:00:00Z", "2026-11-23T11:59:59Z"):
        yield created(kind, f"a new database, {past}", "end", with_(base, expires_at=past))
        yield changed(kind, f"an extension, {past}", "end", base, with_(base, expires_at=past), alone=True)


def windows(base: Root) -> Iterator[Hostile]:
    kind = "windows that the catalog does not give"
    for name, backup, maintenance in (
        ("at noon", "12:00-12:30", "wed:12:30-wed:13:00"),
        ("those of before roots said them", "", ""),
        ("that meet", "03:00-03:30", "sun:03:00-sun:03:30"),
        ("too short", "03:00-03:10", "sun:04:00-sun:04:10"),
        ("that are none", "${x}", "%{y}"),
    ):
        other = with_(base, backup_window=backup, maintenance_window=maintenance)
        yield created(kind, f"a new database, {name}", "windows", other)
        yield changed(kind, f"a change, {name}", "windows", base, other, alone=True)
    own = base.windows
    half = with_(base, backup_window="", maintenance_window=own.maintenance)
    yield changed(kind, "one of two", "windows", base, half, alone=True)
    noon = with_(base, backup_window="12:00-12:30", maintenance_window="wed:12:30-wed:13:00")
    for does in ("maintain", "extend"):
        yield changed(kind, f"by {does}", "windows", base, noon, does=does, alone=True)
    armed = with_(base, deletion_protection=True, backup_window="", maintenance_window="")
    yield changed(
        kind,
        "by a disarm",
        "in place",
        armed,
        with_(base, deletion_protection=False),
        does="disarm",
        alone=True,
    )


def tags(base: Root) -> Iterator[Hostile]:
    kind = "tags of AWS or of the provisioner"
    for tags in (
        {"Team": "victims"},
        {"ManagedBy": "someone"},
        {"RequestId": "x"},
        {"ExpiresAt": "never"},
        {"Environment": "prod"},
        {"aws:x": "y"},
        {"AWS:x": "y"},
        {"rds:x": "y"},
        {"x": "aws:y"},
        {"x": "rds:y"},
    ):
        yield created(kind, str(tags), "tags", with_(base, tags=tags))
    yield created(kind, "an owner of AWS's", "tags", with_(base, owner="aws:x"))
    yield created(kind, "a purpose of AWS's", "tags", with_(base, purpose="rds:x"))


def misplaced(base: Root) -> Iterator[Hostile]:
    kind, path = "in another's place", base.place.root_path
    for name, fields in {
        "another database": {"database_name": "victim"},
        "another environment": {"environment": "prod" if base.environment == "dev" else "dev"},
    }.items():
        yield Hostile(
            kind=kind,
            name=name,
            rule="place",
            branch=branch_of(base),
            changes={path: render(with_(base, **fields))},
            alone=True,
        )
    for environment in ("qa", "production", "mars"):
        yield created(
            kind,
            f"an environment that is none: {environment}",
            "environment",
            with_(base, environment=environment),
        )
    for name in (
        "select" if base.engine == "postgres" else "table",
        "user" if base.engine == "postgres" else "index",
    ):
        yield created(kind, f"a reserved word: {name}", "name", with_(base, database_name=name))
    yield created(kind, "a name that ends in a hyphen", "branch", with_(base, database_name="x-"))
