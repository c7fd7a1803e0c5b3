"""The certificates of a fleet's database servers, and the root that clients trust instead of Amazon's."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import trustme

from sandbox.aws.servers import own

ROOT: Final = "roots.crt"
_ROOT_LOCK: Final = threading.Lock()


def write_certificate(directory: Path, identity: Mapping[str, Any]) -> None:
    """`server.crt` and `server.key` for localhost, readable by the server alone.

    They descend from the root that all servers next to `directory` share: `ROOT`, next to them.
    """
    issued = _root(directory.parent).issue_cert("localhost", "127.0.0.1")
    for name, pem in (("server.crt", issued.cert_chain_pems[0]), ("server.key", issued.private_key_pem)):
        path = directory / name
        path.touch(mode=0o600)
        pem.write_to_path(path)
        own(path, identity)


def _root(directory: Path) -> trustme.CA:
    """The root of a fleet, made with its first server."""
    certificate, key = directory / ROOT, directory / "roots.key"
    with _ROOT_LOCK:
        if not certificate.exists():
            made = trustme.CA(organization_name="Databases of this sandbox")
            key.touch(mode=0o600)
            made.private_key_pem.write_to_path(key)
            made.cert_pem.write_to_path(certificate)
    return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
