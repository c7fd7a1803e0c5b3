"""A way into a private network: a port of this machine that leads to the database, through SSM or SSH."""

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Final

from rdsctl import kinds
from rdsctl.connection import aws
from rdsctl.connection.login import Login
from rdsctl.connection.network import unreachable
from rdsctl.failures import Exit, Failure

DOCUMENT: Final = "AWS-StartPortForwardingSessionToRemoteHost"
TAG: Final = "rds-access"
SECONDS: Final = 30.0  # until the tunnel is open
ANSWER: Final = 5.0  # until the database answers through it
# A PostgreSQL server answers it with one byte, before any login; MySQL's speaks first.
# https://www.postgresql.org/docs/current/protocol-message-formats.html
_SSL_REQUEST: Final = bytes((0, 0, 0, 8, 4, 210, 22, 47))
# What OpenSSH says, and what it means.
_SSH_REFUSALS: Final = {
    "Host key verification failed": "{host} is not trusted: its host key is not the one that is known.",
    "Permission denied": "{host} refuses the login: it accepts no key of yours.",
    "Could not resolve hostname": "{host} is not known: there is no such host.",
    "Connection refused": "{host} does not answer: connection refused.",
    "Connection timed out": "{host} does not answer.",
}


def checked(via: str) -> str:
    """direct, ssm, ssm:TARGET or ssh:HOST; raises Failure for another word."""
    kind, _, rest = via.partition(":")
    host_is_one = bool(rest) and not rest.startswith("-")
    if via in ("direct", "ssm") or (kind in ("ssm", "ssh") and host_is_one):
        return via
    raise Failure(f"--via {via!r} is no way: write direct, ssm, ssm:TARGET or ssh:HOST.", Exit.USAGE)


@contextlib.contextmanager
def opened(login: Login, via: str) -> Iterator[Login]:
    """The login by its tunnel, which ends with the block."""
    kind, _, target = via.partition(":")
    port = _free_port()
    if kind == "ssh":
        command = ssh_command(login, target, port)
    else:
        command = ssm_command(login, target or find_target(login), port)
    if shutil.which(command[0]) is None:
        raise Failure(f"{command[0]} is not installed, and --via {kind} needs it.")
    with tempfile.TemporaryFile() as said:
        # A separate group: Ctrl-C in the client is not meant for the tunnel.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
        try:
            _wait_until_open(process, port, kind, target, said)
            _wait_for_database(login, port, kind, said)
            yield login.through(port)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            if process.poll() is None:
                process.kill()
                process.wait()


def ssh_command(login: Login, host: str, port: int) -> list[str]:
    """ssh with one forward and nothing else; it ends where the forward cannot be made."""
    forward = f"127.0.0.1:{port}:{login.host}:{login.resource_port}"
    return [
        "ssh",
        "-N",
        "-T",
        "-o",
        "ExitOnForwardFailure=yes",
        "-o",
        "BatchMode=yes",
        "-L",
        forward,
        "--",
        host,
    ]


def ssm_command(login: Login, target: str, port: int) -> list[str]:
    """The AWS command line with the document that forwards a port to another host."""
    parameters = {
        "host": [login.host],
        "portNumber": [str(login.resource_port)],
        "localPortNumber": [str(port)],
    }
    return [
        "aws",
        "ssm",
        "start-session",
        "--region",
        login.region,
        "--target",
        target,
        "--document-name",
        DOCUMENT,
        "--parameters",
        json.dumps(parameters),
    ]


def find_target(login: Login) -> str:
    """The running instance that is tagged for this environment; raises Failure without one."""
    environment = login.place.environment
    answer = aws.call(
        f"looking for an instance tagged {TAG}={environment}",
        "ec2",
        login.region,
        "describe_instances",
        Filters=[
            {"Name": f"tag:{TAG}", "Values": [environment]},
            {"Name": "instance-state-name", "Values": ["running"]},
        ],
    )
    found = [
        str(instance["InstanceId"])
        for reservation in answer.get("Reservations", [])
        for instance in reservation.get("Instances", [])
    ]
    if not found:
        raise Failure(
            f"No running instance in {login.region} is tagged {TAG}={environment}.",
            hints=["name one: --via ssm:i-0123456789abcdef0"],
        )
    return sorted(found)[0]


def _wait_until_open(
    process: "subprocess.Popen[bytes]", port: int, kind: str, target: str, said: object
) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            lines = _last_lines(said)
            raise Failure(_why_it_ended(kind, target, process.returncode, lines), hints=lines)
        if unreachable("127.0.0.1", port, 1.0) is None:
            return
        time.sleep(0.1)
    raise Failure(f"The {kind} tunnel was not open after {SECONDS:.0f} s.", hints=_last_lines(said))


def _why_it_ended(kind: str, target: str, status: int, lines: Sequence[str]) -> str:
    if kind == "ssh":
        for words, sentence in _SSH_REFUSALS.items():
            if any(words in line for line in lines):
                return sentence.format(host=target)
    return f"The {kind} tunnel ended with {status}."


def _wait_for_database(login: Login, port: int, kind: str, said: object) -> None:
    """Raises Failure where the tunnel is open and leads nowhere, which its client could not explain."""
    patience = max(ANSWER, kinds.WAKING_SECONDS) if login.sleeps else ANSWER
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), patience) as near:
        if login.engine == "postgres":
            near.sendall(_SSL_REQUEST)
        if near.recv(1):
            return
    where = f"{login.host}:{login.resource_port}"
    raise Failure(
        f"The {kind} tunnel is open, but {where} does not answer through it.", hints=_last_lines(said)
    )


def _last_lines(said: object) -> Sequence[str]:
    said.seek(0)  # type: ignore[attr-defined]
    text: str = said.read().decode(errors="replace")  # type: ignore[attr-defined]
    return [line for line in text.splitlines() if line.strip()][-5:]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
