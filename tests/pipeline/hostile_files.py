"""Hostile by where and how: branches, paths, modes, and what comes along with a root."""

from collections.abc import Iterator

from provisioner.core.hcl import render
from provisioner.core.names import DATABASES, Place
from provisioner.core.root import Root

from tests.pipeline.hostile_case import (
    EXECUTABLE,
    ID,
    LINK,
    LOCK,
    OTHER,
    SUBMODULE,
    File,
    Hostile,
    branch_of,
    changed,
    of,
    with_,
)


def without_request(base: Root) -> Iterator[Hostile]:
    kind, path = "no request made it", base.place.root_path
    larger = with_(base, max_storage_gb=base.max_storage_gb + 1)
    for branch in (
        "tidy/dev-copy",
        "main-2",
        "release/1.0",
        "rds-dev",
        "refs/heads/rds/x",
        "RDS/dev/a/create-1",
    ):
        yield Hostile(
            kind=kind, name=f"a root on {branch}", rule="request", branch=branch, changes=of(base), alone=True
        )
    yield Hostile(
        kind=kind,
        name="a change",
        rule="request",
        branch="tidy/up",
        main=of(base),
        changes=of(larger),
        alone=True,
    )
    yield Hostile(
        kind=kind,
        name="a removal",
        rule="request",
        branch="tidy/rm",
        main=of(with_(base, deletion_protection=False)),
        changes={path: None},
        alone=True,
    )


def files_along(base: Root) -> Iterator[Hostile]:
    directory = base.place.root_path.removesuffix("main.tf")
    for name in (
        "extra.tf",
        "override.tf",
        "main_override.tf",
        "backend.tf.json",
        "terraform.tfvars",
        "x.auto.tfvars",
        ".terraformrc",
        ".terraform/plugins/x",
        ".terraform.lock.hcl",
        "sub/main.tf",
        "MAIN.TF",
        "main.tf ",
        "terraform.tfstate",
        ".terraform.tfstate.lock.info",
        "main.tofu",
        "x.tftest.hcl",
    ):
        yield Hostile(
            kind="a file next to a root",
            name=name.strip() + " " * (name != name.strip()),
            rule="files",
            branch=branch_of(base),
            changes=of(base) | {f"{directory}{name}": "# nothing\n"},
        )


def no_regular_files(base: Root) -> Iterator[Hostile]:
    kind, path, text = "no regular file", base.place.root_path, render(base).encode()
    directory = path.removesuffix("/main.tf")
    for name, changes in {
        "an executable root": {path: File(text, EXECUTABLE)},
        "a link to the catalog": {path: File(b"../../../../catalog.yaml", LINK)},
        "a link out of the repository": {path: File(b"/etc/passwd", LINK)},
        "a submodule as root": {path: File(ID.replace("-", "").encode() + b"00000000", SUBMODULE)},
        "a linked directory": {directory: File(b"../prod/orders", LINK)},
        "a submodule as directory": {directory: File(ID.replace("-", "").encode() + b"00000000", SUBMODULE)},
        "linked databases": {DATABASES.rstrip("/"): File(b"elsewhere", LINK)},
    }.items():
        alone = name == "an executable root"
        yield Hostile(
            kind=kind, name=name, rule="files", branch=branch_of(base), changes=changes, alone=alone
        )


def paths(base: Root) -> Iterator[Hostile]:
    environment, name = base.environment, base.database_name
    for path in (
        "main.tf",
        f"{environment}/main.tf",
        f"{environment.title()}/{name}/main.tf",
        f"{environment}/{name}.tf",
        f"{environment}/{name.title()}/main.tf",
        f"{environment}/{name} /main.tf",
        f"{environment}/{name}\n/main.tf",
        f"{environment}/-x/main.tf",
        f"{environment}/{'a' * 41}/main.tf",
        f"{environment}/\u0430lpha/main.tf",
        f"{environment}/{name}/main.tf.bak",
        f".hidden/{name}/main.tf",
        f"{environment}/1st/main.tf",
        f"{environment}/{name}/main.tf/x",
    ):
        yield Hostile(
            kind="a path that is none",
            name=ascii(path),
            rule="files",
            branch=branch_of(base),
            changes={DATABASES + path: render(base)},
        )


def scope(base: Root) -> Iterator[Hostile]:
    for path in (
        "terraform/modules/rds_database/main.tf",
        "terraform/modules/rds_database/x.tf",
        LOCK,
        "catalog.yaml",
        ".circleci/config.yml",
        "CODEOWNERS",
        ".github/CODEOWNERS",
        "pipeline/gate.py",
        "pipeline/apply.py",
        "lambda/provisioner/core/policy.py",
        "README.md",
        "terraform/foundation/pipeline.tf",
        "sitecustomize.py",
        f"{DATABASES}README.md",
    ):
        # A branch of the provisioner's may change its root alone, which two rules say.
        yield Hostile(
            kind="more than a root",
            name=path,
            rule="scope",
            branch=branch_of(base),
            changes=of(base) | {path: "# mine\n"},
            alone=True,
        )


def two_databases(base: Root) -> Iterator[Hostile]:
    second = with_(base, database_name="second")
    victim = with_(base, database_name="victim", request_id=OTHER, deletion_protection=False)
    for name, main, changes in (
        ("two new ones", {}, of(base) | of(second)),
        ("a new one, and another's end", of(victim), of(base) | {victim.place.root_path: None}),
        ("a new one, and another's change", of(victim), of(base) | of(with_(victim, request_id=ID))),
        ("one under another name", of(victim), {victim.place.root_path: None} | of(base)),
    ):
        yield Hostile(
            kind="two databases", name=name, rule="scope", branch=branch_of(base), main=main, changes=changes
        )


def like_a_branch(base: Root) -> Iterator[Hostile]:
    kind, place, id8 = "looks like a request's branch", base.place, base.request_id[:8]
    for branch in (
        f"rds/{place}",
        f"rds/{place}/create",
        f"rds/{place}/drop-{id8}",
        f"rds/{place}/create-{id8[:7]}",
        f"rds/{place}/create-{id8.upper()}",
        f"rds/{place}/create-{id8}/x",
        f"rds//{place}/create-{id8}",
        f"rds/{place}/create-{id8}\n",
        "rds/x",
        f"rds/{base.environment}/x--y/create-{id8}",
    ):
        yield Hostile(
            kind=kind, name=repr(branch), rule="branch", branch=branch, changes=of(base), alone=True
        )
    other = Place(base.environment, "other")
    yield Hostile(
        kind=kind,
        name="another database's",
        rule="branch",
        branch=other.branch("create", ID),
        changes=of(base),
        alone=True,
    )
    for path in ("README.md", LOCK, "pipeline/gate.py"):
        yield Hostile(
            kind=kind,
            name=f"{path} alone",
            rule="branch",
            branch=branch_of(base),
            changes={path: "# mine\n"},
            alone=True,
        )


def another_kind(base: Root) -> Iterator[Hostile]:
    kind, path = "another kind than it says", base.place.root_path
    unprotected = with_(base, deletion_protection=False)
    larger = with_(base, max_storage_gb=base.max_storage_gb + 1)
    for says in ("update", "extend", "remove"):
        yield Hostile(
            kind=kind,
            name=f"a create on a branch to {says}",
            rule="kind",
            branch=branch_of(base, says),
            changes=of(base),
            alone=True,
        )
    for says in ("create", "remove"):
        yield changed(kind, f"a change on a branch to {says}", "kind", base, larger, does=says, alone=True)
    for says in ("create", "update", "extend", "disarm"):
        yield Hostile(
            kind=kind,
            name=f"a removal on a branch to {says}",
            rule="kind",
            branch=branch_of(base, says),
            main=of(unprotected),
            changes={path: None},
            alone=True,
        )


def stale(base: Root) -> Iterator[Hostile]:
    kind, path = "made from an older main", base.place.root_path
    larger, larger_still = (with_(base, max_storage_gb=base.max_storage_gb + more) for more in (1, 2))
    theirs = with_(base, request_id=OTHER, team="victims")
    unprotected = with_(base, deletion_protection=False)
    for name, branch, main, changes, moved in (
        ("a create over another's", branch_of(base), {}, of(base), of(theirs)),
        ("a change over a newer one", branch_of(base, "update"), of(base), of(larger), of(larger_still)),
        ("a change of what was removed", branch_of(base, "update"), of(base), of(larger), {path: None}),
        (
            "a removal of what was changed",
            branch_of(base, "remove"),
            of(unprotected),
            {path: None},
            of(larger),
        ),
    ):
        yield Hostile(
            kind=kind,
            name=name,
            rule="fresh",
            branch=branch,
            main=main,
            changes=changes,
            moved=moved,
            alone=True,
        )


def left_behind(base: Root) -> Iterator[Hostile]:
    directory = base.place.root_path.removesuffix("main.tf")
    for name in ("old.tf", "override.tf", "x.auto.tfvars", "sub/x.tf"):
        yield Hostile(
            kind="next to what was left behind",
            name=name,
            rule="alone",
            branch=branch_of(base),
            main={f"{directory}{name}": "# left\n"},
            changes=of(base),
            alone=True,
        )
