"""Issues: listed by their labels, opened and edited. GitHub lists pull requests among them."""

from sandbox.github.hub import Hub
from sandbox.github.issues import Issue
from sandbox.github.pulls import now
from sandbox.github.refused import NOT_FOUND, Refused, invalid
from sandbox.github.rest.call import Answer, Call, page
from sandbox.github.rest.conversation import LONGEST


def list_issues(hub: Hub, call: Call) -> Answer:
    """The newest first."""
    state = call.query.get("state", "open")
    labels = set(filter(None, call.query.get("labels", "").split(",")))
    shown = [hub.shapes.issue(issue) for issue in hub.issues.values()]
    shown += [hub.shapes.listed_pull(pull) | {"pull_request": {}} for pull in hub.pulls.values()]
    found = [
        content
        for content in sorted(shown, key=lambda each: -int(each["number"]))
        if state in ("all", content["state"]) and labels <= {label["name"] for label in content["labels"]}
    ]
    return 200, page(found, call.query)


def create_issue(hub: Hub, call: Call) -> Answer:
    """Labels that the repository does not have are made."""
    if not call.body.get("title"):
        raise invalid("Issue", field="title", code="missing_field")
    issue = Issue(
        number=hub.next_number(),
        title=str(call.body["title"]),
        body=_body(call),
        login=call.actor.login,
        labels=[str(name) for name in call.body.get("labels") or ()],
    )
    hub.issues[issue.number] = issue
    return 201, hub.shapes.issue(issue)


def update_issue(hub: Hub, call: Call, *, number: str) -> Answer:
    issue = hub.issues.get(int(number))
    if issue is None:
        raise Refused(*NOT_FOUND)
    if "body" in call.body:
        issue.body = _body(call)
    issue.state = str(call.body.get("state", issue.state))
    issue.updated_at = now()
    return 200, hub.shapes.issue(issue)


def _body(call: Call) -> str:
    body = str(call.body.get("body") or "")
    if len(body) > LONGEST:
        raise Refused(422, "Validation Failed", [{"resource": "Issue", "message": "body is too long"}])
    return body
