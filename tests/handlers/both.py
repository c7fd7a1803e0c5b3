"""The pipeline and the report functions on one repository, with nothing between them but a Lambda client."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.handlers import report
from provisioner.reports.schema import (
    ApplyQuestion,
    DriftReport,
    Heartbeat,
    JobQuestion,
    parse,
    unknown_fields,
)

from tests.handlers.chain import Chain
from tests.pipeline.repository import Repository
from tests.pipeline.setting import Setting

PLACE = Place("dev", "mydb123")


class DeployedFunctions:
    """The Lambda client of the pipeline, with the real functions behind it."""

    def __init__(self, context: Any) -> None:
        self.context = context
        # (type, outcome, drifted or answer) of each report that was accepted
        self.taken: list[tuple[str, Any]] = []

    def invoke(  # the parameters have boto3's names
        self,
        *,
        FunctionName: str,  # noqa: N803
        Qualifier: str,  # noqa: N803
        Payload: bytes,  # noqa: N803
    ) -> dict[str, Any]:
        assert Qualifier == "live"
        handler = {"plan-report": report.plan_handler, "apply-report": report.apply_handler}[FunctionName]
        content = json.loads(Payload)
        assert unknown_fields(content) == []
        answer = handler(content, self.context)
        if answer["accepted"]:
            match read := parse(content):
                case ApplyQuestion():
                    self.taken.append((read.type, answer["may_apply"]))
                case DriftReport():
                    self.taken.append((read.type, read.drifted))
                case Heartbeat():
                    self.taken.append((read.type, answer["reason"]))
                case JobQuestion():
                    self.taken.append((read.type, answer.get("ended")))
                case _:
                    self.taken.append((read.type, read.outcome))
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


class Both:
    """The functions and the pipeline on one repository."""

    def __init__(self, chain: Chain, directory: Path) -> None:
        self.chain = chain
        self.functions = DeployedFunctions(chain.context)
        self.repository = Repository(directory, origin=chain.server.git.path)
        self.pipeline = Setting(self.repository, self.functions)
        self.pipeline.now = dt.datetime.now(dt.UTC)

    def planned(self, request: Request) -> bool:
        """The plan job of a request's branch."""
        return self.planned_branch(request.place.branch(request.kind, request.id))

    def planned_branch(self, branch: str) -> bool:
        """The plan job of any branch that was pushed."""
        self.repository.git("fetch", "--quiet", "origin")
        self.repository.git("checkout", "--quiet", "--force", "--detach", f"origin/{branch}")
        return self.pipeline.plan(branch)

    def created(self) -> Request:
        """A database that was planned, merged and applied."""
        request = self.chain.opened()
        assert self.planned(request)
        assert self.pipeline.apply() == []
        return self.chain.now(request)

    def taken(self) -> list[tuple[str, Any]]:
        """What was accepted since the last look."""
        found = list(self.functions.taken)
        self.functions.taken.clear()
        return found
