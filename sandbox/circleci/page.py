"""The pages behind CIRCLE_BUILD_URL: pipelines, their jobs, each step's output."""

import time
from html import escape
from typing import Any
from urllib.parse import quote

from sandbox.circleci.runs import JobRecord, Pipeline

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
body { color: #222 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .8rem .3rem 0 }
tr { border-bottom: 1px solid #ddd }
pre { background: #f6f6f4; padding: .8rem; overflow-x: auto; font-size: 13px }
.success { color: #1a6b32 } .failed { color: #a4231c } .canceled, .skipped { color: #777 }
a { color: #1a4f8b }
summary { cursor: pointer; padding: .3rem 0 }
"""


def overview(pipelines: list[Pipeline]) -> str:
    rows = "".join(
        f'<tr><td><a href="/pipelines/{each.number}">#{each.number}</a></td>'
        f"<td>{escape(each.subject)}</td><td>{branch(each)}</td>"
        f"<td><code>{each.source.commit[:8]}</code></td><td>{clock(each.created)}</td>"
        f'<td class="{each.status}">{state(each)}</td></tr>'
        for each in reversed(pipelines)
    )
    titles = ("Pipeline", "Commit", "Branch", "", "Started (UTC)", "Status")
    head = "".join(f"<th>{title}</th>" for title in titles)
    return document("Pipelines", f"<table><tr>{head}</tr>{rows}</table>")


def pipeline(shown: Pipeline) -> str:
    rows = "".join(
        f'<tr><td>{escape(workflow.name)}</td><td><a href="/pipelines/{shown.number}/jobs/{record.number}">'
        f'{escape(record.job.name)}</a></td><td class="{record.status}">{record.status}</td>'
        f"<td>{escape(record.note)}</td></tr>"
        for workflow in shown.workflows
        for record in workflow.jobs
    )
    head = "<tr><th>Workflow</th><th>Job</th><th>Status</th><th></th></tr>"
    error = f"<pre>{escape(shown.error)}</pre>" if shown.error else ""
    about = f"<p>{escape(shown.subject)}</p><p>{branch(shown)} at <code>{shown.source.commit}</code></p>"
    outcome = f'<p class="{shown.status}">{state(shown)}</p>'
    return document(f"Pipeline #{shown.number}", f"{about}{outcome}{error}<table>{head}{rows}</table>")


def job(shown: Pipeline, record: JobRecord) -> str:
    steps = "".join(
        f"<details{'' if step.status == 'success' else ' open'}><summary>"
        f'<span class="{step.status}">{step.status}</span> {escape(step.name)} '
        f"({lasted(step.started, step.ended)})"
        f"</summary><pre>{escape(step.log.read_text(errors='replace'))}</pre></details>"
        for step in (record.run.steps if record.run else [])
    )
    about = f'<p><a href="/pipelines/{shown.number}">Pipeline #{shown.number}</a>, {branch(shown)}, '
    outcome = f'<span class="{record.status}">{record.status}</span> {escape(record.note)}</p>'
    return document(record.job.name, about + outcome + steps)


def branch(shown: Pipeline) -> str:
    """The branch, with a link to its pull request on GitHub."""
    name, site = shown.source.branch, shown.source.clone_url.removesuffix(".git")
    if not site.startswith("http"):
        return escape(name)
    return f'<a href="{escape(site)}/pulls?q={quote(f"head:{name}")}">{escape(name)}</a>'


def state(shown: Pipeline) -> str:
    if shown.status != "canceled":
        return shown.status
    newer = shown.superseded_by
    return f'canceled by a newer push, <a href="/pipelines/{newer}">#{newer}</a>'


def as_json(shown: Pipeline, page: str) -> dict[str, Any]:
    """The same for programs: statuses and times, and the end of the output of a step that failed."""
    return {
        "number": shown.number,
        "url": page,
        "branch": shown.source.branch,
        "commit": shown.source.commit,
        "status": shown.status,
        "error": shown.error,
        "created": shown.created,
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
            for workflow in shown.workflows
            for record in workflow.jobs
        ],
    }


def document(title: str, body: str) -> str:
    refresh = '<meta http-equiv="refresh" content="5">' if "running" in body else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>{refresh}'
        f'<style>{STYLE}</style><p><a href="/">Pipelines</a></p><h1>{escape(title)}</h1>{body}</html>'
    )


def clock(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(moment))


def lasted(started: float, ended: float | None) -> str:
    return f"{(ended or time.time()) - started:.1f} s"
