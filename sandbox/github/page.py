"""A pull request as a web page, so that its link opens something to read."""

import html
import re

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
        _box(pull.login, pull.created_at, markdown(pull.body)),
    ]
    talk = [(one.created_at, _box(one.login, one.created_at, markdown(one.body))) for one in pull.comments]
    talk += [
        (one.submitted_at, _box(one.login, one.submitted_at, f"<p>{html.escape(one.state.lower())}</p>"))
        for one in pull.reviews
    ]
    parts += [text for _, text in sorted(talk, key=lambda one: one[0])]
    for one in repository.files(pull.base_sha, pull.head_sha):
        parts.append(_diff(str(one["filename"]), str(one["patch"])))
    title = html.escape(f"{pull.title} · {full_name}")
    return f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>{''.join(parts)}"


def markdown(text: str) -> str:
    """The little Markdown that the provisioner writes: headings, tables, fences, code, bold, links, lists."""
    out: list[str] = []
    lines = iter(re.sub(r"<!--.*?-->\n?", "", text).split("\n"))
    rows: list[str] = []
    for line in lines:
        if rows and not line.startswith("|"):
            out.append(_table(rows))
            rows = []
        fence = re.match(r"(`{3,})", line)
        if fence:
            code = []
            for inside in lines:
                if inside.strip() == fence[1]:
                    break
                code.append(inside)
            out.append(f"<pre>{html.escape(chr(10).join(code))}</pre>")
        elif line.startswith("|"):
            rows.append(line)
        elif heading := re.match(r"(#{2,4}) (.*)", line):
            out.append(f"<h{len(heading[1])}>{_inline(heading[2])}</h{len(heading[1])}>")
        elif line.startswith(("<details>", "</details>")):
            out.append(line)
        elif line.strip():
            out.append(f"<p>{_inline(line)}</p>")
    if rows:
        out.append(_table(rows))
    return "\n".join(out)


def _table(rows: list[str]) -> str:
    cells = [[one.strip() for one in re.split(r"(?<!\\)\|", row.strip().strip("|"))] for row in rows]
    body = [row for row in cells if not all(re.fullmatch(r"-+", one) for one in row)]
    shown = [f"<tr>{''.join(f'<td>{_inline(one)}</td>' for one in row)}</tr>" for row in body]
    return f"<table>{''.join(shown)}</table>"


def _inline(text: str) -> str:
    escaped = html.escape(text, quote=False)
    escaped = re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)
    escaped = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", escaped)
    return re.sub(r"\[([^\]]+)\]\((https?://[^)\s]+)\)", r'<a href="\2">\1</a>', escaped)


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
