"""Reports reach the provisioner, or the job fails."""

from typing import Any

from provisioner.reports.schema import DriftReport, encode

from pipeline.reporter import FAILURES, PAUSE_SECONDS, TRIES, Reporter, Undelivered
from tests.pipeline.fakes import Functions

REPORT = DriftReport(version=1, environment="dev", database_name="mydb123", drifted=False)
LATER = {"accepted": False, "retry": True, "reason": "the pull request is not open yet"}
BROKEN = {"errorType": "KeyError", "errorMessage": "'x'"}


def sent(*answers: dict[str, Any]) -> tuple[Functions, list[float], str]:
    """(the functions, the pauses, how it ended) of sending one report."""
    functions, pauses, error = Functions(), list[float](), ""
    functions.answers = list(answers)
    try:
        Reporter(functions, "plan-report", sleep=pauses.append).send(REPORT)
    except Undelivered as lost:
        error = str(lost)
    return functions, pauses, error


def test_a_report_is_sent_once() -> None:
    functions, pauses, error = sent({"accepted": True, "reason": "noted"})
    assert (functions.reports, pauses, error) == ([encode(REPORT)], [], "")


def test_it_is_sent_again_while_the_pull_request_is_not_there() -> None:
    functions, pauses, error = sent(LATER, LATER, {"accepted": True})
    assert (len(functions.reports), pauses, error) == (3, [PAUSE_SECONDS] * 2, "")


def test_it_is_not_sent_for_ever() -> None:
    functions, _, error = sent(*[LATER] * 99)
    assert len(functions.reports) == TRIES
    assert error == "plan-report did not take the report: the pull request is not open yet"


def test_a_refused_report_is_not_sent_again() -> None:
    functions, _, error = sent({"accepted": False, "reason": "no"}, {"accepted": True})
    assert (len(functions.reports), error) == (1, "plan-report did not take the report: no")


def test_a_function_that_fails_once_is_called_again() -> None:
    functions, _, error = sent(BROKEN, {"accepted": True})
    assert (len(functions.reports), error) == (2, "")


def test_a_function_that_keeps_failing_is_left_alone() -> None:
    functions, _, error = sent(*[BROKEN] * 9)
    assert (len(functions.reports), error) == (FAILURES, "plan-report did not take the report: KeyError: 'x'")


def test_no_answer_at_all_is_a_refusal() -> None:
    assert sent({})[2] == "plan-report did not take the report: it gave no reason"
