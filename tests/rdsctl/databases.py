"""A real server of each engine, with the users of the access function, behind a database of the ledger."""

import contextlib
import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from provisioner.access import mysql, postgres
from provisioner.access.login import Login, Statement
from provisioner.access.servers import connector

from sandbox.aws import certificates, servers
from sandbox.aws.fleet import ENGINES, missing_engines
from tests.rdsctl.life import Life
from tests.rdsctl.running import Run

MASTER = "m" * 24
# What passfiles, option files and URLs have to escape.
PASSWORDS = {"application": "a:b\\c'd\"#e f/?%$g@h", "read_only": "r" * 24}


@dataclass(frozen=True)
class Started:
    """A server, and the file with the root of its certificate."""

    engine: str
    port: int
    roots: str


@contextlib.contextmanager
def started(engine: str) -> Iterator[Started]:
    """A server with users, until the block ends; skips the test where none is installed."""
    if engine in missing_engines():
        pytest.skip(f"no server installed for {engine}")
    # The servers step down from root, and have no way into pytest's private directories.
    home = Path(tempfile.mkdtemp(prefix="rdsctl-"))
    home.chmod(0o711)
    login = servers.Login(user="dbadmin", password=MASTER, database="orders", require_tls=True)
    server: Any = ENGINES[engine][1](home / "server", login)
    server.start()
    roots = str(home / certificates.ROOT)
    try:
        master = Login(
            engine=engine,
            host="localhost",
            port=server.port,
            database="orders",
            user="dbadmin",
            password=MASTER,
        )
        own = {"postgres": postgres, "mysql": mysql}[engine]
        with connector(roots)(master) as run:
            made = [(user, "x" * 24) for user in PASSWORDS]
            for statement in own.users(made, secrets.token_bytes(16)):
                run(statement)
            for user, password in PASSWORDS.items():
                run(Statement("trying", _another_password(engine, user, password)))
            own.grant(run, "orders", "dbadmin")
            run(Statement("trying", "CREATE TABLE notes (word varchar(20))"))
        yield Started(engine, server.port, roots)
    finally:
        server.stop()
        shutil.rmtree(home)


def keep(rdsctl: Run, life: Life, server: Started, place: str = "dev/orders") -> None:
    """Make the server what this place's database is: endpoint, secrets, users."""
    assert rdsctl("create", place, "--engine", server.engine).code == 0
    for step in life.whole()[:-1]:
        step()
    life.succeeded(endpoint="localhost", port=server.port, database_name="orders")
    life.users(place, **{user: secret(server, place, user) for user in PASSWORDS})


def _another_password(engine: str, user: str, password: str) -> str:
    quoted = password.replace("'", "''")
    if engine == "postgres":
        return f"ALTER ROLE {user} PASSWORD '{quoted}'"
    quoted = quoted.replace("\\", "\\\\")
    return f"ALTER USER '{user}'@'%' IDENTIFIED BY '{quoted}'"


def secret(server: Started, place: str, user: str) -> str:
    content = {
        "engine": server.engine,
        "host": "localhost",
        "port": server.port,
        "dbname": "orders",
        "username": user,
        "password": PASSWORDS[user],
    }
    client = boto3.client("secretsmanager", region_name="us-east-1")
    name, text = f"rds-provisioner/{place}/{user}", json.dumps(content)
    try:
        return str(client.create_secret(Name=name, SecretString=text)["ARN"])
    except client.exceptions.ResourceExistsException:  # of an earlier test in this process
        return str(client.put_secret_value(SecretId=name, SecretString=text)["ARN"])
