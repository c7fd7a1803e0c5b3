"""Report to the provisioner how a plan or an apply went: it comments, merges and keeps the ledger."""

import json
import time
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.reports.schema import Answer, Report, encode
from pydantic import ValidationError

from pipeline.output import say

# A pipeline may be quicker than the worker that opens the pull request after it pushed the branch.
TRIES: Final = 24
PAUSE_SECONDS: Final = 5.0
# A function that fails three times is itself at fault; AWS's client has its own patience next to this one.
FAILURES: Final = 3
# What a deployment moves step by step, and back at an alarm; without it a call would run the newest code.
ALIAS: Final = "live"


class Undelivered(Exception):
    """A report that the provisioner did not take."""


class Reporter:
    """One of the provisioner's report functions."""

    def __init__(self, client: Any, function: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._function = function
        self._sleep = sleep

    def send(self, report: Report) -> Answer:
        """Send a report until it is taken; what was answered. Raises Undelivered when it never is."""
        payload, reason, failures = json.dumps(encode(report)).encode(), "", 0
        for attempt in range(TRIES):
            if attempt:
                self._sleep(PAUSE_SECONDS)
            try:
                answer = self._invoke(payload)
            except _Failure as failure:
                reason, failures = str(failure), failures + 1
                if failures == FAILURES:
                    break
                continue
            reason = answer.reason or ("accepted" if answer.accepted else "it gave no reason")
            if answer.accepted:
                say(f"Reported to {self._function}: {reason}")
                return answer
            if not answer.retry:
                break
        raise Undelivered(f"{self._function} did not take the report: {reason}")

    def send_once(self, report: Report) -> Answer:
        """Send what is not worth a second try; what was answered. Raises Undelivered."""
        try:
            answer = self._invoke(json.dumps(encode(report)).encode())
        except _Failure as failure:
            raise Undelivered(f"{self._function} did not answer: {failure}") from failure
        if not answer.accepted:
            raise Undelivered(f"{self._function} did not take it: {answer.reason}")
        return answer

    def _invoke(self, payload: bytes) -> Answer:
        try:
            answer = self._client.invoke(FunctionName=self._function, Qualifier=ALIAS, Payload=payload)
        except (BotoCoreError, ClientError) as error:
            raise _Failure(str(error)) from error
        content: dict[str, Any] = json.loads(answer["Payload"].read() or b"{}")
        if answer.get("FunctionError"):
            raise _Failure(f"{content.get('errorType')}: {content.get('errorMessage')}")
        try:
            return Answer.model_validate({"accepted": False, **content})
        except ValidationError as error:
            raise _Failure(f"an answer that cannot be read: {error}") from error


class _Failure(Exception):
    """One call that came to nothing."""
