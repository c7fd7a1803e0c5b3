"""`connect`, `url` and `run` with the real clients, on real servers: verified, and the password nowhere."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import trustme
from provisioner import settings

from tests.rdsctl.databases import PASSWORDS, Started, started
from tests.rdsctl.life import Life
from tests.rdsctl.running import Run
from tests.rdsctl.shell import Shell

SECRET = PASSWORDS["application"]
WRITE = "INSERT INTO notes VALUES ('one')"


@pytest.fixture(scope="module", params=["postgres", "mysql"])
def database(request: pytest.FixtureRequest) -> Iterator[Started]:
    with started(request.param) as made:
        yield made


def query(engine: str, text: str) -> list[str]:
    """What the client of an engine is given to run a statement and print bare rows."""
    return ["-Atc", text] if engine == "postgres" else ["-Ne", text]


def test_connect_logs_in_as_application_over_verified_tls(shell: Shell, database: Started) -> None:
    ran = shell("connect", "dev/orders", "--", *query(database.engine, WRITE))
    assert ran.code == 0, ran.err
    assert re.match(r"dev/orders as application \(reads and writes\), TLS verified, ends in \d days", ran.err)
    who = {
        "postgres": "SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        "mysql": "SELECT substring_index(current_user(), '@', 1), @@hostname IS NOT NULL",
    }[database.engine]
    ran = shell("connect", "dev/orders", "-q", "--", *query(database.engine, who))
    assert ran.out in ("application|t\n", "application\t1\n")
    assert ran.err == ""


def test_the_clients_status_is_the_commands(shell: Shell, database: Started) -> None:
    ran = shell("connect", "dev/orders", "--", *query(database.engine, "SELECT nothing FROM nowhere"))
    assert ran.code == 1
    assert "nowhere" in ran.err


def test_read_only_reads_and_writes_nothing(shell: Shell, database: Started) -> None:
    count = query(database.engine, "SELECT count(*) >= 0 FROM notes")
    ran = shell("connect", "orders", "--as", "read_only", "--", *count)
    assert (ran.code, ran.out) in ((0, "t\n"), (0, "1\n")), ran.err
    assert "dev/orders as read_only (only reads)" in ran.err
    ran = shell("connect", "orders", "--as", "read_only", "--", *query(database.engine, WRITE))
    assert ran.code != 0
    assert "denied" in ran.err


def test_a_certificate_of_another_authority_is_refused(
    shell: Shell, database: Started, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = home / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv("DATABASE_ROOTS", str(other))
    settings.forget()
    ran = shell("connect", "dev/orders", "--", *query(database.engine, WRITE))
    assert ran.code != 0
    assert "certificate" in ran.err.lower()
    assert SECRET not in ran.err


def test_a_password_of_the_callers_own_environment_is_not_used(shell: Shell, database: Started) -> None:
    own = Path(shell.environment["HOME"])
    (own / ".my.cnf").write_text("[client]\npassword=stale\nuser=nobody\nhost=nowhere.invalid\n")
    (own / ".pgpass").write_text("*:*:*:*:stale\n")
    for path in (own / ".my.cnf", own / ".pgpass"):
        path.chmod(0o600)
    stale = {
        "PGPASSWORD": "stale",
        "PGHOSTADDR": "192.0.2.1",
        "PGSSLMODE": "disable",
        "PGSERVICE": "mine",
        "PGUSER": "nobody",
        "MYSQL_PWD": "stale",
    }
    ran = shell("connect", "dev/orders", "--", *query(database.engine, "SELECT 1"), **stale)
    assert (ran.code, ran.out) == (0, "1\n"), ran.err


def test_while_it_runs_the_password_is_in_no_argument_and_no_environment(
    shell: Shell, database: Started
) -> None:
    waiting = {"postgres": "SELECT pg_sleep(30)", "mysql": "SELECT sleep(30)"}[database.engine]
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "rdsctl",
            "connect",
            "dev/orders",
            "--debug",
            "--",
            *query(database.engine, waiting),
        ],
        env=shell.environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        name = {"postgres": "psql", "mysql": "mysql"}[database.engine]
        folder = Path("/proc") / str(process.pid)
        deadline = time.monotonic() + 30
        # Until it has become the client: Debian's psql is a program in Perl that becomes it in turn.
        while name not in (folder / "cmdline").read_text().split("\0")[0] and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        arguments = (folder / "cmdline").read_text()
        environment = (folder / "environ").read_text()
        process.terminate()
        assert process.stderr is not None
        printed = process.stderr.read()
    assert name in arguments.split("\0")[0]
    for text in (arguments, environment, printed):
        assert SECRET not in text
    left = [path for path in shell.folder.rglob("*") if path.is_file()]
    assert [path for path in left if SECRET in path.read_text(errors="replace")] == []


def test_run_gives_the_child_a_url_that_works_and_its_status(shell: Shell, database: Started) -> None:
    program = (
        "import os, sys; print(os.environ['DATABASE_URL'])\n"
        "sys.exit(7 if os.environ.get('PGPASSWORD') or os.environ.get('MYSQL_PASSWORD') else 1)"
    )
    ran = shell("run", "dev/orders", "--", sys.executable, "-c", program)
    assert ran.code == 7, ran.err
    url = ran.out.strip()
    scheme = {"postgres": "postgresql", "mysql": "mysql"}[database.engine]
    match = re.fullmatch(rf"{scheme}://application:([^@]+)@localhost:{database.port}/orders\?(.+)", url)
    assert match
    assert unquote(match[1]) == SECRET
    if database.engine == "postgres":
        ran = shell("run", "dev/orders", "--", "sh", "-c", 'psql "$DATABASE_URL" -Atc "SELECT current_user"')
        assert (ran.code, ran.out) == (0, "application\n"), ran.err
    ran = shell(
        "run",
        "dev/orders",
        "--prefix",
        "ORDERS_",
        "--",
        "sh",
        "-c",
        'echo "$ORDERS_DATABASE_URL$DATABASE_URL"',
    )
    assert ran.out.startswith(scheme)
    assert shell("run", "dev/orders").code == 2
    ran = shell("run", "dev/orders", "--", "no-such-program")
    assert (ran.code, ran.err.splitlines()[-1]) == (
        1,
        "✗ no-such-program cannot be started: it is not installed.",
    )


def test_a_url_has_no_password_unless_it_is_asked_for(shell: Shell, database: Started) -> None:
    ran = shell("url", "dev/orders")
    assert re.match(r"(postgresql|mysql)://application@localhost:\d+/orders\?ssl", ran.out)
    for form in ("jdbc", "dotenv", "json"):
        assert SECRET not in shell("url", "dev/orders", "--format", form).out
    shown = shell("url", "dev/orders", "--format", "json", "--with-password")
    assert json.loads(shown.out)["password"] == SECRET
    asked = shell("url", "dev/orders", "--json=host,user")
    assert json.loads(asked.out) == {"host": "localhost", "user": "application"}
    if database.engine == "postgres":
        lines = shell("url", "dev/orders", "--format", "dotenv", "--with-password").out
        sourced = f"set -a; {lines}\npsql -Atc 'SELECT 1'"
        ran2 = subprocess.run(["sh", "-c", sourced], capture_output=True, text=True, check=False)
        assert ran2.stdout == "1\n", ran2.stderr


def test_a_network_that_does_not_answer_is_a_sentence_with_the_ways_in(
    rdsctl: Run, life: Life, shell: Shell
) -> None:
    rdsctl("create", "dev/far", "--engine", "postgres")
    life.created()
    life.users("dev/far", application=_arn_of(shell))
    ran = shell("connect", "dev/far")
    assert ran.code == 1
    assert "does not answer from here (there is no such host): it stands in a private network." in ran.err
    assert "rdsctl connect dev/far --via ssm" in ran.err
    assert shell("connect", "dev/far", "--via", "carrier").code == 2


def test_a_user_that_is_not_there_names_those_that_are(rdsctl: Run, life: Life, shell: Shell) -> None:
    rdsctl("create", "dev/bare", "--engine", "postgres")
    assert "has no endpoint yet" in shell("connect", "dev/bare").err
    life.created()
    ran = shell("connect", "dev/bare", "--as", "application")
    assert ran.code == 6
    assert ran.err == "✗ dev/bare has no user application with a secret.\n  there is: --as master\n"


def test_without_aws_credentials_it_says_what_to_do(shell: Shell) -> None:
    environment = {name: value for name, value in shell.environment.items() if not name.startswith("AWS_ACC")}
    shell.environment = environment | {"AWS_EC2_METADATA_DISABLED": "true"}
    ran = shell("connect", "dev/orders")
    assert ran.code == 1
    assert ran.err.splitlines()[0] == (
        "✗ reading the secret of application of dev/orders: Unable to locate credentials"
    )
    assert ran.err.splitlines()[1] == "  sign in to AWS first: aws sso login, or set AWS_PROFILE"


def _arn_of(shell: Shell) -> str:
    return str(json.loads(shell("get", "dev/orders", "--json=secrets").out)["secrets"]["application"])
