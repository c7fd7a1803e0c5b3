"""What is said on a pull request: comments, labels, reviews, and what happened to it."""

from sandbox.github.hub import Hub
from sandbox.github.pulls import Comment
from sandbox.github.refused import NOT_FOUND, Refused, invalid
from sandbox.github.rest.call import Answer, Call, page

LONGEST = 65_536
LONGEST_LABEL = 50


def list_events(hub: Hub, call: Call, *, number: str) -> Answer:
    return 200, [hub.shapes.issue_event(event) for event in page(hub.pull(number).history, call.query)]


def list_comments(hub: Hub, call: Call, *, number: str) -> Answer:
    pull = hub.pull(number)
    return 200, [hub.shapes.comment(pull.number, comment) for comment in page(pull.comments, call.query)]


def create_comment(hub: Hub, call: Call, *, number: str) -> Answer:
    pull = hub.pull(number)
    comment = Comment(hub.next_id(), _body(call), call.actor.login)
    pull.comments.append(comment)
    return 201, hub.shapes.comment(pull.number, comment)


def update_comment(hub: Hub, call: Call, *, comment: str) -> Answer:
    for pull in hub.pulls.values():
        for known in pull.comments:
            if str(known.id) == comment:
                known.edit(_body(call))
                return 200, hub.shapes.comment(pull.number, known)
    raise Refused(*NOT_FOUND)


def add_labels(hub: Hub, call: Call, *, number: str) -> Answer:
    """Labels that the repository does not have are made."""
    pull = hub.pull(number)
    if any(not 0 < len(str(name)) <= LONGEST_LABEL for name in call.body["labels"]):
        raise invalid("Label", field="name", code="invalid")
    pull.labels += [str(name) for name in call.body["labels"] if name not in pull.labels]
    return 200, hub.shapes.pull(pull)["labels"]


def request_reviewers(hub: Hub, call: Call, *, number: str) -> Answer:
    """All of them or none."""
    pull = hub.pull(number)
    users = [str(login) for login in call.body.get("reviewers") or ()]
    teams = [str(slug) for slug in call.body.get("team_reviewers") or ()]
    if pull.login in users:
        raise Refused(422, "Review cannot be requested from pull request author.")
    if not all(map(hub.organization.may_write, users)) or not set(teams) <= set(hub.organization.teams):
        raise Refused(
            422,
            "Reviews may only be requested from collaborators. One or more of the users or teams you "
            f"specified is not a collaborator of the {hub.shapes.full_name} repository.",
        )
    pull.reviewers += [login for login in users if login not in pull.reviewers]
    pull.teams += [slug for slug in teams if slug not in pull.teams]
    return 201, hub.shapes.listed_pull(pull)


def list_reviews(hub: Hub, call: Call, *, number: str) -> Answer:
    pull = hub.pull(number)
    return 200, [hub.shapes.review(pull, review) for review in page(pull.reviews, call.query)]


def _body(call: Call) -> str:
    body = str(call.body.get("body", ""))
    if len(body) > LONGEST:
        raise Refused(422, "Validation Failed", [{"resource": "IssueComment", "message": "Body is too long"}])
    return body
