"""Whether the job that applies a request is still at work, by the last word that it sent; no clock.

A job that dies reports nothing. It sends a heartbeat while it works; after SILENT of them were missed, it has
most likely ended without a word. A pipeline that sends none is never found silent.
"""

import datetime as dt
from typing import Final

from provisioner.core.events import Step
from provisioner.core.lifecycle import ENDED
from provisioner.core.models import Beat, Request

SILENT: Final = 3
# A little longer than a claim in the state bucket outlives its last renewal: another run may take over then.
LOST: Final = 11
# Neither did another run go on for it in this time: an operator is needed.
GIVEN_UP: Final = 3 * LOST


def next_look(beat: Beat) -> dt.datetime:
    """When the reaper looks after a request, unless its job sends another word before."""
    return beat.at + dt.timedelta(seconds=beat.seconds * LOST + 1)


def beat_of(request: Request) -> Beat | None:
    """The last word of the job that works on it now; None where none does, or none that sends any."""
    progress, beat = request.progress, request.beat
    if beat is None or progress.state in ENDED or progress.failure:
        return None
    if progress.step not in (Step.QUEUE, Step.APPLY) or beat.at < progress.since:
        return None
    return beat


def silent_since(request: Request, now: dt.datetime, missed: int = SILENT) -> dt.datetime | None:
    """When its job sent the last word, where that many are missing by now."""
    beat = beat_of(request)
    if beat is None or now - beat.at <= dt.timedelta(seconds=beat.seconds * missed):
        return None
    return beat.at


def pipeline_url(request: Request) -> str | None:
    """The address of the job that works on it now, or else of the last one that did."""
    beat = beat_of(request)
    return (beat.pipeline_url if beat else "") or request.progress.pipeline_url
