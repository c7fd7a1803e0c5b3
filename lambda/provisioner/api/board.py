"""① What operators see of all teams: queue, approvals, failures, ends, spend, drift, and times by step."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from provisioner.api.database_documents import warnings
from provisioner.api.waiting_for import waiting_for
from provisioner.core.catalog import Catalog
from provisioner.core.effects import cost_by
from provisioner.core.events import Event, Step
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Database, Listed, Request
from provisioner.core.names import Place
from provisioner.core.root import NEVER
from provisioner.core.times import instant, optional_instant, parse_instant
from provisioner.ledger.all_teams import Fleet
from provisioner.ledger.deliveries import FailingChannel

SOON: Final = dt.timedelta(days=7)
_COUNTED: Final = (
    State.REQUESTED,
    State.PULL_REQUEST_OPEN,
    State.MERGED,
    State.APPLYING,
    State.DONE,
    State.FAILED,
)
_STEPS: Final = (Step.PULL_REQUEST, Step.REVIEW, Step.QUEUE, Step.APPLY)
_USERS: Final = (*_STEPS, Step.USERS)  # where the stack makes users


def states(fleet: Fleet, now: dt.datetime) -> dict[str, int]:
    """How many requests stand in each state; of those done, the last 24 hours'."""
    found = {state.value: 0 for state in State if state in _COUNTED}
    for request in fleet.active:
        found[request.progress.state.value] += 1
    recent = [each for each in fleet.done if now - each.progress.since <= dt.timedelta(days=1)]
    return found | {State.DONE.value: len(recent)}


def queue(fleet: Fleet, catalog: Catalog) -> list[dict[str, Any]]:
    """Each environment's merged changes: those being applied, and those that wait."""
    found = []
    for environment in catalog.environments:
        own = [each for each in fleet.active if each.environment == environment]
        waits = [each for each in own if each.progress.state is State.MERGED]
        applies = [each for each in own if each.progress.of_database is State.APPLYING]
        found.append(
            {
                "environment": environment,
                "applying": [_request(each) for each in applies],
                "waiting": [_request(each) for each in waits],
                "oldest_since": instant(waits[0].progress.since) if waits else None,
            }
        )
    return found


def approvals(fleet: Fleet, events: Mapping[str, Sequence[Event]], catalog: Catalog) -> list[dict[str, Any]]:
    """What waits for a reviewer, longest first; `events` are those of each open pull request."""
    found = []
    for request in in_review(fleet):
        waits = waiting_for(request, events.get(request.id, ()), catalog)
        if waits and waits["what"] == "approval":
            of = catalog.approvers(request.environment, request.source)
            approvers = waits["approval_of"] or [f"a reviewer of {name}" for name in of]
            found.append(
                {
                    **_request(request),
                    "approval_of": approvers,
                    "approvers": waits["approvers"],
                    "monthly_usd_difference": cost_by(
                        request.kind, request.before, request.root, catalog
                    ).difference,
                    "pull_request": request.progress.pull_request_url,
                }
            )
    return found


def in_review(fleet: Fleet) -> list[Request]:
    """The requests whose pull request is open."""
    return [each for each in fleet.active if each.progress.state is State.PULL_REQUEST_OPEN]


def failed(fleet: Fleet) -> list[dict[str, Any]]:
    """What failed and was not fixed, newest first."""
    found = []
    for request in reversed(fleet.active):
        if failure := request.progress.failure:
            about = {"cause": failure.cause, "fix": failure.fix, "retryable": failure.retryable}
            found.append({**_request(request), **about})
    return found


def expiring(
    ending: Sequence[Database], listed: Mapping[Place, Listed], catalog: Catalog
) -> list[dict[str, Any]]:
    """What is shown of the databases that `soon` found."""
    return [
        {
            **_database(database),
            "state": database.state.value,
            "owner": database.root.owner,
            "created_at": instant(database.created_at),
            "expires_at": database.root.expires_at,
            "warnings_at": warnings(database),
            "last_connection_at": optional_instant(listed[database.place].last_connection_at),
            "idle_since": optional_instant(listed[database.place].idle_since),
            **_price(database, catalog),
        }
        for database in ending
    ]


def _price(database: Database, catalog: Catalog) -> dict[str, float | None]:
    price = catalog.price(database.root)
    return {
        "monthly_usd": price.monthly_usd if price else None,
        "usual_usd": price.usual_usd if price else None,
    }


def soon(fleet: Fleet, now: dt.datetime) -> list[Database]:
    """The databases that end within SOON, the first one first."""
    ends = [each for each in fleet.databases if each.root.expires_at != NEVER]
    near = [each for each in ends if parse_instant(each.root.expires_at) - now <= SOON]
    return sorted(near, key=lambda each: (parse_instant(each.root.expires_at), str(each.place)))


def spend(fleet: Fleet, catalog: Catalog) -> dict[str, Any]:
    """What each team holds by its quota in each environment, the most expensive team first.

    A quota counts clusters at their maximum; `usual_usd` has them as they usually are.
    """
    held: dict[str, dict[str, list[Database]]] = {}
    for database in fleet.databases:
        held.setdefault(database.team, {}).setdefault(database.environment, []).append(database)
    teams = [_team(team, environments, catalog) for team, environments in held.items()]
    teams.sort(key=lambda team: (-team["monthly_usd"], team["team"]))
    return {
        "region": catalog.region,
        "environments": list(catalog.environments),
        "teams": teams,
        "databases": sum(team["databases"] for team in teams),
        "monthly_usd": round(sum(team["monthly_usd"] for team in teams), 2),
        "usual_usd": round(sum(team["usual_usd"] for team in teams), 2),
    }


def _team(name: str, held: Mapping[str, Sequence[Database]], catalog: Catalog) -> dict[str, Any]:
    environments: dict[str, dict[str, Any]] = {}
    for environment, databases in held.items():
        known = environment in catalog.environments
        environments[environment] = {
            "databases": sum(each.charge.databases for each in databases),
            "monthly_usd": sum(each.charge.monthly_cents for each in databases) / 100,
            "usual_usd": round(sum(_usual(each, catalog) for each in databases), 2),
            "limit_usd": catalog.quota(name, environment).monthly_usd if known else None,
        }
    return {
        "team": name,
        "databases": sum(each["databases"] for each in environments.values()),
        "monthly_usd": round(sum(each["monthly_usd"] for each in environments.values()), 2),
        "usual_usd": round(sum(each["usual_usd"] for each in environments.values()), 2),
        "environments": environments,
    }


def _usual(database: Database, catalog: Catalog) -> float:
    """What a month usually costs of what the quota holds for a database."""
    price = catalog.price(database.root) if database.charge.databases else None
    held = database.charge.monthly_cents / 100
    return price.usual_usd if price and price.range else held


def drift(fleet: Fleet) -> list[dict[str, Any]]:
    """The databases that differ from git, the longest first."""
    found = [{**_database(each), **each.drift} for each in fleet.databases if each.drift]
    return sorted(found, key=lambda each: each["since"])


def channels(failing: Sequence[FailingChannel]) -> list[dict[str, Any]]:
    """The teams' channels that take no messages, the longest first."""
    return [
        {
            "channel": each.channel,
            "team": each.team,
            "since": instant(each.since),
            "last_at": instant(each.last_at),
            "cause": each.cause,
            "fix": each.fix,
        }
        for each in failing
    ]


def times(fleet: Fleet, catalog: Catalog, since: dt.datetime) -> dict[str, Any]:
    """How long creations took that were asked for since then: each step, and the whole by environment."""
    made = [(each, each.took) for each in fleet.done if each.kind is Kind.CREATE and each.took]
    order = _USERS if any(Step.USERS in took for _, took in made) else _STEPS
    steps = [
        {"step": step.value, **_percentiles(took[step.value] for _, took in made if step.value in took)}
        for step in order
    ]
    whole = [
        {
            "environment": name,
            "approval": catalog.environments[name].approval,
            **_percentiles(
                (each.progress.since - each.created_at).total_seconds()
                for each, _ in made
                if each.environment == name
            ),
        }
        for name in catalog.environments
    ]
    return {"since": instant(since), "creations": len(made), "steps": steps, "environments": whole}


def _percentiles(seconds: Iterable[float]) -> dict[str, Any]:
    """What half, 9 of 10 and 99 of 100 do not exceed, in seconds; null without any."""
    ordered = sorted(seconds)

    def within(share: float) -> float | None:
        return round(ordered[math.ceil(share * len(ordered)) - 1], 1) if ordered else None

    return {"count": len(ordered), "half": within(0.5), "nine_of_ten": within(0.9), "most": within(0.99)}


def _request(request: Request) -> dict[str, Any]:
    return {
        "id": request.id,
        "kind": request.kind.value,
        "state": request.progress.state.value,
        "step": request.progress.step.value,
        "environment": request.environment,
        "database_name": request.database_name,
        "team": request.team,
        "requested_by": request.actor,
        "since": instant(request.progress.since),
    }


def _database(database: Database) -> dict[str, Any]:
    return {
        "environment": database.environment,
        "database_name": database.database_name,
        "team": database.team,
    }
