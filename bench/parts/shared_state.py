"""One root and state for each database, against one state that holds them all: plan, and apply of one change.

Both on an emulated AWS, whose answers take the same time in either; the databases are made by calls, and
Terraform knows them by a state written for it.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.emulator import Took, emulated, terraform, write
from bench.figures import Figure
from sandbox.cloud import Cloud

PART = "One state for each database, against one for all"
FIRST = "db0"


def measure(full: bool) -> Iterator[Figure]:
    """The first count is that of a root for each database, which the others are held against."""
    counts = (1, 10, 100, 1000) if full else (1, 10, 100)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, emulated(Path(name)) as cloud:
        described = [create(cloud, number) for number in range(max(counts))]
        model = imported(Path(name) / "model", cloud)
        found: dict[int, tuple[Took, Took]] = {}
        for count in counts:
            root = Path(name) / f"root{count}"
            prepare(root, cloud, model, described[:count])
            plan = terraform(root, cloud.environment(), "plan", "-input=false")
            write(root, {"aws_db_instance": resources(count, changed="db0")})
            apply = terraform(root, cloud.environment(), "apply", "-input=false", "-auto-approve")
            found[count] = plan, apply
    one = found[1]
    for position, verb in enumerate(("plan", "apply of one tag")):
        for count in counts:
            took = found[count][position]
            ratio = took.clock / one[position].clock if count > 1 else None
            what = "a root of its one database" if count == 1 else f"{count} databases in one state"
            note = f"{took.processor:.2g} s of the processor"
            yield Figure(PART, f"{verb}: {what}", took.clock, "s", ratio, "one root", note=note)


def arguments(number: int) -> dict[str, Any]:
    """One database, as Terraform names its settings."""
    return {
        "identifier": f"db{number}",
        "engine": "postgres",
        "engine_version": "16.4",
        "instance_class": "db.t4g.micro",
        "allocated_storage": 20,
        "username": "root",
        "password": "not-used-anywhere",
        "skip_final_snapshot": True,
        "tags": {"Owner": "alpha"},
    }


def resources(count: int, changed: str = "") -> dict[str, Any]:
    """The first databases; one of them with another tag."""
    found = {f"db{number}": arguments(number) for number in range(count)}
    if changed:
        found[changed]["tags"] = {"Owner": "beta"}
    return found


def create(cloud: Cloud, number: int) -> dict[str, Any]:
    """Make a database by a call; how RDS describes it."""
    answer = cloud.client("rds").create_db_instance(
        DBInstanceIdentifier=f"db{number}",
        Engine="postgres",
        EngineVersion="16.4",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="root",
        MasterUserPassword="not-used-anywhere",
        Tags=[{"Key": "Owner", "Value": "alpha"}],
    )
    made: dict[str, Any] = answer["DBInstance"]
    return made


def imported(root: Path, cloud: Cloud) -> dict[str, Any]:
    """The state of the first database, as Terraform itself writes it."""
    write(root, {"aws_db_instance": resources(1)})
    terraform(root, cloud.environment(), "init", "-input=false", "-lockfile=readonly")
    terraform(root, cloud.environment(), "import", "-input=false", f"aws_db_instance.{FIRST}", FIRST)
    terraform(root, cloud.environment(), "apply", "-input=false", "-auto-approve")
    state: dict[str, Any] = json.loads((root / "terraform.tfstate").read_text(encoding="utf-8"))
    return state


def prepare(root: Path, cloud: Cloud, model: dict[str, Any], described: list[dict[str, Any]]) -> None:
    """A root of these databases and its state, a copy of the model's for each."""
    write(root, {"aws_db_instance": resources(len(described))})
    (first,) = model["resources"]
    known = described[0]["DbiResourceId"]
    copies = []
    for instance in described:
        text = json.dumps(first).replace(known, instance["DbiResourceId"])
        copies.append(json.loads(text.replace(FIRST, instance["DBInstanceIdentifier"])))
    (root / "terraform.tfstate").write_text(json.dumps(model | {"resources": copies}), encoding="utf-8")
    terraform(root, cloud.environment(), "init", "-input=false", "-lockfile=readonly")
