"""Lists of no, one and a thousand rows, as wide as they are asked for, from an API that may be slow."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rdsctl.table import draw

from bench.rdsctl_start import DATABASE
from rdsctl import words
from tests.arrows import PROJECT
from tests.core.examples import NOW

COUNTS = (0, 1, 1_000)


def database(number: int) -> dict[str, Any]:
    return DATABASE | {"database_name": f"orders-{number}", "idle_since": None, "owner": "alpha"}


class Api(BaseHTTPRequestHandler):
    """Pages of 100 databases; `count` of them in all, each page after `seconds`."""

    protocol_version = "HTTP/1.1"
    count, seconds = 0, 0.0

    def do_GET(self) -> None:
        begin = int(parse_qs(urlsplit(self.path).query).get("page_token", ["0"])[0])
        end = min(begin + 100, self.count)
        time.sleep(self.seconds)
        page = {
            "databases": [database(number) for number in range(begin, end)],
            "next_page_token": str(end) if end < self.count else None,
            "team": "alpha",  # what /whoami says
        }
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Nothing reads it."""


@pytest.fixture
def api() -> Iterator[tuple[type[Api], str]]:
    handler = type("Of", (Api,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield handler, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def ls(url: str, home: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(PROJECT / "rdsctl" / "src"), os.environ.get("PYTHONPATH", "")])
    own = {
        "RDSCTL_URL": url,
        "RDSCTL_API_KEY": "k",
        "XDG_CONFIG_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
    }
    return subprocess.run(
        [sys.executable, "-m", "rdsctl", "ls", *arguments],
        env=os.environ | own | {"PYTHONPATH": path} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("count", COUNTS)
def test_a_list_has_every_row_of_all_its_pages(
    api: tuple[type[Api], str], tmp_path: Path, count: int
) -> None:
    handler, url = api
    handler.count = count

    names = ls(url, tmp_path, "-o", "name")

    assert names.returncode == 0
    assert names.stdout.splitlines() == [f"dev/orders-{number}" for number in range(count)]


def test_no_colour_is_no_escape_and_an_empty_list_is_no_line(
    api: tuple[type[Api], str], tmp_path: Path
) -> None:
    handler, url = api
    empty = ls(url, tmp_path, NO_COLOR="1")
    assert (empty.returncode, empty.stdout) == (0, "")
    handler.count = 1
    plain = ls(url, tmp_path, NO_COLOR="1", CLICOLOR_FORCE="1")
    assert "dev/orders-0" in plain.stdout
    assert "\x1b" not in plain.stdout + plain.stderr


def test_a_slow_api_is_waited_for(api: tuple[type[Api], str], tmp_path: Path) -> None:
    handler, url = api
    handler.count, handler.seconds = 150, 1.5

    found = ls(url, tmp_path, "--json=database_name")

    assert found.returncode == 0
    assert len(json.loads(found.stdout)) == 150


@pytest.mark.parametrize("width", [40, 200])
@pytest.mark.parametrize("count", COUNTS)
def test_a_table_keeps_each_name_whole_at_any_width(width: int, count: int) -> None:
    rows = [database(number) for number in range(count)]
    text = draw(words.database_columns(NOW), rows, width)

    lines = text.splitlines()
    assert sum(line.split()[0].startswith("dev/orders-") for line in lines if line) == count
    assert all(len(line) <= width for line in lines)
    if width == 200:
        assert len(lines) == (count + 1 if count else 0)
