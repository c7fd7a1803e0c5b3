"""Where a profile's key is kept: the profile names the place, so that nothing is searched for.

Searching made other command lines slow (cli/cli#7145) and made keyring stall (jaraco/keyring#473).
"""

import importlib
import os
import shlex
import subprocess
import threading
from pathlib import Path
from typing import Any, Final

from rdsctl.failures import Exit, Failure

SERVICE: Final = "rdsctl"
UNLOCK_SECONDS: Final = 60


def read(place: str, profile: str, directory: Path) -> str | None:
    """The key of a profile; None where its place holds none. Raises Failure where that cannot be seen."""
    kind, _, rest = place.partition(":")
    match kind:
        case "env":
            return None  # RDSCTL_API_KEY was looked at before
        case "file":
            return _read_file(directory / f"{profile}.key")
        case "keyring":
            found: str | None = _within(UNLOCK_SECONDS, lambda: _backend(rest).get_password(SERVICE, profile))
            return found
        case "command":
            return _from_command(rest.strip())
        case _:
            raise Failure(
                f"Profile {profile} keeps its key in {place!r}, which is no place.",
                Exit.USAGE,
                hints=["write env, file, keyring:BACKEND or command:…"],
            )


def write(place: str, profile: str, directory: Path, key: str) -> None:
    """Keep the key of a profile; `place` is `file` or `keyring:BACKEND`."""
    kind, _, rest = place.partition(":")
    if kind == "keyring":
        _within(UNLOCK_SECONDS, lambda: _backend(rest).set_password(SERVICE, profile, key))
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = directory / f"{profile}.key"
    partial = target.with_suffix(".new")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(f"{key}\n")
    partial.replace(target)


def forget(place: str, profile: str, directory: Path) -> None:
    """Remove the key from its place here; the key itself stays valid."""
    kind, _, rest = place.partition(":")
    if kind == "file":
        (directory / f"{profile}.key").unlink(missing_ok=True)
    elif kind == "keyring":
        backend = _backend(rest)
        if backend.get_password(SERVICE, profile) is not None:
            backend.delete_password(SERVICE, profile)


def found_keyring() -> str | None:
    """`keyring:BACKEND` for the store of this system; None without one. Looked for at login alone."""
    try:
        keyring: Any = importlib.import_module("keyring")
    except ImportError:
        return None
    backend = keyring.get_keyring()
    if backend.priority < 1:
        return None
    return f"keyring:{type(backend).__module__}.{type(backend).__qualname__}"


def _read_file(path: Path) -> str | None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if os.name == "posix" and mode & 0o077:
        raise Failure(f"{path} can be read by others.", Exit.KEY, hints=[f"chmod 600 {path}"])
    return path.read_text(encoding="utf-8").strip() or None


def _backend(name: str) -> Any:
    module, _, cls = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), cls)()
    except (ImportError, AttributeError, ValueError) as error:
        raise Failure(
            f"The key is in the keyring {name!r}, which cannot be opened: {error}.",
            Exit.KEY,
            hints=["install it with rdsctl: rdsctl[keyring], or rdsctl login --store file"],
        ) from error


def _within(seconds: float, look: Any) -> Any:
    """A keyring's answer: it may wait for someone to unlock it, and not for ever."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(look())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        raise Failure(f"The keyring did not answer in {seconds:.0f} s; unlock it.", Exit.KEY)
    if isinstance(found[0], Exception):
        raise Failure(f"The keyring answered: {found[0]}", Exit.KEY, hints=["rdsctl login --store file"])
    return found[0]


def _from_command(command: str) -> str | None:
    try:
        ran = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=60, check=True)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise Failure(f"The command of the key failed: {error}.", Exit.KEY, hints=[command]) from error
    return ran.stdout.strip() or None
