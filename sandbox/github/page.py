"""Pull requests as web pages, so that a link to one opens something to read."""

import html
import re
from collections.abc import Mapping

from sandbox.github.hub import Hub
from sandbox.github.issues import Issue
from sandbox.github.markdown import as_html
from sandbox.github.pulls import Pull

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
body{color:#1f2328;background:#fff}
h1{font-weight:500;margin-bottom:.2rem}.number{color:#59636e}
.state{display:inline-block;padding:.15rem .7rem;border-radius:1rem;color:#fff}
.open{background:#1a7f37}.merged{background:#8250df}.closed{background:#cf222e}
.box{border:1px solid #d1d9e0;border-radius:.4rem;margin:1rem 0;overflow:auto}
.box>header{background:#f6f8fa;padding:.4rem .8rem;border-bottom:1px solid #d1d9e0;font-size:13px}
.box>div{padding:.2rem .9rem}
pre{background:#f6f8fa;padding:.7rem;border-radius:.3rem;overflow:auto;font-size:13px}
table{border-collapse:collapse;margin:.6rem 0}
td,th{border:1px solid #d1d9e0;padding:.25rem .7rem;text-align:left;overflow-wrap:anywhere}
th:empty{display:none}
.label{border:1px solid #d1d9e0;border-radius:1rem;padding:.05rem .5rem;font-size:12px;background:#ddf4ff}
code{background:#eff1f3;border-radius:.25rem;padding:.05rem .3rem}.add{color:#1a7f37}.del{color:#cf222e}
"""


def is_page(path: str, hub: Hub) -> bool:
    """Whether a GET of this path is for a browser."""
    site = f"/{hub.shapes.full_name}"
    lists = ("/", site, f"{site}/pulls", f"{site}/issues")
    return path in lists or re.fullmatch(f"{site}/(pull|issues)/\\d+", path) is not None


def answer(hub: Hub, path: str, query: Mapping[str, str]) -> tuple[int, str]:
    """The status and the page: all pull requests, or one."""
    if "/issues" in path:
        return _issues(hub, path.rpartition("/issues")[2].strip("/"))
    number = path.rpartition("/pull/")[2]
    if not number.isdigit():
        return 200, overview(hub, query.get("q", ""))
    pull = hub.pulls.get(int(number))
    return (200, page(hub, pull)) if pull else (404, f"There is no pull request {number}.")


def overview(hub: Hub, wanted: str) -> str:
    """Pull requests, the newest first; `wanted` is GitHub's own search, of which `head:` is known."""
    branches = [word.removeprefix("head:") for word in wanted.split() if word.startswith("head:")]
    rows = "".join(
        f"<tr><td><a href='/{hub.shapes.full_name}/pull/{pull.number}'>#{pull.number}</a></td>"
        f"<td>{html.escape(pull.title)} {_labels(pull)}</td><td>{_state(pull)}</td>"
        f"<td>{html.escape(pull.login)}</td><td>{pull.created_at}</td></tr>"
        for pull in sorted(hub.pulls.values(), key=lambda pull: -pull.number)
        if pull.branch in (branches or [pull.branch])
    )
    text = f"<table>{rows}</table>" if rows else "<p>There is none.</p>"
    return _document(f"Pull requests · {hub.shapes.full_name}", f"<h1>Pull requests</h1>{text}")


def page(hub: Hub, pull: Pull) -> str:
    """One pull request: what it says, what was said on it, what it changes."""
    parts = [
        f"<p><a href='/{hub.shapes.full_name}/pulls'>Pull requests</a></p>",
        f"<h1>{html.escape(pull.title)} <span class=number>#{pull.number}</span></h1>",
        f"<p>{_state(pull)} {html.escape(pull.login)} wants to merge "
        f"<code>{html.escape(pull.branch)}</code> into <code>{html.escape(pull.base)}</code></p>",
        f"<p>{_labels(pull)}{_asked(hub, pull)}</p>",
        _box(pull.login, pull.created_at, as_html(pull.body)),
    ]
    talk = [
        (comment.created_at, _box(comment.login, comment.created_at, as_html(comment.body)))
        for comment in pull.comments
    ]
    talk += [
        (review.submitted_at, _box(review.login, review.submitted_at, f"<p>{review.state.lower()}</p>"))
        for review in pull.reviews
    ]
    parts += [text for _, text in sorted(talk, key=lambda each: each[0])]
    for file in hub.repository.files(pull.base_sha, pull.head_sha):
        parts.append(_diff(str(file["filename"]), str(file["patch"])))
    return _document(f"{pull.title} · {hub.shapes.full_name}", "".join(parts))


def _issues(hub: Hub, number: str) -> tuple[int, str]:
    """All issues, or one."""
    if not number:
        rows = "".join(
            f"<tr><td><a href='/{hub.shapes.full_name}/issues/{issue.number}'>#{issue.number}</a></td>"
            f"<td>{html.escape(issue.title)} {_labels(issue)}</td><td>{html.escape(issue.state)}</td></tr>"
            for issue in sorted(hub.issues.values(), key=lambda each: -each.number)
        )
        text = f"<table>{rows}</table>" if rows else "<p>There is none.</p>"
        return 200, _document(f"Issues · {hub.shapes.full_name}", f"<h1>Issues</h1>{text}")
    issue = hub.issues.get(int(number))
    if issue is None:
        return 404, f"There is no issue {number}."
    head = f"<h1>{html.escape(issue.title)} <span class=number>#{number}</span></h1>"
    state = f"<p>{html.escape(issue.state)} {_labels(issue)}</p>"
    text = _box(issue.login, issue.created_at, as_html(issue.body))
    return 200, _document(f"{issue.title} · {hub.shapes.full_name}", head + state + text)


def _document(title: str, body: str) -> str:
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
    return f"<!doctype html>{head}<title>{html.escape(title)}</title>{body}"


def _state(pull: Pull) -> str:
    state = "merged" if pull.merged else pull.state
    return f"<span class='state {state}'>{state}</span>"


def _labels(labelled: Pull | Issue) -> str:
    return " ".join(f"<span class=label>{html.escape(name)}</span>" for name in labelled.labels)


def _asked(hub: Hub, pull: Pull) -> str:
    """Whose review was asked for."""
    names = [*pull.reviewers, *(f"{hub.shapes.owner}/{slug}" for slug in pull.teams)]
    return f" Reviewers: {html.escape(', '.join(names))}" if names else ""


def _box(login: str, at: str, inside: str) -> str:
    header = f"<header><strong>{html.escape(login)}</strong> {at}</header>"
    return f"<section class=box>{header}<div>{inside}</div></section>"


def _diff(name: str, patch: str) -> str:
    shown = []
    for line in patch.splitlines():
        kind = {"+": "add", "-": "del"}.get(line[:1], "")
        shown.append(f"<span class={kind or 'ctx'}>{html.escape(line)}</span>")
    return (
        f"<section class=box><header>{html.escape(name)}</header><pre>{chr(10).join(shown)}</pre></section>"
    )
