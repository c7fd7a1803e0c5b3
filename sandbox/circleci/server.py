"""Takes GitHub's signed push webhooks and shows what the pipelines did."""

import hashlib
import hmac
import json
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.circleci import api, page
from sandbox.circleci.job import Source
from sandbox.circleci.pipelines import Pipelines, git

ROUTES = re.compile(r"/pipelines/(?P<pipeline>\d+)(?:/jobs/(?P<job>\d+))?/?")
WORKFLOW = re.compile(r"/api/v2/workflow/(?P<workflow>[0-9a-f-]+)/job")
KILL = re.compile(r"/_sandbox/jobs/(?P<job>\d+)/kill")
TRIGGER = re.compile(r"/api/v2/project/gh/(?P<repository>[^/]+/[^/]+)/pipeline")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, pipelines: Pipelines, *, secret: bytes, clone_url: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.pipelines = pipelines
        self.secret = secret
        self.clone_url = clone_url


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        pipelines = self.server.pipelines.all
        if found_by_api := api.answer(self.server.pipelines, self.path):
            self._answer(*found_by_api)
        elif self.path == "/":
            self._answer(HTTPStatus.OK, page.overview(list(pipelines.values())))
        elif self.path == "/api/pipelines":
            shown = [
                page.as_json(each, self.server.pipelines.project.page(each)) for each in pipelines.values()
            ]
            self._answer(HTTPStatus.OK, {"pipelines": shown})
        elif match := WORKFLOW.fullmatch(self.path):
            self._jobs(match["workflow"])
        elif (match := ROUTES.fullmatch(self.path)) and (found := pipelines.get(int(match["pipeline"]))):
            records = [record for workflow in found.workflows for record in workflow.jobs]
            wanted = [record for record in records if str(record.number) == match["job"]]
            if wanted:
                self._answer(HTTPStatus.OK, page.job(found, wanted[0]))
            elif match["job"] is None:
                self._answer(HTTPStatus.OK, page.pipeline(found))
            else:
                self._answer(HTTPStatus.NOT_FOUND, {"message": "no such job"})
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"message": "not found"})

    def _jobs(self, workflow_id: str) -> None:
        """What CircleCI's API says of a workflow's jobs: https://circleci.com/docs/api/v2/."""
        workflows = [each for pipeline in self.server.pipelines.all.values() for each in pipeline.workflows]
        found = [workflow for workflow in workflows if workflow.id == workflow_id]
        if not found:
            self._answer(HTTPStatus.NOT_FOUND, {"message": "Workflow not found"})
            return
        items = [
            {"id": job.id, "job_number": job.number, "name": job.job.name, "status": job.status}
            for job in found[0].jobs
        ]
        self._answer(HTTPStatus.OK, {"items": items, "next_page_token": None})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/webhooks/github":
            self._webhook(body)
        elif match := TRIGGER.fullmatch(self.path):
            self._trigger(match["repository"], json.loads(body or b"{}"))
        elif match := KILL.fullmatch(self.path):
            self._answer(HTTPStatus.OK, {"killed": self.server.pipelines.kill(int(match["job"]))})
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"message": "not found"})

    def _webhook(self, body: bytes) -> None:
        expected = "sha256=" + hmac.new(self.server.secret, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, self.headers.get("X-Hub-Signature-256", "")):
            self._answer(HTTPStatus.UNAUTHORIZED, {"message": "the signature does not match"})
            return
        started = None
        if self.headers.get("X-GitHub-Event") == "push":
            started = self.server.pipelines.push(json.loads(body))
        self._answer(HTTPStatus.ACCEPTED, {"pipeline": started and started.number})

    def _trigger(self, repository: str, wanted: dict[str, Any]) -> None:
        """Start a pipeline as CircleCI's API does: on a branch, with parameters."""
        project = self.server.pipelines.project
        if repository != project.repository:
            self._answer(HTTPStatus.NOT_FOUND, {"message": f"the project is gh/{project.repository}"})
            return
        branch = wanted.get("branch", project.default_branch)
        found = git("ls-remote", self.server.clone_url, f"refs/heads/{branch}")
        if not found:
            self._answer(HTTPStatus.BAD_REQUEST, {"message": f"there is no branch {branch}"})
            return
        source = Source(clone_url=self.server.clone_url, branch=branch, commit=found.split()[0])
        started = self.server.pipelines.start(source, parameters=wanted.get("parameters", {}))
        self._answer(HTTPStatus.CREATED, {"id": started.id, "number": started.number, "state": "pending"})

    def _answer(self, status: HTTPStatus, content: str | dict[str, Any]) -> None:
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        kind = "text/html; charset=utf-8" if isinstance(content, str) else "application/json"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Webhooks and jobs are logged where they happen; page views are not worth a line."""
