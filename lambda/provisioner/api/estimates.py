"""The API's `estimate`: when a request will be ready, as far as anything says so."""

import datetime as dt
from typing import Any

from provisioner.core.estimates import Estimate, Span
from provisioner.core.times import instant


def estimate_document(estimate: Estimate | None, now: dt.datetime) -> dict[str, Any] | None:
    """When it will be ready; None for a request that ended or failed.

    `ready_at` is null where a reviewer decides and no history says how long that takes, and where a step has
    taken longer than every one before it.
    """
    if estimate is None:
        return None
    left = estimate.left
    return {
        "ready_at": left and {"likely": _at(now, left.likely), "latest": _at(now, left.latest)},
        "seconds": left and _seconds(left),
        "after_approval_seconds": estimate.after_approval and _seconds(estimate.after_approval),
        "steps": [
            {"step": step.step.value, "seconds": step.left and _seconds(step.left), "basis": step.basis}
            for step in estimate.steps
        ],
    }


def _at(now: dt.datetime, seconds: float) -> str:
    return instant((now + dt.timedelta(seconds=seconds)).replace(microsecond=0))


def _seconds(span: Span) -> dict[str, int]:
    return {"likely": round(span.likely), "latest": round(span.latest)}
