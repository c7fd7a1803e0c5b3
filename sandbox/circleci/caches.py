"""What jobs keep for later ones: save_cache and restore_cache.

A key is written once and never changed; a job gets the newest whose key begins with what it asks for.
https://circleci.com/docs/guides/optimize/caching/
"""

import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.circleci.expressions import ConfigError

_TEMPLATE: Final = re.compile(r"\{\{\s*(.+?)\s*\}\}")
_CHECKSUM: Final = re.compile(r'checksum "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Caches:
    """The project's caches, a directory each."""

    directory: Path

    def save(self, key: str, paths: Iterable[str], project: Path, home: Path) -> str:
        """Keep these paths under a key, unless it is taken or a path is missing; what was done."""
        name = filled(key, project)
        target = self.directory / _folder(name)
        if target.exists():
            return f"Skipping cache generation, cache already exists for key: {name}"
        found = [_expanded(path, project, home) for path in paths]
        if missing := [str(path) for path in found if not path.exists()]:
            return f"Skipping cache generation, no such path: {', '.join(missing)}"
        self.directory.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=self.directory, prefix=".work-"))
        for number, path in enumerate(found):
            copy(path, work / str(number))
        (work / "cache.json").write_text(json.dumps({"key": name, "paths": list(paths)}))
        try:
            work.rename(target)
        except OSError:  # another job was quicker
            shutil.rmtree(work)
        return f"Stored cache to {name}"

    def restore(self, keys: Iterable[str], project: Path, home: Path) -> str:
        """Bring back the newest cache for the first key that has one; what was done."""
        stored = sorted(self.directory.glob("*/cache.json"), key=lambda path: path.stat().st_mtime)
        for key in keys:
            name = filled(key, project)
            for file in reversed(stored):
                content = json.loads(file.read_text())
                if str(content["key"]).startswith(name):
                    for number, path in enumerate(content["paths"]):
                        copy(file.parent / str(number), _expanded(path, project, home))
                    return f"Found a cache for key: {content['key']}"
        return "No cache is found"


def filled(key: str, project: Path) -> str:
    """A key with its templates replaced. Raises ConfigError for one that is not known."""

    def value(match: re.Match[str]) -> str:
        if match[1] == "arch":
            return f"arch1-linux-{platform.machine()}"
        if (file := _CHECKSUM.fullmatch(match[1])) and (project / file[1]).is_file():
            return hashlib.sha256((project / file[1]).read_bytes()).hexdigest()
        raise ConfigError(
            f"the cache's key says {match[0]}, which this stand-in does not know or cannot read"
        )

    return _TEMPLATE.sub(value, key)


def copy(source: Path, target: Path) -> None:
    """Copy a file or a directory, links as links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def _expanded(path: str, project: Path, home: Path) -> Path:
    return home / path.removeprefix("~/") if path.startswith("~/") else project / path


def _folder(key: str) -> str:
    return hashlib.sha256(os.fsencode(key)).hexdigest()
