"""docs/catalog.md: what it adds is a catalog, and each check that it names is one."""

import copy
import json
import re
from typing import Any

import pytest
import yaml
from provisioner.core.catalog import CatalogError, parse

from ops.doctor.checks import CHECKS
from tests.arrows import PROJECT

PAGE = (PROJECT / "docs/catalog.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def merged(base: Any, more: Any) -> Any:
    """The catalog with a block's lines in their places."""
    if not isinstance(base, dict) or not isinstance(more, dict):
        return more
    return base | {name: merged(base.get(name), value) for name, value in more.items()}


def test_each_block_leaves_a_catalog_that_loads() -> None:
    shipped = yaml.safe_load((PROJECT / "catalog.yaml").read_text(encoding="utf-8"))
    assert len(BLOCKS) == 7
    for block in BLOCKS:
        content = merged(copy.deepcopy(shipped), yaml.safe_load(block))
        assert content != shipped
        parse(json.dumps(content, default=str))


def test_each_check_that_the_page_names_is_the_doctors() -> None:
    cells = re.findall(r"doctor: ([^|;]*)", PAGE)
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert len(named) >= 10
    assert named - {check.name for check in CHECKS} == set()


@pytest.mark.parametrize("forgotten", ["sizes", "default_size", "storage_gb", "lifetime", "quota"])
def test_an_environment_that_lacks_a_line_does_not_load(forgotten: str) -> None:
    content = yaml.safe_load((PROJECT / "catalog.yaml").read_text(encoding="utf-8"))
    content = merged(content, yaml.safe_load(BLOCKS[3]))
    del content["environments"]["qa"][forgotten]
    with pytest.raises(CatalogError, match=forgotten):
        parse(json.dumps(content, default=str))
