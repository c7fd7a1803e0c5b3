"""⑤ What a report of drift leads to: the ledger knows since when, an issue or a comment what differs."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from provisioner.core import database_events
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.errors import NeedsPerson
from provisioner.core.models import Database
from provisioner.core.times import instant
from provisioner.github.client import GitHub
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests.comments import DRIFT
from provisioner.reports.comments import drift_comment, drift_ended_comment
from provisioner.reports.drift_issues import DriftIssues
from provisioner.reports.schema import DriftReport

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class DriftReceiver:
    """Receives what the nightly check found, with what it needs passed in.

    `issues` says that the App may write issues; `warn` receives what it may not after all.
    """

    ledger: Ledger
    github: Callable[[], GitHub]
    issues: bool
    warn: Callable[[str], None] = lambda _: None

    def receive(self, report: DriftReport, now: dt.datetime) -> str:
        """Write down what a look found, and say it; in a word, what that was. Raises TryLater."""
        database = self.ledger.database(report.place)
        if database is None:
            return "drift noted" if report.drifted else "no drift"
        begun = self.ledger.drift(database)
        if report.drifted:
            self._say(database, report, now, begun)
            return "drift noted"
        if begun:
            self._end(database, report, now)
            return "drift ended"
        if report.module_newer:
            self._comment(database, drift_comment(report))
            return "a newer module is noted"
        return "no drift"

    def _say(
        self, database: Database, report: DriftReport, now: dt.datetime, begun: DatabaseEvent | None
    ) -> None:
        """The ledger learns it whether or not GitHub is there; what comes next night says the same again."""
        link = report.pipeline_url
        try:
            issue = self._in_issue(lambda issues: issues.say(report), now)
            if issue:
                link = issue
            else:
                self._comment(database, drift_comment(report))
        finally:
            if begun is None:
                begun = database_events.drifted(now, pipeline_url=report.pipeline_url, link=link)
                self.ledger.add_database_event(database.place, begun)
            if database.drift is None:
                shown = {"since": instant(begun.at), "link": begun.detail["link"]}
                self.ledger.all_teams.keep_drift(database.place, shown)

    def _end(self, database: Database, report: DriftReport, now: dt.datetime) -> None:
        """GitHub first: the ledger's word that it ended is what keeps this from being done again."""
        if not self._in_issue(lambda issues: issues.end(report), now):
            self._comment(database, drift_ended_comment(report))
        self.ledger.all_teams.keep_drift(database.place, None)
        event = database_events.drift_ended(now, pipeline_url=report.pipeline_url)
        self.ledger.add_database_event(database.place, event)

    def _in_issue(self, act: Callable[[DriftIssues], Done], now: dt.datetime) -> Done | None:
        """What became of it in an issue; None where the App may write none."""
        if not self.issues:
            return None
        try:
            return act(DriftIssues(self.github().issues, now))
        except NeedsPerson as error:
            self.warn(str(error))
            return None

    def _comment(self, database: Database, text: str) -> None:
        """On the pull request that made the database."""
        number = self.ledger.origin_pull_request(database)
        if number is not None:
            self.github().put_comment(number, DRIFT, text)
