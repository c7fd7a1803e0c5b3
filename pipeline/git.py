"""What a branch changes, read with git itself."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioner.core.names import DATABASES

REGULAR_FILE = "100644"
_BLOB = re.compile(r"[0-9a-f]+ blob (\d+)\n")


class GitError(Exception):
    """A git command that failed, with what git said."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One changed path; a mode is None where the file is not there on that side."""

    path: str
    old_mode: str | None
    new_mode: str | None


@dataclass(frozen=True, slots=True)
class Checkout:
    """A clone of the repository, as the pipeline gets it."""

    directory: Path
    base: str = "origin/main"

    def head(self) -> str:
        """The commit that is checked out."""
        return self._git("rev-parse", "HEAD").strip()

    def follow_base(self) -> str:
        """Check out the base branch as it is at this moment; the commit.

        A workflow can be run again long after its commit: what that one says of the databases is history.
        """
        self._fetch_base()
        self._git("checkout", "--quiet", "--force", "--detach", self.base)
        return self.head()

    def newest_base(self, directory: Path) -> "Checkout":
        """The base branch as it is at this moment, in a directory of its commit below `directory`.

        This checkout stays as it is, since Terraform may be at work in it. The directory has no roots: they
        are read from the commit, and thousands of files would be written for each merge.
        """
        self._fetch_base()
        commit = self._git("rev-parse", self.base).strip()
        if commit == self.head():
            return self
        path = directory / commit
        if not path.is_dir():
            self._git("worktree", "add", "--quiet", "--force", "--no-checkout", "--detach", str(path), commit)
            Checkout(path)._git("checkout", "--quiet", commit, "--", ".", f":(exclude,glob){DATABASES}*/**")
        return Checkout(path, self.base)

    def merge_base(self) -> str:
        """Where the branch left the base."""
        return self._git("merge-base", self.base, "HEAD").strip()

    def changes(self) -> list[FileChange]:
        """Every path that differs between the merge base and the checked out commit; renames are two."""
        listed = self._git("diff", "--raw", "-z", "--no-renames", self.merge_base(), "HEAD")
        fields = listed.rstrip("\0").split("\0") if listed else []
        changes = []
        for meta, path in zip(fields[::2], fields[1::2], strict=True):
            old, new, *_ = meta.lstrip(":").split()
            changes.append(FileChange(path, *(None if mode == "000000" else mode for mode in (old, new))))
        return changes

    def file(self, ref: str, path: str) -> str | None:
        """A file's text at a commit; None where there is none. Bytes that are not UTF-8 show as U+FFFD.

        Raises GitError where git cannot say: a clone without its blobs fetches them when they are read, and
        a network's fault is no missing file.
        """
        if not self._git("ls-tree", "-z", ref, "--", path):
            return None
        return self._run("cat-file", "blob", f"{ref}:{path}").decode("utf-8", "replace")

    def paths(self, ref: str, under: str) -> list[str]:
        """Every path below a folder at a commit."""
        listed = self._git("ls-tree", "-r", "-z", "--name-only", ref, "--", under)
        return list(filter(None, listed.split("\0")))

    def blobs(self, ref: str, under: str) -> dict[str, str]:
        """Git's object id of every path below a folder at a commit, from one listing that reads no file."""
        listed = self._git("ls-tree", "-r", "-z", ref, "--", under)
        found = {}
        for entry in filter(None, listed.split("\0")):
            meta, _, path = entry.partition("\t")
            found[path] = meta.split(" ")[2]
        return found

    def read(self, blobs: Iterable[str]) -> Iterator[str]:
        """The text of each object in their order, by one process; one at a time is held in memory.

        Bytes that are not UTF-8 show as U+FFFD. Raises GitError where git does not have one.
        """
        with tempfile.TemporaryFile() as wanted:
            count = 0
            for blob in blobs:
                wanted.write(f"{blob}\n".encode())
                count += 1
            wanted.seek(0)
            command = ["git", "-C", str(self.directory), "cat-file", "--batch"]
            with subprocess.Popen(command, stdin=wanted, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None  # noqa: S101 - it was asked for
                for _ in range(count):
                    said = process.stdout.readline().decode()
                    if not (head := _BLOB.fullmatch(said)):
                        raise GitError(f"git cat-file: {said.strip() or 'it ended early'}")
                    yield process.stdout.read(int(head[1]) + 1)[:-1].decode("utf-8", "replace")

    def texts(self, ref: str, under: str, chosen: Callable[[str], bool]) -> dict[str, str]:
        """The chosen files below a folder at a commit, by path; none where git does not have the commit."""
        try:
            paths = self.paths(ref, under)
        except GitError:
            return {}
        return {path: self.file(ref, path) or "" for path in filter(chosen, paths)}

    def _fetch_base(self) -> None:
        remote, _, branch = self.base.partition("/")
        self._git("fetch", "--quiet", remote, f"+refs/heads/{branch}:refs/remotes/{self.base}")

    def _git(self, *arguments: str) -> str:
        return self._run(*arguments).decode("utf-8", "surrogateescape")

    def _run(self, *arguments: str) -> bytes:
        done = subprocess.run(
            ["git", "-C", str(self.directory), *arguments], capture_output=True, check=False
        )
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise GitError(f"git {arguments[0]}: {said or f'it ended with {done.returncode}'}")
        return done.stdout
