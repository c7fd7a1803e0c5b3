"""What there is to apply: main on one side, what was applied on the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.core.engines import INSTANCE, Resource
from provisioner.core.hcl import content_hash, parse, removals, render_removed
from provisioner.core.hcl_literals import RootSyntaxError
from provisioner.core.names import MEMBERS, Place
from provisioner.core.root import Root

from pipeline.git import Checkout
from pipeline.store import ATTEMPTED
from pipeline.workspace import blobs


@dataclass(frozen=True, slots=True)
class Work:
    """One database that is not as main says; `text` is its root, or the empty one that removes it."""

    place: Place
    text: str
    removal: bool
    applied_before: bool

    @property
    def digest(self) -> str:
        """The hash under which it is marked as applied."""
        return content_hash(self.text)

    @property
    def reviewed_as(self) -> tuple[str, ...]:
        """The hashes under which its plan may have been reviewed: an earlier release's too, for a removal,
        whose text is the pipeline's and not git's.
        """
        return tuple(map(content_hash, removals(self.place))) if self.removal else (self.digest,)

    @property
    def restores(self) -> bool:
        """Whether the database comes from another one."""
        root = self.root
        return root is not None and root.restore is not None

    @property
    def request_id(self) -> str | None:
        """The request that the root carries out; a removal has no root left to name it."""
        root = self.root
        return root.request_id if root else None

    @property
    def resource(self) -> Resource:
        """What its module makes; an instance for a removal, of which no text says it."""
        root = self.root
        return root.resource if root else INSTANCE

    @property
    def made(self) -> tuple[tuple[str, str, Resource], ...]:
        """The address, the identifier and the kind of each thing that RDS makes of it, the database first."""
        resource = self.resource
        database = (resource.address, self.place.identifier, resource)
        if resource.members is None:
            return (database,)
        members = (
            (f'module.database.{resource.members}.member["{number}"]', self.place.member(number))
            for number in MEMBERS
        )
        return (database, *((address, identifier, INSTANCE) for address, identifier in members))

    @property
    def root(self) -> Root | None:
        """What its text says; None for a removal, and where it cannot be read."""
        try:
            return None if self.removal else parse(self.text)
        except RootSyntaxError:
            return None


@dataclass(slots=True)
class Main:
    """The roots of an environment as one run reads them; each text once, and none is kept.

    Git's object ids say which roots are as they were when this run last looked.
    """

    environment: str
    _digests: dict[str, str] = field(default_factory=dict)  # by object id

    def pending(self, checkout: Checkout, applied: Mapping[str, set[str]]) -> list[Work]:
        """What is to do: `checkout` is main, `applied` the markers of each database.

        A root is done when its own hash is the only marker. More than one are the trace of an apply that did
        not come to its end: then nobody knows without a plan which of them the database is like.
        """
        found = blobs(checkout, self.environment)
        new = list({blob for blob in found.values() if blob not in self._digests})
        self._digests.update(zip(new, map(content_hash, checkout.read(new)), strict=True))
        wanted = {
            place: blob
            for place, blob in sorted(found.items())
            if applied.get(place.database_name) != {self._digests[blob]}
        }
        texts = checkout.read(wanted.values())
        work = [
            Work(
                place,
                text,
                removal=False,
                applied_before=bool(applied.get(place.database_name, set()) - {ATTEMPTED}),
            )
            for place, text in zip(wanted, texts, strict=True)
        ]
        gone = [
            Work(place, render_removed(place), removal=True, applied_before=True)
            for place in (Place(self.environment, name) for name in sorted(applied))
            if place not in found
        ]
        return work + gone
