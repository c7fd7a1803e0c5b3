"""How long requests took is learnt where that is free, and never at the price of the request's own event."""

import datetime as dt

from provisioner.core import events
from provisioner.core.events import Step
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.busy_table import Busy
from tests.ledger.moto_table import TABLE

STAT = "STAT#create#mysql#db.t4g.micro"


def done(ledger: Ledger) -> Request:
    one = request()
    ledger.open_create(one, charge(one.root), ROOMY)
    begun, ended = NOW + dt.timedelta(seconds=60), NOW + dt.timedelta(seconds=150)
    ledger.add_event(one.id, events.started(begun, pipeline_url="u", commit="c"), begun)
    return ledger.add_event(one.id, events.succeeded(ended, pipeline_url="u", commit="c", result=None), ended)


def test_the_time_of_an_apply_is_learnt() -> None:
    ledger = Ledger(Busy(), TABLE)
    assert ledger.typical(done(ledger)) == {Step.APPLY: 90.0}


def test_a_busy_row_of_times_costs_the_request_nothing() -> None:
    table = Busy(held={STAT: 100})
    ledger = Ledger(table, TABLE)
    one = done(ledger)
    assert one.progress.state is State.DONE
    assert ledger.typical(one) == {}
