"""The pages a person opens from CIRCLE_BUILD_URL: pipelines, their jobs, each step's output."""

import time
from html import escape
from typing import Any

from sandbox.circleci.runs import JobRecord, Pipeline

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; color: #222 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .8rem .3rem 0 }
tr { border-bottom: 1px solid #ddd }
pre { background: #f6f6f4; padding: .8rem; overflow-x: auto; font-size: 13px }
.success { color: #1a6b32 } .failed, .canceled { color: #a4231c } a { color: #1a4f8b }
summary { cursor: pointer; padding: .3rem 0 }
"""


def overview(pipelines: list[Pipeline]) -> str:
    rows = "".join(
        f'<tr><td><a href="/pipelines/{each.number}">#{each.number}</a></td>'
        f"<td>{escape(each.source.branch)}</td>"
        f"<td><code>{each.source.commit[:8]}</code></td><td>{clock(each.created)}</td>{cell(each.status)}</tr>"
        for each in reversed(pipelines)
    )
    head = "<tr><th>Pipeline</th><th>Branch</th><th>Commit</th><th>Started (UTC)</th><th>Status</th></tr>"
    return document("Pipelines", f"<table>{head}{rows}</table>")


def pipeline(one: Pipeline) -> str:
    rows = "".join(
        f'<tr><td>{escape(workflow.name)}</td><td><a href="/pipelines/{one.number}/jobs/{record.number}">'
        f"{escape(record.job.name)}</a></td>{cell(record.status)}<td>{escape(record.note)}</td></tr>"
        for workflow in one.workflows
        for record in workflow.jobs
    )
    head = "<tr><th>Workflow</th><th>Job</th><th>Status</th><th></th></tr>"
    error = f"<pre>{escape(one.error)}</pre>" if one.error else ""
    about = f"<p>{escape(one.source.branch)} at <code>{one.source.commit}</code></p>"
    return document(f"Pipeline #{one.number}", f"{about}{error}<table>{head}{rows}</table>")


def job(one: Pipeline, record: JobRecord) -> str:
    steps = "".join(
        f"<details{'' if step.status == 'success' else ' open'}><summary>"
        f'<span class="{step.status}">{step.status}</span> {escape(step.name)} '
        f"({lasted(step.started, step.ended)})"
        f"</summary><pre>{escape(step.log.read_text(errors='replace'))}</pre></details>"
        for step in (record.run.steps if record.run else [])
    )
    about = f'<p><a href="/pipelines/{one.number}">Pipeline #{one.number}</a>, {escape(one.source.branch)}, '
    state = f'<span class="{record.status}">{record.status}</span> {escape(record.note)}</p>'
    return document(record.job.name, about + state + steps)


def as_json(one: Pipeline, page: str) -> dict[str, Any]:
    """The same for programs: statuses and times, and the end of the output of a step that failed."""
    return {
        "number": one.number,
        "url": page,
        "branch": one.source.branch,
        "commit": one.source.commit,
        "status": one.status,
        "error": one.error,
        "created": one.created,
        "jobs": [
            {
                "name": record.job.name,
                "workflow": workflow.name,
                "number": record.number,
                "status": record.status,
                "note": record.note,
                "started": record.started,
                "ended": record.ended,
                "steps": [
                    {
                        "name": step.name,
                        "status": step.status,
                        "started": step.started,
                        "ended": step.ended,
                        "output": step.log.read_text(errors="replace")[-2000:]
                        if step.status == "failed"
                        else "",
                    }
                    for step in (record.run.steps if record.run else [])
                ],
            }
            for workflow in one.workflows
            for record in workflow.jobs
        ],
    }


def document(title: str, body: str) -> str:
    refresh = '<meta http-equiv="refresh" content="5">' if "running" in body else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>{refresh}'
        f'<style>{STYLE}</style><p><a href="/">Pipelines</a></p><h1>{escape(title)}</h1>{body}</html>'
    )


def cell(status: str) -> str:
    return f'<td class="{status}">{status}</td>'


def clock(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(moment))


def lasted(started: float, ended: float | None) -> str:
    return f"{(ended or time.time()) - started:.1f} s"
