"""Held state locks: who, since when, and what an operator does about one that was left behind.

Nothing here breaks a lock. An apply that is still running somewhere would then write over another's state.
"""

import datetime as dt
from collections.abc import Mapping

from pipeline.store import Lock


def listing(locks: Mapping[str, Lock], now: dt.datetime, bucket: str) -> str:
    """Every lock with its age, and how an operator releases it."""
    if not locks:
        return "No state is locked."
    lines = []
    for key, lock in sorted(locks.items()):
        object_url = f"s3://{bucket}/{key}.tflock"
        lines += [
            f"{key.removeprefix('databases/').rpartition('/')[0]}: {lock.describe(now)}.",
            "  1. See that no pipeline is applying it, and what RDS shows of it.",
            f"  2. aws s3 cp {object_url} -    still names the lock {lock.id}",
            f"  3. aws s3 rm {object_url}      releases it, as terraform force-unlock does",
            "  4. Run main's newest workflow again: it goes on where the other one ended.",
        ]
    return "\n".join(lines)
