"""Writes the file of the profiles, and keeps what else stands in it."""

import os
import re
from pathlib import Path

import tomlkit

from rdsctl.configuration import Profile
from rdsctl.failures import Exit, Failure


def checked_name(name: str) -> str:
    """A profile's name, which is a file's too; raises Failure for any other text."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise Failure(f"{name!r} is no name of a profile: use letters, digits, - and _.", Exit.USAGE)
    return name


def keep(path: Path, profile: Profile) -> None:
    """Write the profile, and make it the one in use."""
    document = _read(path)
    profiles = document.setdefault("profiles", tomlkit.table(is_super_table=True))
    profiles[profile.name] = {"url": profile.url, "key": profile.key_from}
    document["profile"] = profile.name
    _write(path, document)


def use(path: Path, name: str) -> None:
    """Make the profile the one in use."""
    document = _read(path)
    document["profile"] = name
    _write(path, document)


def _read(path: Path) -> tomlkit.TOMLDocument:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    document = tomlkit.parse(text)
    # A key of the top has to stand before the first table.
    return document if "profile" in document else tomlkit.parse(f'profile = "default"\n{text}')


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".new")
    partial.unlink(missing_ok=True)
    with os.fdopen(
        os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as out:
        out.write(tomlkit.dumps(document))
    partial.replace(path)
