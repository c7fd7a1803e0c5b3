"""Steers a running local GitHub from outside: what users do on its pull requests, and what happened there."""

import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from sandbox.client import get_json
from sandbox.github.seed import copy_product, git


class NotPossible(Exception):
    """A user cannot do this now; the message says why."""


def register_webhook(url: str, target: str, secret: str) -> None:
    post(f"{url}/_sandbox/webhooks", {"url": target, "secret": secret})


def approve(url: str, number: int) -> None:
    """What a code owner does in the browser; the provisioner merges."""
    expect_open(url, number)
    post(f"{url}/_sandbox/pulls/{number}/approve", {})


def release(url: str, bare: Path, project: Path, branch: str = "main") -> str:
    """Bring a branch to another release of the product, as the merge of its pull request does; the commit.

    The databases that the branch has stay as they are.
    """
    before = git("-C", str(bare), "rev-parse", branch).strip()
    work = bare.with_suffix(".release")
    shutil.rmtree(work, ignore_errors=True)
    git("clone", "--quiet", "--branch", branch, str(bare), str(work))
    kept = set(work.glob("terraform/databases/*/*/main.tf"))
    for name in filter(None, git("-C", str(work), "ls-files", "-z").split("\0")):
        if work / name not in kept:
            (work / name).unlink()
    copy_product(project, work)
    git("-C", str(work), "add", "--all", "--force")
    git("-C", str(work), "commit", "--quiet", "--message", "Release")
    git("-C", str(work), "push", "--quiet", "origin", branch)
    after = git("-C", str(work), "rev-parse", "HEAD").strip()
    shutil.rmtree(work)
    post(f"{url}/_sandbox/pushed", {"branch": branch, "before": before, "after": after})
    return after


def expect_open(url: str, number: int) -> None:
    """Raises NotPossible where a pull request is not open, or does not exist."""
    known = {pull["number"]: pull for pull in pulls(url)}
    open_ones = ", ".join(f"#{key}" for key, pull in sorted(known.items()) if pull["state"] == "open")
    which = f"open: {open_ones}" if open_ones else "none is open"
    if number not in known:
        raise NotPossible(f"there is no #{number} ({which})")
    if known[number]["state"] != "open":
        was = "merged" if known[number]["merged"] else "closed"
        raise NotPossible(f"#{number} is {was} already ({which})")


def pulls(url: str) -> list[dict[str, Any]]:
    """Every pull request that there ever was, with its comments and reviews."""
    found: list[dict[str, Any]] = get_json(f"{url}/_sandbox/pulls")
    return found


def post(url: str, body: dict[str, Any]) -> None:
    """Ask for something. Raises NotPossible with GitHub's own words where it is refused."""
    data = json.dumps(body).encode()
    try:
        urllib.request.urlopen(urllib.request.Request(url, data=data, method="POST"), timeout=60).close()
    except urllib.error.HTTPError as refused:
        with refused:
            text = refused.read().decode()
        try:
            message = json.loads(text)["message"]
        except (ValueError, KeyError, TypeError):
            message = text
        raise NotPossible(f"GitHub answered {refused.code}: {message}") from refused
