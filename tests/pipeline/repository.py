"""A real git repository with an origin, as the pipeline's jobs find it."""

import subprocess
from pathlib import Path

from provisioner.core.hcl import render
from provisioner.core.root import Root

from pipeline.git import Checkout
from tests.core.examples import CATALOG_TEXT

LOCK = "terraform/databases/.terraform.lock.hcl"


class Repository:
    """A clone next to its origin, which may be there already; main gets the catalog and the provider lock."""

    def __init__(self, directory: Path, origin: Path | None = None) -> None:
        self.origin = origin or directory / "origin.git"
        self.directory = directory / "clone"
        if origin is None:
            git(directory, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        git(directory, "clone", "--quiet", str(self.origin), str(self.directory))
        self.git("config", "user.name", "Someone")
        self.git("config", "user.email", "someone@example.com")
        self.git("checkout", "--quiet", "-B", "main")
        self.commit({"catalog.yaml": CATALOG_TEXT, LOCK: "# provider lock\n"})
        self.push()

    @property
    def checkout(self) -> Checkout:
        return Checkout(self.directory)

    def git(self, *arguments: str) -> str:
        return git(self.directory, *arguments)

    def branch(self, name: str, start: str = "main") -> None:
        """A new branch from main, checked out; one that was merged may be there."""
        self.git("checkout", "--quiet", "--force", "-B", name, start)

    def commit(self, files: dict[str, str | None]) -> str:
        """Commit files; None removes one."""
        for path, text in files.items():
            if text is None:
                self.git("rm", "--quiet", path)
            else:
                place = self.directory / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8", newline="")
                self.git("add", "--", path)
        self.git("commit", "--quiet", "--message", "Change something")
        return self.git("rev-parse", "HEAD").strip()

    def push(self) -> None:
        self.git("push", "--quiet", "origin", "HEAD")

    def on_main(self, files: dict[str, str | None]) -> str:
        """Merge something into main, and check it out as a pipeline of main does."""
        self.git("checkout", "--quiet", "--force", "main")
        commit = self.commit(files)
        self.push()
        return commit


def file_of(root: Root) -> dict[str, str | None]:
    """A root as the file that it stands in."""
    return {root.place.root_path: render(root)}


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout
