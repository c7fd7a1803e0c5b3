"""A refusal is final, or may pass where it contradicts what GitHub granted a moment before."""

from typing import Any

import pytest
from provisioner.core.errors import MayPass, NeedsPerson
from provisioner.github.refusals import Answer, Known, check, refusal

NOT_ACCESSIBLE = "Resource not accessible by integration"
FRESH = Known()
ANSWERED = Known(answered=True)
ALL = {"contents": "write", "pull_requests": "write", "metadata": "read"}


def answer(status: int, message: str, known: Known = FRESH, /, **error: str) -> Answer:
    content: dict[str, Any] = {"message": message, "documentation_url": "https://docs.github.com/rest"}
    if error:
        content["errors"] = [{"resource": "PullRequest", **error}]
    return Answer(status, content, known)


# GitHub's words for what its replicas do not know yet.
LAGGING = [
    answer(404, "Not Found", ANSWERED),
    answer(404, "Branch rds/dev/orders/create-3f0c1a2b not found", ANSWERED),
    answer(404, "No commit found for the ref rds/dev/orders/create-3f0c1a2b", ANSWERED),
    answer(
        422, "Validation Failed", ANSWERED, code="custom", message="No commits between main and rds/dev/x"
    ),
    answer(422, "Validation Failed", ANSWERED, code="custom", message="Head sha can't be blank"),
    answer(422, "Validation Failed", ANSWERED, code="custom", message="Head ref must be a branch"),
    answer(422, "Validation Failed", ANSWERED, field="head", code="invalid"),
    answer(422, "Validation Failed", ANSWERED, field="base", code="invalid"),
    answer(422, "Object does not exist", ANSWERED),
    answer(422, "Reference does not exist", ANSWERED),
]


def shown(one: Answer) -> str:
    return f"{one.status} {one.message}"


@pytest.mark.parametrize("one", LAGGING, ids=shown)
def test_a_refusal_that_contradicts_a_success_may_pass(one: Answer) -> None:
    found = refusal(one, "doing")

    assert isinstance(found, MayPass)
    assert found.cause == f"GitHub answered {one.status}: {one.message}"


@pytest.mark.parametrize("one", LAGGING, ids=shown)
def test_the_same_refusal_of_the_first_call_is_final(one: Answer) -> None:
    assert not isinstance(refusal(Answer(one.status, one.content), "doing"), MayPass)


@pytest.mark.parametrize(
    ("one", "fix"),
    [
        (answer(403, "Repository was archived so is read-only.", ANSWERED), "unarchive the repository"),
        (answer(403, "This installation has been suspended", ANSWERED), "unsuspend the App's installation"),
        (answer(403, "Resource protected by organization SAML enforcement.", ANSWERED), "SAML"),
        (answer(403, "the `acme` org has an IP allow list enabled", ANSWERED), "IP allow list"),
        (answer(422, "Repository rule violations found", ANSWERED), "push branches below rds/"),
        (answer(409, "Changes must be made through a pull request.", ANSWERED), "push branches below rds/"),
        (answer(409, "Git Repository is empty.", ANSWERED), "push the first commit"),
        (answer(403, "Forbidden", ANSWERED), "contents and pull requests"),
        (
            answer(422, "Validation Failed", ANSWERED, code="custom", message="Body is too long"),
            "rules for branches",
        ),
        (answer(301, "Moved Permanently", ANSWERED), "its new name"),
        (answer(307, "Temporary Redirect", ANSWERED), "its new name"),
        (answer(410, "Issues are disabled for this repo", ANSWERED), "App is installed"),
        (answer(451, "Repository access blocked", ANSWERED), "GitHub's support"),
        (answer(418, "I'm a teapot", ANSWERED), "look at GitHub's words"),
        (answer(401, "A JSON web token could not be decoded", ANSWERED), "private key"),
    ],
    ids=lambda value: shown(value) if isinstance(value, Answer) else "",
)
def test_what_no_time_changes_is_final_whatever_came_before(one: Answer, fix: str) -> None:
    found = refusal(one, "doing")

    assert not isinstance(found, MayPass)
    assert fix in found.fix


def test_a_token_that_opens_all_it_has_to_is_only_not_known_everywhere_yet() -> None:
    assert isinstance(refusal(answer(403, NOT_ACCESSIBLE, Known(granted=ALL)), "doing"), MayPass)
    assert isinstance(refusal(answer(403, NOT_ACCESSIBLE), "doing"), MayPass)


@pytest.mark.parametrize(
    ("granted", "lacking"),
    [
        (ALL | {"contents": "read"}, "the App lacks contents: write"),
        ({"contents": "write"}, "the App lacks pull_requests: write"),
        ({}, "the App lacks contents: write, pull_requests: write"),
    ],
    ids=["contents read", "no pull requests", "nothing"],
)
def test_a_token_that_opens_less_is_final_and_names_what_the_app_lacks(
    granted: dict[str, str], lacking: str
) -> None:
    found = refusal(answer(403, NOT_ACCESSIBLE, Known(answered=True, granted=granted)), "doing")

    assert not isinstance(found, MayPass)
    assert found.cause == f"GitHub answered 403: {NOT_ACCESSIBLE}; {lacking}"
    assert "read and write permission for contents and pull requests" in found.fix


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"message": "Bad", "errors": [{"field": "head", "code": "invalid"}]}, "Bad; head invalid"),
        ({"message": "Bad", "errors": [{"message": "too long", "field": "body"}]}, "Bad; too long"),
        ({"message": "Bad", "errors": ["a text", {"code": "custom"}]}, "Bad; a text; custom"),
        ({"message": "Bad", "errors": "not a list"}, "Bad"),
        ({"errors": [{}]}, ""),
        ([], ""),
        (None, ""),
    ],
    ids=str,
)
def test_an_answers_message_has_githubs_words_or_field_and_code(content: Any, message: str) -> None:
    assert Answer(422, content).message == message


def test_only_the_expected_statuses_pass() -> None:
    check(Answer(201, {}), 201, "doing")
    check(Answer(200, {}), (200, 201), "doing")
    with pytest.raises(NeedsPerson) as caught:
        check(Answer(200, {}), 201, "doing this")
    assert caught.value.doing == "doing this"
