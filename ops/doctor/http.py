"""One call over HTTPS with an answer in JSON: to the API, to CircleCI, to GitHub."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import urllib3

from ops.doctor.verdict import NotLooked

_TIMEOUT: Final = urllib3.Timeout(connect=5, read=30)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `content` is None where it is no JSON."""

    status: int
    content: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Http(Protocol):
    """Makes one call; raises NotLooked where nothing answers."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Answer: ...


def call(method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None) -> Answer:
    """The call, with neither repetition nor redirection."""
    sent = {"User-Agent": "rds-provisioner", **headers}
    data = None
    if body is not None:
        sent["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    try:
        answer = urllib3.request(
            method, url, headers=sent, body=data, timeout=_TIMEOUT, retries=False, redirect=False
        )
    except urllib3.exceptions.HTTPError as error:
        raise NotLooked(f"{url.partition('?')[0]} does not answer ({type(error).__name__})") from error
    try:
        content = json.loads(answer.data)
    except ValueError:
        content = None
    return Answer(answer.status, content, {name.lower(): text for name, text in answer.headers.items()})
