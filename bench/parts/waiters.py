"""Fifty callers that wait for one request, and what a POST takes meanwhile, on a sandbox."""

import statistics
import threading
import time
from collections.abc import Iterator
from typing import Final

from bench.figures import Figure
from sandbox.client import Client
from sandbox.launch import launch, stop
from sandbox.printer import Printer
from sandbox.state_directory import HOME, StateDirectory

PART = "Callers that wait"
WAITERS: Final = 50
MOST: Final = 2.0
POSTS: Final = 21
WAITED: Final = {"database_name": "waited", "database_engine": "postgres", "environment": "prod"}
ASKED: Final = WAITED | {"database_name": "asked"}
# A plan takes half a minute here; much longer on a busy machine.
PATIENCE: Final = 600.0


def measure(full: bool) -> Iterator[Figure]:  # noqa: ARG001 - the same in both
    """The median of a POST alone, and next to the waiters."""
    directory = StateDirectory(HOME / "bench")
    try:
        launch(directory, Printer(), with_parent=True)
        state = directory.read()
        client = Client(state["api_url"], state["api_key"])
        waited = waits_for_approval(client)
        alone = posts(client)
        with_them, held, sooner = amid(client, waited)
    finally:
        stop(directory)
    yield Figure(PART, "a POST (dry run), alone", alone * 1000, "ms")
    note = f"{held} of their calls took more than 15 s, {sooner} were answered sooner"
    why = "the processors that answer the POST answer the waiters' own calls as well"
    yield Figure(
        PART,
        f"next to {WAITERS} waiters",
        with_them * 1000,
        "ms",
        with_them / alone,
        "alone",
        MOST,
        note,
        why,
    )


def waits_for_approval(client: Client) -> str:
    """The id of a request that changes no more until a reviewer approves it."""
    answer = client.call("POST", "/provision-rds", WAITED)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        document = client.call("GET", f"/requests/{answer.body['id']}").body
        if (document["waiting_for"] or {}).get("what") == "approval":
            return str(document["id"])
        time.sleep(1)
    raise RuntimeError(f"no request waited for its approval within {PATIENCE:.0f} s")


def posts(client: Client) -> float:
    """The median of POSTs one after the other, in seconds."""
    took = []
    for _ in range(POSTS):
        began = time.monotonic()
        answer = client.call("POST", "/provision-rds?dry_run=true", ASKED)
        if answer.status != 200:
            raise RuntimeError(f"a dry run was answered with {answer.status}: {answer.body}")
        took.append(time.monotonic() - began)
    return statistics.median(took)


def amid(client: Client, request_id: str) -> tuple[float, int, int]:
    """The median of POSTs next to the waiters, and how many of their calls took long and how many did not."""
    over, held, sooner = threading.Event(), [0], [0]

    def wait() -> None:
        while not over.is_set():
            began = time.monotonic()
            answer = client.call("GET", f"/requests/{request_id}?wait=20")
            counted = held if time.monotonic() - began > 15 else sooner
            counted[0] += 1
            over.wait(float(answer.headers.get("retry-after", 5)))

    threads = [threading.Thread(target=wait) for _ in range(WAITERS)]
    for thread in threads:
        thread.start()
    time.sleep(10)  # all of them have asked once, and wait or come again
    found = posts(client)
    over.set()
    for thread in threads:
        thread.join()
    return found, held[0], sooner[0]
