"""Every check, in the order in which they are printed."""

from typing import Final

from ops.doctor import (
    api,
    channels,
    circleci,
    clone,
    foundation,
    functions,
    github,
    ledger,
    offered,
    permissions,
    quotas,
    roles,
    support,
)
from ops.doctor.deployment import Check

CHECKS: Final[tuple[Check, ...]] = (
    *clone.CHECKS,
    *foundation.CHECKS,
    *roles.CHECKS,
    *permissions.CHECKS,
    *functions.CHECKS,
    *ledger.CHECKS,
    *channels.CHECKS,
    *github.CHECKS,
    *circleci.CHECKS,
    *api.CHECKS,
    *quotas.CHECKS,
    *offered.CHECKS,
    *support.CHECKS,
)
