"""The storage that RDS holds for a database, which is more than was asked for where RDS has grown it."""

import dataclasses
from typing import Any, Final

from provisioner.core.models import Database
from provisioner.core.root import Root

# In a database's result, in GiB: an output of the module at each apply, and what the reaper sees once a day.
HELD: Final = "storage_gb"


def held_gb(database: Database) -> int:
    """GiB that RDS was last seen to hold; 0 where nobody has looked."""
    found: Any = (database.result or {}).get(HELD)
    return found if type(found) is int else 0


def as_held(database: Database) -> Root:
    """The database's root with the storage that it really has: what is restored from it has no less."""
    return dataclasses.replace(database.root, storage_gb=max(database.root.storage_gb, held_gb(database)))
