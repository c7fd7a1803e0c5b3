"""What RDS takes as a name."""

import re

from sandbox.aws.rds_rules.call import (
    CREATE,
    CREATE_CLUSTER_GROUP,
    CREATE_CLUSTER_SNAPSHOT,
    CREATE_GROUP,
    CREATE_SNAPSHOT,
    DELETE,
    DELETE_CLUSTER,
    MAKES_CLUSTER,
    MAKES_INSTANCE,
    Call,
    Refusal,
    invalid_combination,
    invalid_value,
)

IDENTIFIER = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")
IDENTIFIER_WORDS = (
    "Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must "
    "not end with a hyphen or contain two consecutive hyphens."
)
# Words that an engine keeps for itself; RDS names them one by one in its refusals.
RESERVED_USERS = frozenset({"postgres", "public", "rdsadmin", "root", "user"})
RESERVED_DATABASES = {
    "postgres": frozenset({"postgres", "template0", "template1", "rdsadmin", "db", "user"}),
    "mysql": frozenset({"mysql", "information_schema", "performance_schema", "sys", "innodb"}),
}
# The argument that names the snapshot which a call makes.
SNAPSHOT_ARGUMENT = {
    CREATE_SNAPSHOT: "DBSnapshotIdentifier",
    DELETE: "FinalDBSnapshotIdentifier",
    CREATE_CLUSTER_SNAPSHOT: "DBClusterSnapshotIdentifier",
    DELETE_CLUSTER: "FinalDBSnapshotIdentifier",
}
LONGEST_DATABASE = {"postgres": 63, "mysql": 64}
LONGEST_USER = {"postgres": 63, "mysql": 16}


def instance_identifier(call: Call) -> Refusal | None:
    """1 to 63 letters, digits, single hyphens, a letter first, none last.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, DBInstanceIdentifier
    """
    if call.action in MAKES_CLUSTER:
        return _identifier(call, "DBClusterIdentifier", 63)
    return _identifier(call, "DBInstanceIdentifier", 63) if call.action in MAKES_INSTANCE else None


def group_name(call: Call) -> Refusal | None:
    """1 to 255 letters, digits, single hyphens, a letter first, none last.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBParameterGroup.html
    """
    if call.action == CREATE_CLUSTER_GROUP:
        return _identifier(call, "DBClusterParameterGroupName", 255)
    return _identifier(call, "DBParameterGroupName", 255) if call.action == CREATE_GROUP else None


def snapshot_name(call: Call) -> Refusal | None:
    """1 to 255 letters, digits, single hyphens, a letter first, none last; the final one's too.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
    """
    name = SNAPSHOT_ARGUMENT.get(call.action)
    return _identifier(call, name, 255) if name in call.given else None


def snapshot_name_is_free(call: Call) -> Refusal | None:
    """A snapshot's name is used once; a second removal meets the first one's final snapshot.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html, Errors
    """
    name = SNAPSHOT_ARGUMENT.get(call.action)
    taken = call.given.get(name) if name else None
    if call.action in (CREATE_CLUSTER_SNAPSHOT, DELETE_CLUSTER) and taken in call.estate.cluster_snapshots:
        return Refusal(
            "DBClusterSnapshotAlreadyExistsFault",
            f"Cannot create the cluster snapshot because one with the identifier {taken} already exists.",
        )
    if call.action not in (CREATE_SNAPSHOT, DELETE) or taken not in call.estate.snapshots:
        return None
    return Refusal(
        "DBSnapshotAlreadyExists",
        f"Cannot create the snapshot because a snapshot with the identifier {taken} already exists.",
    )


def final_snapshot_is_named_or_skipped(call: Call) -> Refusal | None:
    """Either a name for the final snapshot or none at all, never both.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
    """
    if (
        call.action not in (DELETE, DELETE_CLUSTER)
        or _is_member(call)
        or bool(call.given.get("SkipFinalSnapshot")) != ("FinalDBSnapshotIdentifier" in call.given)
    ):
        return None
    if call.given.get("SkipFinalSnapshot"):
        return invalid_combination(
            "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is enabled."
        )
    return invalid_combination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")


def database_name(call: Call) -> Refusal | None:
    """A letter first, then letters, digits and underscores; as long as the engine takes; no reserved word.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, DBName
    """
    if call.action != CREATE or "DBName" not in call.given:
        return None
    name = str(call.given["DBName"])
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        return invalid_value("DBName must begin with a letter and contain only alphanumeric characters.")
    if len(name) > LONGEST_DATABASE.get(call.engine, 63):
        return invalid_value(f"DBName must be at most {LONGEST_DATABASE[call.engine]} characters.")
    if name.lower() in RESERVED_DATABASES.get(call.engine, ()):
        return invalid_value(f"DBName {name} cannot be used. It is a reserved word for this engine")
    return None


def master_name(call: Call) -> Refusal | None:
    """1 to 63 (PostgreSQL) or 16 (MySQL) letters and digits, a letter first, no reserved word.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, MasterUsername
    """
    if call.action != CREATE or "MasterUsername" not in call.given:
        return None
    name = str(call.given["MasterUsername"])
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or len(name) > LONGEST_USER.get(call.engine, 16):
        return invalid_value(f"The parameter MasterUsername is not valid: {name}")
    if name.lower() in RESERVED_USERS:
        return invalid_value(
            f"MasterUsername {name} cannot be used as it is a reserved word used by the engine"
        )
    return None


def _is_member(call: Call) -> bool:
    """A member leaves no snapshot: its cluster does."""
    return call.action == DELETE and call.is_member


def _identifier(call: Call, name: str | None, longest: int) -> Refusal | None:
    text = call.identifier if name == "DBInstanceIdentifier" else str(call.given[str(name)])
    if IDENTIFIER.fullmatch(text) and len(text) <= longest:
        return None
    what = IDENTIFIER_WORDS if len(text) <= longest else f"It is longer than {longest} characters."
    return invalid_value(f"The parameter {name} is not a valid identifier. {what}")
