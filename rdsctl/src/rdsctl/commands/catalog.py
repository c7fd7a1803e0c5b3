"""`rdsctl catalog`: what may be asked for."""

from typing import Any

import click

from rdsctl import completing, kinds, words
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.session import Session
from rdsctl.suggestions import choose, did_you_mean


@make(name="catalog", short_help="What may be asked for, and what it costs.")
@click.argument("environment", metavar="[ENV]", required=False, shell_complete=completing.environments)
def command(session: Session, environment: str | None) -> None:
    """Show engines, sizes and environments of the catalog, or what one environment allows."""
    document = session.api.get("/catalog").document
    environments = document["environments"]
    session.remember("environments", environments)
    session.remember("sizes", document["sizes"])
    session.remember("engines", document["engines"])
    if environment is not None and environment not in environments:
        raise Failure(
            f"There is no environment {environment!r}: choose {choose(list(environments))}."
            f"{did_you_mean(environment, environments)}",
            Exit.USAGE,
        )
    shown = {environment: environments[environment]} if environment else environments
    session.show(document, lambda _: text(document, shown))


def text(document: dict[str, Any], environments: dict[str, Any]) -> str:
    """The catalog for people."""
    lines = []
    for name, engine in document["engines"].items():
        lines.append(f"{name:19}{', '.join(engine['versions'])} (default {engine['default_version']})")
    for name, rules in environments.items():
        lines += ["", name, *_rules(rules, document)]
    assumed = {size["assumption"] for size in document["sizes"].values() if size.get("assumption")}
    lines += ["", *(f"Of clusters, {text}." for text in sorted(assumed))]
    lines += [f"Prices of {document['prices_as_of']}, USD a month at list price; not the bill."]
    return "\n".join(lines) + "\n"


def _rules(rules: dict[str, Any], document: dict[str, Any]) -> list[str]:
    sizes, of_clusters = _sizes(rules, document, clusters=False), _sizes(rules, document, clusters=True)
    storage, lifetime, quota = rules["storage_gb"], rules["lifetime"], rules["quota"]
    approval = (
        "merged when gate and plan agree"
        if rules["approval"] == "auto"
        else "a code owner approves each change"
    )
    return [
        f"  sizes     {', '.join(sizes)}; default {rules['default_size']}",
        *(f"  {'' if number else 'clusters':10}{size}" for number, size in enumerate(of_clusters)),
        f"  storage   {storage['minimum']:,} to {storage['maximum']:,} GB, default {storage['default']}",
        f"  ends      {_ends(lifetime)}",
        f"  approval  {approval}",
        f"  zones     two zones (--ha) {rules['high_availability']}",
        f"  quota     {quota['databases']} databases, {quota['storage_gb']:,} GB, "
        f"{quota['monthly_usd']:,} USD a month",
    ]


def _sizes(rules: dict[str, Any], document: dict[str, Any], *, clusters: bool) -> list[str]:
    """The sizes of instances with their class, or those of clusters with their range, and what they cost."""
    found = {name: document["sizes"][name] for name in rules["sizes"]}
    if not clusters:
        return [
            f"{name} {words.money(size.get('monthly_usd'))} ({size['instance_class']})"
            for name, size in found.items()
            if size["instance_class"]
        ]
    return [
        f"{name} {size['min_acu']:g} to {size['max_acu']:g} ACU"
        f"{', asleep after ' + size['pause_after'] if size['pause_after'] else ''}: "
        f"{kinds.of_size(size, size['engines'][0], 'one_zone')}"
        for name, size in found.items()
        if not size["instance_class"]
    ]


def _ends(lifetime: dict[str, Any]) -> str:
    if lifetime["default"] == "never":
        return f"never, or after at most {lifetime['maximum']}"
    never = ", or never" if lifetime["never"] else ""
    return f"after {lifetime['default']}, at most {lifetime['maximum']}{never}"
