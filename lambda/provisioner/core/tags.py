"""What RDS takes as a tag, and which tags are not a team's to set.

Letters, digits, spaces and some signs; at most 128 characters a key and 256 a value; neither may begin with
`aws:` or `rds:`: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
"""

import re
from collections.abc import Mapping
from typing import Final

# On everything that the provisioner makes.
MANAGED_BY: Final[Mapping[str, str]] = {"ManagedBy": "rds-provisioner"}

# The module sets these itself; AWS does not tell capitals apart in a policy's conditions.
RESERVED: Final = frozenset(
    {"managedby", "requestid", "team", "owner", "environment", "expiresat", "costcenter", "purpose", "name"}
)
_PREFIXES: Final = ("aws:", "rds:")
_TEXT: Final = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")


def is_provisioners(tags: Mapping[str, str]) -> bool:
    """Whether what carries these tags was made by the provisioner."""
    return MANAGED_BY.items() <= tags.items()


def has_allowed_characters(text: str) -> bool:
    """Whether every character is one that RDS takes everywhere."""
    return _TEXT.fullmatch(text) is not None


def begins_as_amazons(text: str) -> bool:
    """Whether RDS keeps this beginning, of a key or of a value, for AWS itself."""
    return text.lower().startswith(_PREFIXES)


def is_reserved(key: str) -> bool:
    """Whether a key is set by the provisioner or by AWS."""
    return key.lower() in RESERVED or begins_as_amazons(key)
