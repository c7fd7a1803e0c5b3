"""A major upgrade of an emulated instance or cluster: its server changes in the background, as on RDS.

RDS takes the call, and checks then: what its checks refuse goes on as before. Until it is done, the version
and the parameter group that are shown are the old ones.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import rds

from sandbox.aws.background import in_background
from sandbox.aws.servers import Server, ServerError

Record = dict[str, Any]
# What an upgrade changes of an instance's record, or of a cluster's.
CHANGED = ("EngineVersion", "DBParameterGroups", "DBClusterParameterGroup")


def begin(
    server: Server | None, record: Record, held: Mapping[str, Any], show: Callable[[str], None]
) -> None:
    """Upgrade a database's server where the call that was taken asks for another major version.

    `held` is the record before the call. `show` puts a status on the database, and on its members.
    """
    if server is None or major_of(record) == major_of(held):
        return
    wanted = {name: record[name] for name in CHANGED if name in record}
    record.update({name: held[name] for name in wanted})
    show("upgrading")
    in_background(finish, server, record, wanted, show)


def finish(server: Server, record: Record, wanted: Mapping[str, Any], show: Callable[[str], None]) -> None:
    """Bring the server to the wanted version; one that is refused runs on as before."""
    name = record.get("DBInstanceIdentifier") or record["DBClusterIdentifier"]
    try:
        done = server.upgrade(major_of(wanted))
    except (ServerError, OSError) as problem:
        rds.logger.error("the server of %s was not upgraded: %s", name, problem)
        show("failed")
        return
    if done:
        record.update(wanted)
    else:
        rds.logger.warning("RDS refuses the upgrade of %s", name)
    show("available")


def major_of(record: Mapping[str, Any]) -> str:
    """The major version, as PostgreSQL counts; of MySQL there is one, which is not upgraded."""
    return str(record.get("EngineVersion", "")).partition(".")[0]
