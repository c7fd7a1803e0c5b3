"""Issues of the repository: found by a label and by how they begin, opened, changed and closed.

The App may have no right to them (`Issues: write`), and a repository may have none: callers do without.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from provisioner.github.calls import Calls
from provisioner.github.refusals import check

_PAGE: Final = 100
_PAGES: Final = 3


@dataclass(frozen=True, slots=True)
class Issue:
    """One open issue that an App wrote."""

    number: int
    url: str
    body: str
    created_at: dt.datetime


class Issues:
    """The issues of one repository."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list_open(self, label: str) -> list[Issue]:
        """The open issues with a label that an App wrote: the newest 300. Pull requests are none."""
        doing, found = f"listing the issues labelled {label}", []
        for page in range(1, _PAGES + 1):
            query = urlencode({"labels": label, "state": "open", "per_page": _PAGE, "page": page})
            answer = self._calls.repository("GET", f"/issues?{query}", doing=doing)
            check(answer, 200, doing)
            found += [
                _issue(content)
                for content in answer.content
                if "pull_request" not in content and (content.get("user") or {}).get("type") == "Bot"
            ]
            if len(answer.content) < _PAGE:
                break
        return found

    def create(self, title: str, body: str, labels: Sequence[str]) -> Issue:
        """Open an issue."""
        doing = f"opening the issue {title!r}"
        content = {"title": title, "body": body, "labels": list(labels)}
        answer = self._calls.repository("POST", "/issues", content, doing=doing)
        check(answer, 201, doing)
        return _issue(answer.content)

    def update(self, number: int, body: str, *, close: bool = False) -> None:
        """Replace an issue's text, and perhaps close it."""
        doing = f"{'closing' if close else 'updating'} issue {number}"
        content = {"body": body, **({"state": "closed", "state_reason": "completed"} if close else {})}
        answer = self._calls.repository("PATCH", f"/issues/{number}", content, doing=doing)
        check(answer, 200, doing)


def _issue(content: Mapping[str, Any]) -> Issue:
    return Issue(
        number=int(content["number"]),
        url=str(content["html_url"]),
        body=str(content.get("body") or ""),
        created_at=dt.datetime.fromisoformat(str(content["created_at"])),
    )
