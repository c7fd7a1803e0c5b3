"""The use cases of the API."""

import datetime as dt
from uuid import uuid4

from provisioner.intake.opening import Publish
from provisioner.intake.use_cases import UseCases
from provisioner.wiring.changes import opening, send


def use_cases(now: dt.datetime, publish: Publish = send) -> UseCases:
    """What the API can be asked for, as of now."""
    return UseCases(opening(now, publish), uuid4)
