"""What GitHub refuses right after it granted what came before is tried again, a few times."""

import pytest
from provisioner.core.lifecycle import State
from provisioner.wiring import intake

from tests.handlers.chain import ALPHA, Chain, now

NO_BRANCH = '{"message": "Branch rds/dev/mydb123/create-1 not found"}'
NO_FILE = '{"message": "Not Found"}'
NO_COMMITS = '{"message": "Validation Failed", "errors": [{"message": "No commits between main and rds"}]}'
NO_HEAD = '{"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}]}'
NO_OBJECT = '{"message": "Object does not exist"}'
NOT_ACCESSIBLE = '{"message": "Resource not accessible by integration"}'

LAGGING = {
    "ref: object": ("POST .*/git/refs", 422, NO_OBJECT),
    "ref: 404": ("POST .*/git/refs", 404, NO_FILE),
    "ref: token": ("POST .*/git/refs", 403, NOT_ACCESSIBLE),
    "file: branch": ("PUT .*/contents/", 404, NO_BRANCH),
    "file: 404": ("PUT .*/contents/", 404, NO_FILE),
    "pull request: no commits": ("POST .*/pulls", 422, NO_COMMITS),
    "pull request: no head": ("POST .*/pulls", 422, NO_HEAD),
    "pull request: token": ("POST .*/pulls", 403, NOT_ACCESSIBLE),
    "first call: token": ("GET .*/git/ref/", 403, NOT_ACCESSIBLE),
}


@pytest.mark.parametrize("name", LAGGING)
def test_one_lagging_answer_is_overcome_by_the_next_delivery(chain: Chain, name: str) -> None:
    call, status, body = LAGGING[name]
    one = chain.ask()
    chain.server.fault(call, status=status, body=body)

    assert len(chain.work()) == 1
    assert chain.now(one).progress.state is State.REQUESTED
    assert chain.hidden() == [30]
    chain.show_all()
    assert chain.work() == []

    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN
    assert chain.now(one).contradicted is None
    assert chain.server.git.ahead("main", chain.server.hub.pulls[1].branch) == 1


@pytest.mark.parametrize("name", LAGGING)
def test_an_answer_that_lags_for_ever_fails_the_request_at_the_fifth_try(chain: Chain, name: str) -> None:
    call, status, body = LAGGING[name]
    one = chain.ask()
    chain.server.fault(call, status=status, body=body, times=99)
    stayed = []
    while chain.now(one).progress.state is State.REQUESTED:
        stayed.append(len(chain.work()))
        chain.show_all()

    assert len(stayed) == 5
    failure = chain.now(one).progress.failure
    assert failure is not None
    assert f"GitHub answered {status}: " in failure.cause
    assert failure.retryable


def test_other_passing_faults_do_not_count_as_contradictions(chain: Chain) -> None:
    one = chain.ask()
    for _ in range(7):
        chain.server.fault("GET .*/git/ref/", status=502)
        chain.work()
        chain.show_all()
    chain.server.fault("PUT .*/contents/", status=404, body=NO_BRANCH)

    chain.work()
    assert chain.now(one).progress.state is State.REQUESTED
    chain.show_all()
    chain.work()

    assert chain.now(one).progress.state is State.PULL_REQUEST_OPEN


def test_a_branch_that_an_update_does_not_find_yet_is_no_missing_file(chain: Chain) -> None:
    """The file was on main; GitHub answers for the branch, not for the file."""
    created = chain.opened()
    chain.server.users.merge(1)
    chain.apply(created, "started")
    chain.apply(created, "succeeded")
    update = intake.use_cases(now()).change(created.place, {"storage_gb": 40}, ALPHA).request
    chain.server.fault("PUT .*/contents/", status=404, body=NO_BRANCH)

    assert len(chain.work()) == 1
    assert chain.now(update).progress.state is State.REQUESTED
    chain.show_all()
    assert chain.work() == []

    assert chain.now(update).progress.state is State.PULL_REQUEST_OPEN


def test_a_permission_that_the_app_lacks_fails_the_request_at_once(chain: Chain) -> None:
    one = chain.ask()
    chain.server.app.permissions["pull_requests"] = "read"

    assert chain.work() == []

    failure = chain.now(one).progress.failure
    assert failure is not None
    assert failure.cause.endswith(
        "GitHub answered 403: Resource not accessible by integration; the App lacks pull_requests: write"
    )


def test_a_permission_that_was_taken_away_from_a_warm_worker_is_final_with_the_next_token(
    chain: Chain,
) -> None:
    chain.opened()
    one = chain.ask(database_name="other")
    chain.server.app.permissions["contents"] = "read"

    assert len(chain.work()) == 1
    chain.show_all()
    assert chain.work() == []

    failure = chain.now(one).progress.failure
    assert failure is not None
    assert "the App lacks contents: write" in failure.cause


def test_a_repository_that_the_app_cannot_see_fails_the_request_at_once(chain: Chain) -> None:
    one = chain.ask()
    chain.server.fault("GET .*/git/ref/", status=404, body=NO_FILE)

    assert chain.work() == []

    assert chain.now(one).progress.state is State.FAILED


def test_a_cancel_whose_pull_request_is_not_shown_is_tried_again(chain: Chain) -> None:
    one = chain.opened()
    intake.use_cases(now()).cancel(one.id, ALPHA)
    chain.server.fault("GET .*/pulls/1", status=404, body=NO_FILE)

    assert len(chain.work()) == 1
    chain.show_all()
    assert chain.work() == []

    assert chain.now(one).progress.state is State.CANCELLED


def test_a_report_of_a_plan_is_sent_again_while_github_does_not_show_the_pull_request(chain: Chain) -> None:
    one = chain.opened()
    chain.server.fault("GET .*/pulls/1", status=404, body=NO_FILE)

    answer = chain.plan(one)
    again = chain.plan(one)

    assert (answer["accepted"], answer["retry"]) == (False, True)
    assert again["accepted"]
    assert chain.now(one).progress.state is State.MERGED
