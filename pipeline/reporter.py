"""Tell the provisioner how a plan or an apply went: it comments, merges and keeps the ledger."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

# A pipeline may be quicker than the worker that opens the pull request after it pushed the branch.
TRIES: Final = 24
PAUSE_SECONDS: Final = 5.0
# A function that fails three times has a fault of its own; AWS's client has its own patience beside this one.
FAILURES: Final = 3


class ReportError(Exception):
    """The provisioner did not take a report."""


class Reporter:
    """One of the provisioner's report functions."""

    def __init__(self, client: Any, function: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._function = function
        self._sleep = sleep

    def send(self, report: Mapping[str, Any]) -> None:
        """Send a report until it is taken; raises ReportError when it never is."""
        reason, failures = "", 0
        for attempt in range(TRIES):
            if attempt:
                self._sleep(PAUSE_SECONDS)
            try:
                answer = self._invoke(report)
            except _Failure as failure:
                reason, failures = str(failure), failures + 1
                if failures == FAILURES:
                    break
                continue
            reason = str(answer.get("reason", "accepted" if answer.get("accepted") else "it gave no reason"))
            if answer.get("accepted"):
                print(f"Reported to {self._function}: {reason}", flush=True)
                return
            if not answer.get("retry"):
                break
        raise ReportError(f"{self._function} did not take the report: {reason}")

    def _invoke(self, report: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = self._client.invoke(FunctionName=self._function, Payload=json.dumps(report).encode())
        except (BotoCoreError, ClientError) as error:
            raise _Failure(str(error)) from error
        content: dict[str, Any] = json.loads(answer["Payload"].read() or b"{}")
        if answer.get("FunctionError"):
            raise _Failure(f"{content.get('errorType')}: {content.get('errorMessage')}")
        return content


class _Failure(Exception):
    """One call that came to nothing."""
