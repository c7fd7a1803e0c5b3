"""Starts the small real database servers that stand behind the emulated RDS endpoints."""

import contextlib
import datetime
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class ServerError(Exception):
    """A database server did not do what was asked; the message says which and why."""


class Server(Protocol):
    """One running database server. `directory` holds everything it writes."""

    directory: Path
    port: int

    def start(self) -> None: ...
    def set_password(self, user: str, password: str) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What the new server must accept: the master user and the first database."""

    user: str
    password: str = field(repr=False)
    database: str
    require_tls: bool


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def account(*names: str) -> Mapping[str, Any]:
    """Keyword arguments for `subprocess` that step down from root, which database servers refuse."""
    if os.geteuid() != 0:
        return {}
    for name in (*names, "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise ServerError(
        f"none of the users {', '.join(names)}, nobody exists; a database server cannot run as root"
    )


def own(path: Path, to: Mapping[str, Any]) -> None:
    """Give `path` to the account the server runs as."""
    if to:
        os.chown(path, int(to["user"]), int(to["group"]))


def run(what: str, command: list[str], identity: Mapping[str, Any], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **identity)
    if done.returncode:
        raise ServerError(f"{what}: {command[0]} ended with {done.returncode}: {done.stderr.strip()[-600:]}")


def wait_for(
    what: str, process: subprocess.Popen[bytes], ready: Callable[[], bool], seconds: float = 30
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerError(f"{what} ended with {process.returncode} while starting; see its log")
        if ready():
            return
        time.sleep(0.1)
    raise ServerError(f"{what} did not accept connections within {seconds:.0f} s; see its log")


def end(process: subprocess.Popen[bytes] | None, signal: int, seconds: float = 10) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def find_program(name: str, *places: str) -> str | None:
    """The newest `name` on the PATH or in `places` (glob patterns)."""
    found = [path for place in places for path in Path("/").glob(f"{place.lstrip('/')}/{name}")]
    if found:
        return str(max(found))
    return shutil.which(name)


ROOT: Final = "roots.crt"


def write_certificate(directory: Path, identity: Mapping[str, Any]) -> tuple[Path, Path]:
    """A certificate for localhost: (certificate, key), readable by the server alone.

    It descends from the root that all servers beside `directory` share, which stands there as `ROOT`.
    """
    root, root_key = _root(directory.parent)
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        _certificate("localhost", key, root.subject)
        .add_extension(names, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    paths = directory / "server.crt", directory / "server.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(_pem(key))
    for path in paths:
        path.chmod(0o600)
        own(path, identity)
    return paths


_ROOT_LOCK: Final = threading.Lock()


def _root(directory: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The root of a fleet, made with its first server."""
    certificate_path, key_path = directory / ROOT, directory / "roots.key"
    with _ROOT_LOCK:
        if not certificate_path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Databases of this sandbox")])
            made = (
                _certificate("Databases of this sandbox", key, name)
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .sign(key, hashes.SHA256())
            )
            key_path.touch(mode=0o600)
            key_path.write_bytes(_pem(key))
            certificate_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    loaded = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(certificate_path.read_bytes()), loaded


def _certificate(
    common_name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=365))
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
