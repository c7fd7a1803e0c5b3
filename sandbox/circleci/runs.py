"""What is known of a pipeline, its workflows and its jobs while they run and afterwards."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.circleci.config import Job
from sandbox.circleci.job import JobRun, Source

ENDED = {"success", "failed", "canceled", "skipped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What CircleCI knows about the project apart from its configuration."""

    repository: str
    default_branch: str
    variables: Mapping[str, str]
    left_out: frozenset[str]
    directory: Path
    url: str
    concurrency: int = 64  # jobs at once: twelve merges in one second start three each

    def page(self, pipeline: "Pipeline", record: "JobRecord | None" = None) -> str:
        """The address of a pipeline's page, or of one of its jobs."""
        base = f"{self.url}/pipelines/{pipeline.number}"
        return f"{base}/jobs/{record.number}" if record else base


@dataclass(slots=True)
class JobRecord:
    job: Job
    number: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "queued"
    started: float | None = None
    ended: float | None = None
    run: JobRun | None = None
    note: str = ""


@dataclass(slots=True)
class WorkflowRecord:
    name: str
    jobs: list[JobRecord]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(slots=True)
class Pipeline:
    number: int
    source: Source
    subject: str = ""  # the first line of the commit's message
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: float = field(default_factory=time.time)
    workflows: list[WorkflowRecord] = field(default_factory=list)
    error: str = ""
    loaded: bool = False
    superseded_by: int | None = None  # the pipeline of a newer push to the same branch, which cancelled it

    @property
    def status(self) -> str:
        """One word for the whole pipeline: failed as soon as any job failed."""
        statuses = {record.status for workflow in self.workflows for record in workflow.jobs}
        if self.error or "failed" in statuses:
            return "failed"
        if not self.loaded or not statuses <= ENDED:
            return "running"
        return "success" if self.superseded_by is None else "canceled"
