"""Whether a database answers from here: one try before its client starts, so that no client hangs."""

import socket
from typing import Final

from rdsctl import kinds
from rdsctl.connection.login import Login
from rdsctl.failures import Failure

SECONDS: Final = 5.0


def reach(login: Login, seconds: float = SECONDS) -> None:
    """Raises Failure, with the ways in, where nothing answers."""
    seconds = max(seconds, kinds.WAKING_SECONDS) if login.sleeps else seconds
    if (reason := unreachable(login.address or login.host, login.port, seconds)) is None:
        return
    place = login.place
    raise Failure(
        f"{login.host}:{login.port} does not answer from here ({reason}): it stands in a private network.",
        hints=[
            f"rdsctl connect {place} --via ssm           "
            f"(an instance tagged rds-access={place.environment}; needs session-manager-plugin)",
            f"rdsctl connect {place} --via ssh:HOST      rdsctl doctor {place}",
        ],
    )


def unreachable(host: str, port: int, seconds: float) -> str | None:
    """Why nothing answers there; None where something does."""
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except TimeoutError:
        return f"{seconds:.0f} s"
    except ConnectionRefusedError:
        return "connection refused"
    except socket.gaierror:
        return "there is no such host"
    except OSError as error:
        return str(error.strerror or error).lower()
    return None
