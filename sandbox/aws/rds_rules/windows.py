"""The windows of backups and maintenance."""

from provisioner.core.windows import LENGTH, Windows, fault

from sandbox.aws.rds_rules.call import (
    MAKES_CLUSTER,
    MAKES_INSTANCE,
    MODIFY,
    MODIFY_CLUSTER,
    Call,
    Refusal,
    invalid_value,
)


def windows_never_meet(call: Call) -> Refusal | None:
    """The daily and the weekly window are apart, and each is long enough.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html and, of clusters,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html
    """
    if call.action not in (*MAKES_INSTANCE, MODIFY, *MAKES_CLUSTER, MODIFY_CLUSTER):
        return None
    backup, maintenance = (
        str(call.given.get(name) or call.held.get(name) or "")
        for name in ("PreferredBackupWindow", "PreferredMaintenanceWindow")
    )
    if not backup or not maintenance:
        return None  # RDS chooses the other one
    wrong = fault(Windows(backup.lower(), maintenance.lower()))
    if wrong is None:
        return None
    if "overlap" in wrong:
        return invalid_value("The backup window and maintenance window must not overlap.")
    return invalid_value(f"A window has to be at least {LENGTH} minutes long: {backup}, {maintenance}")
