"""Asks what to make, with the price of each size and what is left of the quota next to the choices."""

from typing import Any

from rdsctl import kinds
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, parse
from rdsctl.session import Session
from rdsctl.suggestions import choose, did_you_mean


def what_to_make(
    session: Session, place: Place | None, given: dict[str, Any]
) -> tuple[Place, dict[str, Any]]:
    """Ask for what is missing of a create; raises Failure where nobody can answer."""
    if not session.can_ask:
        if place is None:
            raise Failure("create wants ENV/NAME and --engine, and there is no terminal to ask.", Exit.USAGE)
        raise Failure("create wants an engine: add --engine postgres (rdsctl catalog has all)", Exit.USAGE)
    catalog = session.api.get("/catalog").document
    quota = session.api.get("/quota").document["environments"]
    if place is None:
        environment = _choice(session, "Environment", list(catalog["environments"]), _left(quota))
        place = _name(session, environment)
    rules = catalog["environments"].get(place.environment)
    if rules is None:
        environments = list(catalog["environments"])
        raise Failure(
            f"There is no environment {place.environment!r}: choose {choose(environments)}."
            f"{did_you_mean(place.environment, environments)}",
            Exit.USAGE,
        )
    answers = dict(given)
    if answers.get("engine") is None:
        versions = {name: f"version {entry['default_version']}" for name, entry in catalog["engines"].items()}
        answers["engine"] = _choice(session, "Engine", list(catalog["engines"]), versions)
    if answers.get("size") is None:
        zones = "standby" if answers.get("ha") or rules["high_availability"] == "always" else "one_zone"
        engine, sizes = str(answers["engine"]), catalog["sizes"]
        fitting = [name for name in rules["sizes"] if kinds.takes(sizes[name], engine)]
        prices = {name: f"{kinds.of_size(sizes[name], engine, zones)} USD a month" for name in fitting}
        usual = rules["default_size"] if rules["default_size"] in fitting else next(iter(fitting), None)
        answers["size"] = _choice(session, "Size", fitting, prices, default=usual)
    return place, answers


def _choice(
    session: Session, title: str, among: list[str], notes: dict[str, str], default: str | None = None
) -> str:
    """One of several, by its name or number; asked again until it is one."""
    for number, name in enumerate(among, 1):
        session.say(f"  {number} {name:10} {notes.get(name, '')}".rstrip())
    while True:
        answer = (
            session.ask(f"{title}{f' [{default}]' if default else ''}", "it to the command") or default or ""
        )
        if answer in among:
            return answer
        if answer.isdigit() and 1 <= int(answer) <= len(among):
            return among[int(answer) - 1]
        session.say(f"{answer!r} is not offered: choose {choose(among)}.{did_you_mean(answer, among)}")


def _name(session: Session, environment: str) -> Place:
    while True:
        answer = session.ask("Name", "ENV/NAME")
        if place := parse(f"{environment}/{answer}"):
            return place
        session.say(f"{answer!r} is no name: small letters, digits and hyphens, a letter first.")


def _left(quota: dict[str, Any]) -> dict[str, str]:
    return {
        name: f"{held['databases']['used']} of {held['databases']['limit']} databases, "
        f"{held['monthly_usd']['used']:,.2f} of {held['monthly_usd']['limit']:,} USD a month"
        for name, held in quota.items()
    }
