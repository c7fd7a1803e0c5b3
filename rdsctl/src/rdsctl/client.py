"""HTTP to the API: one Idempotency-Key for all tries of a command, and waits that the server names."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

from rdsctl import __version__, proxies
from rdsctl.failures import Exit, Failure, NoAnswer
from rdsctl.problems import failure_of, slug_of

TRIES: Final = 5
LONGEST_WAIT: Final = 60.0
CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 35.0  # API Gateway answers within 29
_PASSING: Final = (429, 502, 503, 504)
_FINAL_SLUGS: Final = ("quota", "quota-exceeded", "policy")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status below 400, its headers in lower case, and the document, or the text of what is no JSON."""

    status: int
    headers: Mapping[str, str]
    document: Any
    text: str = ""

    @property
    def retry_after(self) -> float | None:
        """After how many seconds the server wants to be asked again."""
        return _seconds(self.headers.get("retry-after"))


@dataclass
class Client:
    """One API, one key. `say` gets a line for each wait; `sleep` waits."""

    url: str
    key: str | None
    say: Callable[[str], None] = lambda _: None
    sleep: Callable[[float], None] = time.sleep
    debug: Callable[[str], None] = lambda _: None
    page_size: int = 100
    tries: int = TRIES
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    idempotency_key: str = field(default_factory=lambda: str(uuid4()))
    _pool: urllib3.PoolManager | None = None

    def get(self, path: str, **query: str | None) -> Answer:
        """Read; repeated as often as it takes to get an answer, `tries` times at most."""
        return self.call("GET", path, query=query)

    def text(self, path: str, etag: str | None) -> Answer:
        """Read a text; 304 without one where it is still what this ETag names."""
        return self.call("GET", path, etag=etag, raw=True)

    def items(self, path: str, name: str, **query: str | None) -> Iterator[dict[str, Any]]:
        """Every item of a list, whatever the number of its pages."""
        token: str | None = None
        while True:
            page = self.get(path, page_size=str(self.page_size), page_token=token, **query).document
            yield from page[name]
            token = page["next_page_token"]
            if token is None:
                return

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str | None] | None = None,
        etag: str | None = None,
        raw: bool = False,
    ) -> Answer:
        """One call; its tries have one Idempotency-Key, so nothing is asked for twice. Raises Failure."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        url = self.url.rstrip("/") + path + (f"?{urlencode(given)}" if given else "")
        reading = method == "GET" or given.get("dry_run") == "true"
        same = reading or (method, path) == ("POST", "/provision-rds")
        began = time.monotonic()
        for attempt in range(1, self.tries + 1):
            try:
                answer = self._send(method, url, body, self._headers(method, body, etag), raw=raw)
            except HTTPError as error:
                if isinstance(error, SSLError):
                    raise _untrusted(self.url, error) from error
                if attempt == self.tries:
                    seconds = time.monotonic() - began
                    raise self._no_answer(error, attempt, seconds, reading=reading, same=same) from error
                self._wait(f"{self._host} does not answer ({_reason(error)})", None, attempt)
                continue
            if answer.status < 400:
                return answer
            if attempt == self.tries or not _passes(answer):
                raise failure_of(answer.status, answer.document)
            self._wait(_why(answer), answer.retry_after, attempt)
        raise AssertionError("the loop returns or raises")

    def _headers(self, method: str, body: Any, etag: str | None) -> dict[str, str]:
        headers = {"accept": "application/json, */*", "user-agent": f"rdsctl/{__version__}"}
        if self.key:
            headers["x-api-key"] = self.key
        if method != "GET":
            headers["idempotency-key"] = self.idempotency_key
        if body is not None:
            headers["content-type"] = "application/json"
        if etag:
            headers["if-none-match"] = etag
        return headers

    def _send(self, method: str, url: str, body: Any, headers: dict[str, str], *, raw: bool) -> Answer:
        began = time.monotonic()
        if self._pool is None:
            self._pool = proxies.pool(self.url)
        response = self._pool.request(
            method,
            url,
            body=None if body is None else json.dumps(body).encode(),
            headers=headers,
            timeout=urllib3.Timeout(connect=self.connect_seconds, read=self.read_seconds),
            retries=False,
            redirect=False,
        )
        self.debug(f"{method} {url} {response.status} {(time.monotonic() - began) * 1000:.0f} ms")
        if 300 <= response.status < 400 and response.status != 304:
            raise Failure(
                f"{self._host} redirects to {response.headers.get('location', 'nowhere')}, "
                "and a key follows no redirect.",
                hints=["correct the URL: rdsctl login URL"],
            )
        named = {name.lower(): value for name, value in response.headers.items()}
        if raw and response.status < 400:
            return Answer(response.status, named, None, response.data.decode())
        return Answer(response.status, named, self._document(response.status, response.data))

    def _document(self, status: int, data: bytes) -> Any:
        try:
            return json.loads(data) if data else None
        except ValueError:
            if status >= 400:
                return None
            beginning = data[:60].decode(errors="replace")
            raise Failure(
                f"{self._host} does not answer as the API does: {beginning!r} is not JSON.",
                hints=["correct the URL, with its stage: rdsctl login https://HOST/v1"],
            ) from None

    def _wait(self, why: str, wanted: float | None, attempt: int) -> None:
        seconds = min(wanted, LONGEST_WAIT) if wanted else 0.5 * 2 ** (attempt - 1)
        seconds += random.uniform(0, seconds / 4)  # noqa: S311 - spreads callers, guards nothing
        self.say(f"… {why}; again in {seconds:.0f} s (try {attempt + 1} of {self.tries})")
        self.sleep(seconds)

    def _no_answer(
        self, error: HTTPError, tries: int, seconds: float, *, reading: bool, same: bool
    ) -> NoAnswer:
        times = f", {tries} tries in {seconds:.0f} s" if tries > 1 else ""
        message = f"{self._host} does not answer ({_reason(error)}{times})."
        if reading:
            return NoAnswer(message)
        if isinstance(error, NewConnectionError):
            return NoAnswer(f"{message} Nothing was asked for.")
        if same:
            return NoAnswer(
                f"{message} The answer got lost on the way. The same command again is the same request."
            )
        return NoAnswer(
            f"{message} The answer got lost on the way; it may have been asked for.",
            hints=["look before you repeat it: rdsctl requests"],
        )

    @property
    def _host(self) -> str:
        return urlsplit(self.url).netloc


def path(*parts: str) -> str:
    """A path of the API; what a part holds stays one part."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def _passes(answer: Answer) -> bool:
    """Whether the same call may work in a moment: by its key, all tries of a write are one."""
    return answer.status in _PASSING and slug_of(answer.document) not in _FINAL_SLUGS


def _why(answer: Answer) -> str:
    if answer.status == 429:
        return "too many requests"
    return "busy" if slug_of(answer.document) == "busy" else f"the API answered {answer.status}"


def _reason(error: HTTPError) -> str:
    cause = error.__cause__ or error.__context__ or error
    text = str(getattr(cause, "strerror", None) or "").lower()
    if "timed out" in str(error).lower():
        return "timed out"
    if "refused" in f"{text} {error}".lower():
        return "connection refused"
    if "resolve" in str(error).lower() or "name or service" in f"{text} {error}".lower():
        return "there is no such host"
    return text or "the connection broke"


def _untrusted(url: str, error: SSLError) -> Failure:
    return Failure(
        f"{urlsplit(url).netloc} shows a certificate that is not trusted: {error}",
        Exit.FAILED,
        hints=["a company's own authority: SSL_CERT_FILE=/path/to/its.pem"],
    )


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None
