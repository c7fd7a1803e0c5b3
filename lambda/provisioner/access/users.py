"""⑤ Gives each database its two users, and rotates passwords; every step can be killed and run again.

Each user's secret is the truth, the database follows (see secrets.py). Users are announced once they have
logged in; what the master user may not give them is announced as well, and keeps nobody out.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from provisioner.access import mysql, postgres
from provisioner.access.login import Connect, Login
from provisioner.access.secrets import Secret, UserSecrets, secret_name
from provisioner.access.sql import Engine
from provisioner.core import database_events, events
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.engines import dialect
from provisioner.core.errors import NeedsPerson
from provisioner.core.events import Step
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database, User
from provisioner.core.names import Place
from provisioner.ledger.ledger import Ledger

# What people read of a failure of this function.
LONGEST_CAUSE: Final = 1000
MAKING: Final = "making the users"
RETRY: Final = "fix the cause (docs/access.md), then retry the request; the database itself is there"
USERS: Final = (User.APPLICATION, User.READ_ONLY)
# From the begin of a message to the last minute that CloudWatch counts of it: the function's time limit, and
# the minute after.
_CONNECTED: Final = dt.timedelta(minutes=2)
_ENGINES: Final[Mapping[str, Engine]] = {"postgres": postgres, "mysql": mysql}


@dataclass(frozen=True, slots=True)
class DatabaseUsers:
    """Users and passwords of databases, with what it needs passed in; `salt` gives random bytes."""

    ledger: Ledger
    secrets: UserSecrets
    connect: Connect
    salt: Callable[[], bytes]
    now: dt.datetime

    def prepare(self, place: Place) -> list[str]:
        """Make or fix both users of a database that was applied; the rights that are missing, as texts."""
        database = self.ledger.database(place)
        if database is None or database.state in (DatabaseState.PENDING, DatabaseState.REMOVED):
            return []
        login = self._master(database)
        self._announce(place)
        secrets = {user: self.secrets.ensure(database, login, user) for user in USERS}
        refused = self._make(login, secrets)
        for user, secret in secrets.items():
            if secret.pending:
                self.secrets.promote(secret_name(database, user), secret.pending)
            self._prove(login, user, secret)
        arns = {user.value: secret.arn for user, secret in secrets.items()}
        self._add(database, database_events.users_ready(database.origin, self.now, secrets=arns))
        if self.waits(database.origin):
            self.ledger.add_event(database.origin, events.users_ready(self.now), self.now)
        if refused:
            self._add(database, database_events.rights_missing(refused, self.now))
        return refused

    def rotate(self, place: Place, asked_id: str) -> None:
        """Give a user another password, as the event of this id asks; once, however often it is received."""
        database = self.ledger.database(place)
        known = {event.id: event for event in self.ledger.database_events(place)}
        asked = known.get(asked_id)
        if database is None or database.state is DatabaseState.REMOVED or asked is None:
            return
        user = str(asked.detail["user"])
        if user == User.MASTER or database_events.rotated_id(asked_id) in known:
            return
        login, name = self._master(database), secret_name(database, user)
        self._announce(place)
        version = str(uuid5(NAMESPACE_URL, f"{name}/{asked_id}"))
        password = self.secrets.propose(name, version, login, user)
        with self.connect(login) as run:
            run(_ENGINES[login.engine].new_password(user, password, self.salt()))
        arn = self.secrets.promote(name, version)
        self._add(database, database_events.rotated(asked, self.now, user=user, secret_arn=arn))

    def forget(self, place: Place) -> None:
        """Delete the secrets of a database that was removed, since what they open was removed too."""
        database = self.ledger.database(place)
        # One that is still to be made has none added yet: what is there is its removed namesake's.
        if database is None or database.state not in (DatabaseState.REMOVED, DatabaseState.PENDING):
            return
        for user in USERS:
            self.secrets.delete(secret_name(database, user))

    def failed(self, place: Place, what: str, cause: str) -> None:
        """Write down that the users could not be made, or a password not rotated."""
        database = self.ledger.database(place)
        if database is not None:
            fix = "fix the cause (docs/access.md), then redrive the access function's dead letters"
            event = database_events.access_failed(what, self.now, cause=cause[:LONGEST_CAUSE], fix=fix)
            self._add(database, event)
            if what == MAKING and self.waits(database.origin):
                failed = events.failed_users(self.now, cause=cause[:LONGEST_CAUSE], fix=RETRY)
                self.ledger.add_event(database.origin, failed, self.now)

    def waits(self, request_id: str) -> bool:
        """Whether a request is done once its users can log in, and they could not yet."""
        request = self.ledger.request(request_id)
        return request is not None and request.progress.step is Step.USERS

    def _master(self, database: Database) -> Login:
        place, result = database.place, database.result or {}
        if not result.get("endpoint") or not result.get("secret_arn"):
            raise NeedsPerson(
                f"logging in to {place}", "the ledger has no endpoint for it", "apply its root again"
            )
        user, password = self.secrets.master(str(result["secret_arn"]))
        return Login(
            engine=dialect(database.root.engine),
            host=str(result["endpoint"]),
            port=int(result["port"]),
            database=str(result["database_name"]),
            user=user,
            password=password,
        )

    def _announce(self, place: Place) -> None:
        """Write down when logins begin that are the product's own, which do not count as use of a database.

        One connection is open at a time.
        """
        begins = (self.now, self.now + _CONNECTED)
        hours = {at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0) for at in begins}
        self.ledger.keep_login(place, sorted(hours))

    def _make(self, login: Login, secrets: Mapping[User, Secret]) -> list[str]:
        """Make the users and give them their rights; what the master user may not give, as texts."""
        engine = _ENGINES[login.engine]
        passwords = [(user.value, secret.password) for user, secret in secrets.items()]
        with self.connect(login) as run:
            for statement in engine.users(passwords, self.salt()):
                run(statement)
            return engine.grant(run, login.database, login.user)

    def _prove(self, login: Login, user: User, secret: Secret) -> None:
        """Log in as a user, which opens the database; raises TryLater where that is refused."""
        with self.connect(replace(login, user=user.value, password=secret.password)):
            pass

    def _add(self, database: Database, event: DatabaseEvent) -> None:
        self.ledger.add_database_event(database.place, event)
