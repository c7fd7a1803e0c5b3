"""A pull request as a web page, so that its link opens something to read."""

import html

from sandbox.github.markdown import as_html
from sandbox.github.pulls import Pull
from sandbox.github.repository import Repository

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
body{color:#1f2328;background:#fff}
h1{font-weight:500;margin-bottom:.2rem}
.state{display:inline-block;padding:.15rem .7rem;border-radius:1rem;color:#fff}
.open{background:#1a7f37}.merged{background:#8250df}.closed{background:#cf222e}
.box{border:1px solid #d1d9e0;border-radius:.4rem;margin:1rem 0;overflow:auto}
.box>header{background:#f6f8fa;padding:.4rem .8rem;border-bottom:1px solid #d1d9e0;font-size:13px}
.box>div{padding:.2rem .9rem}
pre{background:#f6f8fa;padding:.7rem;border-radius:.3rem;overflow:auto;font-size:13px}
table{border-collapse:collapse;margin:.6rem 0}
td,th{border:1px solid #d1d9e0;padding:.25rem .7rem;text-align:left}
code{background:#eff1f3;border-radius:.25rem;padding:.05rem .3rem}.add{color:#1a7f37}.del{color:#cf222e}
"""


def page(pull: Pull, repository: Repository, full_name: str) -> str:
    """The whole page."""
    state = "merged" if pull.merged else pull.state
    parts = [
        f"<h1>{html.escape(pull.title)} <span style='color:#59636e'>#{pull.number}</span></h1>",
        f"<p><span class='state {state}'>{state}</span> {html.escape(pull.login)} wants to merge "
        f"<code>{html.escape(pull.branch)}</code> into <code>{html.escape(pull.base)}</code></p>",
        _box(pull.login, pull.created_at, as_html(pull.body)),
    ]
    talk = [(one.created_at, _box(one.login, one.created_at, as_html(one.body))) for one in pull.comments]
    talk += [
        (one.submitted_at, _box(one.login, one.submitted_at, f"<p>{html.escape(one.state.lower())}</p>"))
        for one in pull.reviews
    ]
    parts += [text for _, text in sorted(talk, key=lambda one: one[0])]
    for one in repository.files(pull.base_sha, pull.head_sha):
        parts.append(_diff(str(one["filename"]), str(one["patch"])))
    title = html.escape(f"{pull.title} · {full_name}")
    return f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>{''.join(parts)}"


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
