"""③ Publish one change to the repository exactly once: one branch, one commit, one file, one pull request.

Safe to run twice and to be killed between any two calls. The branch's name belongs to one request alone, so
whatever is found under it is an earlier, half-finished run's, and is adopted. GitHub's own refusals (the
branch exists, the file's blob differs, a pull request exists) are the locks; nothing here relies on timing.
"""

import hashlib
from dataclasses import dataclass

from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.hcl import FORMAT_PATH, FORMATS, NEWEST
from provisioner.github.client import Commit, GitHub
from provisioner.github.pull_request import PullRequest
from provisioner.pull_requests.content import Change


@dataclass(frozen=True, slots=True)
class Published:
    """The pull request, and the commit that this product made: "" where someone else changed the branch."""

    pull_request: PullRequest
    commit: str


def publish(github: GitHub, change: Change, *, first: bool) -> Published:
    """Publish a change; `first` says that nobody ever tried before, which saves the look.

    Four calls where all is new: head of main, branch, commit, pull request. A root takes one more before, to
    ask for its format.
    """
    if not first and (found := github.find_pull_request(change.branch)):
        ours = found.merged or is_ours(github, change, found.head_sha)
        return Published(found, found.head_sha if ours else "")
    base = github.branch_head(change.base)
    github.create_branch(change.branch, base)
    commit = _commit(github, change)
    # A commit made now, in place of what was expected on what main is now, can hold nothing else. Anything
    # else is looked at.
    ours = commit.parent == base or is_ours(github, change, commit.sha)
    opened = github.open_pull_request(
        branch=change.branch, base=change.base, title=change.title, body=change.body
    )
    if opened is None:
        opened = github.find_pull_request(change.branch)
    if opened is None:
        raise TryLater(
            f"opening the pull request for {change.branch}",
            "GitHub says that it exists, but does not show it",
        )
    return Published(opened, commit.sha if ours else "")


def is_ours(github: GitHub, change: Change, commit: str) -> bool:
    """Whether a commit adds this change to main in one step, and nothing else.

    What is ours may merge without a reviewer, so that a branch which someone else pushed to is not, nor a
    change of a file that someone else changed on main.
    """
    found = github.compare(change.base, commit)
    if found.commits == 0:
        raise NeedsPerson(
            f"changing {change.path}",
            f"{change.base} is already as asked",
            "cancel this request: there is nothing left to merge",
        )
    if found.commits != 1 or len(found.files) != 1 or found.files[0].path != change.path:
        return False
    if change.before and _content(github.file(change.path, change.base)) not in change.before:
        return False  # it takes back what someone changed in git
    if not change.content:
        return found.files[0].status == "removed"
    blobs = map(blob_sha, change.content)
    return found.files[0].status in ("added", "modified") and found.files[0].blob in blobs


def blob_sha(content: str) -> str:
    """The name that git gives to a file's content, which saves reading it from GitHub."""
    data = content.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _commit(github: GitHub, change: Change) -> Commit:
    """The commit with the change on the branch; of no known parent where it was made by an earlier run, or
    in place of another file than was expected.
    """
    replaces = blob_sha(change.before[0]) if change.before else None
    commit = _write(github, change, replaces)
    if commit:
        return commit
    there = github.file(change.path, change.branch)
    if (_content(there) in change.content) if change.content else there is None:
        return Commit(github.branch_head(change.branch), parent="")
    if there is None:
        if change.before:
            raise NeedsPerson(
                f"changing {change.path}",
                "the file is not on the base branch",
                "find out who removed it; cancel this request, then ask again",
            )
        raise TryLater(f"committing {change.path}", "GitHub refused the file, but shows none")
    commit = _write(github, change, there[0])
    if commit is None:
        raise TryLater(f"committing {change.path}", "the branch changed at the same moment")
    if _content(there) in change.before:
        return commit  # the root as an earlier release wrote it
    return Commit(commit.sha, parent="")  # in place of another file than was expected


def _write(github: GitHub, change: Change, replaces: str | None) -> Commit | None:
    if not change.content:
        return github.delete_file(
            change.path, branch=change.branch, message=change.commit_message, replaces=replaces or ""
        )
    return github.put_file(
        change.path,
        change.content[0],
        branch=change.branch,
        message=change.commit_message,
        replaces=replaces,
    )


def root_format(github: GitHub, base: str) -> int:
    """The newest format of a root that this release writes and the pipeline on the base branch reads.

    The functions are deployed before a release is merged; until then they write what main takes.
    """
    there = github.file(FORMAT_PATH, base)
    if there is None:
        return FORMATS[0]
    try:
        return FORMATS[FORMATS.index(min(NEWEST, int(there[1])))]
    except ValueError:
        raise NeedsPerson(
            f"reading {FORMAT_PATH} on {base}",
            f"it says {there[1][:40].decode('utf-8', 'replace')!r}, which is no format of a root",
            "put the file back as the release has it, then retry",
        ) from None


def _content(there: tuple[str, bytes] | None) -> str | None:
    return None if there is None else there[1].decode("utf-8", "replace")
