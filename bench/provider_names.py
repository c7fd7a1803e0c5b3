"""Writes down the names that an AWS provider has for what the modules use, from its published bindings.

`pip download --no-deps cdktn-provider-aws`, then `python -m bench.provider_names WHEEL NAMES.json`. The
bindings are made from the provider's schema; tests/terraform_files holds the module to the names.
"""

import ast
import json
import re
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

KINDS: Final = (
    "aws_db_instance",
    "aws_db_parameter_group",
    "aws_rds_cluster",
    "aws_rds_cluster_instance",
    "aws_rds_cluster_parameter_group",
    "data.aws_db_cluster_snapshot",
    "data.aws_db_instance",
    "data.aws_db_instances",
    "data.aws_db_snapshot",
    "data.aws_db_subnet_group",
    "data.aws_iam_role",
    "data.aws_kms_alias",
    "data.aws_rds_cluster",
    "data.aws_rds_clusters",
    "data.aws_rds_engine_version",
    "data.aws_security_group",
    "data.aws_subnet",
)
_VERSION: Final = re.compile(r"bindings for hashicorp/aws provider version (\S+)")
_META: Final = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}


def names(source: str, of: str) -> dict[str, Any]:
    """The arguments, attributes and blocks of one kind; `of` is its class, such as DbInstance."""
    classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    blocks = {
        snake(name.removeprefix(of)): _arguments(node)
        for name, node in classes.items()
        if name.startswith(of) and name.removeprefix(of) not in ("", "Config") and _arguments(node)
    }
    attributes = [
        node.name
        for node in classes[of].body
        if isinstance(node, ast.FunctionDef)
        and any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    arguments = sorted(set(_arguments(classes[f"{of}Config"])) - _META)
    return {"arguments": arguments, "attributes": sorted(set(attributes)), "blocks": blocks}


def snake(name: str) -> str:
    """A class's name as Terraform writes a block's."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def _arguments(node: ast.ClassDef) -> list[str]:
    made = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
    return [argument.arg for item in made for argument in item.args.kwonlyargs]


def read(wheel: Path) -> Mapping[str, Any]:
    """What a wheel of the bindings knows of the kinds that the modules use."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        version = _VERSION.search(archive.read(metadata).decode())
        if version is None:
            raise SystemExit(f"{wheel.name} does not say for which provider it is")
        found = {}
        for kind in KINDS:
            module = kind.replace("data.aws_", "data_aws_").removeprefix("aws_")
            of = "".join(part.capitalize() for part in module.split("_"))
            found[kind] = names(archive.read(f"cdktn_provider_aws/{module}/__init__.py").decode(), of)
    return {"provider": version[1], "kinds": found}


if __name__ == "__main__":
    content = read(Path(sys.argv[1]))
    Path(sys.argv[2]).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
