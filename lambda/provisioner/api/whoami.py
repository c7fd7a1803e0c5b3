"""① Whose key a call came with, and which API answered: `GET /whoami`."""

import datetime as dt
from typing import Any, Final

from provisioner.api.description import VERSION
from provisioner.core.catalog import Catalog
from provisioner.core.errors import Problem
from provisioner.core.models import ApiKey
from provisioner.core.times import instant, optional_instant

# The oldest rdsctl that this API gets along with.
MINIMUM_CLIENT: Final = "0.1.0"


def check_key(key: ApiKey | None, now: dt.datetime) -> ApiKey:
    """The key, if it may be used; raises Problem (403) for one that no team has, or that ended."""
    if key is None:
        raise Problem(
            403,
            "The key belongs to no team",
            "Send the x-api-key header with your team's key; ask the platform team for one.",
            slug="no-team",
        )
    if key.expires_at is not None and key.expires_at <= now:
        named = f"{key.name} of team {key.team}" if key.name else f"of team {key.team}"
        raise Problem(
            403,
            "The key ended",
            f"The key {named} ended at {instant(key.expires_at)}; ask the platform team for another.",
            slug="key-expired",
        )
    return key


def whoami_document(key: ApiKey, catalog: Catalog) -> dict[str, Any]:
    """`person` is set by a personal key alone, never by a name that is merely sent."""
    return {
        "team": key.team,
        "actor": key.actor,
        "person": key.person,
        "key_name": key.name,
        "scopes": [key.scope],
        "key_expires_at": optional_instant(key.expires_at),
        "api_version": VERSION,
        "minimum_client": MINIMUM_CLIENT,
        "contact": catalog.contact,
    }
