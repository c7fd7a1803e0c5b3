"""`make demo`: one POST becomes a database, and every step is shown as it happens."""

from sandbox.demo.following import follow
from sandbox.demo.stage import Stage, expect
from sandbox.instance import describe, log_in

# The three fields of the mission, and nothing else.
BODY = {"database_name": "mydb123", "database_engine": "mysql", "environment": "dev"}


def play(stage: Stage) -> object:
    """Send the request, follow it to its end, and look at what came of it; what to keep of it.

    Raises StoryFailed where something is not as promised.
    """
    printer, cloud = stage.printer, stage.cloud
    printer.title("One POST")
    request_id = stage.ask("POST", "/provision-rds", BODY)

    printer.title("becomes a pull request, a plan, a merge, an apply")
    document = follow(stage, request_id)

    printer.title(f"The request: GET /requests/{request_id}")
    printer.document(document)
    result = document["result"] or {}
    expect(bool(result.get("endpoint")), "the result has no endpoint")
    expect(":secretsmanager:" in str(result.get("secret_arn")), "the result has no secret ARN")

    printer.title("The instance: DescribeDBInstances")
    instance = describe(cloud, result["identifier"])
    printer.document(instance)
    expect(instance["DBInstanceStatus"] == "available", f"the instance is {instance['DBInstanceStatus']}")
    expect(instance["StorageEncrypted"], "the storage is not encrypted")
    expect(not instance["PubliclyAccessible"], "the instance is public")
    expect(
        instance["MasterUserSecret"]["SecretArn"] == result["secret_arn"],
        "the instance's secret is another one than the request says",
    )

    printer.title("The database: a login with the secret's credentials")
    if BODY["database_engine"] in stage.state["missing_engines"]:
        printer.line("left out: no server for it is installed on this machine")
    else:
        printer.line(f"select version() -> {log_in(cloud, instance)}")
    return document
