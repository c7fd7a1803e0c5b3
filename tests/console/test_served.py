"""What the console's function answers, with and without a stage in the path."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest
from provisioner.handlers import console

CONSOLE = Path(__file__).parents[2] / "console"


def get(path: str, **headers: str) -> dict[str, Any]:
    """An answer of the function; `path` as API Gateway hands it over, without the stage."""
    rest = path.removeprefix("/console").removeprefix("/")
    parameters = {"proxy": rest} if rest else None
    return console.handler({"path": path, "pathParameters": parameters, "headers": headers}, None)


def test_the_page_is_at_the_address_with_a_slash_and_the_one_without_leads_there() -> None:
    page = get("/console/")
    assert page["statusCode"] == 200
    assert page["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert page["body"] == (CONSOLE / "index.html").read_text()
    for path, where in (("/console", "console/"), ("/console/index.html", "./")):
        answer = get(path)
        # Relative, so that a stage in the browser's path stays there.
        assert (answer["statusCode"], answer["headers"]["Location"]) == (308, where)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("app.js", "text/javascript; charset=utf-8"),
        ("console.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("pages/databases.js", "text/javascript; charset=utf-8"),
        ("vendor/lit-html.js", "text/javascript; charset=utf-8"),
    ],
)
def test_a_file_is_answered_with_its_type_and_not_guessed_at(name: str, kind: str) -> None:
    answer = get(f"/console/{name}")
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, kind)
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
    assert answer["body"] == (CONSOLE / name).read_text()


@pytest.mark.parametrize(
    "name",
    [
        "../provisioner/settings.py",
        "types.d.ts",
        "vendor/lit-html.LICENSE",
        "nothing.js",
        "pages",
        "%2e%2e/x",
    ],
)
def test_nothing_else_is_answered(name: str) -> None:
    answer = get(f"/console/{name}")
    assert (answer["statusCode"], answer["body"]) == (404, "The console has no such file.\n")


def test_a_browser_that_has_a_file_gets_304_until_it_changes(tmp_path: Path) -> None:
    etag = get("/console/app.js")["headers"]["ETag"]
    for sent in (etag, f'W/"other", {etag}'):
        answer = get("/console/app.js", **{"If-None-Match": sent})
        assert (answer["statusCode"], answer["body"], answer["headers"]["ETag"]) == (304, "", etag)
    assert get("/console/app.js", **{"If-None-Match": 'W/"other"'})["statusCode"] == 200
    (tmp_path / "app.js").write_text("changed")
    assert console.read(tmp_path)["app.js"].etag != etag


def test_each_answer_says_that_scripts_and_styles_come_from_here_alone() -> None:
    for path in ("/console/", "/console/app.js", "/console", "/console/nothing"):
        headers = get(path)["headers"]
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy == {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self'",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
            "require-trusted-types-for": "'script'",
            "trusted-types": "lit-html",
        }
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-cache"


def test_the_first_page_is_under_30_kilobytes_compressed() -> None:
    first = ["index.html", "console.css", "app.js", "api.js", "parts.js", "format.js", "live.js", "words.js"]
    first += ["vendor/lit-html.js", "pages/databases.js", "icon.svg"]
    assert sum(len(gzip.compress((CONSOLE / name).read_bytes())) for name in first) < 30_000


def test_the_rendering_library_is_the_one_that_was_looked_at() -> None:
    """lit-html 3.3.3, as the npm registry has it: https://www.npmjs.com/package/lit-html/v/3.3.3."""
    digest = hashlib.sha256((CONSOLE / "vendor" / "lit-html.js").read_bytes()).hexdigest()
    assert digest == "b878e7f95dec8a9b6e9b217faca6b6a11bad82ebc44c0caa77419ed83edd81f2"
    assert "BSD 3-Clause License" in (CONSOLE / "vendor" / "lit-html.LICENSE").read_text()


def test_no_address_and_no_file_of_another_origin_stands_in_the_pages() -> None:
    for path in (*CONSOLE.rglob("*.js"), *CONSOLE.rglob("*.css"), *CONSOLE.rglob("*.html")):
        if path.parent.name == "vendor":
            continue
        text = path.read_text()
        assert 'style="' not in text, f"{path}: the policy refuses inline styles; write .style=${{…}}"
        assert "innerHTML" not in text
