"""One run of the reaper over the functions' own ledger and GitHub, without its function around it."""

import datetime as dt
from functools import partial

from provisioner import settings
from provisioner.access import master
from provisioner.core.names import MAIN
from provisioner.reaper.expired import ExpiredDatabases
from provisioner.reaper.outcome import Outcome
from provisioner.reaper.rotations import MasterRotations
from provisioner.reaper.stuck import StuckRequests
from provisioner.wiring import changes, repository


def reap(now: dt.datetime) -> Outcome:
    """Look after everything that is due at a time."""
    outcome, opening = Outcome(), changes.opening(now)
    rotations = MasterRotations(opening, partial(master.is_rotated, settings.client("secretsmanager")))
    StuckRequests(opening, repository.github, MAIN, rotations.settle).run(outcome)
    ExpiredDatabases(opening, repository.github).run(outcome)
    return outcome
