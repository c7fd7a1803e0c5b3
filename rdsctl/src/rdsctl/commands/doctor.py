"""`rdsctl doctor`: what stands between here and a database, a line for each thing."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import click

from rdsctl import __version__, completing, times, words
from rdsctl.command import command as make
from rdsctl.commands import whoami
from rdsctl.failures import Exit, Failure
from rdsctl.looks import Looks
from rdsctl.places import find_database
from rdsctl.session import Session

_MARKS: Final = {"ok": "✓", "warning": "!", "failed": "✗"}
_SKEW: Final = 60.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `state` is ok, warning or failed."""

    check: str
    state: str
    detail: str


@make(name="doctor", short_help="Check API, key, AWS, clients, and the way to a database.")
@click.argument("target", metavar="[DB]", required=False, shell_complete=completing.databases)
def command(session: Session, target: str | None) -> int:
    """Check the API, the key, your AWS credentials, the clients, and with DB its secret and the network.

    Ends with 1 where something fails.
    """
    found = list(_checks(session, target))
    session.show([asdict(check) for check in found], lambda looks: text(found, looks))
    return Exit.FAILED if any(check.state == "failed" for check in found) else Exit.OK


def text(found: list[Check], looks: Looks) -> str:
    """A line for each check."""
    return "".join(f"{looks.mark(_MARKS[check.state])} {check.check:9} {check.detail}\n" for check in found)


def _checks(session: Session, target: str | None) -> Iterator[Check]:
    yield from _api(session)
    yield from _guarded("key", lambda: _key(session))
    database = None
    if target:
        try:
            database = find_database(session.api, target)
        except Failure as failure:
            yield Check("database", "failed", failure.message)
    yield from _guarded("AWS", lambda: _aws(database))
    yield from _clients(database)
    if database is not None:
        yield from _way(session, database)


def _guarded(name: str, check: Callable[[], Check]) -> Iterator[Check]:
    """The check, or the sentence that it failed with."""
    try:
        yield check()
    except Failure as failure:
        yield Check(name, "failed", " ".join([failure.message, *failure.hints]))


def _api(session: Session) -> Iterator[Check]:
    began = time.monotonic()
    try:
        answer = session.api.get("/health")
    except Failure as failure:
        yield Check("API", "failed", failure.message)
        return
    yield Check("API", "ok", f"{session.api.url}, {(time.monotonic() - began) * 1000:.0f} ms")
    if sent := answer.headers.get("date"):
        skew = abs((times.now() - parsedate_to_datetime(sent)).total_seconds())
        # Signatures of AWS are refused at five minutes.
        yield Check("clock", "ok" if skew < _SKEW else "failed", f"{skew:.0f} s off the API's")


def _key(session: Session) -> Check:
    found = session.api.get("/whoami").document
    place = session.access.key_from.partition(":")[0]
    what = f"{whoami.described(found)}team {found['team']}, from {place}{whoami.ending(found)}"
    if whoami.too_old(found):
        wanted = f"{what}; the API wants rdsctl {found['minimum_client']}, this is {__version__}"
        return Check("key", "failed", wanted)
    return Check("key", "ok", what)


def _aws(database: dict[str, Any] | None) -> Check:
    from rdsctl.connection import aws  # noqa: PLC0415  (botocore, where AWS is asked alone)

    arn = ((database or {}).get("result") or {}).get("arn")
    region = aws.region_of(arn) if arn else None
    answer = aws.call("asking AWS who you are", "sts", region or "us-east-1", "get_caller_identity")
    who = f"{answer['Arn'].rpartition(':')[2]} in {answer['Account']}"
    if arn and aws.account_of(arn) != answer["Account"]:
        return Check("AWS", "failed", f"{who}; the database is in {aws.account_of(arn)}")
    return Check("AWS", "ok", f"{who}, the account of {words.place(database)}" if arn and database else who)


def _clients(database: dict[str, Any] | None) -> Iterator[Check]:
    wanted = database["database_engine"] if database else None
    for engine, names, install in (
        ("postgres", ("psql",), "apt install postgresql-client, brew install libpq"),
        ("mysql", ("mysql", "mariadb"), "apt install mysql-client, brew install mysql-client"),
    ):
        if wanted not in (None, engine):
            continue
        program = next((found for name in names if (found := shutil.which(name))), None)
        if program is None:
            yield Check(names[0], "failed" if wanted else "warning", f"not found; {install}")
            continue
        ran = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        yield Check(names[0], "ok", ran.stdout.strip())


def _way(session: Session, database: dict[str, Any]) -> Iterator[Check]:
    from rdsctl.connection import login, network  # noqa: PLC0415  (botocore)

    place = f"{database['environment']}/{database['database_name']}"
    try:
        found = login.find(session, place, user=None, password=False)
    except Failure as failure:
        yield Check("login", "failed", " ".join([failure.message, *failure.hints]))
        return
    yield from _guarded("secret", lambda: _secret(found))
    reason = network.unreachable(found.host, found.port, network.SECONDS)
    where = f"{found.host}:{found.port}"
    if reason is None:
        yield Check("network", "ok", f"{where} answers")
    else:
        way = f"--via ssm, --via ssh:HOST, or the VPN of {found.place.environment}"
        yield Check("network", "failed", f"{where} does not answer ({reason}) → {way}")


def _secret(found: Any) -> Check:
    from rdsctl.connection import login  # noqa: PLC0415  (botocore)

    login.read_secret(found)
    return Check("secret", "ok", f"that of {found.user} can be read")
