"""Every name that the modules use stands in the next major of the AWS provider, whose binary is not here.

The names are those of its published bindings (bench/provider_names.py); no plan ran with it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2

PROJECT = Path(__file__).parents[2]
MODULES = PROJECT / "terraform" / "modules"
NEXT: dict[str, Any] = json.loads((Path(__file__).parent / "aws_provider_6.json").read_text(encoding="utf-8"))
META = {"count", "for_each", "depends_on", "provider", "lifecycle", "dynamic", "timeouts"}
READ = re.compile(r"\b((?:data\.)?aws_\w+)\.(?:this|all|held|source|monitoring|member)(?:\[[^\]]*\])?\.(\w+)")


def blocks() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each resource and data source of the modules by its kind, with what is written in it."""
    for path in sorted(MODULES.glob("*/*.tf")):
        content = hcl2.loads(path.read_text(encoding="utf-8"))
        for prefix, section in (("", "resource"), ("data.", "data")):
            for entry in content.get(section, []):
                for kind, named in entry.items():
                    for body in named.values():
                        yield prefix + kind.strip('"'), body


def unknown(known: dict[str, Any]) -> Iterator[str]:
    for kind, body in blocks():
        names = known.get(kind)
        if names is None:
            yield kind
            continue
        for name, value in body.items():
            if name in META - {"dynamic"} or name.startswith("__"):
                continue
            if name != "dynamic":
                if name not in names["arguments"]:
                    yield f"{kind}.{name}"
                continue
            for entry in value:
                for block, inside in entry.items():
                    block = block.strip('"')  # noqa: PLW2901
                    if block not in names["arguments"]:
                        yield f"{kind}.{block}"
                    for content in inside["content"]:
                        allowed = names["blocks"].get(block, [])
                        written = {argument for argument in content if not argument.startswith("__")}
                        yield from (f"{kind}.{block}.{argument}" for argument in written - {*allowed})
    for path in sorted(MODULES.glob("*/*.tf")):
        for kind, attribute in READ.findall(path.read_text(encoding="utf-8")):
            if attribute not in known[kind]["attributes"]:
                yield f"{kind} has no {attribute}"


def test_every_name_that_the_modules_use_is_known_to_the_next_major() -> None:
    assert NEXT["provider"].startswith("6.")
    assert {kind for kind, _ in blocks()} == set(NEXT["kinds"])
    assert sorted(unknown(NEXT["kinds"])) == []


def test_a_name_that_is_missing_there_is_found() -> None:
    kinds = json.loads(json.dumps(NEXT["kinds"]))
    kinds["aws_db_instance"]["arguments"].remove("storage_throughput")
    kinds["aws_db_instance"]["attributes"].remove("resource_id")
    kinds["aws_db_instance"]["blocks"]["restore_to_point_in_time"].remove("use_latest_restorable_time")
    kinds["aws_db_parameter_group"]["blocks"]["parameter"].remove("apply_method")
    assert sorted(unknown(kinds)) == [
        "aws_db_instance has no resource_id",
        "aws_db_instance.restore_to_point_in_time.use_latest_restorable_time",
        "aws_db_instance.storage_throughput",
        "aws_db_parameter_group.parameter.apply_method",
    ]


def test_the_modules_take_both_majors_and_the_lock_file_the_one_that_is_proved() -> None:
    for versions in MODULES.glob("*/versions.tf"):
        assert 'version = ">= 5.100, < 7"' in versions.read_text(encoding="utf-8")
    lock = (PROJECT / "terraform" / "databases" / ".terraform.lock.hcl").read_text(encoding="utf-8")
    assert re.search(r'version\s+= "5\.', lock)
