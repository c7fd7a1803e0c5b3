"""GitHub: what the App may do and is sent, and what guards `main`."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from provisioner.core.code_owners import LOCATIONS, CodeOwners, CodeOwnersError
from provisioner.core.names import DATABASES, MAIN

from ops.doctor.deployment import Check, Deployment
from ops.doctor.github_api import GitHubApi, message
from ops.doctor.verdict import NotLooked, Wrong, one_of, wrong_if

# docs/deploy.md, step 2
PERMISSIONS: Final[Mapping[str, str]] = {
    "contents": "write",
    "pull_requests": "write",
    "metadata": "read",
    "members": "read",
}
EVENTS: Final = ("pull_request", "pull_request_review")
_LEVELS: Final = ("", "read", "write", "admin")
_RECENT: Final = 20


def app_may_what_it_should(deployment: Deployment) -> str:
    """The App asks for the permissions that its calls need, and for no more of the repository."""
    app = GitHubApi(deployment).as_app("/app")
    asked, wanted = app["permissions"], _permissions(deployment)
    problems = [
        f"it lacks {name}: {level}; add it in the App's settings, and accept it for the installation"
        for name, level in wanted.items()
        if _less(asked.get(name), level)
    ]
    problems += [
        f"it asks for {name}: {level}, which nothing uses; take it away"
        for name, level in asked.items()
        if name not in wanted or _less(wanted[name], level)
    ]
    wrong_if(problems)
    return one_of([f"{name}: {level}" for name, level in asked.items()])


def _permissions(deployment: Deployment) -> Mapping[str, str]:
    """What the App needs, with issues where the stack has them written."""
    issues = deployment.stack.parameters.get("DriftIssues") == "true"
    return {**PERMISSIONS, **({"issues": "write"} if issues else {})}


def app_is_sent_pull_requests(deployment: Deployment) -> str:
    """The App is subscribed to the events that the webhook acts on."""
    events = GitHubApi(deployment).as_app("/app")["events"]
    wrong_if(
        [
            f"the App is not subscribed to {name}: tick it in its settings"
            for name in EVENTS
            if name not in events
        ]
    )
    return one_of(events)


def app_is_installed(deployment: Deployment) -> str:
    """The installation of the parameters reaches the repository, and accepted what the App asks for."""
    github = GitHubApi(deployment)
    number = deployment.stack.parameters.get("GitHubInstallationId", "")
    installation = github.as_app(f"/app/installations/{number}")
    problems = []
    if installation.get("suspended_at"):
        problems.append("the installation is suspended: unsuspend it in the organization's settings")
    asked, granted = github.as_app("/app")["permissions"], installation["permissions"]
    problems += [
        f"the installation has not accepted {name}: {level}; an owner of the organization does that in its "
        "settings, GitHub Apps"
        for name, level in asked.items()
        if _less(granted.get(name), level)
    ]
    if github.as_installation("").status != 200:
        problems.append(
            f"the installation does not reach {deployment.repository}: add the repository to it, or correct "
            "GitHubRepository"
        )
    wrong_if(problems)
    return f"installation {number} on {deployment.repository}"


def webhook_is_the_stacks(deployment: Deployment) -> str:
    """The App's webhook goes to this stack, as JSON, with TLS verified."""
    config = GitHubApi(deployment).as_app("/app/hook/config")
    wanted, url = deployment.stack.output("WebhookUrl"), str(config.get("url") or "")
    # RDSCTL_URL may name another address of the same API.
    good = {wanted.rstrip("/"), f"{deployment.api_url}/webhooks/github"}
    problems = []
    if not url:
        problems.append(f"the App has no webhook: switch it on, with {wanted}")
    elif url.rstrip("/") not in good:
        problems.append(
            f"the webhook goes to {url}, the stack's is {wanted}: change it in the App's settings"
        )
    if config.get("content_type") != "json":
        problems.append("the webhook's content type is not application/json")
    if str(config.get("insecure_ssl", "0")) != "0":
        problems.append("the webhook does not verify TLS: switch SSL verification on")
    wrong_if(problems)
    return url


def webhooks_arrive(deployment: Deployment) -> str:
    """The newest deliveries were answered; what was lost before, the reaper has made good."""
    deliveries: Sequence[Any] = GitHubApi(deployment).as_app(f"/app/hook/deliveries?per_page={_RECENT}")
    if not deliveries:
        raise NotLooked("there was no delivery yet: open the first pull request")
    newest = deliveries[0]
    failed = [sent for sent in deliveries if not 200 <= sent["status_code"] < 300]
    if newest in failed:
        raise Wrong(
            f"the newest delivery ({newest['event']}, {newest['delivered_at']}) was answered "
            f"{newest['status_code']}: {_ADVICE.get(newest['status_code'], _ADVICE_ELSE)}"
        )
    return f"{len(deliveries) - len(failed)} of the newest {len(deliveries)} were answered"


def code_owners_are_read(deployment: Deployment) -> str:
    """GitHub reads CODEOWNERS on main without errors: one invalid line makes it ignore the file."""
    answer = GitHubApi(deployment).as_installation("/codeowners/errors")
    if answer.status == 404:
        raise Wrong("there is no CODEOWNERS on main: nobody has to approve anything (docs/deploy.md, step 1)")
    if answer.status != 200:
        raise NotLooked(f"GitHub answered {answer.status}: {message(answer)}")
    wrong_if(
        [
            f"line {error['line']}: {error['kind']}; {error.get('suggestion') or 'correct it'}"
            for error in answer.content["errors"]
        ]
    )
    return "no errors"


def code_owners_approve_what_they_should(deployment: Deployment) -> str:
    """Each environment that wants a review has a code owner on main, each other has none."""
    github = GitHubApi(deployment)
    found = next(
        (
            answer.content
            for answer in (github.as_installation(f"/contents/{path}?ref={MAIN}") for path in LOCATIONS)
            if answer.status == 200
        ),
        None,
    )
    if found is None:
        raise Wrong("there is no CODEOWNERS on main: nobody has to approve anything (docs/deploy.md, step 1)")
    try:
        owners = CodeOwners.parse(base64.b64decode(found["content"]).decode())
    except (CodeOwnersError, UnicodeDecodeError) as error:
        raise Wrong(f"{error}: correct {found['path']}") from error
    problems, named = [], []
    for environment in deployment.environments:
        path = f"{DATABASES}{environment}/doctor/main.tf"
        has = one_of([str(owner) for owner in owners.of(path)])
        if deployment.catalog.merges_automatically(environment):
            if owners.of(path):
                problems.append(
                    f"{environment} merges automatically, and waits for {has}: add the line "
                    f"`/{DATABASES}{environment}/` without owners to {found['path']}"
                )
        elif not owners.of(path):
            problems.append(
                f"{environment} wants a review, and nobody owns it: add `/{DATABASES}{environment}/ @OWNER` "
                f"to {found['path']}"
            )
        named.append(f"{environment} {has}")
    if not owners.of_everything:
        problems.append(f"nobody owns `*`: add `* @OWNER` as the first line of {found['path']}")
    wrong_if(problems)
    return one_of(named)


def main_is_guarded(deployment: Deployment) -> str:
    """The rules of main: its history stays, code owners approve, the App and operators alone update it."""
    answer = GitHubApi(deployment).as_installation("/rules/branches/main?per_page=100")
    if answer.status == 403:
        raise NotLooked(
            f"GitHub answered 403: {message(answer)}; without rules the provisioner alone checks who approved"
        )
    if answer.status != 200:
        raise NotLooked(f"GitHub answered {answer.status}: {message(answer)}")
    rules = {rule["type"]: rule.get("parameters") or {} for rule in answer.content}
    problems = [
        f"main has no rule `{name}`: {why} (docs/deploy.md, step 1)"
        for name, why in _RULES.items()
        if name not in rules
    ]
    problems += _reviews(rules.get("pull_request"))
    if rules.get("required_status_checks", {}).get("strict_required_status_checks_policy"):
        problems.append(
            "main wants branches to be up to date before they are merged, and nobody brings a request's up: "
            "switch that off"
        )
    if "merge_queue" in rules:
        problems.append("main has a merge queue, which the App's merges do not pass: switch it off")
    wrong_if(problems)
    return one_of(sorted(rules))


def nobody_passes_the_rules(deployment: Deployment) -> str:
    """Nobody bypasses reviews; the App alone, and whom you named, bypasses `restrict updates`."""
    github, what_for = (
        GitHubApi(deployment),
        "a repository administrator's token shows who bypasses the rules",
    )
    deployment.token("GITHUB_TOKEN", what_for)
    answer = github.as_installation("/rules/branches/main?per_page=100")
    if answer.status != 200:
        raise NotLooked(f"GitHub answered {answer.status}: {message(answer)}")
    by_ruleset: dict[int, set[str]] = {}
    for rule in answer.content:
        by_ruleset.setdefault(rule["ruleset_id"], set()).add(rule["type"])
    app, problems = deployment.stack.parameters.get("GitHubAppId", ""), []
    for number, types in by_ruleset.items():
        ruleset = github.as_administrator(f"/rulesets/{number}", what_for)
        actors = ruleset.get("bypass_actors")
        if actors is None:
            raise NotLooked(f"GITHUB_TOKEN does not show who bypasses {ruleset['name']}: {what_for}")
        if "pull_request" in types and actors:
            problems.append(
                f"{len(actors)} may bypass {ruleset['name']}, which asks for reviews: empty its bypass list"
            )
        is_app = ("Integration", app) in [(actor["actor_type"], str(actor["actor_id"])) for actor in actors]
        if "update" in types and not is_app:
            problems.append(f"the App cannot merge past {ruleset['name']}: add it to its bypass list")
    wrong_if(problems)
    return f"{len(by_ruleset)} rulesets"


def _reviews(rule: Mapping[str, Any] | None) -> list[str]:
    """What is wrong with the rule about pull requests."""
    if rule is None:
        return []
    problems = []
    if not rule.get("require_code_owner_review"):
        problems.append("main does not ask for the code owners' review: switch it on")
    if not rule.get("dismiss_stale_reviews_on_push"):
        problems.append("main keeps approvals of commits before the newest: dismiss stale approvals")
    count = rule.get("required_approving_review_count", 0)
    if count:
        problems.append(f"main asks for {count} approvals, also where nobody has to approve: set 0")
    methods = rule.get("allowed_merge_methods")
    if methods is not None and "squash" not in methods:
        problems.append("main does not take squash merges: allow them")
    return problems


def _less(granted: str | None, wanted: str) -> bool:
    return _LEVELS.index(granted or "") < _LEVELS.index(wanted)


_RULES: Final = {
    "deletion": "the history is the audit",
    "non_fast_forward": "the history is the audit",
    "pull_request": "nothing is to reach main without one",
    "update": "the provisioner merges, reviewers approve",
}
_ADVICE_ELSE: Final = "read the log of the webhook function"
_ADVICE: Final = {
    0: "nothing answered at that address",
    401: "the secrets of webhook and stack differ; put the one of Secrets Manager into the App's settings",
    403: "the address is not the webhook's; compare it with the output WebhookUrl",
    404: "the address is not the webhook's; compare it with the output WebhookUrl",
}

CHECKS: Final = (
    Check("App may what it should", app_may_what_it_should),
    Check("App is sent pull requests", app_is_sent_pull_requests),
    Check("App is installed", app_is_installed),
    Check("webhook is the stack's", webhook_is_the_stacks),
    Check("webhooks arrive", webhooks_arrive),
    Check("code owners are read", code_owners_are_read),
    Check("code owners approve what they should", code_owners_approve_what_they_should),
    Check("main is guarded", main_is_guarded),
    Check("nobody passes the rules", nobody_passes_the_rules),
)
