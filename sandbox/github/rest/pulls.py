"""Pull requests: listed, opened, edited, closed and merged."""

from sandbox.github.hub import Hub
from sandbox.github.merging import merge
from sandbox.github.pulls import Pull
from sandbox.github.refused import invalid
from sandbox.github.rest.call import Answer, Call, page


def list_pulls(hub: Hub, call: Call) -> Answer:
    state, head = call.query.get("state", "open"), call.query.get("head")
    found = [
        pull
        for pull in sorted(hub.pulls.values(), key=lambda pull: -pull.number)
        if state in ("all", pull.state) and head in (None, f"{hub.shapes.owner}:{pull.branch}")
    ]
    return 200, [hub.shapes.listed_pull(pull) for pull in page(found, call.query)]


def get_pull(hub: Hub, call: Call, *, number: str) -> Answer:
    return 200, hub.shapes.pull(hub.pull(number), state="clean")


def create_pull(hub: Hub, call: Call) -> Answer:
    branch, base = str(call.body.get("head", "")), str(call.body.get("base", ""))
    branch = branch.removeprefix(f"{hub.shapes.owner}:")
    head, base_head = hub.repository.head(branch), hub.repository.head(base)
    if head is None or base_head is None:
        raise invalid("PullRequest", field="head" if head is None else "base", code="invalid")
    if hub.open_pulls(branch):
        message = f"A pull request already exists for {hub.shapes.owner}:{branch}."
        raise invalid("PullRequest", code="custom", message=message)
    if hub.repository.ahead(base_head, head) == 0:
        message = f"No commits between {base} and {branch}"
        raise invalid("PullRequest", code="custom", message=message)
    actor = call.actor
    pull = Pull(
        number=hub.next_number(),
        title=str(call.body["title"]),
        body=str(call.body.get("body") or ""),
        branch=branch,
        base=base,
        head_sha=head,
        base_sha=base_head,
        login=actor.login,
    )
    hub.pulls[pull.number] = pull
    hub.send_event(pull, "opened", actor)
    return 201, hub.shapes.pull(pull)


def update_pull(hub: Hub, call: Call, *, number: str) -> Answer:
    pull = hub.pull(number)
    pull.title = str(call.body.get("title", pull.title))
    pull.body = str(call.body.get("body", pull.body))
    if call.body.get("state") == "closed" and pull.state == "open":
        hub.close(pull, call.actor)
    elif call.body.get("state") == "open" and pull.state == "closed":
        if pull.merged:
            raise invalid("PullRequest", field="state")
        hub.reopen(pull, call.actor)
    return 200, hub.shapes.pull(pull)


def merge_pull(hub: Hub, call: Call, *, number: str) -> Answer:
    sha = merge(hub, hub.pull(number), call.body, call.actor)
    return 200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}


def list_commits(hub: Hub, call: Call, *, number: str) -> Answer:
    pull = hub.pull(number)
    shas = hub.repository.git("rev-list", "--reverse", f"{pull.base_sha}..{pull.head_sha}").split()
    return 200, [hub.shapes.pull_commit(hub.repository, sha) for sha in page(shas, call.query)]
