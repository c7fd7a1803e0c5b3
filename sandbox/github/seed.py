"""Puts the work tree as it is, uncommitted changes included, into a repository for the local GitHub."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePath

IDENTITY = {
    "GIT_AUTHOR_NAME": "Sandbox",
    "GIT_AUTHOR_EMAIL": "sandbox@example.com",
    "GIT_COMMITTER_NAME": "Sandbox",
    "GIT_COMMITTER_EMAIL": "sandbox@example.com",
}


def seed(project: Path, target: Path, branch: str = "main") -> str:
    """Make `target` a bare repository with one commit on `branch`; the commit's name.

    What .gitignore leaves out stays out, and so do the project's own databases: a sandbox begins without any.
    """
    work = target.with_suffix(".seed")
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    git("init", "--quiet", f"--initial-branch={branch}", str(work))
    copy_product(project, work)
    git("-C", str(work), "add", "--all", "--force")
    git("-C", str(work), "commit", "--quiet", "--message", "The project as it is in the work tree")
    git("clone", "--quiet", "--bare", str(work), str(target))
    shutil.rmtree(work)
    return git("-C", str(target), "rev-parse", branch).strip()


def copy_product(project: Path, work: Path) -> None:
    """Copy what git knows, or would know, of a checkout, without its databases."""
    listed = git("-C", str(project), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if PurePath(name).match("terraform/databases/*/*/main.tf"):
            continue
        source = project / name
        if source.is_file() or source.is_symlink():
            copy = work / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)


def git(*arguments: str) -> str:
    environment: Mapping[str, str] = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}
    # A hook, as before a commit, sets variables that point every git at the hook's repository.
    clean = {name: value for name, value in environment.items() if name not in ("GIT_DIR", "GIT_INDEX_FILE")}
    done = subprocess.run(["git", *arguments], env=clean, check=True, capture_output=True, text=True)
    return done.stdout
