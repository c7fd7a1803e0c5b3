"""The master user's secret that RDS keeps in Secrets Manager for an instance or a cluster."""

import json
import secrets
import uuid

from ministack.services import secretsmanager

from sandbox.aws.query import Instance


def make_secret(instance: Instance, key: str) -> None:
    name = f"rds!{instance['DbiResourceId'].lower()}"
    text = secret_value(instance["MasterUsername"], instance["_MasterUserPassword"])
    description = f"The secret associated with the primary RDS DB instance: {instance['DBInstanceArn']}"
    arn = secretsmanager.create_secret_in_process(name, text, description)
    instance["_MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active", "KmsKeyId": key}


def make_cluster_secret(cluster: Instance, key: str) -> None:
    text = secret_value(cluster["MasterUsername"], cluster["_MasterUserPassword"])
    description = f"The secret associated with the primary RDS DB cluster: {cluster['DBClusterArn']}"
    arn = secretsmanager.create_secret_in_process(f"rds!cluster-{uuid.uuid4()}", text, description)
    cluster["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active", "KmsKeyId": key}


def delete_secret(instance: Instance) -> None:
    if secret := instance.pop("_MasterUserSecret", None):
        secretsmanager.delete_secret_in_process(secret["SecretArn"])


def secret_value(user: str, password: str) -> str:
    return json.dumps({"username": user, "password": password})


def new_password() -> str:
    return secrets.token_urlsafe(24)
