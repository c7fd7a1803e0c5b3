"""What RDS takes as a tag.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html and
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
"""

import unicodedata
from collections.abc import Iterator

from sandbox.aws.rds_rules.call import ADD_TAGS, Call, Refusal, invalid_value

MOST = 50
RESERVED = ("aws:", "rds:")
SIGNS = "_.:/=+-@"


def tag_prefix(call: Call) -> Refusal | None:
    """Neither key nor value begins with aws: or rds:.

    API_Tag; aws-cloudformation/aws-cloudformation-resource-providers-rds issue 239 has RDS's words.
    """
    for part, text in _texts(call):
        if text.lower().startswith(RESERVED):
            return invalid_value(f'Tag {part} cannot start with the reserved prefix "{text[:4]}".')
    return None


def tag_characters(call: Call) -> Refusal | None:
    """Letters, digits and spaces of any script, and a few signs.

    API_Tag; cloud-custodian/cloud-custodian issue 2115 has RDS's words.
    """
    for part, text in _texts(call):
        if any(char not in SIGNS and unicodedata.category(char)[0] not in "LZN" for char in text):
            return invalid_value(
                f"Tag {part} may only contain unicode letters, digits, whitespace, or one of these "
                "symbols: _ . : / = + \\ - @"
            )
    return None


def tag_length(call: Call) -> Refusal | None:
    """A key of 1 to 128, a value of at most 256 characters. API_Tag."""
    for tag in call.given.get("Tags", ()):
        if not 1 <= len(tag.get("Key", "")) <= 128 or len(tag.get("Value", "")) > 256:
            return invalid_value("Tag keys may have 1 to 128 characters, tag values at most 256.")
    return None


def tag_count(call: Call) -> Refusal | None:
    """At most 50 on one resource. USER_Tagging."""
    held = set()
    if call.action == ADD_TAGS:
        name = str(call.given["ResourceName"]).rsplit(":", 1)[-1]
        held = {tag["Key"] for tag in call.estate.instances.get(name, {}).get("TagList", ())}
    if len(held | {tag.get("Key", "") for tag in call.given.get("Tags", ())}) <= MOST:
        return None
    return invalid_value(f"The number of tags exceeds the limit of {MOST} for a resource.")


def _texts(call: Call) -> Iterator[tuple[str, str]]:
    """Each text of a call's tags, with what RDS calls the part that it is of."""
    for tag in call.given.get("Tags", ()):
        yield "keys", tag.get("Key", "")
        yield "values", tag.get("Value", "")
