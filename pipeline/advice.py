"""What Terraform's errors mean to whoever reads a failed plan or apply, and what to do next."""

from typing import Final

# A piece of the error, and what to do about it. The first that is found counts.
_ADVICE: Final = (
    (
        "Error acquiring the state lock",
        "another run holds the state: if it is over, `python -m pipeline locks` says how to "
        "release it; then try again",
    ),
    (
        "DBInstanceAlreadyExists",
        "an instance of this name is there that was not made for this request, and no state knows "
        "it: rename or delete it, or take another name",
    ),
    (
        "lifecycle.prevent_destroy",
        "no plan may replace a database: undo what asks for it, or ask for a new database",
    ),
    ("ExpiredToken", "the job's credentials ended before its work: try again, it goes on from there"),
    (
        "the previous storage change is being optimized",
        "RDS takes one change of storage in six hours, its own growth included: try again then, "
        "or take the growth back by a PATCH of storage_gb",
    ),
    (
        "Invalid storage size for engine name",
        "RDS holds more than was asked for: GET the database for its size, and ask for 10 % above that",
    ),
    (
        "InvalidDBInstanceState",
        "RDS is still at work on the instance: try again in some minutes, it goes on then",
    ),
    (
        "DBClusterAlreadyExistsFault",
        "a cluster of this name is there that was not made for this request, and no state knows "
        "it: rename or delete it, or take another name",
    ),
    (
        "InvalidDBClusterStateFault",
        "RDS is still at work on the cluster: try again in some minutes, it goes on then",
    ),
    (
        "not authorized to perform: rds:CreateDBCluster",
        "the foundation is older than clusters: apply it first (docs/upgrade.md), then try again",
    ),
    (
        "QuotaExceeded",
        "the account's RDS quota is used up: raise it in Service Quotas, or remove databases, then try again",
    ),
    (
        "InsufficientDBInstanceCapacity",
        "AWS has no room for this size here now: try again later, or take another size",
    ),
    (
        "checksums recorded in the dependency lock",
        "the provider is not the one that terraform/databases/.terraform.lock.hcl pins; see its README",
    ),
    (
        "not authorized to perform",
        "the pipeline's role lacks a permission: compare terraform/foundation, then try again",
    ),
    ("AccessDenied", "the pipeline's role lacks a permission: compare terraform/foundation, then try again"),
)


def advice(output: str) -> str:
    """What to do about an error; empty where only Terraform's own words help."""
    flat = " ".join(output.split())
    return next((text for piece, text in _ADVICE if piece in flat), "")
