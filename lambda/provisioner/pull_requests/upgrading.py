"""What a pull request says of a major upgrade: the snapshot before it, what RDS refuses, and the way back."""

from provisioner.core import upgrades
from provisioner.core.root import Root, Upgrade

_GUIDE = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
    "USER_UpgradeDBInstance.PostgreSQL.MajorVersion.Process.html"
)
_AURORA_GUIDE = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
    "USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html"
)


def section(root: Root, upgrade: Upgrade) -> str:
    """The section of the body; RDS's guide says the same at length."""
    name, days = upgrade.snapshot, upgrades.KEPT.days
    guide = _AURORA_GUIDE if root.capacity else _GUIDE
    rows = {
        "First": f"the pipeline takes the snapshot `{name}`, kept {days} days: {_storage(root)}",
        "RDS refuses it": "with open prepared transactions, logical replication slots, columns of `reg*` "
        "types other than `regclass` and `regtype`, or extensions that the new version does not have: "
        f"[what to look for before]({guide}). Then the apply fails, and the database stays on "
        f"{upgrade.from_version}",
        "After it": "run `ANALYZE`, and `ALTER EXTENSION … UPDATE` for each extension: RDS does neither",
        "The way back": f"a new database from the snapshot: `rdsctl restore {name} {root.environment}/NEW`. "
        "RDS takes no version back in place",
        "Where RDS refused it": f'`PATCH` with `{{"engine_version": "{upgrade.from_version}"}}` takes it '
        "back; so does any other change. It is tried again only when someone asks for it",
    }
    lines = [f"| {what} | {text} |" for what, text in rows.items()]
    return "\n".join(["### The upgrade", "", "| | |", "|---|---|", *lines])


def _storage(root: Root) -> str:
    """What the snapshot costs.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-storage-backup.html for clusters
    """
    if root.capacity is None:
        return (
            f"up to {root.storage_gb} GB of backup storage, which costs nothing up to the size of all "
            "databases of the region"
        )
    days = "day" if root.backup_retention_days == 1 else f"{root.backup_retention_days} days"
    return (
        "backup storage of the cluster's size, which costs nothing in the first "
        f"{days}, as long as backups are kept"
    )
