"""⑤ Gives each database its two users, and rotates passwords; every step can be killed and run again.

Each user's secret is the truth, the database follows: a new password is put into the secret as AWSPENDING,
set in the database, and then made AWSCURRENT. Killed in between, the next run finds the pending one and goes
on with it, so that no password is ever in the database alone.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from botocore.exceptions import ClientError

from provisioner.access.sql import new_password, statements
from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database, User
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

# What people read of a failure of this function.
LONGEST_CAUSE: Final = 1000
USERS: Final = (User.APPLICATION, User.READ_ONLY)
_PASSWORD_LENGTH: Final = 40
_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Where a database is, and as whom to log in."""

    engine: str
    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Secret:
    """A user's secret; `pending` is the version of a rotation that was not brought to its end."""

    arn: str
    password: str = field(repr=False)
    pending: str | None = None


# Runs statements, each by itself; raises TryLater where the database cannot be reached or refuses one.
Run = Callable[[Login, Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class DatabaseUsers:
    """Users and passwords of databases, with what it needs passed in; `salt` gives random bytes."""

    ledger: Ledger
    secrets: Any
    run: Run
    salt: Callable[[], bytes]
    now: dt.datetime

    def prepare(self, place: Place) -> None:
        """Make or mend both users of a database that was applied."""
        database = self.ledger.database(place)
        if database is None or database.state in (DatabaseState.PENDING, DatabaseState.REMOVED):
            return
        login = self._master(database)
        secrets = {user: self._secret(database, login, user) for user in USERS}
        passwords = [(user, secret.password) for user, secret in secrets.items()]
        self.run(login, statements(login.engine, login.database, login.user, passwords, self.salt()))
        for user, secret in secrets.items():
            if secret.pending:
                self._promote(secret_name(database, user), secret.pending)
        arns = {str(user): secret.arn for user, secret in secrets.items()}
        self._add(database, database_events.users_ready(database.origin, self.now, secrets=arns))

    def rotate(self, place: Place, asked_id: str) -> None:
        """Give a user another password, as the note of this id asks; once, however often it is told."""
        database = self.ledger.database(place)
        notes = {note.id: note for note in self.ledger.database_events(place)}
        asked = notes.get(asked_id)
        if database is None or database.state is DatabaseState.REMOVED or asked is None:
            return
        user = str(asked.detail["user"])
        if user == User.MASTER or database_events.rotated_id(asked_id) in notes:
            return
        login, name = self._master(database), secret_name(database, user)
        token = str(uuid5(NAMESPACE_URL, f"{name}/{asked_id}"))
        password = self._pending(name, token, login, user)
        self.run(login, new_password(login.engine, user, password, self.salt()))
        arn = self._promote(name, token)
        self._add(database, database_events.rotated(asked, self.now, user=user, secret_arn=arn))

    def forget(self, place: Place) -> None:
        """Delete the secrets of a database that was removed: what they open is gone."""
        database = self.ledger.database(place)
        # One that is still to be made has none of its own yet: what is there is its removed namesake's.
        if database is None or database.state not in (DatabaseState.REMOVED, DatabaseState.PENDING):
            return
        for user in USERS:
            # Without the days of recovery, which would keep the name from the next database of this name.
            self._call(
                "delete_secret", SecretId=secret_name(database, user), ForceDeleteWithoutRecovery=True,
                missing=(),
            )  # fmt: skip

    def failed(self, place: Place, what: str, cause: str) -> None:
        """Write down that the users could not be made, or a password not rotated."""
        database = self.ledger.database(place)
        if database is not None:
            fix = "fix the cause (docs/access.md), then redrive the access function's dead letters"
            event = database_events.access_failed(what, self.now, cause=cause[:LONGEST_CAUSE], fix=fix)
            self._add(database, event)

    def _add(self, database: Database, event: DatabaseEvent) -> None:
        self.ledger.add_database_event(database.place, event)

    def _master(self, database: Database) -> Login:
        place, result = database.place, database.result or {}
        if not result.get("endpoint") or not result.get("secret_arn"):
            raise NeedsPerson(
                f"logging in to {place}", "the ledger has no endpoint for it", "apply its root again"
            )
        answer = self._call("get_secret_value", SecretId=str(result["secret_arn"]))
        content = json.loads(answer["SecretString"])
        return Login(
            engine=database.root.engine,
            host=str(result["endpoint"]),
            port=int(result["port"]),
            database=str(result["database_name"]),
            user=str(content["username"]),
            password=str(content["password"]),
        )

    def _secret(self, database: Database, login: Login, user: str) -> _Secret:
        """A user's secret, made where there is none."""
        name = secret_name(database, user)
        found = self._call("describe_secret", SecretId=name, missing={})
        if not found:
            password = self._random()
            made = self._call(
                "create_secret",
                Name=name,
                Description=f"{user} of {database.place}",
                SecretString=_content(login, user, password),
                Tags=[{"Key": key, "Value": value} for key, value in _tags(database).items()],
            )
            return _Secret(str(made["ARN"]), password)
        # Of a rotation that was killed, either password may be the database's; it is brought to its end.
        versions: Mapping[str, Sequence[str]] = found["VersionIdsToStages"]
        pending = next((version for version, kept in versions.items() if _PENDING in kept), None)
        if pending:
            return _Secret(str(found["ARN"]), self._password(name, VersionId=pending), pending)
        text = self._text(name, VersionStage=_CURRENT)
        password = str(json.loads(text)["password"])
        content = _content(login, user, password)
        if text != content:  # the database has moved
            self._call("put_secret_value", SecretId=name, SecretString=content)
        return _Secret(str(found["ARN"]), password)

    def _pending(self, name: str, token: str, login: Login, user: str) -> str:
        """The password that is to come, which an earlier, killed run may have put there."""
        found = self._call("get_secret_value", SecretId=name, VersionId=token, missing=None)
        if found is None:
            content = _content(login, user, self._random())
            self._call(
                "put_secret_value",
                SecretId=name,
                ClientRequestToken=token,
                SecretString=content,
                VersionStages=[_PENDING],
            )
        return self._password(name, VersionId=token)

    def _promote(self, name: str, token: str) -> str:
        found = self._call("describe_secret", SecretId=name)
        stages: Mapping[str, Sequence[str]] = found["VersionIdsToStages"]
        current = next((version for version, kept in stages.items() if _CURRENT in kept), None)
        if current != token:
            before = {"RemoveFromVersionId": current} if current else {}
            self._call(
                "update_secret_version_stage",
                SecretId=name,
                VersionStage=_CURRENT,
                MoveToVersionId=token,
                **before,
            )
        if _PENDING in stages.get(token, ()):
            self._call(
                "update_secret_version_stage",
                SecretId=name,
                VersionStage=_PENDING,
                RemoveFromVersionId=token,
            )
        return str(found["ARN"])

    def _text(self, name: str, **version: str) -> str:
        return str(self._call("get_secret_value", SecretId=name, **version)["SecretString"])

    def _password(self, name: str, **version: str) -> str:
        return str(json.loads(self._text(name, **version))["password"])

    def _random(self) -> str:
        answer = self._call("get_random_password", PasswordLength=_PASSWORD_LENGTH, ExcludePunctuation=True)
        return str(answer["RandomPassword"])

    def _call(self, action: str, *, missing: Any = NotImplemented, **arguments: Any) -> Any:
        """One call of Secrets Manager; `missing` is the answer where there is no such secret or version."""
        try:
            return getattr(self.secrets, action)(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ResourceNotFoundException" and missing is not NotImplemented:
                return missing
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
        "ManagedBy": "rds-provisioner",
        "Environment": database.environment,
        "DatabaseName": database.database_name,
        "Team": database.team,
        "RequestId": database.origin,
    }
