"""Jobs of one serial group run one at a time, and a newer pipeline's overtakes those that wait.

The project's configuration uses none since version 0.2; an earlier release, which is upgraded here, does.
https://circleci.com/docs/guides/orchestrate/controlling-serial-execution-across-your-organization/
"""

import threading
from collections.abc import Callable

from sandbox.circleci.runs import JobRecord


class SerialGroups:
    """The groups of all pipelines; `change` is notified whenever a job ends."""

    def __init__(self, change: threading.Condition, stopping: Callable[[], bool]) -> None:
        self._change = change
        self._stopping = stopping
        self._groups: dict[str, list[tuple[int, JobRecord]]] = {}

    def enter(self, pipeline: int, record: JobRecord) -> bool:
        """Wait for the job's turn; False where a newer pipeline waits or runs there, or all ends."""
        if record.job.serial_group is None:
            return True
        with self._change:
            group = self._groups.setdefault(record.job.serial_group, [])
            group.append((pipeline, record))
            while not self._stopping() and all(number <= pipeline for number, _ in group):
                if not any(other.status == "running" for _, other in group):
                    record.status = "running"
                    return True
                self._change.wait(5)
            return False

    def leave(self, record: JobRecord) -> None:
        """The job has ended, or was overtaken."""
        group = self._groups.get(record.job.serial_group or "", [])
        group[:] = [entry for entry in group if entry[1] is not record]
