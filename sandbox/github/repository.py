"""The git side: a bare repository, changed with git's own plumbing."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

BOT = ("rds-provisioner[bot]", "bot@users.noreply.github.example")


class Conflict(Exception):
    """Two sides changed the same thing."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare git repository."""

    path: Path

    def git(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        index: str | None = None,
        author: str = BOT[0],
    ) -> str:
        """Run git; raises CalledProcessError."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": author,
            "GIT_AUTHOR_EMAIL": BOT[1],
            "GIT_COMMITTER_NAME": "GitHub",
            "GIT_COMMITTER_EMAIL": "noreply@github.example",
        }
        if index:
            environment["GIT_INDEX_FILE"] = index
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            input=stdin,
            env=environment,
            check=True,
            capture_output=True,
        )
        return done.stdout.decode("utf-8", "replace")

    def head(self, branch: str) -> str | None:
        """The commit of a branch."""
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}").strip()
        except subprocess.CalledProcessError:
            return None

    def commit(self, name: str) -> str | None:
        """The full name of a commit, branch or tag."""
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").strip()
        except subprocess.CalledProcessError:
            return None

    def set_branch(self, branch: str, new: str, old: str | None) -> bool:
        """Move or create a branch; False where it is not at `old` (None: must not exist)."""
        try:
            self.git("update-ref", f"refs/heads/{branch}", new, old or "0" * 40)
        except subprocess.CalledProcessError:
            return False
        return True

    def delete_branch(self, branch: str) -> None:
        self.git("update-ref", "-d", f"refs/heads/{branch}")

    def file(self, ref: str, path: str) -> tuple[str, bytes] | None:
        """(blob sha, content) of a file."""
        listed = self.git("ls-tree", ref, "--", path).split()
        if len(listed) < 3 or listed[1] != "blob":
            return None
        environment = {"PATH": os.environ["PATH"]}
        content = subprocess.run(
            ["git", "-C", str(self.path), "cat-file", "blob", listed[2]],
            check=True,
            capture_output=True,
            env=environment,
        ).stdout
        return listed[2], content

    def commit_file(
        self, branch: str, path: str, content: bytes | None, message: str, *, author: str = BOT[0]
    ) -> str:
        """Commit one file's new content (None: remove it) on top of a branch; the new commit."""
        head = self.head(branch)
        assert head is not None
        with tempfile.TemporaryDirectory() as directory:
            index = str(Path(directory) / "index")
            self.git("read-tree", head, index=index)
            entry = f"0 {'0' * 40}\t{path}\n"
            if content is not None:
                blob = self.git("hash-object", "-w", "--stdin", stdin=content).strip()
                entry = f"100644 {blob}\t{path}\n"
            self.git("update-index", "--index-info", stdin=entry.encode(), index=index)
            tree = self.git("write-tree", index=index).strip()
        new = self.git("commit-tree", tree, "-p", head, "-m", message, author=author).strip()
        if not self.set_branch(branch, new, head):
            raise Conflict
        return new

    def merge(self, base: str, head: str, message: str, *, squash: bool) -> str:
        """Merge a commit into a branch, really; raises Conflict. The new head of the branch."""
        target = self.head(base)
        assert target is not None
        try:
            tree = self.git("merge-tree", "--write-tree", target, head).split()[0]
        except subprocess.CalledProcessError as error:
            raise Conflict from error
        parents = ["-p", target] if squash else ["-p", target, "-p", head]
        new = self.git("commit-tree", tree, *parents, "-m", message).strip()
        if not self.set_branch(base, new, target):
            raise Conflict
        return new

    def files(self, base: str, head: str) -> list[dict[str, object]]:
        """The files that differ between a merge base and a head, as GitHub lists them."""
        start = self.git("merge-base", base, head).strip()
        entries: list[dict[str, object]] = []
        words = {"A": "added", "M": "modified", "D": "removed"}
        for line in self.git("diff", "--no-renames", "--raw", "--abbrev=40", start, head).splitlines():
            meta, _, name = line.partition("\t")
            _, _, before, after, status = meta.lstrip(":").split()
            patch = self.git("diff", start, head, "--", name).partition("\n@@")[2]
            lines = ("@@" + patch).splitlines()[1:] if patch else []
            added = sum(changed.startswith("+") for changed in lines)
            removed = sum(changed.startswith("-") for changed in lines)
            entries.append(
                {
                    "sha": before if status == "D" else after,
                    "filename": name,
                    "status": words.get(status, "changed"),
                    "additions": added,
                    "deletions": removed,
                    "changes": added + removed,
                    "patch": "@@" + patch if patch else "",
                }
            )
        return entries

    def ahead(self, base: str, head: str) -> int:
        """How many commits a head has that the base has not."""
        return int(self.git("rev-list", "--count", f"{base}..{head}"))
