"""What each class of the catalog has, as AWS's table says it."""

import pytest
from provisioner.core.instance_classes import capacity
from provisioner.core.offered import catalog_document

from tests.core.examples import catalog

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
KNOWN = {
    "db.t4g.micro": (2, 1),
    "db.t3.small": (2, 2),
    "db.t4g.medium": (2, 4),
    "db.t4g.large": (2, 8),
    "db.t3.2xlarge": (8, 32),
    "db.m7g.large": (2, 8),
    "db.m7g.xlarge": (4, 16),
    "db.m6i.12xlarge": (48, 192),
    "db.r6g.large": (2, 16),
    "db.r7g.16xlarge": (64, 512),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_class_has_what_aws_says(name: str) -> None:
    assert capacity(name) == KNOWN[name]


@pytest.mark.parametrize("name", ["db.x9z.large", "db.t4g.16xlarge", "db.m7g.micro"])
def test_of_a_class_that_is_not_known_nothing_is_said(name: str) -> None:
    assert capacity(name) is None


def test_every_size_of_the_catalog_says_what_it_has() -> None:
    shown = catalog_document(catalog())["sizes"]
    classes = {name: size for name, size in shown.items() if size["instance_class"]}
    assert {name: (size["vcpus"], size["memory_gib"]) for name, size in classes.items()} == {
        "small": (2, 1),
        "medium": (2, 4),
        "large": (2, 8),
        "xlarge": (4, 16),
    }
