"""The users of a PostgreSQL database, and their rights."""

import base64
from collections.abc import Iterator, Sequence
from typing import Final

from scramp import ScramMechanism

from provisioner.access import sql
from provisioner.access.login import Run, Statement
from provisioner.access.sql import checked, run_allowed
from provisioner.core.models import User

# The iterations that PostgreSQL itself takes: https://www.postgresql.org/docs/current/runtime-config-connection.html
_ITERATIONS: Final = 4096
_AT_ONCE: Final = 100  # objects in one GRANT
# Everything in the schema that GRANT ... ON TABLE or ON SEQUENCE takes, with its owner, and whether this user
# may pass a right on: as its owner, as a member of its owner, or because it was given the right to.
# https://www.postgresql.org/docs/current/catalog-pg-class.html
_OBJECTS: Final = """
SELECT c.relname, c.relkind = 'S', pg_get_userbyid(c.relowner),
       pg_has_role(c.relowner, 'USAGE')
       OR (c.relkind <> 'S' AND has_table_privilege(c.oid, 'SELECT WITH GRANT OPTION'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
ORDER BY c.relname
"""


def users(passwords: Sequence[tuple[str, str]], salt: bytes) -> list[Statement]:
    """What makes both users, as far as they are missing, and gives them these (user, password)."""
    made = [
        Statement(
            f"making the user {user}",
            # There is no CREATE ROLE IF NOT EXISTS, and these names are the provisioner's.
            f"DO $$ BEGIN CREATE ROLE {user} LOGIN NOCREATEDB NOCREATEROLE; "
            "EXCEPTION WHEN duplicate_object THEN NULL; WHEN unique_violation THEN NULL; END $$",
        )
        for user, _ in passwords
    ]
    return made + [new_password(user, password, salt) for user, password in passwords]


def new_password(user: str, password: str, salt: bytes) -> Statement:
    """What gives a user that exists another password."""
    kept = verifier(checked(password), salt)
    text = f"ALTER ROLE {quoted(user)} LOGIN PASSWORD '{kept}'"
    return Statement(f"setting the password of {user}", text)


def quoted(name: str) -> str:
    """A name quoted for PostgreSQL."""
    return sql.quoted(name, '"')


def verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL keeps of a password (RFC 5803), so that no statement and no log holds it."""
    mechanism = ScramMechanism("SCRAM-SHA-256")
    _, stored, server, _ = mechanism.make_auth_info(password, iteration_count=_ITERATIONS, salt=salt)
    salted, stored, server = (base64.b64encode(value).decode() for value in (salt, stored, server))
    return f"SCRAM-SHA-256${_ITERATIONS}:{salted}${stored}:{server}"


def grant(run: Run, database: str, master: str) -> list[str]:
    """Give both users their rights; what the master user may not give, as texts."""
    return run_allowed(run, list(_on_database(database, master))) + _on_objects(run)


def _on_database(database: str, master: str) -> Iterator[Statement]:
    """The rights on the database and its schema, and on what is made later."""
    place, owner = quoted(database), quoted(master)
    application, read_only = User.APPLICATION, User.READ_ONLY
    # What the application makes is the master's too, who may then pass on the right to read it. Since version
    # 16 a role is altered and granted by those alone who hold its ADMIN option. Who makes it there gets that;
    # one that was made before 16 is granted with it, which an upgrade keeps.
    # https://www.postgresql.org/docs/release/16.0/
    yield Statement(
        "making the master a member of application",
        "DO $$ BEGIN IF current_setting('server_version_num')::int < 160000 "
        f"THEN GRANT {application}, {read_only} TO {owner} WITH ADMIN OPTION; "
        f"ELSE GRANT {application} TO {owner}; END IF; END $$",
    )
    for user, rights in ((application, "CONNECT, TEMPORARY, CREATE"), (read_only, "CONNECT")):
        yield Statement(f"granting {user} the database", f"GRANT {rights} ON DATABASE {place} TO {user}")
    for user, rights in ((application, "USAGE, CREATE"), (read_only, "USAGE")):
        yield Statement(f"granting {user} the schema", f"GRANT {rights} ON SCHEMA public TO {user}")
    for maker, right, user in (
        (owner, "ALL ON TABLES", application),
        (owner, "ALL ON SEQUENCES", application),
        (owner, "SELECT ON TABLES", read_only),
        (owner, "USAGE ON SCHEMAS", read_only),
        (application, "SELECT ON TABLES", read_only),
        (application, "USAGE ON SCHEMAS", read_only),
    ):
        yield Statement(
            f"granting {user} what {maker} makes later",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {maker} GRANT {right} TO {user}",
        )


def _on_objects(run: Run) -> list[str]:
    """The rights on what is there; a table of another role stays that role's to give."""
    found = run(Statement("listing the tables", _OBJECTS))
    refused = [
        f"granting rights on {quoted(name)}: it belongs to {owner}, who can grant them"
        for name, _, owner, may_grant in found
        if not may_grant
    ]
    tables, sequences = (
        [quoted(name) for name, is_sequence, _, may_grant in found if may_grant and is_sequence is wanted]
        for wanted in (False, True)
    )
    return refused + run_allowed(
        run,
        [
            *_grants("ALL", "TABLE", tables, User.APPLICATION),
            *_grants("ALL", "SEQUENCE", sequences, User.APPLICATION),
            *_grants("SELECT", "TABLE", tables, User.READ_ONLY),
        ],
    )


def _grants(right: str, kind: str, names: Sequence[str], user: str) -> Iterator[Statement]:
    for start in range(0, len(names), _AT_ONCE):
        listed = ", ".join(names[start : start + _AT_ONCE])
        yield Statement(f"granting {user} {listed}", f"GRANT {right} ON {kind} {listed} TO {user}")
