"""⑤ The users' secrets in Secrets Manager, from which programs read how to log in.

A new password is put into a secret as AWSPENDING, set in the database, and then made AWSCURRENT. Killed in
between, the next run finds the pending one and goes on with it, so that no password is in the database alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from provisioner.access.login import Login
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.models import Database
from provisioner.core.tags import MANAGED_BY

_PASSWORD_LENGTH: Final = 40
_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"


@dataclass(frozen=True, slots=True)
class Secret:
    """A user's secret; `pending` is the version of a rotation that was not brought to its end."""

    arn: str
    password: str = field(repr=False)
    pending: str | None = None


@dataclass(frozen=True, slots=True)
class UserSecrets:
    """The secrets of databases' users; `client` is botocore's for Secrets Manager."""

    client: Any

    def master(self, arn: str) -> tuple[str, str]:
        """The name and the password of a master user."""
        content = json.loads(self._call("get_secret_value", SecretId=arn)["SecretString"])
        return str(content["username"]), str(content["password"])

    def ensure(self, database: Database, login: Login, user: str) -> Secret:
        """A user's secret, made where there is none; `login` says where the database is."""
        name = secret_name(database, user)
        found = self._find("describe_secret", SecretId=name)
        if found is None:
            return self._create(database, login, user)
        # Of a rotation that was killed, either password may be the database's; it is brought to its end.
        versions: Mapping[str, Sequence[str]] = found["VersionIdsToStages"]
        pending = next((version for version, stages in versions.items() if _PENDING in stages), None)
        if pending:
            return Secret(str(found["ARN"]), self._password(name, VersionId=pending), pending)
        text = self._text(name, VersionStage=_CURRENT)
        password = str(json.loads(text)["password"])
        content = _content(login, user, password)
        if text != content:  # the database has moved
            self._call("put_secret_value", SecretId=name, SecretString=content)
        return Secret(str(found["ARN"]), password)

    def propose(self, name: str, version: str, login: Login, user: str) -> str:
        """The password that is to come, which an earlier, killed run may have put there."""
        if self._find("get_secret_value", SecretId=name, VersionId=version) is None:
            self._call(
                "put_secret_value",
                SecretId=name,
                ClientRequestToken=version,
                SecretString=_content(login, user, self._random()),
                VersionStages=[_PENDING],
            )
        return self._password(name, VersionId=version)

    def promote(self, name: str, version: str) -> str:
        """Make a version the current one; the secret's ARN."""
        found = self._call("describe_secret", SecretId=name)
        versions: Mapping[str, Sequence[str]] = found["VersionIdsToStages"]
        current = next((known for known, stages in versions.items() if _CURRENT in stages), None)
        if current != version:
            before = {"RemoveFromVersionId": current} if current else {}
            self._stage(name, _CURRENT, MoveToVersionId=version, **before)
        if _PENDING in versions.get(version, ()):
            self._stage(name, _PENDING, RemoveFromVersionId=version)
        return str(found["ARN"])

    def delete(self, name: str) -> None:
        """Delete a secret, if it is there; without days of recovery, which would keep its name taken."""
        self._find("delete_secret", SecretId=name, ForceDeleteWithoutRecovery=True)

    def _create(self, database: Database, login: Login, user: str) -> Secret:
        password = self._random()
        made = self._call(
            "create_secret",
            Name=secret_name(database, user),
            Description=f"{user} of {database.place}",
            SecretString=_content(login, user, password),
            Tags=[{"Key": key, "Value": value} for key, value in _tags(database).items()],
        )
        return Secret(str(made["ARN"]), password)

    def _stage(self, name: str, stage: str, **versions: str) -> None:
        self._call("update_secret_version_stage", SecretId=name, VersionStage=stage, **versions)

    def _text(self, name: str, **version: str) -> str:
        return str(self._call("get_secret_value", SecretId=name, **version)["SecretString"])

    def _password(self, name: str, **version: str) -> str:
        return str(json.loads(self._text(name, **version))["password"])

    def _random(self) -> str:
        answer = self._call("get_random_password", PasswordLength=_PASSWORD_LENGTH, ExcludePunctuation=True)
        return str(answer["RandomPassword"])

    def _call(self, action: str, **arguments: Any) -> dict[str, Any]:
        """One call of Secrets Manager."""
        found = self._find(action, **arguments)
        if found is None:
            raise TryLater(f"{action} in Secrets Manager", "there is no such secret or version")
        return found

    def _find(self, action: str, **arguments: Any) -> dict[str, Any] | None:
        """One call of Secrets Manager; None where there is no such secret or version."""
        try:
            return dict(getattr(self.client, action)(**arguments))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ResourceNotFoundException":
                return None
            if code == "AccessDeniedException":
                fix = "give the access function's role this right, for this secret and its key"
                raise NeedsPerson(f"{action} in Secrets Manager", code, fix) from error
            raise TryLater(f"{action} in Secrets Manager", code) from error


def secret_name(database: Database, user: str) -> str:
    """Where a user's secret is kept."""
    return f"rds-provisioner/{database.place}/{user}"


def _content(login: Login, user: str, password: str) -> str:
    """The JSON that AWS's own tools read.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
    """
    return json.dumps(
        {
            "engine": login.engine,
            "host": login.host,
            "port": login.port,
            "dbname": login.database,
            "username": user,
            "password": password,
        }
    )


def _tags(database: Database) -> dict[str, str]:
    return {
        **MANAGED_BY,
        "Environment": database.environment,
        "DatabaseName": database.database_name,
        "Team": database.team,
        "RequestId": database.origin,
    }
