"""④ Whose address a report may carry: its job's on CircleCI, and no other that people would follow.

Whoever may push a branch may have its pipeline report any address.
"""

from typing import Final

# Where CircleCI's cloud shows jobs: CIRCLE_BUILD_URL has the one or the other.
CLOUD: Final = "https://circleci.com"
_CLOUD_TOO: Final = "https://app.circleci.com"


def is_job_address(url: str, circleci: str) -> bool:
    """Whether an address is below CircleCI's; "" is none, of a pipeline that runs elsewhere."""
    origins = (CLOUD, _CLOUD_TOO) if circleci == CLOUD else (circleci,)
    return not url or any(url.startswith(f"{origin}/") for origin in origins)
