"""Whom a database belongs to: an address, a GitHub handle, or what an earlier release took.

The form is asked of an owner that is given. One that is stored stays valid until it is changed: neither gate
nor apply judges it.
"""

import re
from typing import Final

from provisioner.core import tags

ALLOWED: Final = "an address, such as orders@example.com, or a GitHub handle, such as @jane or @acme/orders"
_ATOM: Final = r"[A-Za-z0-9_=+-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Of the characters that a tag takes; no quoted part, so that it is one word in any header.
_ADDRESS: Final = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>(?:{_LABEL}\.)+[A-Za-z]{{2,63}})")
# With the short code that managed users carry: https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
_LOGIN: Final = r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}(?:_[A-Za-z0-9]{1,8})?"
_HANDLE: Final = re.compile(rf"@?{_LOGIN}|@{_LOGIN}/[A-Za-z0-9][A-Za-z0-9_-]{{0,99}}")
_LONGEST: Final = 254  # https://www.rfc-editor.org/errata/eid1690
_LONGEST_LOCAL: Final = 64  # https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.1


def domain_of(text: str) -> str | None:
    """The domain of an address, in small letters; None for anything else."""
    match = _ADDRESS.fullmatch(text)
    if match is None or len(text) > _LONGEST or len(match["local"]) > _LONGEST_LOCAL:
        return None
    return match["domain"].lower()


def is_allowed(text: str) -> bool:
    """Whether an owner may be given as this text."""
    return domain_of(text) is not None or _HANDLE.fullmatch(text) is not None


def left_out(team: str, key_holder: str | None) -> str:
    """The owner where none is given: whose key it is, else the team.

    A name that RDS does not take as a tag stands for nobody.
    """
    if key_holder and tags.has_allowed_characters(key_holder) and not tags.begins_as_amazons(key_holder):
        return key_holder
    return team
