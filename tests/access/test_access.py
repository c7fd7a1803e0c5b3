"""Users are made once and repaired, a rotation survives a kill anywhere, and an operator sees what fails."""

import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from provisioner.access import mysql
from provisioner.access.login import Login, NotAllowed, Rows, Run, Statement
from provisioner.access.secrets import UserSecrets, secret_name
from provisioner.access.users import DatabaseUsers
from provisioner.core import events
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import State, derive
from provisioner.core.models import Database, User
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.moto_table import ledger_beside_moto

PLACE = Place("dev", "mydb123")


class Killed(BaseException):
    """The function ended here."""


@dataclass
class Server:
    """A MySQL server: it keeps the password that each user was given last, and lets those in who know it."""

    passwords: dict[str, str] = field(default_factory=lambda: {"dbadmin": "m"})
    grants: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    partial_revokes: str | None = None
    down: bool = False
    not_allowed: str = "nothing"  # statements that begin so are refused
    keeps_out: str | None = None

    @contextlib.contextmanager
    def connect(self, login: Login) -> Iterator[Run]:
        if self.down or login.user == self.keeps_out or self.passwords.get(login.user) != login.password:
            raise TryLater(f"logging in as {login.user}", "nobody there")
        self.logins.append(login.user)
        yield self.run

    def run(self, statement: Statement) -> Rows:
        line = statement.text
        if line.startswith(self.not_allowed):
            raise NotAllowed(statement.doing, "access denied")
        if line.startswith("ALTER USER"):
            user, password = line.split("'")[1], line.split("'")[5]
            self.passwords[user] = password
        if line.startswith("GRANT"):
            self.grants.append(line)
        if line.startswith("SHOW") and self.partial_revokes:
            return [("partial_revokes", self.partial_revokes)]
        return []

    @property
    def users(self) -> dict[str, str]:
        return {user: password for user, password in self.passwords.items() if user != "dbadmin"}


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
        return DatabaseUsers(
            self.ledger, UserSecrets(self.watched), self.server.connect, lambda: b"salt" * 4, NOW
        )

    @property
    def database(self) -> Database:
        found = self.ledger.database(PLACE)
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
        self.ledger.add_database_event(PLACE, note)

    def events(self, type_: DatabaseEventType) -> list[DatabaseEvent]:
        return [event for event in self.ledger.database_events(PLACE) if event.type is type_]

    def stages(self, user: str) -> set[str]:
        found = self.client.describe_secret(SecretId=secret_name(self.database, user))
        return {stage for kept in found["VersionIdsToStages"].values() for stage in kept}


@pytest.fixture
def world() -> Iterator[World]:
    with ledger_beside_moto() as ledger:
        yield World(ledger, boto3.client("secretsmanager", region_name="us-east-1"))


def test_both_users_get_a_secret_that_awss_tools_read(world: World) -> None:
    world.access.prepare(PLACE)

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
    (note,) = world.events(DatabaseEventType.USERS_READY)
    assert set(note.detail["secrets"]) == {User.APPLICATION, User.READ_ONLY}
    assert all(":secretsmanager:" in arn for arn in note.detail["secrets"].values())


def test_the_hours_of_the_products_logins_are_written_down_before_them(world: World) -> None:
    world.server.down = True
    with contextlib.suppress(TryLater):
        world.access.prepare(PLACE)
    assert world.ledger.own_logins(PLACE) == {NOW}

    late = dataclasses.replace(world.access, now=NOW + dt.timedelta(hours=5, minutes=59))
    world.ask("application")
    with contextlib.suppress(TryLater):
        late.rotate(PLACE, "rotation_asked:1")
    assert world.ledger.own_logins(PLACE) == {NOW + dt.timedelta(hours=hours) for hours in (0, 5, 6)}


def test_a_rotation_of_the_masters_password_logs_nobody_in(world: World) -> None:
    world.ask("master")
    world.access.rotate(PLACE, "rotation_asked:1")
    assert world.ledger.own_logins(PLACE) == frozenset()


def test_preparing_again_changes_no_password_and_says_nothing_new(world: World) -> None:
    world.access.prepare(PLACE)
    before = world.server.users
    for _ in range(3):
        world.access.prepare(PLACE)
    assert world.server.users == before
    assert len(world.events(DatabaseEventType.USERS_READY)) == 1


def test_a_database_that_moved_is_found_in_its_secrets(world: World) -> None:
    world.access.prepare(PLACE)
    name = secret_name(world.database, User.APPLICATION)
    elsewhere = json.dumps(world.secret(User.APPLICATION) | {"host": "old"})
    world.client.put_secret_value(SecretId=name, SecretString=elsewhere)
    world.access.prepare(PLACE)
    assert world.secret(User.APPLICATION)["host"] == "h"
    assert world.secret(User.APPLICATION)["password"] == world.server.passwords[User.APPLICATION]


@pytest.mark.parametrize("user", [User.APPLICATION, User.READ_ONLY])
def test_a_rotation_changes_one_users_password_once(world: World, user: str) -> None:
    world.access.prepare(PLACE)
    before = world.server.users
    world.ask(user)

    for _ in range(3):
        world.access.rotate(PLACE, "rotation_asked:1")

    assert world.server.passwords[user] != before[user]
    other = User.READ_ONLY if user == User.APPLICATION else User.APPLICATION
    assert world.server.passwords[other] == before[other]
    assert world.secret(user)["password"] == world.server.passwords[user]
    (note,) = world.events(DatabaseEventType.ROTATED)
    assert note.detail["user"] == user
    assert note.detail["asked_by"] == "alpha-ci"
    assert world.stages(user) == {"AWSCURRENT", "AWSPREVIOUS"}


def test_what_nobody_asked_for_is_not_rotated(world: World) -> None:
    world.access.prepare(PLACE)
    before = world.server.users
    world.access.rotate(PLACE, "rotation_asked:invented")
    world.ask("master")
    world.access.rotate(PLACE, "rotation_asked:1")  # RDS does that one
    assert world.server.users == before


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 12))
@pytest.mark.parametrize("then", ["the rotation again", "another apply first"])
def test_a_rotation_killed_at_any_call_ends_with_secret_and_database_agreeing(
    world: World, call: int, after: bool, then: str
) -> None:
    world.access.prepare(PLACE)
    world.ask(User.APPLICATION)
    world.watched.calls, world.watched.kill_at, world.watched.after = 0, call, after
    with contextlib.suppress(Killed):
        world.access.rotate(PLACE, "rotation_asked:1")
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
        world.access.prepare(PLACE)
        assert world.secret(User.APPLICATION)["password"] == world.server.passwords[User.APPLICATION]
    world.access.rotate(PLACE, "rotation_asked:1")

    assert world.secret(User.APPLICATION)["password"] == world.server.passwords[User.APPLICATION]
    assert "AWSPENDING" not in world.stages(User.APPLICATION)
    assert len(world.events(DatabaseEventType.ROTATED)) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 8))
def test_making_users_killed_at_any_call_goes_on(world: World, call: int, after: bool) -> None:
    world.watched.kill_at, world.watched.after = call, after
    with contextlib.suppress(Killed):
        world.access.prepare(PLACE)
    world.watched.kill_at = None
    world.access.prepare(PLACE)
    for user in (User.APPLICATION, User.READ_ONLY):
        assert world.secret(user)["password"] == world.server.passwords[user]
    assert len(world.events(DatabaseEventType.USERS_READY)) == 1


def test_a_database_that_does_not_answer_keeps_its_password_and_gets_the_new_one_later(world: World) -> None:
    world.access.prepare(PLACE)
    before = world.secret(User.APPLICATION)
    world.ask(User.APPLICATION)
    world.server.down = True
    with pytest.raises(TryLater):
        world.access.rotate(PLACE, "rotation_asked:1")
    assert world.secret(User.APPLICATION) == before
    assert world.server.passwords[User.APPLICATION] == before["password"]
    world.server.down = False
    world.access.rotate(PLACE, "rotation_asked:1")
    assert (
        world.secret(User.APPLICATION)["password"]
        == world.server.passwords[User.APPLICATION]
        != before["password"]
    )


def test_the_secrets_of_a_removed_database_go_and_its_name_is_free(world: World) -> None:
    world.access.prepare(PLACE)
    world.access.forget(PLACE)  # not removed yet: a late word of a namesake
    assert world.secret(User.APPLICATION)
    gone = DatabaseEvent(id="g", type=DatabaseEventType.REMOVED_IN_GIT, at=NOW, actor="pipeline")
    world.ledger.mark_removed(PLACE, gone)
    for _ in range(2):
        world.access.forget(PLACE)
    left = [secret["Name"] for secret in world.client.list_secrets()["SecretList"]]
    assert left == ["rds!db-1"]


def test_a_removed_database_gets_no_users(world: World) -> None:
    world.ledger.mark_removed(
        PLACE,
        DatabaseEvent(id="g", type=DatabaseEventType.REMOVED_IN_GIT, at=NOW, actor="x"),
    )
    world.access.prepare(PLACE)
    world.access.prepare(Place("dev", "nobody"))
    assert world.server.users == {}


def test_a_missing_right_needs_an_operator(world: World) -> None:
    class Refusing:
        def get_secret_value(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "GetSecretValue")

    access = DatabaseUsers(world.ledger, UserSecrets(Refusing()), world.server.connect, lambda: b"", NOW)
    with pytest.raises(NeedsPerson, match="give the access function's role this right"):
        access.prepare(PLACE)


def test_what_failed_for_good_stands_in_the_databases_events(world: World) -> None:
    world.access.failed(PLACE, "rotating a password", "logging in to h as dbadmin: timed out")
    (note,) = world.events(DatabaseEventType.ACCESS_FAILED)
    assert note.detail == {
        "doing": "rotating a password",
        "cause": "logging in to h as dbadmin: timed out",
        "fix": "fix the cause (docs/access.md), then redrive the access function's dead letters",
    }


def test_no_password_ever_stands_in_the_ledger(world: World) -> None:
    world.access.prepare(PLACE)
    world.ask(User.READ_ONLY)
    world.access.rotate(PLACE, "rotation_asked:1")
    text = str(world.ledger.database_events(PLACE))
    assert not any(password in text for password in world.server.users.values())


def test_a_login_does_not_show_its_password() -> None:
    login = Login(engine="mysql", host="h", port=1, database="d", user="u", password="hush")
    assert "hush" not in repr(login)


def test_users_are_announced_once_they_have_logged_in(world: World) -> None:
    world.server.keeps_out = User.READ_ONLY
    with pytest.raises(TryLater, match="logging in as read_only"):
        world.access.prepare(PLACE)
    assert world.events(DatabaseEventType.USERS_READY) == []

    world.server.keeps_out = None
    world.access.prepare(PLACE)
    assert world.server.logins[-3:] == ["dbadmin", "application", "read_only"]
    assert len(world.events(DatabaseEventType.USERS_READY)) == 1


def test_a_right_that_the_master_may_not_give_is_said_once_and_keeps_nobody_out(world: World) -> None:
    world.server.not_allowed = "GRANT SELECT, SHOW VIEW"
    for _ in range(2):
        assert world.access.prepare(PLACE) == ["granting read_only the database: access denied"]
    assert len(world.events(DatabaseEventType.USERS_READY)) == 1
    (event,) = world.events(DatabaseEventType.ACCESS_FAILED)
    assert event.detail == {
        "doing": "granting rights",
        "cause": "granting read_only the database: access denied",
        "fix": "grant them as the owner (docs/access.md); everything else works",
    }
    assert world.secret(User.READ_ONLY)["password"] == world.server.passwords[User.READ_ONLY]


def test_a_password_that_cannot_be_set_is_no_missing_right(world: World) -> None:
    world.server.not_allowed = "ALTER USER"
    with pytest.raises(TryLater, match="setting the password of application"):
        world.access.prepare(PLACE)
    assert world.events(DatabaseEventType.USERS_READY) == []


@pytest.mark.parametrize(
    ("partial_revokes", "name"),
    [(None, r"`my\_db`"), ("OFF", r"`my\_db`"), ("ON", "`my_db`")],
    ids=["unknown", "off", "on"],
)
def test_a_grant_names_its_database_as_the_server_reads_it(
    world: World, partial_revokes: str | None, name: str
) -> None:
    world.server.partial_revokes = partial_revokes
    assert mysql.grant(world.server.run, "my_db", "dbadmin") == []
    assert [line.rpartition(" TO ")[0].rpartition(" ON ")[2] for line in world.server.grants] == [
        f"{name}.*"
    ] * 2


def test_a_statement_does_not_show_its_text() -> None:
    assert "hush" not in repr(Statement("setting a password", "ALTER USER x IDENTIFIED BY 'hush'"))


def test_a_creation_that_waits_for_its_users_is_done_once_they_have_logged_in(world: World) -> None:
    waits = dataclasses.replace(
        request(database_name="orders"), progress=derive([events.requested(NOW, "alpha", users=True)])
    )
    world.ledger.open_create(waits, charge(waits.root), ROOMY)
    where = {"pipeline_url": "https://ci", "commit": "c"}
    world.ledger.add_event(waits.id, events.succeeded(NOW, **where, result=world.database.result), NOW)
    world.server.keeps_out = User.READ_ONLY
    with pytest.raises(TryLater, match="logging in as read_only"):
        world.access.prepare(waits.place)
    world.access.failed(waits.place, "making the users", "no way in")
    failed = world.ledger.request(waits.id)
    assert failed is not None
    assert (failed.progress.state, failed.progress.step) == (State.FAILED, Step.USERS)

    world.server.keeps_out = None
    world.access.prepare(waits.place)
    done = world.ledger.request(waits.id)
    assert done is not None
    assert done.progress.state is State.DONE
    version = done.version
    world.access.prepare(waits.place)  # the message comes again
    again = world.ledger.request(waits.id)
    assert again is not None
    assert again.progress == done.progress
    assert again.version - version <= 1
