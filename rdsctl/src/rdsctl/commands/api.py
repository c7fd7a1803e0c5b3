"""`rdsctl api`: any call, by hand."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.session import Session
from rdsctl.suggestions import OneOf


@make(name="api", short_help="Call the API by hand.")
@click.argument("method", type=OneOf(["GET", "POST", "PATCH", "DELETE"]))
@click.argument("path")
@click.option("-d", "--data", metavar="@FILE|JSON", help="The body: JSON, @FILE, or @- for stdin.")
@click.option("-Q", "--query", multiple=True, metavar="K=V", help="A query parameter; repeatable.")
@click.option("--all-pages", is_flag=True, help="Every page of a list, as one.")
def command(
    session: Session, method: str, path: str, data: str | None, query: tuple[str, ...], all_pages: bool
) -> None:
    """Call the API with the profile's key; the answer is JSON."""
    given = dict(_pair(item) for item in query)
    path = f"/{path.lstrip('/')}"
    if all_pages:
        name = path.strip("/")
        document: Any = {name: list(session.api.items(path, name, **given))}
    else:
        document = session.api.call(method.upper(), path, _body(data), query=given).document
    if session.for_people:
        session.line(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        session.show(document, lambda _: "")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Failure(f"--query {text!r} has no value: write NAME=VALUE.", Exit.USAGE)
    return name, value


def _body(data: str | None) -> Any:
    if data is None:
        return None
    try:
        text = data
        if data.startswith("@"):
            text = sys.stdin.read() if data == "@-" else Path(data[1:]).read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, ValueError) as error:
        raise Failure(f"--data {data[:40]} cannot be read as JSON: {error}.", Exit.USAGE) from error
