"""What the pipeline does of a major upgrade itself: the snapshot before it, and the look whether RDS did it.

RDS runs its checks after it took the call: it refuses an upgrade by leaving the version as it was, which
Terraform takes for success.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html
"""

from collections.abc import Sequence

from botocore.exceptions import ClientError, WaiterError
from provisioner.core.root import Root

from pipeline.apply_checks import Refused
from pipeline.instances import Instances
from pipeline.output import say
from pipeline.plan_changes import ResourceChange

_REFUSED = ("AccessDenied", "AccessDeniedException")


def keep_before(root: Root | None, changes: Sequence[ResourceChange], instances: Instances) -> None:
    """Take the snapshot of an upgrade that a plan is about to do; safe to do twice. Raises Refused."""
    if root is None or root.upgrade is None or not _upgrades(changes):
        return
    try:
        say(instances.snapshot_before(root.upgrade.snapshot, root.place.identifier, root.resource))
    except (ClientError, WaiterError, ValueError) as error:
        refused = isinstance(error, ClientError) and error.response["Error"]["Code"] in _REFUSED
        raise Refused(
            f"{root.place} is not upgraded, since the snapshot {root.upgrade.snapshot} was not taken: "
            f"{error}",
            "apply the foundation of this release first (docs/upgrade.md), then try again"
            if refused
            else "try again",
            retryable=True,
        ) from error


def check_done(root: Root | None, instances: Instances, said: str = "") -> None:
    """Whether the database has the version that its root asks for; raises Refused, with what was `said`."""
    if root is None or root.upgrade is None:
        return
    minor = instances.version_of(root.place.identifier, root.resource)
    if not f"{minor}.".startswith(f"{root.engine_version}."):
        raise Refused(
            f"RDS did not upgrade {root.place} to {root.engine_version}: it runs {minor or 'nothing'}{said}",
            "read in its log pg_upgrade_precheck.log and in its events what was in the way (aws rds "
            f"describe-events --source-type db-{root.resource.name} --source-identifier "
            f"{root.place.identifier} --duration 1440). Put that right and try again, or take the upgrade "
            f"back by PATCH with the engine_version {root.upgrade.from_version}",
            retryable=True,
        )


def _upgrades(changes: Sequence[ResourceChange]) -> bool:
    return any(change.is_database and "engine_version" in change.sets for change in changes)
