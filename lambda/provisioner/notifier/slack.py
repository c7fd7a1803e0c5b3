"""⑦ The door to Slack: one message through an incoming webhook.

What it answers: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
No text of an error names the webhook's address, which is a secret.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import urllib3

from provisioner.core.errors import NeedsPerson, RateLimited, TryLater
from provisioner.notifier.faults import Unclear

WEBHOOKS: Final = ("https://hooks.slack.com/", "https://hooks.slack-gov.com/")
_TIMEOUT: Final = urllib3.Timeout(connect=3, read=5)
_DOING: Final = "sending to Slack"
_WORD: Final = re.compile(r"[a-z_]{1,64}")
_LONGEST_WAIT: Final = 4 * 3600
_USUAL_WAIT: Final = 30
# Before the request is on its way.
_NOT_SENT: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.SSLError,
)
_FIXES: Final[Mapping[int, str]] = {
    400: "report what it says to whoever runs the provisioner",
    403: "let the workspace's administrators allow the webhook's app to post there",
    404: "make another webhook, and put its address into the secret",
    410: "choose a channel that is not archived, and put its webhook's address into the secret",
}


class Slack:
    """Sends through webhooks whose address begins with one of `begins`."""

    def __init__(self, *, begins: tuple[str, ...] = WEBHOOKS, timeout: urllib3.Timeout = _TIMEOUT) -> None:
        self._begins = begins
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False)

    def send(self, webhook: str, payload: Mapping[str, Any]) -> None:
        """Send one message; raises TryLater, RateLimited, Unclear or NeedsPerson."""
        if not webhook.startswith(self._begins) or not webhook.isprintable():
            raise NeedsPerson(
                _DOING,
                "the secret does not hold the address of an incoming webhook",
                f"put the address into it, which begins with {self._begins[0]}",
            )
        try:
            answer = self._pool.request(
                "POST",
                webhook,
                body=json.dumps(payload).encode(),
                headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "rds-provisioner"},
                redirect=False,
            )
        except _NOT_SENT as error:
            raise TryLater(_DOING, type(error).__name__) from None
        except urllib3.exceptions.HTTPError as error:
            raise Unclear(_DOING, type(error).__name__) from None
        _check(answer)


def _check(answer: urllib3.BaseHTTPResponse) -> None:
    status = answer.status
    if 200 <= status < 300:
        return
    if status == 429:
        raise RateLimited(_DOING, "Slack asks to wait", _wait(answer.headers.get("Retry-After")))
    word = _WORD.fullmatch(answer.data[:65].decode("ascii", "replace").strip())
    said = f"Slack answered {status}" + (f" {word[0]}" if word else "")
    if status == 504:  # a proxy speaks, which does not know
        raise Unclear(_DOING, said)
    if status >= 500:
        raise TryLater(_DOING, said)
    raise NeedsPerson(_DOING, said, _FIXES.get(status, "check that the secret holds a webhook's address"))


def _wait(given: str | None) -> float:
    """Seconds to wait, as the header says, within reason."""
    return min(float(given), _LONGEST_WAIT) if given and given.isascii() and given.isdigit() else _USUAL_WAIT
