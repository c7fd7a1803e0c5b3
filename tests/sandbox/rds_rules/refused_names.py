"""Names and tags that RDS refuses: what is asked, and the code and words of the answer."""

from sandbox.aws.rds_rules.call import ADD_TAGS, CREATE, CREATE_GROUP, DELETE, RESTORE, Call
from tests.sandbox.rds_rules.examples import call

VALUE, COMBINATION = "InvalidParameterValue", "InvalidParameterCombination"
IDENTIFIER = (
    "is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, "
    "digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
)
TAG_SIGNS = (
    "may only contain unicode letters, digits, whitespace, or one of these symbols: _ . : / = + \\ - @"
)

REFUSED: dict[str, tuple[Call, str, str]] = {
    "an identifier with an underscore": (
        call(CREATE, DBInstanceIdentifier="dev_new"),
        VALUE,
        f"The parameter DBInstanceIdentifier {IDENTIFIER}",
    ),
    "an identifier with two hyphens in a row": (
        call(RESTORE, DBInstanceIdentifier="dev--new"),
        VALUE,
        f"The parameter DBInstanceIdentifier {IDENTIFIER}",
    ),
    "an identifier of 64 characters": (
        call(CREATE, DBInstanceIdentifier="a" * 64),
        VALUE,
        "The parameter DBInstanceIdentifier is not a valid identifier. It is longer than 63 characters.",
    ),
    "a group's name that begins with a digit": (
        call(CREATE_GROUP, DBParameterGroupName="1-dev"),
        VALUE,
        f"The parameter DBParameterGroupName {IDENTIFIER}",
    ),
    "a final snapshot's name that ends with a hyphen": (
        call(DELETE, FinalDBSnapshotIdentifier="dev-orders-final-"),
        VALUE,
        f"The parameter FinalDBSnapshotIdentifier {IDENTIFIER}",
    ),
    "a final snapshot's name that is taken": (
        call(DELETE, FinalDBSnapshotIdentifier="dev-orders-final-1"),
        "DBSnapshotAlreadyExists",
        "Cannot create the snapshot because a snapshot with the identifier dev-orders-final-1 already "
        "exists.",
    ),
    "a removal that says nothing of a final snapshot": (
        call(DELETE, FinalDBSnapshotIdentifier=None),
        COMBINATION,
        "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
    ),
    "a removal that names the final snapshot which it skips": (
        call(DELETE, SkipFinalSnapshot=True),
        COMBINATION,
        "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is enabled.",
    ),
    "a database's name with a hyphen": (
        call(CREATE, DBName="my-db"),
        VALUE,
        "DBName must begin with a letter and contain only alphanumeric characters.",
    ),
    "a database's name of 64 characters for PostgreSQL": (
        call(CREATE, DBName="a" * 64),
        VALUE,
        "DBName must be at most 63 characters.",
    ),
    "a database's name that the engine keeps": (
        call(CREATE, DBName="template1"),
        VALUE,
        "DBName template1 cannot be used. It is a reserved word for this engine",
    ),
    "a master user that the engine keeps": (
        call(CREATE, MasterUsername="rdsadmin"),
        VALUE,
        "MasterUsername rdsadmin cannot be used as it is a reserved word used by the engine",
    ),
    "a master user of 17 characters for MySQL": (
        call(CREATE, Engine="mysql", EngineVersion="8.4", MasterUsername="a" * 17),
        VALUE,
        f"The parameter MasterUsername is not valid: {'a' * 17}",
    ),
    "a tag's key under aws:": (
        call(CREATE, Tags=[{"Key": "AWS:owner", "Value": "x"}]),
        VALUE,
        'Tag keys cannot start with the reserved prefix "AWS:".',
    ),
    "a tag's key under rds:": (
        call(ADD_TAGS, Tags=[{"Key": "rds:owner", "Value": "x"}]),
        VALUE,
        'Tag keys cannot start with the reserved prefix "rds:".',
    ),
    "a tag's value under rds:": (
        call(CREATE_GROUP, Tags=[{"Key": "owner", "Value": "rds:x"}]),
        VALUE,
        'Tag values cannot start with the reserved prefix "rds:".',
    ),
    "a tag's value with brackets": (
        call(RESTORE, Tags=[{"Key": "Purpose", "Value": "the (new) shop"}]),
        VALUE,
        f"Tag values {TAG_SIGNS}",
    ),
    "a tag's value of 257 characters": (
        call(CREATE, Tags=[{"Key": "Purpose", "Value": "a" * 257}]),
        VALUE,
        "Tag keys may have 1 to 128 characters, tag values at most 256.",
    ),
    "51 tags at once": (
        call(CREATE, Tags=[{"Key": f"Tag{number}", "Value": ""} for number in range(51)]),
        VALUE,
        "The number of tags exceeds the limit of 50 for a resource.",
    ),
    "3 tags more where there are 48": (
        call(ADD_TAGS, Tags=[{"Key": f"New{number}", "Value": ""} for number in range(3)]),
        VALUE,
        "The number of tags exceeds the limit of 50 for a resource.",
    ),
}
