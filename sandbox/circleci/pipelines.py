"""Runs pipelines: which jobs run, and which a newer push cancels."""

import itertools
import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from typing import Any

import yaml

from sandbox.circleci.caches import Caches
from sandbox.circleci.config import Trigger, Workflow, read
from sandbox.circleci.environment import job_environment
from sandbox.circleci.expressions import ConfigError
from sandbox.circleci.job import JobRun, Source
from sandbox.circleci.oidc import Issuer
from sandbox.circleci.runs import JobRecord, Pipeline, Project, WorkflowRecord
from sandbox.circleci.serial_groups import SerialGroups

log = logging.getLogger("sandbox.circleci")

SKIP_MARKS = ("[skip ci]", "[ci skip]")


class Pipelines:
    """All pipelines of one project, in memory, with their logs on disk."""

    def __init__(self, project: Project, issuer: Issuer) -> None:
        self.project = project
        self.all: dict[int, Pipeline] = {}
        self.issuer = issuer
        self._numbers = itertools.count(1)
        self._job_numbers = itertools.count(1)
        self._change = threading.Condition()
        self._slots = threading.Semaphore(project.concurrency)
        self._mirror_lock = threading.Lock()
        self._stopping = False
        self._groups = SerialGroups(self._change, lambda: self._stopping)

    def push(self, event: Mapping[str, Any]) -> Pipeline | None:
        """Start the pipeline of a push, or None where CircleCI starts none."""
        reference = str(event["ref"])
        message = str((event.get("head_commit") or {}).get("message", ""))
        if event.get("deleted") or not reference.startswith("refs/heads/"):
            return None
        if any(mark in message[:250] for mark in SKIP_MARKS):
            return None
        source = Source(
            clone_url=event["repository"]["clone_url"],
            branch=reference.removeprefix("refs/heads/"),
            commit=event["after"],
        )
        pipeline = self.start(source, parameters={}, subject=message.partition("\n")[0])
        if source.branch != self.project.default_branch:
            self._cancel_older(pipeline)
        return pipeline

    def start(self, source: Source, *, parameters: Mapping[str, Any], subject: str = "") -> Pipeline:
        pipeline = Pipeline(next(self._numbers), source, subject)
        self.all[pipeline.number] = pipeline
        log.info("pipeline %d: %s at %s", pipeline.number, source.branch, source.commit[:8])
        threading.Thread(target=self._run, args=(pipeline, parameters), daemon=True).start()
        return pipeline

    def _cancel_older(self, newer: Pipeline) -> None:
        """What "Auto-cancel redundant workflows" does: a newer push to a branch ends its older pipelines.

        https://circleci.com/docs/guides/orchestrate/skip-build/
        """
        with self._change:
            branch = newer.source.branch
            older = [
                pipeline
                for pipeline in self.all.values()
                if pipeline.source.branch == branch
                and pipeline.number < newer.number
                and pipeline.status == "running"
            ]
            for pipeline in older:
                pipeline.superseded_by = newer.number
            records = [job for pipeline in older for workflow in pipeline.workflows for job in workflow.jobs]
            running = [record.run for record in records if record.run and record.status == "running"]
            self._change.notify_all()
        for run in running:
            run.cancel()

    def kill(self, number: int) -> int:
        """Let a running job die without a word; how many of its processes ended, 0 where none ran."""
        with self._change:
            runs = [record.run for record in self._records() if record.number == number and record.run]
        return sum(run.die() for run in runs)

    def stop(self) -> None:
        """Cancel what runs. Nothing is started afterwards."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
            running = [record.run for record in self._records() if record.run and record.status == "running"]
        for run in running:
            run.cancel()

    def _records(self) -> list[JobRecord]:
        return [
            job for pipeline in self.all.values() for workflow in pipeline.workflows for job in workflow.jobs
        ]

    def _run(self, pipeline: Pipeline, parameters: Mapping[str, Any]) -> None:
        try:
            text = self._configuration(pipeline.source)
            workflows = read(text, Trigger(self._values(pipeline), parameters))
        except (ConfigError, yaml.YAMLError, subprocess.CalledProcessError) as problem:
            detail = getattr(problem, "stderr", "") or str(problem)
            pipeline.error = f"the configuration cannot be run: {detail.strip()}"
            log.error("pipeline %d: %s", pipeline.number, pipeline.error)
            workflows = []
        pipeline.workflows = [self._record(workflow) for workflow in workflows]
        pipeline.loaded = True
        for workflow in pipeline.workflows:
            for record in workflow.jobs:
                threading.Thread(target=self._run_job, args=(pipeline, workflow, record), daemon=True).start()

    def _record(self, workflow: Workflow) -> WorkflowRecord:
        return WorkflowRecord(
            workflow.name, [JobRecord(job, next(self._job_numbers)) for job in workflow.jobs]
        )

    def _configuration(self, source: Source) -> str:
        """The configuration of that very commit."""
        mirror = self.project.directory / "mirror.git"
        with self._mirror_lock:
            if not mirror.exists():
                git("clone", "--quiet", "--mirror", source.clone_url, str(mirror))
            else:
                git("-C", str(mirror), "fetch", "--quiet", "--prune", "origin")
        return git("-C", str(mirror), "show", f"{source.commit}:.circleci/config.yml")

    def _values(self, pipeline: Pipeline) -> dict[str, Any]:
        return {
            "pipeline.project.slug": f"gh/{self.project.repository}",
            "pipeline.git.branch": pipeline.source.branch,
        }

    def _run_job(self, pipeline: Pipeline, workflow: WorkflowRecord, record: JobRecord) -> None:
        status = "failed"
        try:
            if record.job.definition in self.project.left_out:
                record.note = "left out in the sandbox"
                status = "success"
            elif self._groups.enter(pipeline.number, record):
                with self._slots:
                    ended = self._stopping or pipeline.superseded_by
                    status = "canceled" if ended else self._execute(pipeline, workflow, record)
            else:
                record.note = "a newer pipeline is in the same serial group"
                status = "skipped"
        except Exception:
            log.exception("pipeline %d, job %s", pipeline.number, record.job.name)
            record.note = "the stand-in itself failed; see its log"
        finally:
            with self._change:
                record.status, record.ended = status, time.time()
                self._groups.leave(record)
                self._change.notify_all()
        log.info("pipeline %d, job %s: %s %s", pipeline.number, record.job.name, status, record.note)

    def _execute(self, pipeline: Pipeline, workflow: WorkflowRecord, record: JobRecord) -> str:
        directory = self.project.directory / "jobs" / str(record.number)
        directory.mkdir(parents=True)
        record.started = time.time()
        record.status = "running"
        record.run = JobRun(
            record.job,
            directory=directory,
            source=pipeline.source,
            environment=job_environment(self.project, self.issuer, pipeline, workflow, record),
            caches=Caches(self.project.directory / "caches"),
        )
        succeeded = record.run.run()
        if self._stopping or pipeline.superseded_by:
            return "canceled"
        if succeeded:
            shutil.rmtree(directory / "home", ignore_errors=True)
        return "success" if succeeded else "failed"


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return done.stdout
