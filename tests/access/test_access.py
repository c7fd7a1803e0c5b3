"""Users are made once and mended, a rotation survives being killed anywhere, and a person sees what fails."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from provisioner.access.users import DatabaseUsers, Login, secret_name
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.events import Event, EventType
from provisioner.core.models import Database, User
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.moto_table import ledger_on_moto


class Killed(BaseException):
    """The function ended here."""


@dataclass
class Server:
    """A database server: it keeps the password that each user was given last."""

    passwords: dict[str, str] = field(default_factory=dict)
    grants: int = 0
    down: bool = False

    def run(self, login: Login, statements: Sequence[str]) -> None:
        if self.down:
            raise TryLater("logging in", "nobody there")
        for line in statements:
            if line.startswith("ALTER USER"):
                user, password = line.split("'")[1], line.split("'")[5]
                self.passwords[user] = password
            self.grants += line.startswith("GRANT")


@dataclass
class Watched:
    """Secrets Manager, which kills the function at a given call, before it or after."""

    client: Any
    calls: int = 0
    kill_at: int | None = None
    after: bool = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.client, name)

        def call(**arguments: Any) -> Any:
            self.calls += 1
            if self.calls == self.kill_at and not self.after:
                raise Killed
            answer = real(**arguments)
            if self.calls == self.kill_at:
                raise Killed
            return answer

        return call


@dataclass
class World:
    ledger: Ledger
    client: Any
    server: Server = field(default_factory=Server)
    watched: Watched = field(init=False)

    def __post_init__(self) -> None:
        self.watched = Watched(self.client)
        arn = self.client.create_secret(
            Name="rds!db-1", SecretString='{"username": "dbadmin", "password": "m"}'
        )["ARN"]
        one = request()
        self.ledger.open_create(one, charge(one.root), ROOMY)
        result = {"endpoint": "h", "port": 3306, "database_name": "mydb123", "secret_arn": arn}
        done = Event(id="s", type=EventType.SUCCEEDED, at=NOW, actor="pipeline", detail={"result": result})
        self.ledger.add_event(one.id, done, NOW)

    @property
    def access(self) -> DatabaseUsers:
        return DatabaseUsers(self.ledger, self.watched, self.server.run, lambda: b"salt" * 4, NOW)

    @property
    def database(self) -> Database:
        found = self.ledger.database(Place("dev", "mydb123"))
        assert found is not None
        return found

    def secret(self, user: str) -> dict[str, Any]:
        name = secret_name(self.database, user)
        # Moto's own default stays with the first version.
        found = self.client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
        content: dict[str, Any] = json.loads(found["SecretString"])
        return content

    def ask(self, user: str, note_id: str = "rotation_asked:1") -> None:
        note = DatabaseEvent(
            id=note_id, type=DatabaseEventType.ROTATION_ASKED, at=NOW, actor="alpha-ci", detail={"user": user}
        )
        self.ledger.add_database_event(Place("dev", "mydb123"), note)

    def notes(self, noted: DatabaseEventType) -> list[DatabaseEvent]:
        return [note for note in self.ledger.database_events(Place("dev", "mydb123")) if note.type is noted]

    def stages(self, user: str) -> set[str]:
        found = self.client.describe_secret(SecretId=secret_name(self.database, user))
        return {stage for kept in found["VersionIdsToStages"].values() for stage in kept}


@pytest.fixture
def world() -> Iterator[World]:
    with ledger_on_moto() as ledger:
        yield World(ledger, boto3.client("secretsmanager", region_name="us-east-1"))


def test_both_users_get_a_secret_that_awss_tools_read(world: World) -> None:
    world.access.prepare(Place("dev", "mydb123"))

    for user in (User.APPLICATION, User.READ_ONLY):
        secret = world.secret(user)
        assert secret == {
            "engine": "mysql",
            "host": "h",
            "port": 3306,
            "dbname": "mydb123",
            "username": user,
            "password": world.server.passwords[user],
        }
        assert len(secret["password"]) == 40
        assert secret["password"].isalnum()
    assert world.server.passwords[User.APPLICATION] != world.server.passwords[User.READ_ONLY]
    (note,) = world.notes(DatabaseEventType.USERS_READY)
    assert set(note.detail["secrets"]) == {User.APPLICATION, User.READ_ONLY}
    assert all(":secretsmanager:" in arn for arn in note.detail["secrets"].values())


def test_preparing_again_changes_no_password_and_says_nothing_new(world: World) -> None:
    world.access.prepare(Place("dev", "mydb123"))
    before = dict(world.server.passwords)
    for _ in range(3):
        world.access.prepare(Place("dev", "mydb123"))
    assert world.server.passwords == before
    assert len(world.notes(DatabaseEventType.USERS_READY)) == 1


def test_a_database_that_moved_is_found_in_its_secrets(world: World) -> None:
    world.access.prepare(Place("dev", "mydb123"))
    name = secret_name(world.database, User.APPLICATION)
    elsewhere = json.dumps(world.secret(User.APPLICATION) | {"host": "old"})
    world.client.put_secret_value(SecretId=name, SecretString=elsewhere)
    world.access.prepare(Place("dev", "mydb123"))
    assert world.secret(User.APPLICATION)["host"] == "h"
    assert world.secret(User.APPLICATION)["password"] == world.server.passwords[User.APPLICATION]


@pytest.mark.parametrize("user", [User.APPLICATION, User.READ_ONLY])
def test_a_rotation_changes_one_users_password_once(world: World, user: str) -> None:
    world.access.prepare(Place("dev", "mydb123"))
    before = dict(world.server.passwords)
    world.ask(user)

    for _ in range(3):
        world.access.rotate(Place("dev", "mydb123"), "rotation_asked:1")

    assert world.server.passwords[user] != before[user]
    other = User.READ_ONLY if user == User.APPLICATION else User.APPLICATION
    assert world.server.passwords[other] == before[other]
    assert world.secret(user)["password"] == world.server.passwords[user]
    (note,) = world.notes(DatabaseEventType.ROTATED)
    assert note.detail["user"] == user
    assert note.detail["asked_by"] == "alpha-ci"
    assert world.stages(user) == {"AWSCURRENT", "AWSPREVIOUS"}


def test_what_nobody_asked_for_is_not_rotated(world: World) -> None:
    world.access.prepare(Place("dev", "mydb123"))
    before = dict(world.server.passwords)
    world.access.rotate(Place("dev", "mydb123"), "rotation_asked:invented")
    world.ask("master")
    world.access.rotate(Place("dev", "mydb123"), "rotation_asked:1")  # RDS does that one
    assert world.server.passwords == before


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 12))
@pytest.mark.parametrize("then", ["the rotation again", "another apply first"])
def test_a_rotation_killed_at_any_call_ends_with_secret_and_database_agreeing(
    world: World, call: int, after: bool, then: str
) -> None:
    world.access.prepare(Place("dev", "mydb123"))
    world.ask(User.APPLICATION)
    world.watched.calls, world.watched.kill_at, world.watched.after = 0, call, after
    with contextlib.suppress(Killed):
        world.access.rotate(Place("dev", "mydb123"), "rotation_asked:1")
    # Until the next run, whoever reads the secret gets in, or finds the password that is to come.
    known = {world.secret(User.APPLICATION)["password"]}
    if "AWSPENDING" in world.stages(User.APPLICATION):
        pending = world.client.get_secret_value(
            SecretId=secret_name(world.database, User.APPLICATION), VersionStage="AWSPENDING"
        )
        known.add(json.loads(pending["SecretString"])["password"])
    assert world.server.passwords[User.APPLICATION] in known

    world.watched.kill_at = None
    if then == "another apply first":
        world.access.prepare(Place("dev", "mydb123"))
        assert world.secret(User.APPLICATION)["password"] == world.server.passwords[User.APPLICATION]
    world.access.rotate(Place("dev", "mydb123"), "rotation_asked:1")

    assert world.secret(User.APPLICATION)["password"] == world.server.passwords[User.APPLICATION]
    assert "AWSPENDING" not in world.stages(User.APPLICATION)
    assert len(world.notes(DatabaseEventType.ROTATED)) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 8))
def test_making_users_killed_at_any_call_goes_on(world: World, call: int, after: bool) -> None:
    world.watched.kill_at, world.watched.after = call, after
    with contextlib.suppress(Killed):
        world.access.prepare(Place("dev", "mydb123"))
    world.watched.kill_at = None
    world.access.prepare(Place("dev", "mydb123"))
    for user in (User.APPLICATION, User.READ_ONLY):
        assert world.secret(user)["password"] == world.server.passwords[user]
    assert len(world.notes(DatabaseEventType.USERS_READY)) == 1


def test_a_database_that_does_not_answer_keeps_its_password_and_gets_the_new_one_later(world: World) -> None:
    world.access.prepare(Place("dev", "mydb123"))
    before = world.secret(User.APPLICATION)
    world.ask(User.APPLICATION)
    world.server.down = True
    with pytest.raises(TryLater):
        world.access.rotate(Place("dev", "mydb123"), "rotation_asked:1")
    assert world.secret(User.APPLICATION) == before
    assert world.server.passwords[User.APPLICATION] == before["password"]
    world.server.down = False
    world.access.rotate(Place("dev", "mydb123"), "rotation_asked:1")
    assert (
        world.secret(User.APPLICATION)["password"]
        == world.server.passwords[User.APPLICATION]
        != before["password"]
    )


def test_the_secrets_of_a_removed_database_go_and_its_name_is_free(world: World) -> None:
    world.access.prepare(Place("dev", "mydb123"))
    world.access.forget(Place("dev", "mydb123"))  # not removed yet: a late word of a namesake
    assert world.secret(User.APPLICATION)
    gone = DatabaseEvent(id="g", type=DatabaseEventType.REMOVED_IN_GIT, at=NOW, actor="pipeline")
    world.ledger.mark_removed(Place("dev", "mydb123"), gone)
    for _ in range(2):
        world.access.forget(Place("dev", "mydb123"))
    left = [one["Name"] for one in world.client.list_secrets()["SecretList"]]
    assert left == ["rds!db-1"]


def test_a_removed_database_gets_no_users(world: World) -> None:
    world.ledger.mark_removed(
        Place("dev", "mydb123"),
        DatabaseEvent(id="g", type=DatabaseEventType.REMOVED_IN_GIT, at=NOW, actor="x"),
    )
    world.access.prepare(Place("dev", "mydb123"))
    world.access.prepare(Place("dev", "nobody"))
    assert world.server.passwords == {}


def test_a_missing_right_needs_a_person(world: World) -> None:
    class Refusing:
        def get_secret_value(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "GetSecretValue")

    access = DatabaseUsers(world.ledger, Refusing(), world.server.run, lambda: b"", NOW)
    with pytest.raises(NeedsPerson, match="give the access function's role this right"):
        access.prepare(Place("dev", "mydb123"))


def test_what_failed_for_good_stands_in_the_databases_events(world: World) -> None:
    world.access.failed(
        Place("dev", "mydb123"), "rotating a password", "logging in to h as dbadmin: timed out"
    )
    (note,) = world.notes(DatabaseEventType.ACCESS_FAILED)
    assert note.detail == {
        "doing": "rotating a password",
        "cause": "logging in to h as dbadmin: timed out",
        "fix": "fix the cause (docs/access.md), then redrive the access function's dead letters",
    }


def test_no_password_ever_stands_in_the_ledger(world: World) -> None:
    world.access.prepare(Place("dev", "mydb123"))
    world.ask(User.READ_ONLY)
    world.access.rotate(Place("dev", "mydb123"), "rotation_asked:1")
    text = str(world.ledger.database_events(Place("dev", "mydb123")))
    assert not any(password in text for password in world.server.passwords.values())


def test_a_login_does_not_show_its_password() -> None:
    login = Login(engine="mysql", host="h", port=1, database="d", user="u", password="hush")
    assert "hush" not in repr(login)
