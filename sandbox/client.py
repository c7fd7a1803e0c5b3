"""Speaks HTTP to the sandbox's API, as any user would, and to the CircleCI stand-in's list of pipelines."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

PATIENCE_SECONDS: Final = 60.0
TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Client:
    """One caller of the API, with an API key."""

    url: str
    key: str

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One call; every status is an answer. `body` is sent as JSON, or as it stands when it is bytes.

        A GET whose answer comes too late, as a busy machine's may, is asked again.
        """
        if method == "GET":
            return self.call_patiently(method, path, body, headers)
        return self._call(method, path, body, headers)

    def call_patiently(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The same for what may be asked again, whatever became of it before."""
        for _ in range(TRIES - 1):
            try:
                return self._call(method, path, body, headers)
            except TimeoutError:
                continue
        return self._call(method, path, body, headers)

    def _call(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None) -> Answer:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {"content-type": "application/json", **({"x-api-key": self.key} if self.key else {})}
        request = urllib.request.Request(
            f"{self.url}{path}", data=data, method=method, headers={**given, **(headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
                return answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return answer(refused.code, refused.headers, refused.read())


def answer(status: int, headers: Any, body: bytes) -> Answer:
    try:
        content = json.loads(body)
    except ValueError:
        content = body.decode(errors="replace")
    return Answer(status, {name.lower(): value for name, value in headers.items()}, content)


def get_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)
