"""What an instance class has: vCPUs and memory, by AWS's naming of families and sizes.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
"""

from typing import Final

# The T families, each size with its vCPUs and GiB.
_BURSTABLE: Final = {
    "micro": (2, 1),
    "small": (2, 2),
    "medium": (2, 4),
    "large": (2, 8),
    "xlarge": (4, 16),
    "2xlarge": (8, 32),
}
_BURSTABLE_FAMILIES: Final = frozenset({"t3", "t4g"})
# vCPUs by size; memory is so many GiB for each of them, by family.
_VCPUS: Final = {
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
    "8xlarge": 32,
    "12xlarge": 48,
    "16xlarge": 64,
    "24xlarge": 96,
}
_GIB_OF_VCPU: Final = {
    **dict.fromkeys(("m5", "m5d", "m6g", "m6gd", "m6i", "m6id", "m7g", "m7i", "m8g"), 4),
    **dict.fromkeys(("r5", "r5b", "r5d", "r6g", "r6gd", "r6i", "r6id", "r7g", "r7i", "r8g"), 8),
    **dict.fromkeys(("c6gd",), 2),
}


def capacity(instance_class: str) -> tuple[int, int] | None:
    """The vCPUs and GiB of memory of a class such as `db.m7g.large`; None of a family not known here."""
    _, family, size = instance_class.split(".")
    if family in _BURSTABLE_FAMILIES:
        return _BURSTABLE.get(size)
    vcpus, memory = _VCPUS.get(size), _GIB_OF_VCPU.get(family)
    return (vcpus, vcpus * memory) if vcpus and memory else None
