"""Holds what the records say to git and Terraform: git decides what exists, the rest is a warning."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioner.core.events import EventType
from provisioner.core.hcl import parse, renderings
from provisioner.core.lifecycle import Kind, State
from provisioner.core.names import Place
from provisioner.core.root import Root

from ops.from_pull_requests import RequestHistory, latest_merged
from ops.states import States


def compare(
    histories: Sequence[RequestHistory], roots: Mapping[Place, str], states: States
) -> tuple[list[str], list[Place]]:
    """The warnings, and the databases that git no longer has."""
    newest = latest_merged(histories)
    missing = [
        place
        for place, history in sorted(newest.items())
        if place not in roots and history.request.kind is not Kind.REMOVE
    ]
    warnings = [
        *_of_roots(newest, roots),
        *(f"{place} is not on main: it is taken for removed." for place in missing),
        *_of_states({place: newest[place] for place in newest if place in roots}, states),
    ]
    return warnings, missing


def _of_roots(newest: Mapping[Place, RequestHistory], roots: Mapping[Place, str]) -> Iterator[str]:
    """Where a root on main is not the one of its newest merged request."""
    for place, text in sorted(roots.items()):
        if place not in newest:
            yield f"{place} is on main, and no record names it."
        elif newest[place].request.kind is Kind.REMOVE:
            yield f"{place} is on main, though its removal was merged."
        elif text not in renderings(newest[place].request.root):
            yield f"{place}: {_difference(text, newest[place].request.root)}"


def _difference(text: str, recorded: Root) -> str:
    try:
        found = parse(text)
    except ValueError as error:
        return f"its main.tf is not one that the provisioner wrote ({error})."
    names = [
        field.name
        for field in dataclasses.fields(Root)
        if getattr(found, field.name) != getattr(recorded, field.name)
    ]
    return f"its main.tf has another {', '.join(names)} than its newest request; main.tf is what is applied."


def _of_states(newest: Mapping[Place, RequestHistory], states: States) -> Iterator[str]:
    """Where Terraform's outputs are not those that were recorded at the end of the newest request."""
    for place, history in sorted(newest.items()):
        if history.state is not State.DONE or not states.bucket:
            continue
        recorded, found = _result(history), states.outputs(place) or {}
        wrong = sorted(name for name in {**found, **recorded} if found.get(name) != recorded.get(name))
        if wrong:
            yield (
                f"{place}: its Terraform state says otherwise than its record of {', '.join(wrong)}; "
                "look at the state, and run the workflow of main again."
            )


def _result(history: RequestHistory) -> Mapping[str, Any]:
    """Where the database is, as its apply reported."""
    results = (event.detail.get("result") for event in history.events if event.type is EventType.SUCCEEDED)
    return next(results, None) or {}
