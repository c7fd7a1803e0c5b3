"""Where teams receive word: the secrets that the catalog names, and the domains of its addresses."""

from typing import Final

from provisioner.core.owner import domain_of
from provisioner.notifier.slack import WEBHOOKS

from ops.doctor.deployment import Check, Deployment
from ops.doctor.verdict import one_of, wrong_if


def has_notifier(deployment: Deployment) -> bool:
    """Whether the stack has the function that sends."""
    return deployment.stack.parameters.get("Notifier") == "true"


def channels_are_there(deployment: Deployment) -> str:
    """Each secret that a team's `notify` names holds a webhook, each address has an allowed domain."""
    named = {team: about.notify for team, about in deployment.catalog.teams.items()}
    named = {team: channels for team, channels in named.items() if channels.slack or channels.email}
    if not has_notifier(deployment):
        return "not needed: Notifier is false" + (
            f", so that {one_of(sorted(named))} of the catalog receive nothing" if named else ""
        )
    parameters = deployment.stack.parameters
    domains = parameters.get("NotifyDomains", "").split(",")
    problems = []
    for team, channels in sorted(named.items()):
        if channels.slack and (fault := _fault(deployment, channels.slack)):
            problems.append(f"team {team}: secret {channels.slack} {fault} (docs/notifications.md)")
        if channels.email and not parameters.get("NotifyFrom"):
            problems.append(f"team {team} has an address, and the stack no NotifyFrom: deploy it with one")
        elif channels.email and domain_of(channels.email) not in domains:
            problems.append(f"team {team}: {channels.email} has none of NotifyDomains: correct one of both")
    wrong_if(problems)
    return one_of(sorted(named)) if named else "no team of the catalog has a channel"


def _fault(deployment: Deployment, name: str) -> str:
    """What is wrong with a channel's secret, without a word of what is in it."""
    secrets = deployment.client("secretsmanager")
    try:
        text = str(secrets.get_secret_value(SecretId=name)["SecretString"]).strip()
    except secrets.exceptions.ResourceNotFoundException:
        return "is not there: put the webhook's address into it"
    return (
        "" if text.startswith(WEBHOOKS) else f"holds no address that begins with {WEBHOOKS[0]}: put it there"
    )


CHECKS: Final = (Check("teams' channels are there", channels_are_there),)
