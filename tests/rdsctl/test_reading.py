"""The commands that read, as a shell runs them."""

import csv
import io
import json
from typing import Any

import pytest
from rdsctl.client import Client

from tests.rdsctl.life import Life
from tests.rdsctl.running import Run
from tests.rdsctl.server import Fault, Server

BODY = {"database_name": "orders", "database_engine": "postgres", "environment": "dev"}


def ask(server: Server, key: str = "key-alpha", **body: Any) -> dict[str, Any]:
    """Ask for a database, past the command line; the request's document."""
    document: dict[str, Any] = Client(server.url, key).call("POST", "/provision-rds", BODY | body).document
    return document


def test_ls_lists_the_teams_databases_and_no_others(rdsctl: Run, server: Server) -> None:
    ask(server)
    ask(server, database_name="shop", database_engine="mysql", environment="prod", size="large")
    ask(server, "key-beta", database_name="theirs")
    ran = rdsctl("ls")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].split() == ["NAME", "STATE", "ENGINE", "SIZE", "USD/MONTH", "ENDS", "NOTE"]
    assert {line.split()[0] for line in lines[1:]} == {"dev/orders", "prod/shop"}
    assert ran.err == "2 databases, 149.67 USD a month at list price.\n"


def test_ls_names_the_way_on_of_what_failed_and_of_what_ends_soon(rdsctl: Run, life: Life) -> None:
    rdsctl("create", "dev/sparks", "--engine", "postgres")
    for step in (life.opened, life.planned, life.merged, life.started, life.failed):
        step()
    rdsctl("create", "dev/brief", "--engine", "postgres", "--ttl", "1d")
    life.created()
    assert rdsctl("ls").err == (
        "2 databases, 27.96 USD a month at list price.   rdsctl get dev/sparks   rdsctl extend dev/brief 7d\n"
    )


def test_ls_without_databases_prints_nothing_and_says_how_to_begin(rdsctl: Run) -> None:
    ran = rdsctl("ls", "--env", "staging")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "No databases in staging.   rdsctl create staging/NAME --engine postgres\n"
    assert rdsctl("ls").err == "No databases in team alpha.   rdsctl create dev/NAME --engine postgres\n"
    assert rdsctl("ls", "--idle").err == "No database is like that.   rdsctl ls\n"


def test_every_format_says_the_same(rdsctl: Run, server: Server) -> None:
    ask(server)
    (document,) = rdsctl("ls", "--json").json
    (listed,) = Client(server.url, "key-alpha").get("/databases").document["databases"]
    assert document == listed
    assert rdsctl("ls", "-o", "name").out == "dev/orders\n"
    (row,) = csv.DictReader(io.StringIO(rdsctl("ls", "-o", "csv").out))
    assert row["expires_at"] == listed["expires_at"]
    assert "database_name: orders\n" in rdsctl("ls", "-o", "yaml").out
    assert rdsctl("ls", "--json=database_name,links.self").json == [
        {"database_name": "orders", "links": {"self": "/databases/dev/orders"}}
    ]


def test_json_is_all_of_stdout_even_with_an_empty_list(rdsctl: Run) -> None:
    ran = rdsctl("ls", "--json")
    assert (ran.out, ran.err) == ("[]\n", "")


def test_a_bare_json_takes_no_argument_for_its_fields(rdsctl: Run, server: Server) -> None:
    ask(server)
    assert rdsctl("get", "--json", "dev/orders").json["database_name"] == "orders"


def test_ls_filters(rdsctl: Run, server: Server) -> None:
    ask(server, owner="jane@example.com", ttl="3d")
    ask(server, database_name="shop", database_engine="mysql", ttl="20d")
    for flags, names in (
        (["--engine", "mysql"], "dev/shop\n"),
        (["--owner", "jane@example.com"], "dev/orders\n"),
        (["--expiring", "7d"], "dev/orders\n"),
        (["--state", "available"], ""),
        (["--state", "pending", "--state", "failed", "--engine", "mysql"], "dev/shop\n"),
    ):
        assert rdsctl("ls", "-o", "name", *flags).out == names


def test_ls_idle_lists_those_that_nobody_connects_to(rdsctl: Run, server: Server, life: Life) -> None:
    ask(server, database_name="shop")
    life.created()
    ask(server)
    life.created()
    life.idle("dev/orders", 31)
    ran = rdsctl("ls", "--idle")
    assert [line.split()[0] for line in ran.out.splitlines()[1:]] == ["dev/orders"]
    assert "no connection for 31 days" in ran.out


def test_get_watch_stays_until_nothing_is_under_way(rdsctl: Run, server: Server, life: Life) -> None:
    ask(server)
    server.before = life.whole()
    ran = rdsctl("get", "dev/orders", "--watch")
    assert ran.code == 0
    assert ran.err.startswith("dev/orders is pending: request ")
    assert "done" in ran.err
    assert ran.out.startswith("dev/orders   available   postgres 17")
    assert rdsctl("get", "dev/orders", "--watch").err == ""


def test_get_watch_of_a_request_ends_as_the_request_does(rdsctl: Run, server: Server, life: Life) -> None:
    request = ask(server)
    server.before = [lambda: None, life.opened, life.merged, life.started, life.failed]
    ran = rdsctl("get", request["id"], "--watch", "--json=state")
    assert (ran.code, ran.json) == (1, {"state": "failed"})


def test_mine_wants_a_personal_key(rdsctl: Run, server: Server) -> None:
    ran = rdsctl("requests", "--mine")
    assert (ran.code, ran.err) == (
        2,
        "✗ --mine wants a personal key, and this one is not.\n",
    )
    assert rdsctl("whoami", "--json").json["person"] is None


def test_what_was_removed_is_listed_where_it_is_asked_for(rdsctl: Run, server: Server, life: Life) -> None:
    ask(server)
    life.created()
    assert rdsctl("delete", "dev/orders", "--yes").code == 0
    for step in (life.opened, life.merged, life.removed):
        step()
    assert rdsctl("ls", "--json").json == []
    assert rdsctl("ls", "--removed", "-o", "name").out == "dev/orders\n"
    assert rdsctl("ls", "--state", "removed", "-o", "name").out == "dev/orders\n"


def test_get_takes_the_name_where_one_database_has_it(rdsctl: Run, server: Server) -> None:
    ask(server)
    assert rdsctl("get", "orders").out.startswith("dev/orders   pending   postgres 17, small, 20 GB")
    ask(server, environment="prod")
    ran = rdsctl("get", "orders")
    assert ran.code == 2
    assert "2 databases are called orders: write ENV/NAME." in ran.err
    assert rdsctl("get", "shop").code == 5


def test_get_takes_the_first_eight_digits_of_a_request(rdsctl: Run, server: Server) -> None:
    request = ask(server)
    ran = rdsctl("get", request["id"][:8])
    assert ran.out.startswith(f"{request['id']}   create dev/orders   requested\n")
    assert rdsctl("get", request["id"], "--json").json["id"] == request["id"]
    assert rdsctl("get", "00000000").code == 5


def test_another_teams_database_is_not_found(rdsctl: Run, server: Server) -> None:
    ask(server, "key-beta")
    ran = rdsctl("get", "dev/orders")
    assert ran.code == 5
    assert ran.err == "✗ Not found: There is no database dev/orders of this team.\n"


def test_requests_are_filtered(rdsctl: Run, server: Server) -> None:
    first = ask(server)
    ask(server, database_name="shop")
    assert rdsctl("requests", "--db", "dev/orders", "-o", "name").out == f"{first['id']}\n"
    assert len(rdsctl("requests", "--open", "--json").json) == 2
    assert rdsctl("requests", "--state", "done", "--json").json == []
    assert len(rdsctl("requests", "--limit", "1", "--json").json) == 1
    assert rdsctl("requests").out.splitlines()[0].split()[:4] == ["REQUEST", "DATABASE", "KIND", "STATE"]


def test_quota_has_a_line_an_environment(rdsctl: Run, server: Server) -> None:
    ask(server)
    lines = rdsctl("quota").out.splitlines()
    assert lines[1].split()[:4] == ["dev", "1", "of", "10"]
    assert "13.98 of 500" in lines[1]
    assert rdsctl("quota", "--json").json["environments"]["dev"]["databases"] == {"used": 1, "limit": 10}


def test_catalog_shows_one_environment_or_all(rdsctl: Run) -> None:
    text = rdsctl("catalog", "dev").out
    assert "sizes     small 11.68 (db.t4g.micro), medium 47.45 (db.t4g.medium); default small" in text
    assert "prod" not in text
    assert {"dev", "staging", "prod"} <= set(rdsctl("catalog").out.splitlines())
    ran = rdsctl("catalog", "prodd")
    assert ran.code == 2
    assert ran.err.startswith(
        "✗ There is no environment 'prodd': choose dev, staging or prod. Did you mean prod?"
    )


def test_api_is_any_call(rdsctl: Run, server: Server) -> None:
    body = json.dumps(BODY)
    ran = rdsctl("api", "POST", "/provision-rds", "-d", body, "-Q", "dry_run=true")
    assert ran.json["dry_run"] is True
    assert rdsctl("api", "GET", "databases", "--all-pages").json == {"databases": []}
    assert rdsctl("api", "GET", "/nothing").code == 5
    assert rdsctl("api", "POST", "/provision-rds", "-d", "{").code == 2


def test_a_wrong_key_is_4_and_says_what_to_do(rdsctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RDSCTL_API_KEY", "key-nobody")
    ran = rdsctl("ls")
    assert ran.code == 4
    assert ran.err == (
        "✗ The API key is missing or wrong: Send your team's key in the x-api-key header; "
        "ask the platform team for one.\n  rdsctl login, or set RDSCTL_API_KEY\n"
    )


def test_with_json_a_problem_is_one_line_on_stderr(rdsctl: Run) -> None:
    ran = rdsctl("get", "dev/orders", "--json")
    assert (ran.code, ran.out) == (5, "")
    assert json.loads(ran.err)["type"] == "urn:rds-provisioner:problem:not-found"
    ran = rdsctl("ls", "--statee", "--json")
    assert ran.code == 2
    assert json.loads(ran.err)["title"] == "There is no option --statee. Did you mean --state?"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lss"], "There is no command 'lss'. Did you mean ls?"),
        (["ls", "--engin", "mysql"], "There is no option --engin. Did you mean --engine?"),
        (
            ["ls", "--engine", "postgresql"],
            "✗ --engine 'postgresql' is not offered: choose mysql or postgres. Did you mean postgres?",
        ),
        (["ls", "--expiring", "week"], "--expiring: 'week' is no duration: write 30m, 8h or 7d."),
        (["requests", "--db", "dev/a", "--env", "prod"], "--db dev/a is not in --env prod."),
    ],
)
def test_a_mistyped_word_is_2_and_names_the_nearest(rdsctl: Run, arguments: list[str], sentence: str) -> None:
    ran = rdsctl(*arguments)
    assert ran.code == 2
    assert sentence in ran.err


def test_debug_names_each_call_without_the_key(rdsctl: Run) -> None:
    err = rdsctl("ls", "--debug").err
    assert "debug: GET http://127.0.0.1:" in err
    assert "key-alpha" not in err


def test_login_keeps_a_key_that_works_and_logout_forgets_it(
    rdsctl: Run, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.delenv("RDSCTL_URL")
    monkeypatch.delenv("RDSCTL_API_KEY")
    monkeypatch.setattr("sys.stdin", io.StringIO("key-nobody\n"))
    assert rdsctl("login", server.url, "--key-stdin", "--store", "file").code == 4
    assert rdsctl("ls").code == 4
    monkeypatch.setattr("sys.stdin", io.StringIO("key-beta\n"))
    ran = rdsctl("login", server.url, "--key-stdin", "--store", "file")
    assert ran.err == f"Logged in to {server.url} as team beta; profile default, key in file.\n"
    assert rdsctl("whoami").out == f"team beta at {server.url}\n  key       from file\n  profile   default\n"
    assert "in use" in rdsctl("profiles").out
    assert rdsctl("profiles", "use", "work").code == 2
    assert rdsctl("logout").code == 0
    assert rdsctl("ls").code == 4


def test_login_asks_nothing_where_nobody_can_answer(rdsctl: Run, server: Server) -> None:
    ran = rdsctl("login", server.url, "--store", "file")
    assert ran.code == 2
    assert ran.err == "✗ login wants a key and there is no terminal: add --key-stdin\n"


def test_a_slow_answer_is_still_an_answer(rdsctl: Run, server: Server) -> None:
    server.faults = [Fault(429, headers={"Retry-After": "1"})]
    ran = rdsctl("quota", "--json")
    assert ran.code == 0
    assert "… too many requests; again in 1 s (try 2 of 5)" in ran.err
