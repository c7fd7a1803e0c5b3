"""The grammar of names, and what is derived from them: nothing else in the product writes a path or a key.

A database is named by its place. Its paths, its branch, its key in the state bucket and its identifier in RDS
follow from that, so that no user ever writes one.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final, Self

from provisioner.core.engines import dialect
from provisioner.core.reserved_words import RESERVED

DATABASES: Final = "terraform/databases/"
# The branch that pull requests go to and the pipeline applies; CircleCI's configuration and IAM name it too.
MAIN: Final = "main"
MAX_NAME: Final = 40
ENVIRONMENT: Final = r"[a-z][a-z0-9]{0,19}"
NAME: Final = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
KINDS: Final = ("create", "update", "extend", "maintain", "disarm", "remove")

_PLACE: Final = re.compile(rf"(?P<environment>{ENVIRONMENT})/(?P<name>{NAME})")
_NAME: Final = re.compile(NAME)
# The numbers of a cluster's members: its writer, and the reader of one with high availability.
MEMBERS: Final = (1, 2)
_LONGEST_IDENTIFIER: Final = 63
# What a cluster's members are called after their cluster: RDS has one namespace for them and for instances.
_MEMBER: Final = re.compile(r".*-member-[0-9]+", re.DOTALL)
_BRANCH: Final = re.compile(
    rf"rds/(?P<environment>{ENVIRONMENT})/(?P<name>{NAME})/(?P<kind>{'|'.join(KINDS)})-(?P<id8>[0-9a-f]{{8}})"
)
# RDS names an automated snapshot after the minute in which it was taken; a final one, and one from before an
# upgrade, are named after the request.
_SNAPSHOT: Final = re.compile(
    rf"(?:rds:)?(?P<environment>{ENVIRONMENT})-(?P<name>{NAME}?)-"
    r"(?:(?P<kind>final|before)-(?P<id8>[0-9a-f]{8})|(?P<taken>[0-9]{4}(?:-[0-9]{2}){4}))"
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a database stands: (environment, database_name) is its key everywhere."""

    environment: str
    database_name: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The place in `dev/orders`; None where the text names none."""
        match = _PLACE.fullmatch(text)
        if match is None or len(match["name"]) > MAX_NAME:
            return None
        return cls(match["environment"], match["name"])

    @classmethod
    def of_identifier(cls, identifier: str) -> Self | None:
        """The place of RDS's identifier `dev-orders`: an environment has no hyphen."""
        return cls.parse(identifier.replace("-", "/", 1))

    def __str__(self) -> str:
        """As people write it: `dev/orders`."""
        return f"{self.environment}/{self.database_name}"

    @property
    def identifier(self) -> str:
        """RDS's identifier of the instance, and the beginning of all that belongs to it: `dev-orders`."""
        return f"{self.environment}-{self.database_name}"

    @property
    def root_path(self) -> str:
        """The path of its main.tf inside the repository."""
        return f"{DATABASES}{self}/main.tf"

    @property
    def state_key(self) -> str:
        """The key of its Terraform state in the state bucket."""
        return f"databases/{self}/terraform.tfstate"

    def final_snapshot(self, request_id: str) -> str:
        """The snapshot that its removal leaves, as the Terraform module names it after the last request."""
        return f"{self.identifier}-final-{id8(request_id)}"

    def before_snapshot(self, request_id: str) -> str:
        """The snapshot that the pipeline takes before the upgrade that this request asks for."""
        return f"{self.identifier}-before-{id8(request_id)}"

    def member(self, number: int) -> str:
        """RDS's identifier of a member, where the database is a cluster; 1 is made first."""
        return f"{self.identifier}-member-{number}"

    def branch(self, kind: str, request_id: str) -> str:
        """The branch of one request."""
        return f"rds/{self}/{kind}-{id8(request_id)}"


@dataclass(frozen=True, slots=True)
class BranchName:
    """What the name of a branch of the provisioner's says."""

    place: Place
    kind: str
    id8: str

    @classmethod
    def parse(cls, branch: str) -> Self | None:
        """What a branch's name says; None for a branch of someone else."""
        match = _BRANCH.fullmatch(branch)
        return cls(Place(match["environment"], match["name"]), match["kind"], match["id8"]) if match else None


@dataclass(frozen=True, slots=True)
class SnapshotName:
    """What a snapshot's name says: an automated one is named after a time, any other after a request.

    `before` is for one from before that request's upgrade; else it is the final one of a removal.
    """

    place: Place
    id8: str | None = None
    taken: dt.datetime | None = None
    before: bool = False

    @classmethod
    def parse(cls, snapshot: str) -> Self | None:
        """What a snapshot's name says; None for one that neither RDS nor the provisioner named."""
        match = _SNAPSHOT.fullmatch(snapshot)
        if match is None:
            return None
        place = Place(match["environment"], match["name"])
        if match["id8"]:
            return cls(place, id8=match["id8"], before=match["kind"] == "before")
        try:
            taken = dt.datetime.strptime(match["taken"], "%Y-%m-%d-%H-%M").replace(tzinfo=dt.UTC)
        except ValueError:
            return None
        return cls(place, taken=taken)


def id8(request_id: str) -> str:
    """The first 8 characters of a request's id, which names of branches and snapshots carry."""
    return request_id[:8]


def is_of_member(identifier: str) -> bool:
    """Whether an identifier, or a name, is that of a cluster's member, which no database may have."""
    return _MEMBER.fullmatch(identifier) is not None


def member_errors(place: Place) -> list[str]:
    """Why a place is none of a cluster's; empty when it may be: RDS's identifiers have 63 characters."""
    if len(place.member(MEMBERS[-1])) <= _LONGEST_IDENTIFIER:
        return []
    room = _LONGEST_IDENTIFIER - len(place.member(MEMBERS[-1])) + len(place.database_name)
    return [f"a cluster's members are called after it: in {place.environment} use at most {room} characters"]


def name_errors(name: str, engine: str, *, new: bool = True) -> list[str]:
    """Why a database may not bear this name; empty when it may.

    The length leaves room for the environment in the RDS identifier (at most 63 characters) and for
    the suffix of the final snapshot's name. A database that is not `new` keeps a name that ends as those of
    members do, which earlier releases allowed.
    """
    errors = []
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        errors.append(
            f"use 1 to {MAX_NAME} characters: lower-case letters, digits and single hyphens, a letter first, "
            "no hyphen last"
        )
    elif new and is_of_member(name):
        errors.append(f"names do not end in -member-N, as the members of clusters do; choose {name}-db")
    elif name.replace("-", "_") in RESERVED.get(dialect(engine), ()):
        errors.append(f"{name!r} is a reserved word of {engine}; choose another name, such as {name}-db")
    return errors
