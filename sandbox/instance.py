"""Looks at an instance of the emulated RDS, and into its database as an application would."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pymysql

from sandbox.cloud import Cloud


def describe(cloud: Cloud, identifier: str) -> dict[str, Any]:
    """What RDS says of an instance, without what is empty."""
    found = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)
    instance: dict[str, Any] = found["DBInstances"][0]
    return {name: value for name, value in instance.items() if value not in ("", [], {}, None)}


def identifiers(cloud: Cloud) -> list[str]:
    """All instances that there are."""
    found = cloud.client("rds").describe_db_instances()["DBInstances"]
    return [instance["DBInstanceIdentifier"] for instance in found]


def tags(instance: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance.get("TagList", [])}


def log_in(cloud: Cloud, instance: dict[str, Any]) -> str:
    """Log in to the real server; its version."""
    return str(query(cloud, instance, "select version()")[0][0])


def query(cloud: Cloud, instance: dict[str, Any], *statements: str) -> list[tuple[Any, ...]]:
    """Run statements with the secret and the endpoint alone; the rows of the last one, if it has any."""
    arn = instance["MasterUserSecret"]["SecretArn"]
    secret = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    connect, name = CONNECT[instance["Engine"]]
    connection = connect(
        host=instance["Endpoint"]["Address"],
        port=instance["Endpoint"]["Port"],
        user=secret["username"],
        password=secret["password"],
        autocommit=True,
        **{name: instance["DBName"]},
    )
    try:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
    finally:
        connection.close()


CONNECT: dict[str, tuple[Callable[..., Any], str]] = {
    "postgres": (psycopg.connect, "dbname"),
    "mysql": (pymysql.connect, "database"),
    "aurora-postgresql": (psycopg.connect, "dbname"),
    "aurora-mysql": (pymysql.connect, "database"),
}
