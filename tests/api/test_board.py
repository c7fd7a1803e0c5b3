"""What operators see of all teams, made of what there is."""

from dataclasses import replace

from provisioner.api import board
from provisioner.core.models import Charge, Database, Listed
from provisioner.ledger.all_teams import Fleet

from tests.core.examples import catalog, charge, database


def held(**body: str) -> Database:
    one = database(**body)
    return replace(one, charge=charge(one.root))


CLUSTER = held(database_name="sleepy", database_engine="aurora-mysql", size="sleepy")
FLEET = Fleet(databases=[held(), CLUSTER], active=[], done=[])


def test_spend_counts_clusters_as_quotas_do_and_as_they_usually_are() -> None:
    spend = board.spend(FLEET, catalog())

    most = round(13.98 + 2 * 0.12 * 730 + 1.0, 2)
    usual = round(13.98 + 0.12 * 176 + 1.0, 2)
    assert (spend["monthly_usd"], spend["usual_usd"]) == (most, usual)
    (team,) = spend["teams"]
    assert (team["monthly_usd"], team["usual_usd"]) == (most, usual)
    assert team["environments"]["dev"] == {
        "databases": 2,
        "monthly_usd": most,
        "usual_usd": usual,
        "limit_usd": 500,
    }


def test_spend_has_nothing_of_a_cluster_that_holds_nothing_of_the_quota() -> None:
    fleet = replace(FLEET, databases=[replace(CLUSTER, charge=Charge())])

    assert board.spend(fleet, catalog())["usual_usd"] == 0.0


def test_what_ends_soon_shows_both_prices() -> None:
    listed = {each.place: Listed() for each in FLEET.databases}

    instance, cluster = board.expiring(FLEET.databases, listed, catalog())

    assert (instance["monthly_usd"], instance["usual_usd"]) == (13.98, 13.98)
    assert (cluster["monthly_usd"], cluster["usual_usd"]) == (176.2, 22.12)
