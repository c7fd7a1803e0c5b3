"""The screens as files, drawn from the API's own documents at fixed times."""

import datetime as dt
import io
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from provisioner.api.documents import quota_document
from provisioner.api.dry_run import change_document
from provisioner.api.pages import database_items, database_page, request_page
from provisioner.core import database_events, events
from provisioner.core.events import Event
from provisioner.core.models import Activity, Request
from provisioner.core.names import Place
from provisioner.core.offered import catalog_document
from provisioner.intake.opening import Caller
from rdsctl.commands import catalog as catalog_command
from rdsctl.commands import quota as quota_command
from rdsctl.failures import Exit, Failure
from rdsctl.looks import Looks
from rdsctl.problems import failure_of
from rdsctl.program import failed_text
from rdsctl.table import Column, draw
from rdsctl.waiting import Waited

from rdsctl import endings, previews, screens, watching, words
from tests.core.examples import catalog
from tests.golden_files import assert_golden
from tests.intake.setting import ALPHA, Setting

NOW = dt.datetime(2026, 11, 25, 22, 58, 41, tzinfo=dt.UTC)
PULL = "https://github.com/acme/databases/pull/12"
JOB = "https://app.circleci.com/pipelines/88"
ASKED = {"database_name": "ledger", "database_engine": "postgres", "purpose": "load tests"}
LEDGER = Place("dev", "ledger")
RESULT = {
    "identifier": "dev-ledger",
    "endpoint": "dev-ledger.c1xyz.eu-central-1.rds.amazonaws.com",
    "port": 5432,
    "database_name": "ledger",
    "secret_arn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1",
    "arn": "arn:aws:rds:eu-central-1:123456789012:db:dev-ledger",
}


def seconds(number: float) -> dt.timedelta:
    return dt.timedelta(seconds=number)


class Story:
    """One request through its steps, at fixed times, with the page of each moment."""

    def __init__(self) -> None:
        ids = (UUID(f"{number:08x}-8f5e-4c1d-9a70-1c2d3e4f5a6b") for number in range(0x779A8818, 0x779A8900))
        self.setting = Setting(now=NOW, new_id=lambda: next(ids))

    def create(self, **body: Any) -> Request:
        return self.setting.create(**(ASKED | body))

    def page(self, request: Request) -> dict[str, Any]:
        found = self.setting.ledger.request(request.id)
        assert found is not None
        return request_page(found, self.setting.ledger, self.setting.rules, self.setting.now)

    def goes_well(self, request: Request) -> Iterator[dict[str, Any]]:
        """The page before the first step, and after each."""
        yield self.page(request)
        steps: list[tuple[int, Callable[[dt.datetime], Event]]] = [
            (3, lambda at: events.opened(12, at, url=PULL, commit="c")),
            (20, lambda at: events.planned("c", at, pipeline_url=JOB, as_asked=True, counts="2 to add")),
            (23, lambda at: events.merged(12, at, "rds-provisioner", commit="c")),
            (148, lambda at: events.started(at, pipeline_url=JOB, commit="c")),
            (588, lambda at: events.succeeded(at, pipeline_url=JOB, commit="c", result=RESULT)),
        ]
        for after, make in steps:
            self.setting.now = request.created_at + seconds(after)
            self.setting.happened(request, make(self.setting.now))
            yield self.page(request)

    def fails(self, request: Request) -> dict[str, Any]:
        for _ in itertools.islice(self.goes_well(request), 5):  # until its apply has begun
            pass
        self.setting.now = request.created_at + seconds(400)
        self.setting.happened(
            request,
            events.failed_apply(
                self.setting.now,
                pipeline_url=JOB,
                commit="c",
                cause="AWS has no db.t4g.micro left in eu-central-1a (InsufficientDBInstanceCapacity)",
                fix="Try again; another try helps as a rule.",
                retryable=True,
            ),
        )
        return self.page(request)


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.setenv("TZ", "UTC")
    return Story()


def shown(moments: Iterator[dict[str, Any]], looks: Looks) -> str:
    """All that a live wait writes; ⟲ stands where drawn lines are taken back."""
    written = io.StringIO()
    live = watching.Live(written, looks)
    present = NOW
    for page in moments:
        live.show(page, present)
        present += seconds(7)
        live.tick(present)
    live.close()
    return re.sub(r"\x1b\[(\d)A\x1b\[J", r"⟲\1\n", written.getvalue())


@pytest.mark.parametrize("width", [200, 40])
def test_a_create_on_a_terminal(story: Story, width: int) -> None:
    text = shown(story.goes_well(story.create()), Looks(width=width, live=True))
    assert_golden(f"rdsctl/create-live-{width}.txt", text)
    assert max(len(line) for line in text.splitlines() if "https://" not in line) <= width


def test_a_create_whose_output_is_piped(story: Story) -> None:
    said: list[str] = []
    lines = watching.Lines(said.append)
    present = NOW
    for page in story.goes_well(story.create()):
        lines.show(page, present)
        present += seconds(301)
        lines.tick(present)
    assert_golden("rdsctl/create-piped.txt", "\n".join(said) + "\n")


def test_a_wait_says_when_it_will_be_later_than_was_first_said(story: Story) -> None:
    said: list[str] = []
    lines = watching.Lines(said.append)
    first, second = itertools.islice(story.goes_well(story.create()), 2)
    likely = dt.datetime.fromisoformat(first["estimate"]["ready_at"]["likely"])
    late = second["estimate"]["ready_at"] | {"likely": (likely + seconds(200)).isoformat()}
    lines.show(first, NOW)
    lines.show(second | {"estimate": second["estimate"] | {"ready_at": late}}, NOW)
    assert said[-1].endswith("; ready about 23:21, 3 min later than first said")
    lines.tick(NOW + seconds(400))
    assert said[-1].endswith("6:40 so far; ready about 23:21, 3 min later than first said")


def reviewed(story: Story, request: Request) -> Iterator[dict[str, Any]]:
    """The page of each moment of a request that waits for a code owner."""
    owners = ["@acme/dba"]
    known = [{"owner": "@acme/dba", "people": ["jane", "ben"]}]
    steps: list[tuple[int, Callable[[dt.datetime], Event]]] = [
        (3, lambda at: events.opened(12, at, url=PULL, commit="c")),
        (44, lambda at: events.planned("c", at, pipeline_url=JOB, as_asked=True, counts="2 to add")),
        (
            46,
            lambda at: events.approval_awaited(
                1,
                at,
                owners=owners,
                waits_for="it waits for an approval of `@acme/dba`",
                commit="c",
                approvers=known,
            ),
        ),
        (700, lambda at: events.merged(12, at, "rds-provisioner", commit="c")),
    ]
    for after, make in steps:
        story.setting.now = request.created_at + seconds(after)
        story.setting.happened(request, make(story.setting.now))
        yield story.page(request)


@pytest.mark.parametrize("width", [120, 80])
def test_a_create_that_waits_for_a_reviewer(story: Story, width: int) -> None:
    made = story.create(environment="staging")
    text = shown(reviewed(story, made), Looks(width=width, live=True))
    assert_golden(f"rdsctl/create-reviewed-{width}.txt", text)
    assert max(len(line) for line in text.splitlines() if "https://" not in line) <= width


def test_a_create_that_waits_for_a_reviewer_and_is_piped(story: Story) -> None:
    said: list[str] = []
    lines = watching.Lines(said.append)
    for page in reviewed(story, story.create(environment="staging")):
        lines.show(page, story.setting.now)
    assert_golden("rdsctl/create-reviewed-piped.txt", "\n".join(said) + "\n")


def test_the_ends_of_a_wait(story: Story) -> None:
    made = story.create()
    *_, done = story.goes_well(made)
    users = "application, read_only, master"
    parts = [endings.text(Waited(done, Exit.OK), "done", story.setting.now, Looks(), users, away="")]
    unreached = "there is no such host"
    parts.append(
        endings.text(Waited(done, Exit.OK), "done", story.setting.now, Looks(), users, away=unreached)
    )
    failed = story.fails(story.create(database_name="sparks"))
    parts.append(endings.text(Waited(failed, Exit.FAILED), "done", story.setting.now, Looks()))
    still = story.page(story.create(database_name="shop", environment="prod", size="large"))
    later = story.setting.now + seconds(1800)
    parts.append(endings.text(Waited(still, Exit.PENDING), "done", later, Looks()))
    refused = story.create(database_name="etl")
    story.setting.happened(refused, events.opened(13, story.setting.now, url=PULL, commit="c"))
    story.setting.happened(refused, events.closed(13, story.setting.now + seconds(1), "jane"))
    parts.append(endings.text(Waited(story.page(refused), Exit.REFUSED), "done", story.setting.now, Looks()))
    parts.append(endings.asked(done, Looks()))
    removal = story.setting.use_cases.remove(LEDGER, ALPHA, reason="done").request
    parts.append(endings.asked(story.page(removal), Looks()))
    assert_golden("rdsctl/endings.txt", "\n".join(parts))


def test_one_request(story: Story) -> None:
    pages = list(story.goes_well(story.create()))
    failed = story.fails(story.create(database_name="sparks"))
    texts = [screens.request(page, NOW + seconds(60)) for page in (pages[1], pages[-1], failed)]
    assert_golden("rdsctl/get-request.txt", "\n".join(texts))


def test_one_database(story: Story) -> None:
    jane = Caller("alpha", "jane", person="jane")
    body = {"tags": {"Service": "orders"}, "owner": "jane@acme.example"}
    created = list(story.goes_well(story.setting.create(jane, **ASKED, **body)))[-1]
    at, ledger = story.setting.now, story.setting.ledger
    ready = {"application": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a", "read_only": "arn:r"}
    ledger.add_database_event(LEDGER, database_events.users_ready(created["id"], at, secrets=ready))
    asked = database_events.rotation_asked(1, at, ALPHA.actor, user="master")
    for event in (asked, database_events.rotated(asked, at, user="master", secret_arn="arn:m")):
        ledger.add_database_event(LEDGER, event)
    ledger.keep_activity(LEDGER, Activity(origin=created["id"], looked_at=at, last_connection_at=NOW))
    page = database_page(story.setting.at(LEDGER), ledger, story.setting.rules, at, makes_users=True)
    assert_golden("rdsctl/get-database.txt", screens.database(page, [created], at, created))


def listed(story: Story) -> list[dict[str, Any]]:
    """Databases of several sorts, as a list has them."""
    for body in (
        {"database_name": "shop", "database_engine": "mysql", "ttl": "1d"},
        {"database_name": "payments", "environment": "prod", "size": "large", "high_availability": True},
        {"database_name": "orders-of-the-north", "environment": "staging", "owner": "jane@example.com"},
    ):
        story.setting.applied(story.create(**body))
    story.create(database_name="etl", size="medium")
    story.fails(story.create(database_name="sparks"))
    orders = story.setting.at(Place("staging", "orders-of-the-north"))
    idle = Activity(origin=orders.origin, looked_at=NOW, idle_since=NOW - dt.timedelta(days=31))
    story.setting.ledger.keep_activity(orders.place, idle)
    places = (Place("dev", "shop"), Place("prod", "payments"), orders.place)
    found = [story.setting.at(place) for place in (*places, Place("dev", "etl"), Place("dev", "sparks"))]
    return database_items(found, story.setting.ledger, story.setting.rules)


@pytest.mark.parametrize("width", [200, 120, 80, 60, 40])
def test_the_list(story: Story, width: int) -> None:
    text = draw(words.database_columns(NOW), listed(story), width)
    assert_golden(f"rdsctl/ls-{width}.txt", text)
    assert width < 60 or max(map(len, text.splitlines())) <= width


def test_the_wide_list(story: Story) -> None:
    columns = [*words.database_columns(NOW), *words.wide_database_columns(NOW)]
    assert_golden("rdsctl/ls-wide.txt", draw(columns, listed(story), 10_000))


def test_a_thousand_rows_have_a_line_each(story: Story) -> None:
    rows = listed(story) * 200
    assert len(draw(words.database_columns(NOW), rows, 200).splitlines()) == 1001


def test_sentences_are_cut_before_their_column_leaves() -> None:
    columns = [
        Column("NAME", lambda row: str(row["name"])),
        Column("NOTE", lambda row: str(row["note"]), cut=True),
    ]
    rows = [{"name": "n" * 44, "note": "what went wrong, at length"}, {"name": "m", "note": "short"}]
    assert draw(columns, rows, 72).splitlines()[1:] == [
        f"{'n' * 44}  what went wrong, at length",
        f"{'m':44}  short",
    ]
    assert draw(columns, rows, 63).splitlines()[1:] == [f"{'n' * 44}  what went wrong…", f"{'m':44}  short"]
    assert draw(columns, rows, 61) == f"NAME\n{'n' * 44}\nm\n"


def test_the_list_of_requests(story: Story) -> None:
    made = story.create()
    list(story.goes_well(made))
    change = story.setting.use_cases.change(LEDGER, {"ttl": "9d"}, ALPHA).request
    rows = [story.page(request) for request in (change, made)]
    assert_golden("rdsctl/requests-200.txt", draw(words.request_columns(NOW), rows, 200))
    assert_golden("rdsctl/requests-40.txt", draw(words.request_columns(NOW), rows, 40))


def test_dry_runs(story: Story) -> None:
    list(story.goes_well(story.create()))
    use_cases, rules, now = story.setting.use_cases, story.setting.rules, story.setting.now
    wanted = ASKED | {"database_name": "invoices", "environment": "prod", "size": "large"}
    create = change_document(use_cases.dry_run_create(wanted, ALPHA), rules, now)
    resize = change_document(use_cases.dry_run_change(LEDGER, {"size": "medium"}, ALPHA), rules, now)
    removal = change_document(use_cases.dry_run_remove(LEDGER, ALPHA), rules, now)
    payments = story.create(database_name="payments", environment="prod")
    list(story.goes_well(payments))
    disarm = change_document(use_cases.dry_run_remove(payments.place, ALPHA), rules, now)
    texts = [previews.text(would, Looks(), now) for would in (create, resize, removal, disarm)]
    assert_golden("rdsctl/dry-runs.txt", "\n".join(texts))


def test_the_quota(story: Story) -> None:
    story.create(environment="prod", size="large")
    story.create(database_name="shop", size="medium")
    held = {name: story.setting.ledger.quota_used("alpha", name) for name in story.setting.rules.environments}
    document = quota_document("alpha", held, story.setting.rules)
    rows = [{"environment": name} | values for name, values in document["environments"].items()]
    assert_golden("rdsctl/quota-200.txt", draw(quota_command.COLUMNS, rows, 200))
    assert_golden("rdsctl/quota-40.txt", draw(quota_command.COLUMNS, rows, 40))


def test_the_catalog() -> None:
    document = catalog_document(catalog())
    assert_golden("rdsctl/catalog.txt", catalog_command.text(document, document["environments"]))


def problem(status: int, slug: str, title: str, detail: str, **more: Any) -> Failure:
    kind = f"urn:rds-provisioner:problem:{slug}"
    return failure_of(status, {"type": kind, "title": title, "detail": detail, "errors": [], **more})


def test_failures() -> None:
    errors = [
        {
            "pointer": "/database_engine",
            "detail": "'postgresql' is not offered: choose postgres or mysql. Did you mean postgres?",
        },
        {"pointer": "", "parameter": "state", "detail": "state has to be one of done, failed."},
        {"pointer": "/tags/a b", "detail": "use letters, digits, spaces and _ . : / = + - @ only"},
    ]
    found = [
        problem(422, "invalid-request", "The request is not valid", "Change it.", errors=errors),
        problem(403, "no-key", "The API key is missing or wrong", "Send your team's key in x-api-key."),
        problem(404, "not-found", "Not found", "There is no database dev/x of this team."),
        problem(
            409,
            "under-way",
            "Another change is under way",
            "Request affdbb25 (update, applying) has to end first. Wait for it, or cancel it.",
            request="/requests/affdbb25-8f5e-4c1d-9a70-1c2d3e4f5a6b",
        ),
        problem(403, "quota", "The team's quota is used up", "In dev team alpha holds 10 of 10 databases."),
        problem(500, "internal", "Something broke on our side", "Send it again.", request_id="call-1"),
        Failure(
            "No API is named yet.", Exit.KEY, hints=["rdsctl login URL, or set RDSCTL_URL and RDSCTL_API_KEY"]
        ),
    ]
    texts = [f"{int(failure.code)} {failed_text(failure, Looks())}" for failure in found]
    assert_golden("rdsctl/failures.txt", "\n".join(texts) + "\n")
    assert failed_text(found[0], Looks(unicode=False)).startswith("x --engine: 'postgresql' is not")
