"""Which major version RDS upgrades to which in one step, and for how long the snapshot before is kept.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html;
`aws rds describe-db-engine-versions` lists them as ValidUpgradeTarget. RDS has no major version after MySQL
8.4: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/MySQL.Concepts.VersionMgmt.html. Aurora's are in
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html;
Aurora MySQL 3 has none within what the catalog offers.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

# Of the snapshot that the pipeline takes first.
KEPT: Final = dt.timedelta(days=7)
_PATHS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "postgres": {"15": ("16", "17", "18"), "16": ("17", "18"), "17": ("18",)},
    "aurora-postgresql": {"15": ("16", "17"), "16": ("17",)},
}


def targets(engine: str, version: str) -> tuple[str, ...]:
    """The major versions to which RDS upgrades an engine's version; empty where there are none."""
    return _PATHS.get(engine, {}).get(version, ())
