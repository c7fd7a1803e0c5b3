"""Major versions: which one an instance is upgraded to, and what the call has to say."""

from collections.abc import Mapping

from sandbox.aws.rds_rules.call import MODIFY, Call, Refusal, invalid_combination

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html
TARGETS: Mapping[str, tuple[str, ...]] = {
    "postgres15": ("postgres16", "postgres17", "postgres18"),
    "postgres16": ("postgres17", "postgres18"),
    "postgres17": ("postgres18",),
}


def path_is_one_of_rds(call: Call) -> Refusal | None:
    """RDS upgrades to the ValidUpgradeTarget of a version, and takes none back.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html
    """
    if not _is_major(call) or call.family in TARGETS.get(call.held_family, ()):
        return None
    held, wanted = call.instance["EngineVersion"], call.given["EngineVersion"]
    return invalid_combination(f"Cannot upgrade {call.engine} from {held} to {wanted}")


def upgrade_is_allowed(call: Call) -> Refusal | None:
    """A major version wants its flag.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html,
    AllowMajorVersionUpgrade
    """
    if not _is_major(call) or call.given.get("AllowMajorVersionUpgrade"):
        return None
    return invalid_combination(
        "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
    )


def _is_major(call: Call) -> bool:
    asks = call.action == MODIFY and call.instance and call.given.get("EngineVersion")
    return bool(asks) and call.family != call.held_family
