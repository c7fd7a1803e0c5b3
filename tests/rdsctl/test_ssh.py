"""`--via ssh`, by OpenSSH itself: its server on a free port, and a real PostgreSQL behind it."""

import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rdsctl.databases import PASSWORDS, Started, started
from tests.rdsctl.running import Ran
from tests.rdsctl.shell import Shell

BASTION = "ssh:bastion"
SERVER = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
CLIENT = shutil.which("ssh")
pytestmark = pytest.mark.skipif(
    not SERVER or not CLIENT, reason="OpenSSH's server or client is not installed; make setup says how"
)


@dataclass(frozen=True)
class Bastion:
    """A running sshd, with the client's own configuration of it."""

    folder: Path
    port: int

    @property
    def log(self) -> str:
        return (self.folder / "sshd.log").read_text()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)

    def trust(self, host_key: str) -> None:
        """Make a host key the one that the client knows."""
        self.write("known_hosts", f"[127.0.0.1]:{self.port} {(self.folder / f'{host_key}.pub').read_text()}")

    def let_in(self, key: str) -> None:
        """Make a key the only one that may log in."""
        self.write("authorized_keys", (self.folder / f"{key}.pub").read_text())

    def tunnels(self) -> list[int]:
        """The processes of the client."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                arguments = entry.read_text().split("\0")
            except OSError:
                continue
            if str(self.folder / "ssh_config") in arguments:
                found.append(int(entry.parent.name))
        return found


@pytest.fixture(scope="module")
def database() -> Iterator[Started]:
    with started("postgres") as made:
        yield made


@pytest.fixture
def bastion(tmp_path: Path, shell: Shell) -> Iterator[Bastion]:
    """sshd as the current user; `ssh bastion` reaches it, and nothing of the user's own is read."""
    made = Bastion(tmp_path / "ssh", free_port())
    made.folder.mkdir(mode=0o700)
    for name in ("host", "other-host", "mine", "another"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(made.folder / name)]
        subprocess.run(command, check=True)
    made.trust("host")
    made.let_in("mine")
    made.write("sshd_config", server_settings(made))
    made.write("ssh_config", client_settings(made))
    # OpenSSH takes its configuration from the account's home, whatever HOME says.
    wrapper = made.folder / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {CLIENT} -F {made.folder}/ssh_config "$@"\n')
    wrapper.chmod(0o755)
    shell.environment["PATH"] = f"{wrapper.parent}:{shell.environment['PATH']}"
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # which sshd wants of root; a service's start would make it
    assert SERVER
    log = str(made.folder / "sshd.log")
    with subprocess.Popen([SERVER, "-D", "-f", str(made.folder / "sshd_config"), "-E", log]) as server:
        try:
            wait_for(made.port)
            yield made
        finally:
            server.terminate()


def server_settings(made: Bastion) -> str:
    return f"""\
ListenAddress 127.0.0.1:{made.port}
HostKey {made.folder}/host
AuthorizedKeysFile {made.folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel DEBUG1
"""


def client_settings(made: Bastion) -> str:
    return f"""\
Host bastion
  HostName 127.0.0.1
  Port {made.port}
  User {getpass.getuser()}
  IdentityFile {made.folder}/mine
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {made.folder}/known_hosts
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, "sshd does not listen"
            time.sleep(0.05)


def ask(shell: Shell, text: str) -> Ran:
    return shell("connect", "dev/orders", "--via", BASTION, "--", "-Atc", text)


def test_psql_is_verified_through_the_tunnel_which_ends_with_it(
    shell: Shell, bastion: Bastion, database: Started
) -> None:
    ran = ask(shell, "SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    assert (ran.code, ran.out) == (0, "application|t\n"), ran.err
    assert re.search(rf", TLS verified, ends in \d days, via {BASTION}\n$", ran.err)
    assert f"target localhost port {database.port}" in bastion.log
    assert bastion.tunnels() == []
    assert ask(shell, "SELECT nothing FROM nowhere").code == 1  # psql's own


def test_a_program_gets_a_url_that_leads_through_the_tunnel(
    shell: Shell, bastion: Bastion, database: Started
) -> None:
    query = 'psql "$DATABASE_URL" -Atc "SELECT current_user"; echo "$DATABASE_URL"; exit 7'
    ran = shell("run", "dev/orders", "--via", BASTION, "--", "sh", "-c", query)
    assert ran.code == 7, ran.err
    user, url = ran.out.splitlines()
    assert user == "application"
    assert f"@localhost:{database.port}/" not in url  # the tunnel's end is another port
    assert "sslmode=verify-full" in url
    assert "hostaddr=127.0.0.1" in url
    assert f"target localhost port {database.port}" in bastion.log
    assert bastion.tunnels() == []


def test_while_it_is_open_no_process_has_the_password_in_its_arguments(
    shell: Shell, bastion: Bastion
) -> None:
    line = ["connect", "dev/orders", "--via", BASTION, "--debug", "--", "-Atc", "SELECT pg_sleep(30)"]
    with subprocess.Popen(
        [sys.executable, "-m", "rdsctl", *line],
        env=shell.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 30
        while not (sleeping := processes("pg_sleep(30)", "psql")) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert sleeping
        assert len(bastion.tunnels()) == 1
        seen = {path: read(path) for path in Path("/proc").glob("[0-9]*/cmdline")}
        environments = {path: read(path) for path in Path("/proc").glob("[0-9]*/environ")}
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal: to client and program alike
        out, err = process.communicate(timeout=30)
    for password in PASSWORDS.values():
        assert [path for path, text in seen.items() if password in text] == []
        assert [path for path, text in environments.items() if f"={password}\0" in text] == []
        assert password not in out + err + bastion.log
    assert process.returncode != 0
    assert bastion.tunnels() == []


def test_another_host_key_than_the_known_one_is_refused(shell: Shell, bastion: Bastion) -> None:
    bastion.trust("other-host")
    ran = ask(shell, "SELECT 1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("✗ bastion is not trusted: its host key is not the one that is known.\n")
    assert "Host key verification failed." in ran.err
    bastion.write("known_hosts", "")
    assert ask(shell, "SELECT 1").err.startswith("✗ bastion is not trusted: ")
    assert "Accepted publickey" not in bastion.log


def test_a_login_that_is_refused_is_said_in_a_sentence_and_asks_nothing(
    shell: Shell, bastion: Bastion
) -> None:
    bastion.let_in("another")
    for command in (("connect", "dev/orders"), ("run", "dev/orders")):
        ran = shell(*command, "--via", BASTION, "--", "true")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("✗ bastion refuses the login: it accepts no key of yours.\n")
        assert "Permission denied (publickey)" in ran.err
    assert bastion.tunnels() == []


def test_a_host_that_forwards_nothing_is_said_before_the_client_starts(
    shell: Shell, bastion: Bastion, database: Started
) -> None:
    bastion.write("authorized_keys", f"no-port-forwarding {(bastion.folder / 'mine.pub').read_text()}")
    ran = ask(shell, "SELECT 1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(
        f"✗ The ssh tunnel is open, but localhost:{database.port} does not answer through it.\n"
    )
    assert "administratively prohibited" in ran.err
    assert bastion.tunnels() == []


def test_a_host_that_does_not_answer_or_is_unknown_is_named(shell: Shell, bastion: Bastion) -> None:
    nobody = client_settings(bastion).replace(f"Port {bastion.port}", f"Port {free_port()}")
    bastion.write("ssh_config", nobody)
    assert ask(shell, "SELECT 1").err.startswith("✗ bastion does not answer: connection refused.\n")
    ran = shell("connect", "dev/orders", "--via", "ssh:nowhere.invalid")
    assert ran.err.startswith("✗ nowhere.invalid is not known: there is no such host.\n")


def processes(words: str, program: str) -> list[Path]:
    """The processes of a program whose arguments have these words."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        arguments = read(path).split("\0")
        if program in arguments[0] and any(words in argument for argument in arguments):
            found.append(path)
    return found


def read(path: Path) -> str:
    """What a process shows of itself; nothing once it has ended."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
