"""`make demo STORY=burst`: twelve databases of two teams asked for in the same second; none waits.

Each request's events say when its apply began and when it was done: all twelve were alive at once, and none
began only after another's had ended.
"""

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from sandbox.client import Client
from sandbox.demo.following import why
from sandbox.demo.stage import Stage, StoryFailed, expect

COUNT = 12
# One takes two to three minutes here; twelve share two cores.
PATIENCE_SECONDS = 25 * 60
ENGINES = ("postgres", "mysql")


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the twelve."""

    name: str
    team: str
    client: Client
    request_id: str


@dataclass(frozen=True, slots=True)
class Times:
    """When one was asked for, merged, begun and done, in seconds since the first was asked for."""

    asked: Asked
    asked_at: float
    merged: float
    started: float
    ready: float


def play(stage: Stage) -> object:
    """Ask for all, wait for all, and show when each was ready. Raises StoryFailed."""
    stage.printer.title(f"{COUNT} databases of two teams, in the same second")
    everything = ask(stage)
    documents = wait(stage, everything)
    stage.printer.title("When each was ready")
    times = [times_of(each, documents[each.request_id], documents) for each in everything]
    alive = alive_at_once(times)
    waited = [each for each in times if waited_for_another(each, times)]
    for line in table(times):
        stage.printer.line(line)
    stage.printer.line(f"alive at once: {alive}   waited for others: {len(waited)}")
    expect(alive == COUNT, f"only {alive} of {COUNT} applies were alive at once")
    expect(not waited, f"{', '.join(each.asked.name for each in waited)} waited for another's apply")
    return documents


def ask(stage: Stage) -> list[Asked]:
    """Ask for all at once, each team with its key."""
    teams = cycle((("alpha", stage.alpha), ("beta", stage.beta)))

    def post(number: int, team: str, client: Client) -> Asked:
        name = f"burst{number:02}"
        body = {"database_name": name, "database_engine": ENGINES[number % 2], "environment": "dev"}
        answer = client.call_patiently("POST", "/provision-rds", body)  # the same content is the same request
        expect(answer.status == 202, f"POST /provision-rds for {name} answers {answer.status}: {answer.body}")
        return Asked(name, team, client, str(answer.body["id"]))

    begun = time.monotonic()
    with ThreadPoolExecutor(COUNT) as pool:
        made = list(pool.map(lambda pair: post(pair[0], *pair[1]), zip(range(COUNT), teams, strict=False)))
    stage.printer.line(f"{len(made)} requests accepted in {time.monotonic() - begun:.1f} s")
    return made


def wait(stage: Stage, everything: list[Asked]) -> dict[str, dict[str, Any]]:
    """Each request's document once all are done."""
    documents: dict[str, dict[str, Any]] = {}
    shown, begun = "", stage.printer.seconds
    while stage.printer.seconds - begun < PATIENCE_SECONDS:
        documents = {
            each.request_id: each.client.call_patiently("GET", f"/requests/{each.request_id}").body
            for each in everything
        }
        states = [str(document["state"]) for document in documents.values()]
        for document in documents.values():
            if document["state"] in ("failed", "rejected", "cancelled"):
                raise StoryFailed(f"{document['database_name']} is {document['state']}: {why(document)}")
        summary = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(sorted(states)))
        if summary != shown:
            shown = summary
            stage.printer.line(summary)
        if set(states) == {"done"}:
            return documents
        time.sleep(2)
    raise StoryFailed(f"after {PATIENCE_SECONDS} s: {shown}")


def times_of(asked: Asked, document: dict[str, Any], documents: dict[str, dict[str, Any]]) -> Times:
    """A request's times; its own seconds count from its beginning, and so are moved to the first's."""
    first = min(each["created_at"] for each in documents.values())
    offset = seconds_between(first, document["created_at"])
    at = {event["event"]: offset + float(event["seconds"]) for event in document["timeline"]}
    return Times(asked, offset, at["merged"], at["started"], at["succeeded"])


def seconds_between(first: str, second: str) -> float:
    """The seconds from one time of the API to another."""
    return (dt.datetime.fromisoformat(second) - dt.datetime.fromisoformat(first)).total_seconds()


def alive_at_once(times: list[Times]) -> int:
    """The most applies that were alive at the same moment."""
    return max(sum(each.started <= moment.started < each.ready for each in times) for moment in times)


def waited_for_another(one: Times, times: list[Times]) -> bool:
    """Whether its apply began only once another's, which was merged before it and not ready, had ended."""
    others = (other for other in times if other is not one)
    return any(other.merged <= one.merged < other.ready <= one.started for other in others)


def table(times: list[Times]) -> list[str]:
    """The times of each, the first that was ready first."""
    heads = "".join(f" {head:>8}" for head in ("asked", "merged", "apply", "ready"))
    lines = [f"{'database':<10} {'team':<6}{heads}  waited for others"]
    for each in sorted(times, key=lambda each: each.ready):
        moments = (each.asked_at, each.merged, each.started, each.ready)
        seconds = "".join(f" {moment:>6.0f} s" for moment in moments)
        waited = "yes" if waited_for_another(each, times) else "no"
        lines.append(f"{each.asked.name:<10} {each.asked.team:<6}{seconds}  {waited}")
    return lines
