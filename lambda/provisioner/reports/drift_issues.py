"""⑤ One GitHub issue for each database that drifted, and one summary where a night has too many.

An issue is found by how it begins, so that each night updates the same one; who closes it early gets another
one the next night, while the database still differs.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provisioner.core.names import Place
from provisioner.github.issues import Issue, Issues
from provisioner.pull_requests.markdown import link
from provisioner.reports.comments import drift_text
from provisioner.reports.schema import DriftReport

LABEL: Final = "drift"
SUMMARY: Final = "<!-- rds-provisioner: drift summary -->"
MOST_A_NIGHT: Final = 20
# Nights lie a day apart, and one lasts a few hours.
_NIGHT: Final = dt.timedelta(hours=12)
_LINE: Final = re.compile(r"^- `([a-z0-9/-]+)`", re.MULTILINE)


def marker(place: Place) -> str:
    """Begins the issue of one database."""
    return f"<!-- rds-provisioner: drift of {place} -->"


@dataclass(frozen=True, slots=True)
class DriftIssues:
    """Keeps the issues as of now; the App's right to them is missing where this raises NeedsPerson."""

    issues: Issues
    now: dt.datetime

    def say(self, report: DriftReport) -> str:
        """Write or update the issue of a database, or of the night; its address."""
        known = self.issues.list_open(LABEL)
        text = f"{marker(report.place)}\n{drift_text(report)}"
        if there := _first(known, marker(report.place)):
            if there.body.strip() != text.strip():
                self.issues.update(there.number, text)
            return there.url
        tonight = [issue for issue in known if self.now - issue.created_at < _NIGHT]
        if len(tonight) >= MOST_A_NIGHT:
            return self._summarise(known, report)
        labels = [LABEL, f"env:{report.environment}"]
        opened = self.issues.create(f"{report.place} differs from its root", text, labels)
        self._strike(known, report.place)
        return opened.url

    def end(self, report: DriftReport) -> bool:
        """Close the issue of a database, or strike it from the summary; whether there was one."""
        known = self.issues.list_open(LABEL)
        if there := _first(known, marker(report.place)):
            pipeline = link("the look that found it so", report.pipeline_url)
            ended = f"\n\n✅ It is as its root says again ({pipeline}).\n"
            self.issues.update(there.number, f"{there.body.rstrip()}{ended}", close=True)
            return True
        return self._strike(known, report.place)

    def _strike(self, known: Sequence[Issue], place: Place) -> bool:
        """Take a database out of the summary; whether it stood there."""
        summary = _first(known, SUMMARY)
        places = _LINE.findall(summary.body) if summary else []
        if summary is None or str(place) not in places:
            return False
        left = [other for other in places if other != str(place)]
        self.issues.update(summary.number, _summary(left), close=not left)
        return True

    def _summarise(self, known: Sequence[Issue], report: DriftReport) -> str:
        """Add a database to the one issue for those that have none."""
        there = _first(known, SUMMARY)
        if there is None:
            text = _summary([str(report.place)])
            return self.issues.create("More databases differ from their roots", text, [LABEL]).url
        places = sorted({*_LINE.findall(there.body), str(report.place)})
        if places != _LINE.findall(there.body):
            self.issues.update(there.number, _summary(places))
        return there.url


def _summary(places: Sequence[str]) -> str:
    lines = "\n".join(f"- `{place}`" for place in places) or "None is left."
    return (
        f"{SUMMARY}\n## 🔎 More databases differ from their roots\n\n"
        f"A night opens {MOST_A_NIGHT} issues at most. These have none yet:\n\n{lines}\n\n"
        "**Next:** look for one cause of them all, such as a policy of the account or a script; "
        "`GET /databases/{environment}/{name}` says since when each differs.\n"
    )


def _first(known: Sequence[Issue], begin: str) -> Issue | None:
    return next((issue for issue in known if issue.body.startswith(begin)), None)
