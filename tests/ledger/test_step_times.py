"""How long requests took is learnt where that is free, and never at the price of the request's own event."""

import datetime as dt

from provisioner.core import events
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.ledger.ledger import Ledger

from tests.core.examples import NOW, ROOMY, charge, request
from tests.ledger.busy_table import Busy
from tests.ledger.moto_table import TABLE

STAT = "STAT#create"
APPLY = {"apply": [90.0], "apply#mysql": [90.0], "apply#mysql#db.t4g.micro": [90.0]}


def done(ledger: Ledger) -> Request:
    one = request()
    ledger.open_create(one, charge(one.root), ROOMY)
    begun, ended = NOW + dt.timedelta(seconds=60), NOW + dt.timedelta(seconds=150)
    ledger.add_event(one.id, events.started(begun, pipeline_url="u", commit="c"), begun)
    return ledger.add_event(one.id, events.succeeded(ended, pipeline_url="u", commit="c", result=None), ended)


def test_the_time_of_an_apply_is_learnt() -> None:
    ledger = Ledger(Busy(), TABLE)
    assert ledger.step_times(done(ledger)) == APPLY


def test_a_busy_row_of_times_costs_the_request_nothing() -> None:
    table = Busy(held={STAT: 100})
    ledger = Ledger(table, TABLE)
    one = done(ledger)
    assert one.progress.state is State.DONE
    assert ledger.step_times(one) == {}


def test_a_row_of_an_earlier_release_counts_until_a_newer_one_says_as_much() -> None:
    table = Busy()
    ledger = Ledger(table, TABLE)
    table.put_item(
        TableName=TABLE,
        Item={
            "pk": {"S": "STAT#create#mysql#db.t4g.micro"},
            "sk": {"S": "STAT"},
            "seconds": {"S": '{"apply": [47.0], "review_dev": [12.0]}'},
            "version": {"N": "3"},
        },
    )
    assert ledger.step_times(request()) == {"apply#mysql#db.t4g.micro": [47.0], "review_dev": [12.0]}
    assert ledger.step_times(request(restore_from={"database": "dev/other"})) == {}
    assert ledger.step_times(done(ledger)) == APPLY
