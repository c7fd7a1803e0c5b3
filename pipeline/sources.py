"""Whose data a restore reads: RDS's own tags on the source, asked before Terraform runs."""

from provisioner.core.engines import INSTANCE
from provisioner.core.root import Root
from provisioner.core.tags import is_provisioners

from pipeline.instances import Instances

TEAM = "Team"


def foreign_source(root: Root, instances: Instances) -> str | None:
    """Why a root may not be restored from its source; None where it may.

    The tags are copied from the database to its snapshots, and no team can write them.
    """
    restore = root.restore
    if restore is None:
        return None
    if restore.snapshot is not None:
        what, tags = (
            f"snapshot {restore.snapshot}",
            instances.snapshot_tags(restore.snapshot, root.source_resource),
        )
    else:
        what = f"database {restore.database}"
        tags = instances.tags(restore.database or "", root.source_resource)
    if tags is None:
        kind = "" if root.source_resource is INSTANCE else " of a cluster"
        return f"RDS has no {what}{kind}: ask for a restore from one that is there"
    if not is_provisioners(tags):
        return f"{what} was not made by the provisioner"
    if tags.get(TEAM) != root.team:
        return f"{what} is of team {tags.get(TEAM, 'unknown')}, not {root.team}: data stays with its team"
    return None
