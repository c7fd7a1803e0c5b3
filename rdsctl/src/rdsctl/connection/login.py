"""Who logs in where: out of a database's document and the secret of the user that is wanted."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from botocore.exceptions import BotoCoreError

from rdsctl import kinds
from rdsctl.connection import aws, certificates
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, find_database, place_of
from rdsctl.session import Session

USERS: Final = ("application", "read_only", "master")
PATIENCE: Final = 180.0  # for users that are being made
_LOOK: Final = 3.0


@dataclass(frozen=True, slots=True)
class Login:
    """A verified login. `engine` is what its server speaks: postgres or mysql. `host` is the endpoint's own
    name, which its certificate has; `address` and `port` are where it is reached, through a tunnel another
    than these. One that `sleeps` has to be waited for."""

    place: Place
    engine: str
    host: str
    port: int
    dbname: str
    user: str
    roots: str
    arn: str | None
    region: str
    expires_at: str
    resource_port: int
    sleeps: bool = False
    password: str = field(default="", repr=False)
    address: str | None = None

    def through(self, port: int) -> "Login":
        """The same, reached by a tunnel's end on this machine."""
        return replace(self, address="127.0.0.1", port=port)


def find(
    session: Session,
    target: str,
    *,
    user: str | None,
    password: bool = True,
    iam: bool = False,
    reader: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Login:
    """The login for a database; waits for users that are being made. Raises Failure that says what lacks."""
    database = _available(session, target)
    if reader:
        database = _of_reader(database)
    if iam:
        return _with_token(session, database, user)
    wanted = user or _default_user(session, database)
    database = _with_users(session, database, wanted, sleep)
    arn = database.get("secrets", {}).get(wanted)
    if arn is None:
        raise _no_user(database, wanted)
    found = _login(session, database, wanted, arn)
    return with_password(found) if password else found


def with_password(login: Login) -> Login:
    """The same with its password, read from Secrets Manager with the caller's AWS credentials."""
    content = read_secret(login)
    # The master's secret is RDS's own, which names no server and may name another user.
    return replace(login, password=content["password"], user=content.get("username", login.user))


def read_secret(login: Login) -> dict[str, Any]:
    """The secret's content; raises Failure without rights, or where it is no login."""
    doing = f"reading the secret of {login.user} of {login.place}"
    answer = aws.call(doing, "secretsmanager", login.region, "get_secret_value", SecretId=login.arn)
    try:
        content: dict[str, Any] = json.loads(answer["SecretString"])
        content["password"]
    except (KeyError, TypeError, ValueError):
        raise Failure(f"{doing}: it holds no password.", hints=["rdsctl rotate makes another"]) from None
    return content


def _available(session: Session, target: str) -> dict[str, Any]:
    database = find_database(session.api, target)
    place = place_of(database)
    if database["state"] == "removed":
        raise Failure(f"{place} was removed.", Exit.NOT_FOUND, hints=[f"rdsctl get {place}"])
    if not (database.get("result") or {}).get("endpoint"):
        active = ((database.get("links") or {}).get("active_request") or "").rpartition("/")[2][:8]
        raise Failure(
            f"{place} is {database['state']}: it has no endpoint yet.",
            Exit.CONFLICT,
            hints=[f"rdsctl wait {active or place}"],
        )
    return database


def _of_reader(database: dict[str, Any]) -> dict[str, Any]:
    """The same with its reader's endpoint in the place of its own; raises Failure where it has none."""
    host = (database.get("connection") or {}).get("reader_host")
    if not host:
        raise Failure(
            f"{place_of(database)} has no reader: clusters with high availability have one.", Exit.CONFLICT
        )
    return {**database, "result": {**database["result"], "endpoint": host}}


def _default_user(session: Session, database: dict[str, Any]) -> str:
    """`application`; where a reviewer approves each change, the user that only reads."""
    told = (database.get("connection") or {}).get("default_user")
    if told:
        return str(told)
    rules = session.api.get("/catalog").document["environments"].get(database["environment"], {})
    return "read_only" if rules.get("approval") == "review" else "application"


def _with_users(
    session: Session, database: dict[str, Any], wanted: str, sleep: Callable[[float], None]
) -> dict[str, Any]:
    """The document once the user is in it, where the API says that users are being made."""
    left = PATIENCE
    said = False
    while wanted not in database.get("secrets", {}) and left > 0:
        if (database.get("connection") or {}).get("users_state") != "pending":
            break
        if not said:
            session.note(f"{place_of(database)} is there, and its users are being made: a few seconds")
            said = True
        sleep(_LOOK)
        left -= _LOOK
        database = session.api.get(place_of(database).path).document
    return database


def _no_user(database: dict[str, Any], wanted: str) -> Failure:
    place, held = place_of(database), database.get("secrets", {})
    failed = [event for event in database.get("events", []) if event["event"] == "access_failed"]
    hints = []
    if failed and wanted in ("application", "read_only"):
        detail = failed[-1].get("detail", {})
        hints += [f"cause   {detail.get('cause')}", f"fix     {detail.get('fix')}"]
    if held:
        hints.append(f"there is: {', '.join(f'--as {name}' for name in USERS if name in held)}")
    return Failure(f"{place} has no user {wanted} with a secret.", Exit.CONFLICT, hints=hints)


def _login(session: Session, database: dict[str, Any], user: str, arn: str | None) -> Login:
    result = database["result"]
    return Login(
        place=place_of(database),
        engine=kinds.dialect(database["database_engine"]),
        sleeps=kinds.sleeps(database),
        host=result["endpoint"],
        port=int(result["port"]),
        resource_port=int(result["port"]),
        dbname=result.get("database_name") or database["database_name"].replace("-", "_"),
        user=user,
        roots=str(certificates.roots(session)),
        arn=arn,
        region=aws.region_of(arn or result["arn"]),
        expires_at=database["expires_at"],
    )


def _with_token(session: Session, database: dict[str, Any], user: str | None) -> Login:
    """A login by a 15-minute token, signed for the endpoint's own name."""
    if user is None or user in USERS:
        raise Failure(
            "--iam wants --as NAME: a user with rds_iam, or AWSAuthenticationPlugin on MySQL.", Exit.USAGE
        )
    login = _login(session, database, user, None)
    client = aws.client("rds", login.region)
    try:
        token = client.generate_db_auth_token(login.host, login.resource_port, user, Region=login.region)
    except BotoCoreError as error:
        raise Failure(
            f"signing a token for {login.place}: {error}", hints=["sign in to AWS first"]
        ) from error
    return replace(login, password=token)
