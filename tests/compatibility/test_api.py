"""Callers of before get along with the API of now, but for the changes of meaning that are wanted.

Those stand in WANTED and, word for word, in CHANGELOG.md; any other difference fails.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compatibility import samples
from tests.compatibility.described_api import breaks, facts

PROJECT = Path(__file__).parents[2]
NOW = yaml.safe_load((PROJECT / "lambda" / "provisioner" / "api" / "openapi.yaml").read_text())


@dataclass(frozen=True)
class Change:
    """A change that is wanted: as CHANGELOG.md has it, and what of the description it explains.

    What no description can say has none, and is shown by a test: its file and its name.
    """

    row: str
    lines: tuple[str, ...] = ()
    shown_by: str = ""


WANTED = (
    Change(
        "a full quota | 429, retryable | 403, not retryable",
        shown_by="tests/handlers/test_api.py::test_a_full_quota_is_a_403_that_says_what_is_held_and_is_not_retryable",
    ),
    Change(
        "`links.*` and `Location` | paths without the stage | whole addresses, with a domain or a stage",
        shown_by="tests/api/test_addresses.py::test_the_default_address_has_the_stage",
    ),
    Change(
        "`GET /databases` | removed databases and creations that came to nothing too "
        "| only with `removed=true` or their `state`",
        shown_by="tests/api/test_lists.py::test_what_was_removed_or_never_made_is_listed_where_it_is_asked_for",
    ),
    Change(
        "a filter for an environment that there is not | an empty list | 400",
        shown_by="tests/api/test_lists.py::test_a_mistyped_filter_is_refused_with_what_was_meant",
    ),
    Change(
        "a price that is not known | never | null in `monthly_cost_usd` and `prices_as_of`, "
        "and a quota in USD refuses it with 403",
        lines=("answer *.prices_as_of type: *",),
    ),
    Change(
        "texts and numbers of a caller | without bounds | at most what the ledger and RDS take",
        lines=("ask * maxLength: new, 64", "ask * .storage_gb m??imum: new, *"),
    ),
    Change(
        "`owner` that is given | any text of a tag | an address or a GitHub handle; "
        "what is stored stays valid until it is changed",
        shown_by="tests/intake/test_owner.py::test_a_new_owner_is_an_address_or_a_handle_and_a_stored_one_stays",
    ),
    Change(
        "`owner` that is left out | the team | whose key asks, else the team",
        shown_by="tests/intake/test_owner.py::test_an_owner_that_is_left_out_is_whose_key_asks_else_the_team",
    ),
    Change(
        "kinds of requests | `create`, `update`, `extend`, `disarm`, `remove` | `maintain` as well",
        lines=("answer *kind enum: * -> *'maintain'*",),
    ),
    Change(
        "`done` of a creation, where the deployment makes users | it was applied "
        "| `application` can log in, after a step `users`",
        lines=("answer *step enum: * -> *'users'*",),
    ),
    Change(
        "`database_engine` | `mysql`, `postgres` | `aurora-mysql` and `aurora-postgresql` as well, whose "
        "`storage_gb` and `max_storage_gb` are null",
        lines=(
            "answer *database_engine enum: *'aurora-postgresql'*",
            "answer *storage_gb type: *'null'*",
        ),
    ),
)


def before() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(samples.text("openapi.yaml"))
    return found


def test_the_api_keeps_what_it_promised_but_for_what_is_wanted() -> None:
    patterns = [pattern for change in WANTED for pattern in change.lines]
    broken = breaks(facts(before()), facts(NOW))

    assert [line for line in broken if not any(fnmatchcase(line, pattern) for pattern in patterns)] == []


@pytest.mark.parametrize("change", WANTED, ids=lambda change: change.row.partition(" | ")[0])
def test_a_wanted_change_is_there_and_explained(change: Change) -> None:
    broken = breaks(facts(before()), facts(NOW))

    for pattern in change.lines:
        assert any(fnmatchcase(line, pattern) for line in broken), f"{pattern} explains nothing"
    if not change.lines:
        file, _, name = change.shown_by.partition("::")
        assert f"def {name}(" in (PROJECT / file).read_text()


def test_the_changelog_has_each_wanted_change_and_no_other() -> None:
    text = (PROJECT / "CHANGELOG.md").read_text()
    section = text.partition("### What the API's answers mean differently\n")[2].partition("\n### ")[0]
    rows = [line.strip("| ") for line in section.splitlines() if line.startswith("|")]

    assert rows[2:] == [change.row for change in WANTED]


def drop_a_route(spec: Any) -> None:
    del spec["paths"]["/quota"]


def drop_a_field(spec: Any) -> None:
    del spec["components"]["schemas"]["Database"]["allOf"][1]["properties"]["state"]


def make_a_field_optional(spec: Any) -> None:
    spec["components"]["schemas"]["Problem"]["required"].remove("retryable")


def take_a_value_away(spec: Any) -> None:
    spec["components"]["schemas"]["Engine"]["enum"].remove("mysql")


def require_a_field(spec: Any) -> None:
    spec["components"]["schemas"]["CreateBody"]["required"].append("owner")


def require_a_new_field(spec: Any) -> None:
    body = spec["components"]["schemas"]["PatchBody"]
    body["properties"]["ticket"] = {"type": "string"}
    body["required"] = ["ticket"]


def bind_a_field(spec: Any) -> None:
    spec["components"]["schemas"]["CreateBody"]["properties"]["purpose"]["pattern"] = "^[A-Z]"


def say_another_type(spec: Any) -> None:
    spec["components"]["schemas"]["Description"]["properties"]["storage_gb"] = {"type": "string"}


def drop_a_status(spec: Any) -> None:
    del spec["paths"]["/requests/{request_id}"]["get"]["responses"]["404"]


def drop_a_header(spec: Any) -> None:
    del spec["components"]["responses"]["Accepted"]["headers"]["Location"]


def want_a_key(spec: Any) -> None:
    spec["paths"]["/health"]["get"]["security"] = [{"apiKey": []}]


BROKEN = {
    drop_a_route: "answer GET /quota 200: no longer there",
    drop_a_field: "answer GET /databases 200 application/json .databases[].state required: no longer there",
    make_a_field_optional: "answer GET /catalog 403 application/problem+json .retryable required: "
    "True -> False",
    take_a_value_away: "ask POST /provision-rds body application/json .database_engine enum: "
    "['mysql', 'postgres'] -> ['postgres']",
    require_a_field: "ask POST /provision-rds body application/json .owner required: False -> True",
    require_a_new_field: "ask PATCH /databases/{environment}/{database_name} body application/json "
    ".ticket required: new, True",
    bind_a_field: "ask POST /provision-rds body application/json .purpose pattern: new, ^[A-Z]",
    say_another_type: "answer GET /databases 200 application/json .databases[].storage_gb type: "
    "['integer'] -> ['string']",
    drop_a_status: "answer GET /requests/{request_id} 404: no longer there",
    drop_a_header: "answer POST /provision-rds 202 header Location: no longer there",
    want_a_key: "ask GET /health security: [] -> [{'apiKey': []}]",
}


@pytest.mark.parametrize(("change", "line"), BROKEN.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_what_breaks_a_caller_is_noticed(change: Callable[[Any], None], line: str) -> None:
    changed = copy.deepcopy(before())
    change(changed)

    assert line in breaks(facts(before()), facts(changed))


def add_a_route(spec: Any) -> None:
    spec["paths"]["/news"] = {"get": {"responses": {"200": {"description": "news"}}}}


def add_a_route_that_wants_something(spec: Any) -> None:
    required = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 9}}
    spec["paths"]["/news/{id}"] = {"get": {"parameters": [required], "responses": {"200": {}}}}


def add_a_field(spec: Any) -> None:
    spec["components"]["schemas"]["Database"]["allOf"][1]["properties"]["mood"] = {"type": "string"}


def add_an_optional_parameter(spec: Any) -> None:
    spec["paths"]["/databases"]["get"]["parameters"].append(
        {"name": "owner", "in": "query", "schema": {"type": "string", "maxLength": 9}}
    )


def take_one_value_more(spec: Any) -> None:
    body = spec["components"]["schemas"]["RotateBody"]["properties"]["user"]
    body["enum"].append("nobody")


def take_any_text(spec: Any) -> None:
    spec["components"]["schemas"]["RotateBody"]["properties"]["user"] = {
        "type": "string",
        "default": "master",
    }


def always_send_a_field(spec: Any) -> None:
    spec["components"]["schemas"]["RequestSummary"]["required"].append("updated_at")


ADDITIONS = (
    *(add_a_route, add_a_route_that_wants_something, add_a_field, take_any_text),
    *(add_an_optional_parameter, take_one_value_more, always_send_a_field),
)


@pytest.mark.parametrize("change", ADDITIONS, ids=lambda change: change.__name__)
def test_what_is_only_added_breaks_nobody(change: Callable[[Any], None]) -> None:
    changed = copy.deepcopy(before())
    change(changed)

    assert changed != before()
    assert breaks(facts(before()), facts(changed)) == []
