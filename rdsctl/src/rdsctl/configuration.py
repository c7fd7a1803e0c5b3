"""Where the API and its key are: flags, then RDSCTL_*, then a profile; no file of the working directory.

A cloned repository must not send a key elsewhere: a profile's key goes to its own URL alone, and a URL from a
flag or the environment takes its key from the environment or from a profile that has this very URL.
"""

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from rdsctl import keys
from rdsctl.failures import Exit, Failure

LOCAL: Final = ("localhost", "127.0.0.1", "::1")
DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Profile:
    """One API: its name here, its URL, and where its key is."""

    name: str
    url: str
    key_from: str  # env | keyring:BACKEND | file | command: …


@dataclass(frozen=True, slots=True)
class Access:
    """Where the calls go, with which key, and where that was found."""

    url: str
    key: str | None
    profile: str | None
    key_from: str


def directory(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the configuration; on macOS too it is the one of XDG, as other command lines do."""
    if sys.platform == "win32" and environ.get("APPDATA"):
        return Path(environ["APPDATA"]) / "rdsctl"
    given = environ.get("XDG_CONFIG_HOME", "")
    return (Path(given) if Path(given).is_absolute() else Path.home() / ".config") / "rdsctl"


def file(environ: Mapping[str, str] = os.environ) -> Path:
    """The file of the profiles."""
    return directory(environ) / "config.toml"


def profiles(environ: Mapping[str, str] = os.environ) -> tuple[dict[str, Profile], str]:
    """The profiles by name, and the name of the one in use; raises Failure for a file that cannot be read."""
    path = file(environ)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, DEFAULT
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Failure(
            f"{path} cannot be read: {error}.", Exit.USAGE, hints=["correct it, or remove it: rdsctl login"]
        ) from error
    found = {name: _profile(path, name, entry) for name, entry in content.get("profiles", {}).items()}
    return found, str(content.get("profile", DEFAULT))


def _profile(path: Path, name: str, entry: Any) -> Profile:
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise Failure(f"{path}: profile {name} has no url.", Exit.USAGE, hints=["rdsctl login URL"])
    return Profile(name, entry["url"], str(entry.get("key", "env")))


def access(
    *, profile: str | None, url: str | None, environ: Mapping[str, str] = os.environ, need_key: bool = True
) -> Access:
    """Which API this command talks to, and with which key; raises Failure that says what to set."""
    given_key = environ.get("RDSCTL_API_KEY") or None
    target, found = _target(profile, url, environ, alone=given_key is not None)
    if given_key:
        return Access(target, given_key, found.name if found else None, "RDSCTL_API_KEY")
    key = keys.read(found.key_from, found.name, directory(environ)) if found else None
    if key is None and need_key:
        raise Failure(f"No key for {target}.", Exit.KEY, hints=["rdsctl login, or set RDSCTL_API_KEY"])
    return Access(target, key, found.name if found else None, found.key_from if found else "nowhere")


def address(
    *, profile: str | None, url: str | None, environ: Mapping[str, str] = os.environ
) -> tuple[str, str | None]:
    """The URL of the API and the profile's name, without a look at the key; raises Failure."""
    target, found = _target(profile, url, environ, alone=bool(environ.get("RDSCTL_API_KEY")))
    return target, found.name if found else None


def _target(
    profile: str | None, url: str | None, environ: Mapping[str, str], *, alone: bool
) -> tuple[str, Profile | None]:
    """The URL, and the profile that it belongs to; `alone` where the environment's key needs none."""
    chosen = profile or environ.get("RDSCTL_PROFILE") or None
    given_url = url or (environ.get("RDSCTL_URL") or None if not profile else None)
    if given_url and alone and not chosen:
        return checked_url(given_url), None
    known, current = profiles(environ)
    name = chosen or current
    found = known.get(name)
    if chosen and found is None:
        raise _unknown_profile(name, known)
    if given_url and (found is None or _same(found.url, given_url) is False):
        found = next((other for other in known.values() if _same(other.url, given_url)), None)
    if found is None and not given_url:
        raise Failure(
            "No API is named yet.", Exit.KEY, hints=["rdsctl login URL, or set RDSCTL_URL and RDSCTL_API_KEY"]
        )
    return checked_url(given_url or (found.url if found else "")), found


def checked_url(text: str) -> str:
    """A URL that a key may be sent to: https, or this machine; raises Failure otherwise."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Failure(
            f"{text!r} is no URL of an API.", Exit.USAGE, hints=["write it as https://rds.example.com/v1"]
        )
    if parts.username or parts.password:
        raise Failure("The URL holds a password; a key goes into a profile: rdsctl login.", Exit.USAGE)
    if parts.scheme == "http" and parts.hostname not in LOCAL:
        raise Failure(
            f"{text} is not encrypted: a key is sent by https alone.", Exit.USAGE, hints=["use https://"]
        )
    return text.rstrip("/")


def _same(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")


def _unknown_profile(name: str, known: Mapping[str, Profile]) -> Failure:
    there_are = f"there are {', '.join(sorted(known))}" if known else "there is none yet"
    return Failure(f"There is no profile {name!r}; {there_are}.", Exit.USAGE, hints=["rdsctl profiles"])
