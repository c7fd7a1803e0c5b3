"""The master user's secret that RDS keeps in Secrets Manager for an instance."""

import json
import secrets

from ministack.services import secretsmanager

from sandbox.aws.query import Instance


def make_secret(instance: Instance, key: str) -> None:
    name = f"rds!{instance['DbiResourceId'].lower()}"
    text = secret_value(instance["MasterUsername"], instance["_MasterUserPassword"])
    description = f"The secret associated with the primary RDS DB instance: {instance['DBInstanceArn']}"
    arn = secretsmanager.create_secret_in_process(name, text, description)
    instance["_MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active", "KmsKeyId": key}


def delete_secret(instance: Instance) -> None:
    if secret := instance.pop("_MasterUserSecret", None):
        secretsmanager.delete_secret_in_process(secret["SecretArn"])


def secret_value(user: str, password: str) -> str:
    return json.dumps({"username": user, "password": password})


def new_password() -> str:
    return secrets.token_urlsafe(24)
