"""One call to GitHub: signed, limited in time and never repeated; what comes back says what to do.

Repeating is the queue's work. Once GitHub asked for quiet, no further call goes out until that time is over:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import urllib3

from provisioner.core.errors import RateLimited, TryLater
from provisioner.github.app import GitHubApp
from provisioner.github.refusals import NOT_ACCESSIBLE, Answer, Known, check

_TIMEOUT: Final = urllib3.Timeout(connect=3, read=10)
# "at least one minute" where a secondary limit names no time:
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
_SECONDARY_WAIT: Final = 60.0
# A call that follows a success within the worker's own time limit belongs to the same run.
_SAME_RUN: Final = 60.0
_TOO_FAST: Final = (b"rate limit", b"abuse detection", b"submitted too quickly")


class Calls:
    """Makes the calls of one installation of the App on one repository."""

    def __init__(
        self,
        api_url: str,
        repository: str,
        app: GitHubApp,
        pool: urllib3.PoolManager | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._repository = repository
        self._app = app
        self._pool = pool or urllib3.PoolManager(timeout=_TIMEOUT, retries=False)
        self._clock = clock
        self._rate_limited_until = 0.0
        self._answered_at: float | None = None  # when a call of the repository last succeeded
        self._granted: Mapping[str, str] | None = None

    @property
    def granted(self) -> Mapping[str, str] | None:
        """What the newest token opens, as GitHub said when it was bought; None where it did not."""
        return self._granted

    @property
    def rate_limited_for(self) -> float:
        """The seconds for which GitHub still wants to be left alone; 0 when it does not."""
        return max(self._rate_limited_until - self._clock(), 0.0)

    def repository(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, doing: str
    ) -> Answer:
        """Call the repository; the answer, whatever its status. Raises TryLater and RateLimited."""
        return self.anywhere(method, f"/repos/{self._repository}{path}", body, doing=doing)

    def anywhere(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, doing: str
    ) -> Answer:
        """Call what the installation reaches outside its repository too, such as a team; as above.

        A token that opens less than was asked of it is not kept: the next one says what the App may do then.
        """
        token = self._app.token(self._new_token)
        answer = self._call(method, path, f"Bearer {token}", body, doing)
        if answer.status == 401:
            self._app.forget()
            raise TryLater(
                doing, "GitHub did not accept the installation token; the next try takes a new one"
            )
        if answer.status == 403 and answer.message.startswith(NOT_ACCESSIBLE):
            self._app.forget()
        if answer.status < 300 and path.startswith("/repos/"):
            self._answered_at = self._clock()
        return answer

    def granted_now(self) -> Mapping[str, str] | None:
        """The same of a new token: each keeps the permissions that it was made with."""
        self._app.forget()
        self._app.token(self._new_token)
        return self._granted

    @property
    def _known(self) -> Known:
        at = self._answered_at
        return Known(at is not None and self._clock() - at < _SAME_RUN, self._granted)

    def _new_token(self, installation_id: str, jwt: str) -> tuple[str, str]:
        doing = "signing in to GitHub as the App"
        path = f"/app/installations/{quote(installation_id)}/access_tokens"
        answer = self._call("POST", path, f"Bearer {jwt}", {}, doing)
        check(answer, 201, doing)
        self._granted = answer.content.get("permissions")
        return str(answer.content["token"]), str(answer.content["expires_at"])

    def _call(
        self, method: str, path: str, authorization: str, body: Mapping[str, Any] | None, doing: str
    ) -> Answer:
        if pause := self.rate_limited_for:
            raise RateLimited(
                doing,
                f"GitHub asked for quiet, for {pause:.0f} s more",
                pause,
            )
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": authorization,
            "User-Agent": "rds-provisioner",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            response = self._pool.request(
                method, self._api_url + path, body=data, headers=headers, redirect=False
            )
            text = response.data
        except urllib3.exceptions.HTTPError as error:
            raise TryLater(doing, f"GitHub did not answer ({type(error).__name__})") from error
        wait = limited(response.status, response.headers, text, self._clock())
        if wait is not None:
            self._rate_limited_until = self._clock() + wait
            raise RateLimited(doing, f"GitHub asks for {wait:.0f} s of quiet", wait)
        if response.status >= 500:
            raise TryLater(doing, f"GitHub answered {response.status}")
        try:
            return Answer(response.status, json.loads(text) if text else None, self._known)
        except ValueError as error:
            raise TryLater(
                doing, f"GitHub answered {response.status} with something else than JSON"
            ) from error


def limited(status: int, headers: Mapping[str, str], text: bytes, now: float) -> float | None:
    """The seconds that GitHub wants to be left alone, where this answer is a rate limit."""
    if status not in (403, 429):
        return None
    if "retry-after" in headers:
        return _number(headers["retry-after"], _SECONDARY_WAIT)
    if headers.get("x-ratelimit-remaining") == "0":
        reset = _number(headers.get("x-ratelimit-reset", ""), 0)
        return max(reset - now, 1.0) if reset else _SECONDARY_WAIT
    if status == 429 or any(words in text.lower() for words in _TOO_FAST):
        return _SECONDARY_WAIT
    return None


def _number(text: str, default: float) -> float:
    return float(text) if text.isdecimal() else default
