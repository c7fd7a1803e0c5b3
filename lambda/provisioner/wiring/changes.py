"""What opens changes, and sends them to the worker."""

import datetime as dt

from provisioner.intake.opening import Opening, Publish
from provisioner.settings import ledger
from provisioner.wiring.deployed import catalog, makes_users
from provisioner.wiring.messages import send

__all__ = ["opening", "send"]


def opening(now: dt.datetime, publish: Publish = send) -> Opening:
    """What opens changes, as of now."""
    return Opening(ledger(), catalog(), publish, now, makes_users())
