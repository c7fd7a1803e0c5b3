"""The repository as web pages: what there is, its pull requests and issues, and the buttons of a reviewer."""

import html
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from sandbox.github.hub import Hub
from sandbox.github.issues import Issue
from sandbox.github.markdown import as_html
from sandbox.github.organization import OWNER, STRANGER
from sandbox.github.pulls import Pull

# What may be done to a pull request, and what its button says; the reviews first.
ACTIONS: Final = {
    "comment": "Comment",
    "approve": "Approve",
    "request-changes": "Request changes",
    "merge": "Merge",
    "close": "Close",
    "reopen": "Reopen",
}
_OPEN: Final = ("comment", "approve", "request-changes", "merge", "close")
_CLOSED: Final = ("comment", "reopen")
_MERGED: Final = ("comment",)

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
nav{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;align-items:baseline;border-bottom:1px solid #d1d9e0}
nav{padding-bottom:.6rem}nav form{display:inline;margin:0 0 0 .5rem}nav .who{margin-left:auto}
textarea{box-sizing:border-box;width:100%;font:inherit;min-height:4rem}
button{font:inherit;padding:.25rem .9rem;border:1px solid #d1d9e0;border-radius:.4rem;background:#f6f8fa}
button.approve{background:#1a7f37;border-color:#1a7f37;color:#fff}
button{cursor:pointer;margin:.5rem .4rem .5rem 0}
label.user{display:block;padding:.3rem 0}
code{background:#eff1f3;border-radius:.25rem;padding:.05rem .3rem}.add{color:#1a7f37}.del{color:#cf222e}
"""


def is_page(path: str, hub: Hub) -> bool:
    """Whether a GET of this path is for a browser."""
    site = f"/{hub.shapes.full_name}"
    lists = ("/", "/login", site, f"{site}/pulls", f"{site}/issues")
    return path in lists or re.fullmatch(f"{site}/(pull|issues)/\\d+", path) is not None


def answer(hub: Hub, path: str, query: Mapping[str, str], login: str = "") -> tuple[int, str]:
    """The status and the page, for a user who is signed in, or for nobody."""
    site = f"/{hub.shapes.full_name}"
    if path in ("/", site):
        return 200, _document(hub, login, hub.shapes.full_name, _index(hub))
    if path == "/login":
        return 200, _document(hub, login, "Sign in", _sign_in(hub, query.get("return_to", "/")))
    if path == f"{site}/pulls":
        return 200, _document(hub, login, "Pull requests", overview(hub, query.get("q", "")))
    kind, number = path.removeprefix(f"{site}/").partition("/")[::2]
    if kind == "issues":
        return _issues(hub, login, number)
    pull = hub.pulls.get(int(number))
    if pull is None:
        return 404, refusal(hub, login, f"There is no pull request {number}.")
    return 200, _document(hub, login, f"{pull.title} #{number}", page(hub, pull, login))


def refusal(hub: Hub, login: str, words: str) -> str:
    """A page that says why something was not done, or is not there."""
    return _document(hub, login, "Not possible", f"<h1>Not possible</h1><p>{html.escape(words)}</p>")


def users(hub: Hub) -> dict[str, str]:
    """Whom one can sign in as, and what each of them may do."""
    found = {}
    for slug, team in hub.organization.teams.items():
        for login in sorted(team.members):
            administers = (
                ", administers the repository" if hub.organization.permission(login) == "admin" else ""
            )
            found[login] = f"of @{hub.shapes.owner}/{slug}, code owners{administers}"
    found["developer"] = "may push, and owns no code"
    found[STRANGER] = "may read"
    return found


def _index(hub: Hub) -> str:
    """What there is, and where."""
    site = f"/{hub.shapes.full_name}"
    open_ones = sum(pull.state == "open" for pull in hub.pulls.values())
    issues = sum(issue.state == "open" for issue in hub.issues.values())
    rows = [
        (f"<a href='{site}/pulls?q=is:open'>Pull requests</a>", f"{open_ones} open, {len(hub.pulls)} in all"),
        (f"<a href='{site}/issues'>Issues</a>", f"{issues} open, {len(hub.issues)} in all"),
        ("Clone", f"<code>git clone {html.escape(hub.shapes.url)}{site}.git</code>"),
    ]
    table = "".join(f"<tr><td>{name}</td><td>{text}</td></tr>" for name, text in rows)
    about = (
        "The sandbox's GitHub: one repository. RDS Provisioner opens a pull request for each request; "
        "sign in as a code owner to review one."
    )
    return f"<h1>{html.escape(hub.shapes.full_name)}</h1><p>{about}</p><table>{table}</table>"


def _sign_in(hub: Hub, back: str) -> str:
    choices = "".join(
        f"<label class=user><input type=radio name=login value='{html.escape(login)}'"
        f"{' checked' if login == OWNER else ''}> <strong>{html.escape(login)}</strong> "
        f"{html.escape(text)}</label>"
        for login, text in users(hub).items()
    )
    return (
        "<h1>Sign in</h1><p>There are no passwords here: choose who you are.</p>"
        f"<form method=post action='/login'><input type=hidden name=return_to value='{html.escape(back)}'>"
        f"{choices}<button class=approve>Sign in</button></form>"
    )


def overview(hub: Hub, wanted: str) -> str:
    """Pull requests, the newest first; `wanted` is GitHub's own search, as far as it is known here.

    `head:BRANCH`, `is:open` and `is:closed` are.
    """
    terms = wanted.split()
    branches = [term.removeprefix("head:") for term in terms if term.startswith("head:")]
    states = [term.removeprefix("is:") for term in terms if term in ("is:open", "is:closed")]
    found = [
        pull
        for pull in sorted(hub.pulls.values(), key=lambda pull: -pull.number)
        if pull.branch in (branches or [pull.branch]) and pull.state in (states or [pull.state])
    ]
    rows = "".join(
        f"<tr><td><a href='/{hub.shapes.full_name}/pull/{pull.number}'>#{pull.number}</a></td>"
        f"<td>{html.escape(pull.title)} {_labels(pull)}</td><td>{_state(pull)}</td>"
        f"<td>{html.escape(pull.login)}</td><td>{pull.created_at}</td></tr>"
        for pull in found
    )
    text = f"<table>{rows}</table>" if rows else "<p>There is none.</p>"
    site = f"/{hub.shapes.full_name}/pulls"
    ways = " · ".join(
        f"<a href='{site}{f'?q={quote(query)}' if query else ''}'>{name}</a>"
        for name, query in (("Open", "is:open"), ("Closed", "is:closed"), ("All", ""))
    )
    return f"<h1>Pull requests</h1><p>{ways}</p>{text}"


def page(hub: Hub, pull: Pull, login: str = "") -> str:
    """One pull request: what it says, what was said on it, what it changes, and what may be done."""
    parts = [
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
    return "".join([*parts, _buttons(hub, pull, login)])


def _buttons(hub: Hub, pull: Pull, login: str) -> str:
    """What whoever is signed in may do with a pull request."""
    site = f"/{hub.shapes.full_name}/pull/{pull.number}"
    if not login:
        return f"<p><a href='/login?return_to={quote(site)}'>Sign in</a> to review it.</p>"
    actions = _OPEN if pull.state == "open" else _MERGED if pull.merged else _CLOSED
    shown = "".join(
        f"<button class={name} formaction='{site}/{name}'>{ACTIONS[name]}</button>" for name in actions
    )
    field = "<textarea name=comment aria-label='Comment' placeholder='Comment'></textarea>"
    return f"<form method=post action='{site}/comment'>{field}{shown}</form>"


def _issues(hub: Hub, login: str, number: str) -> tuple[int, str]:
    """All issues, or one."""
    if not number:
        rows = "".join(
            f"<tr><td><a href='/{hub.shapes.full_name}/issues/{issue.number}'>#{issue.number}</a></td>"
            f"<td>{html.escape(issue.title)} {_labels(issue)}</td><td>{html.escape(issue.state)}</td></tr>"
            for issue in sorted(hub.issues.values(), key=lambda each: -each.number)
        )
        text = f"<table>{rows}</table>" if rows else "<p>There is none.</p>"
        return 200, _document(hub, login, "Issues", f"<h1>Issues</h1>{text}")
    issue = hub.issues.get(int(number))
    if issue is None:
        return 404, refusal(hub, login, f"There is no issue {number}.")
    head = f"<h1>{html.escape(issue.title)} <span class=number>#{number}</span></h1>"
    state = f"<p>{html.escape(issue.state)} {_labels(issue)}</p>"
    text = _box(issue.login, issue.created_at, as_html(issue.body))
    return 200, _document(hub, login, issue.title, head + state + text)


def _document(hub: Hub, login: str, title: str, body: str) -> str:
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
    site = f"/{hub.shapes.full_name}"
    who = "<a href='/login'>Sign in</a>"
    if login:
        out = "<form method=post action='/logout'><button>Sign out</button></form>"
        who = f"{html.escape(login)}{out}"
    links = (
        f"<a href='/'>{html.escape(hub.shapes.full_name)}</a><a href='{site}/pulls'>Pull requests</a>"
        f"<a href='{site}/issues'>Issues</a><span class=who>{who}</span>"
    )
    name = html.escape(f"{title} · {hub.shapes.full_name}")
    return f"<!doctype html><html lang=en>{head}<title>{name}</title><nav>{links}</nav>{body}</html>"


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
