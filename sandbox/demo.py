"""`make demo`: one POST becomes a database, and every step is shown as it happens."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pymysql

from sandbox.client import Client, get_json
from sandbox.cloud import Cloud
from sandbox.paper import Paper
from sandbox.place import HOME

# The three fields of the mission, and nothing else.
BODY = {"database_name": "mydb123", "database_engine": "mysql", "environment": "dev"}
PATIENCE = 8 * 60
# Steps that every job has, and that say nothing about the request.
FURNITURE = ("checkout", "Install what the pipeline needs", "Take the plan role", "Take the apply role")
ENDED = ("done", "rejected", "failed", "cancelled")


class DemoFailed(Exception):
    """Something that the demo promises is not true; the message says what."""


def tell(state: dict[str, Any], paper: Paper) -> None:
    """Send the request, follow it to its end, and look at what came of it. Raises DemoFailed."""
    client = Client(state["api_url"], state["api_key"])
    cloud = Cloud(state["ports"]["aws"])

    paper.title("One POST")
    paper.line(f"POST /provision-rds {json.dumps(BODY)}")
    accepted = client.call("POST", "/provision-rds", BODY)
    expect(accepted.status == 202, f"the answer is {accepted.status}, not 202: {accepted.body}")
    request_id = accepted.body["id"]
    paper.line(f"202 Accepted, request {request_id}")

    paper.title("becomes a pull request, a plan, a merge, an apply")
    document = follow(client, request_id, state, paper)
    HOME.mkdir(exist_ok=True)
    (HOME / "demo.json").write_text(json.dumps(document, indent=2) + "\n")

    paper.title(f"The request: GET /requests/{request_id}")
    paper.document(document)
    expect(document["state"] == "done", f"the request is {document['state']}: {document['error']}")
    result = document["result"] or {}
    expect(bool(result.get("endpoint")), "the result has no endpoint")
    expect(":secretsmanager:" in str(result.get("secret_arn")), "the result has no secret ARN")

    paper.title("The instance: DescribeDBInstances")
    instance = describe(cloud, result["identifier"])
    paper.document(instance)
    expect(instance["DBInstanceStatus"] == "available", f"the instance is {instance['DBInstanceStatus']}")
    expect(instance["StorageEncrypted"], "the storage is not encrypted")
    expect(not instance["PubliclyAccessible"], "the instance is public")
    expect(
        instance["MasterUserSecret"]["SecretArn"] == result["secret_arn"],
        "the instance's secret is another one than the request says",
    )

    paper.title("The database: a login with the secret's credentials")
    if BODY["database_engine"] in state["missing_engines"]:
        paper.line("left out: no server for it is installed on this machine")
    else:
        paper.line(f"select version() -> {log_in(cloud, instance)}")


def follow(client: Client, request_id: str, state: dict[str, Any], paper: Paper) -> dict[str, Any]:
    """Print the request's timeline and the pipelines' jobs until the request comes to its end."""
    shown: set[object] = set()
    begun = paper.seconds
    document: dict[str, Any] = {}
    while paper.seconds - begun < PATIENCE:
        document = client.call("GET", f"/requests/{request_id}").body
        pipelines = get_json(f"{state['circleci_url']}/api/pipelines")["pipelines"]
        news = [*timeline(document, begun), *jobs(pipelines, begun, time.time() - paper.seconds)]
        for key, at, text in sorted(news, key=lambda each: each[1]):
            if key not in shown:
                shown.add(key)
                paper.line(text, at=at)
        if document["state"] in ENDED:
            return document
        if problem := stumble(pipelines):
            raise DemoFailed(problem)
        time.sleep(0.5)
    raise DemoFailed(f"after {PATIENCE} s the request is still {document.get('state')}")


def timeline(document: dict[str, Any], begun: float) -> list[tuple[object, float, str]]:
    found: list[tuple[object, float, str]] = []
    for event in document["timeline"]:
        detail = event.get("detail", {})
        link = next((value for name, value in detail.items() if str(name).endswith("url")), "")
        text = f"{event['event'].replace('_', ' ')}, by {event['actor']}  {link}".rstrip()
        found.append(((event["event"], event["at"]), begun + event["seconds"], text))
    return found


def jobs(pipelines: list[dict[str, Any]], begun: float, clock: float) -> list[tuple[object, float, str]]:
    """What the pipelines did since `begun`; `clock` is the time of day at which the paper began."""
    found: list[tuple[object, float, str]] = []
    for pipeline, job, step in steps(pipelines):
        at = (step["ended"] or 0) - clock
        if at >= begun and step["name"] not in FURNITURE:
            key = (pipeline["number"], job["number"], step["name"])
            text = f"  CircleCI #{pipeline['number']}, {job['name']}: {step['name']}: {step['status']}"
            found.append((key, at, text))
    return found


def steps(pipelines: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    for pipeline in pipelines:
        for job in pipeline["jobs"]:
            for step in job["steps"]:
                yield pipeline, job, step


def stumble(pipelines: list[dict[str, Any]]) -> str:
    """What went wrong in the pipelines, or nothing: a request whose pipeline failed waits for a person."""
    for pipeline, job, step in steps(pipelines):
        if step["status"] == "failed":
            return f"{pipeline['url']}, {job['name']}: {step['name']} failed:\n{step['output']}"
    return next(
        (f"{pipeline['url']}: {pipeline['error']}" for pipeline in pipelines if pipeline["error"]), ""
    )


def describe(cloud: Cloud, identifier: str) -> dict[str, Any]:
    found = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)
    instance: dict[str, Any] = found["DBInstances"][0]
    return {name: value for name, value in instance.items() if value not in ("", [], {}, None)}


def log_in(cloud: Cloud, instance: dict[str, Any]) -> str:
    """Log in to the real server as an application would: with the secret and the endpoint alone."""
    arn = instance["MasterUserSecret"]["SecretArn"]
    text = cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    secret = json.loads(text)
    connect: dict[str, Callable[..., Any]] = {"postgres": psycopg.connect, "mysql": pymysql.connect}
    connection = connect[instance["Engine"]](
        host=instance["Endpoint"]["Address"],
        port=instance["Endpoint"]["Port"],
        user=secret["username"],
        password=secret["password"],
        **(
            {"dbname": instance["DBName"]}
            if instance["Engine"] == "postgres"
            else {"database": instance["DBName"]}
        ),
    )
    try:
        cursor = connection.cursor()
        cursor.execute("select version()")
        return str(cursor.fetchone()[0])
    finally:
        connection.close()


def expect(truth: bool, otherwise: str) -> None:
    if not truth:
        raise DemoFailed(otherwise)
