"""An outcome is a separate comment, written once and never lost, whatever GitHub does in between."""

import datetime as dt
from typing import Any

import pytest
from provisioner.core.lifecycle import State
from provisioner.pull_requests import comments

from tests.handlers.chain import Chain, now
from tests.handlers.reaping import reap
from tests.handlers.test_report import bodies


def outcomes(chain: Chain) -> list[str]:
    """The second line of each comment on how an apply went."""
    return [
        body.splitlines()[1]
        for body in bodies(chain)
        if body.startswith("<!-- rds-provisioner: outcome ") and not body.startswith(comments.OUTCOME)
    ]


@pytest.mark.parametrize("call", ["GET .*/comments", "POST .*/comments"])
@pytest.mark.parametrize(
    "harm",
    [
        {"status": 403},
        {"status": 404},
        {"status": 500},
        {"status": 502, "after_effect": True},
        {"drop": True},
        {"drop": True, "after_effect": True},
    ],
    ids=str,
)
def test_an_outcome_is_said_once_whatever_github_does_between_the_calls(
    chain: Chain, call: str, harm: dict[str, Any]
) -> None:
    one = chain.opened()
    chain.plan(one)
    chain.server.fault(call, **harm)

    first = chain.apply(one, "succeeded")
    assert first["accepted"]
    assert chain.now(one).progress.state is State.DONE
    chain.apply(one, "succeeded")
    reap(now() + dt.timedelta(minutes=6))
    reap(now() + dt.timedelta(minutes=90))

    assert outcomes(chain) == ["## ✅ `dev/mydb123` is ready"]


def test_an_outcome_that_github_never_took_is_said_by_the_reaper(chain: Chain) -> None:
    one = chain.opened()
    chain.plan(one)
    chain.server.fault("POST .*/comments", status=503)
    chain.apply(one, "succeeded")
    assert outcomes(chain) == []

    reap(now() + dt.timedelta(minutes=6))

    assert outcomes(chain) == ["## ✅ `dev/mydb123` is ready"]
