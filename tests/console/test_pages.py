"""Each page shows what the API says, also while it is slow, refuses or cannot be reached."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect
from provisioner.core import events
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.core.names import Place

from tests.console.conftest import Open
from tests.console.served import Fault, Served
from tests.console.stack import Stack
from tests.console.team import SECRET, Team, ago, orders

pytestmark = pytest.mark.xdist_group("browser")

HOSTILE = '<img src=x onerror="document.title=1"> ${x} "'


def row(page: Page, name: str) -> str:
    """The text of a database's row, on one line."""
    found = page.locator(".dbs tbody tr").filter(has=page.get_by_role("link", name=name, exact=True))
    return re.sub(r"\s+", " ", found.inner_text())


def test_the_list_says_of_each_database_how_it_is_when_it_ends_and_what_it_costs(
    open_page: Open, stack: Stack
) -> None:
    orders(stack.ledger)
    page = open_page()
    expect(page.get_by_text("11 of team alpha, in 3 environments")).to_be_visible()
    assert re.fullmatch(
        r"shop mysql 8.4, small, 20 GB dev Ready 19 h left of 7 d 13.98 .* jane.moreau ?@acme.example",
        row(page, "shop"),
    )
    assert "Being made in the queue since" in row(page, "checkout")
    assert "Failed while applying" in row(page, "etl-load")
    assert "Idle since" in row(page, "search-spike")
    assert "in review since" in row(page, "payments")
    needs = page.get_by_role("region", name="Needs you").get_by_role("listitem")
    assert [text.split("\n")[0] for text in needs.all_inner_texts()] == ["Failed", "Idle 16 d"]
    expect(page.locator(".stat").nth(2)).to_contain_text("4 requests")


def test_filters_and_the_order_stand_in_the_address(open_page: Open, stack: Stack) -> None:
    orders(stack.ledger)
    page = open_page()
    page.get_by_role("button", name="prod", exact=True).click()
    page.get_by_role("button", name="USD a month").click()
    assert page.locator(".dbs .name").all_inner_texts() == ["orders", "payments"]
    page.reload()
    assert "environment=prod&sort=cost" in page.url
    expect(page.locator(".dbs .name")).to_have_text(["orders", "payments"])
    page.get_by_role("searchbox", name="Find a database").fill("pay")
    expect(page.locator(".dbs .name")).to_have_text(["payments"])
    page.get_by_role("searchbox", name="Find a database").fill("nothing")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".dbs .name")).to_have_count(11)


def test_what_cannot_be_loaded_is_said_with_the_next_try_and_is_loaded_then(
    open_page: Open, served: Served
) -> None:
    fault = Fault(
        "/databases", status=503, document={"title": "Busy", "detail": "Wait.", "request_id": "c-1"}
    )
    fault.headers["Retry-After"] = "2"
    fault.document["retryable"] = True
    served.faults.append(fault)
    page = open_page()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Busy")
    expect(alert).to_contain_text(re.compile(r"Next try in [12] s."))
    expect(alert).to_contain_text("Call c-1, for the platform team")
    served.faults.clear()
    expect(page.get_by_role("heading", name="No databases yet")).to_be_visible()


def test_a_slow_list_shows_its_outlines_and_then_its_rows(
    open_page: Open, served: Served, stack: Stack
) -> None:
    orders(stack.ledger)
    served.faults.append(Fault("/databases", seconds=1.5))
    page = open_page()
    expect(page.locator(".skel").first).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Loading the databases")).to_be_attached()
    expect(page.locator(".dbs .name")).to_have_count(11)


def test_a_page_that_lost_the_api_keeps_its_answer_and_says_how_old_it_is(
    open_page: Open, served: Served, stack: Stack
) -> None:
    found = orders(stack.ledger)
    page = open_page(f"#/requests/{found['queue'].id}")
    expect(page.get_by_role("heading", name="Create staging/checkout")).to_be_visible()
    served.faults.append(Fault("/requests", hangs_up=True))
    page.evaluate("window.dispatchEvent(new Event('online'))")
    stale = page.get_by_role("status").filter(has_text="As of")
    expect(stale).to_contain_text(re.compile(r"As of \d\d:\d\d:\d\d UTC. The API cannot be reached"))
    expect(page.get_by_role("timer")).to_contain_text("trying again")
    frozen = page.get_by_role("timer").inner_text()
    page.wait_for_timeout(2200)
    assert page.get_by_role("timer").inner_text() == frozen
    served.faults.clear()
    stale.get_by_role("button", name="Try now").click()
    expect(stale).to_have_count(0)


def test_a_request_says_first_what_happens_now(open_page: Open, stack: Stack) -> None:
    found = orders(stack.ledger)
    page = open_page(f"#/requests/{found['review'].id}")
    expect(page.get_by_text("A code owner of prod", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Review pull request 218")).to_have_attribute(
        "href", "https://github.example/acme/databases/pull/218"
    )
    steps = page.get_by_role("list").filter(has_text="Pull request").locator("li.step .h")
    assert steps.all_text_contents() == [
        "Pull request, done",
        "Plan, done",
        "Review, waits for a reviewer",
        "Queue, to come",
        "Apply, to come",
        "Ready, to come",
    ]
    expect(page.locator("[aria-current=step]")).to_contain_text("A code owner of prod has to approve.")


def test_a_request_becomes_ready_without_a_reload_and_shows_how_to_connect(
    open_page: Open, stack: Stack
) -> None:
    team = Team(stack.ledger)
    one = team.merged(team.ask("dev/live", ago(seconds=70)))
    page = open_page(f"#/requests/{one.id}")
    expect(page.get_by_text(re.compile("Ready about|It waits in the queue"))).to_be_visible()
    assert page.title() == "In the queue: Create dev/live · alpha"
    ready = team.ledger.request(one.id)
    assert ready is not None
    assert ready.progress.state is State.MERGED
    brought(team, one)
    expect(page.get_by_text("Connect to dev/live")).to_be_visible(timeout=15_000)
    assert page.title() == "Ready: Create dev/live · alpha"
    assert page.get_by_role("status").filter(has_text="Create dev/live: Ready").count() == 1
    assert page.locator("link[rel=icon]").get_attribute("href") == "icon-ready.svg"
    command = page.get_by_role("region", name="Connect with psql").inner_text()
    assert '--secret-id "rds-provisioner/dev/live/application"' in command
    assert "user=application sslmode=verify-full" in command


def brought(team: Team, found: Request) -> None:
    """Bring a merged request to its end, users included."""
    now = dt.datetime.now(dt.UTC)
    result = {
        "endpoint": "h.example",
        "port": 5432,
        "database_name": "live",
        "secret_arn": f"{SECRET}:rds!db-1-AbCdEf",
    }
    for event in (
        events.started(now, pipeline_url="https://ci.example/jobs/1", commit="1" * 40),
        events.succeeded(now, pipeline_url="https://ci.example/jobs/1", commit="1" * 40, result=result),
    ):
        team.ledger.add_event(found.id, event, now)
    team.users(found, now)


def test_a_failed_request_says_cause_and_fix_and_is_tried_again_after_a_preview(
    open_page: Open, stack: Stack
) -> None:
    found = orders(stack.ledger)
    page = open_page(f"#/requests/{found['failed'].id}")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("It failed while applying")
    expect(alert).to_contain_text("InsufficientDBInstanceCapacity")
    expect(alert).to_contain_text("AWS has too few of them there at the moment")
    page.get_by_role("button", name="Try again").click()
    dialog = page.get_by_role("dialog", name="Try Create dev/etl-load again")
    expect(dialog).to_contain_text("The pipeline of the base branch would be run again.")
    assert stored_state(stack, found["failed"].id) is State.FAILED
    dialog.get_by_role("button", name="Try again").click()
    expect(page.get_by_text(re.compile("It is being applied|Done about|Ready about"))).to_be_visible()
    assert stored_state(stack, found["failed"].id) is State.APPLYING


def test_a_request_shows_its_own_log_when_it_is_asked_for(open_page: Open, stack: Stack) -> None:
    one = orders(stack.ledger)["failed"]
    page = open_page(f"#/requests/{one.id}")
    log = page.get_by_role("region", name="Log").first
    log.get_by_role("button", name="Show the log").click()
    expect(log.get_by_role("alert")).to_contain_text("No log of this request was kept")
    stack.logs.texts[f"logs/apply/{one.place}/{one.id}/1.txt"] = "aws_db_instance.this: Creating...\n"
    stack.logs.texts[f"logs/apply/{one.place}/another/1.txt"] = "another's words\n"
    log.get_by_role("button", name="Show the log").click()
    expect(log).to_contain_text("aws_db_instance.this: Creating...")
    expect(log).not_to_contain_text("another's words")
    expect(log.get_by_role("alert")).to_have_count(0)


def stored_state(stack: Stack, request_id: str) -> State:
    found = stack.ledger.request(request_id)
    assert found is not None
    return found.progress.state


def test_requests_under_way_stand_first_and_a_state_can_be_chosen(open_page: Open, stack: Stack) -> None:
    orders(stack.ledger)
    page = open_page("#/requests")
    expect(page.locator(".reqs .name")).to_have_count(11)
    assert sorted(page.locator(".reqs .name").all_inner_texts()[:3]) == [
        "Create dev/reports",
        "Create prod/payments",
        "Create staging/checkout",
    ]
    page.get_by_label("State").select_option("failed")
    expect(page.locator(".reqs .name")).to_have_text(["Create dev/etl-load"])
    assert page.url.endswith("#/requests?state=failed")


def test_a_database_is_asked_for_by_its_name_and_the_request_is_sent_once(
    open_page: Open, served: Served, stack: Stack
) -> None:
    page = open_page("#/new")
    summary = page.get_by_role("tabpanel")
    expect(summary).to_contain_text("11.68 USD a month")  # the catalog's; the whole price is the API's to say
    expect(summary).to_contain_text("Storage comes once it has a name")
    expect(summary).to_contain_text("0 databases of 10")
    page.get_by_label("Name", exact=True).fill("basket")
    expect(page.get_by_text("Free in dev, and PostgreSQL accepts it")).to_be_visible()
    expect(summary).to_contain_text("13.98 USD a month")
    expect(summary).to_contain_text(re.compile(r"Until its end, .*: 3\.2[12]"))
    expect(summary).to_contain_text("486.02 left")
    expect(page.locator("output[for=storage]")).to_have_text("2.30 USD a month · 20 GB")
    expect(summary).to_contain_text("database 1 of 10")
    page.get_by_role("radio", name="staging").check(force=True)
    page.get_by_role("radio", name="medium").check(force=True)
    expect(summary).to_contain_text("49.75 USD a month")
    expect(summary).to_contain_text("A code owner of staging")
    page.get_by_role("tab", name="main.tf").click()
    expect(page.get_by_role("region", name="main.tf")).to_contain_text('database_name = "basket"')
    page.get_by_role("tab", name="Summary").click()
    served.calls.clear()
    page.get_by_role("button", name="Ask for staging/basket").dblclick()
    expect(page.get_by_role("heading", name="Create staging/basket")).to_be_visible()
    assert [call for call in served.calls if call == ("POST", "/provision-rds")] == [
        ("POST", "/provision-rds")
    ]
    made = stack.ledger.database(Place("staging", "basket"))
    assert made is not None
    assert (made.root.instance_class, made.root.storage_gb) == ("db.t4g.medium", 20)


def test_what_is_wrong_stands_at_its_field_and_the_first_one_has_the_focus(
    open_page: Open, stack: Stack
) -> None:
    page = open_page("#/new")
    page.get_by_label("Name", exact=True).fill("9abc")
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_have_text("Begin with a small letter, for example abc.")
    name.fill("fine")
    page.get_by_role("textbox", name="Owner").fill("jane#doe")
    expect(page.get_by_label("Owner")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#owner-h")).to_contain_text("use letters, digits, spaces and _ . : / = + - @ only")
    page.get_by_role("button", name="Ask for dev/fine").click()
    expect(page.get_by_label("Owner")).to_be_focused()
    assert stack.ledger.database(Place("dev", "fine")) is None


def test_a_name_that_is_taken_is_said_before_anything_is_sent(open_page: Open, stack: Stack) -> None:
    Team(stack.ledger, "beta").ask("dev/taken", ago(minutes=5))
    page = open_page("#/new?name=taken")
    expect(page.locator("#name-h")).to_contain_text("taken")
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")


def test_what_was_typed_is_there_after_a_reload_and_after_another_key(
    open_page: Open, served: Served
) -> None:
    page = open_page("#/new")
    page.get_by_label("Name", exact=True).fill("basket")
    page.get_by_label("Reason").fill("Load tests")
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("basket")
    expect(page.get_by_text("Free in dev")).to_be_visible()  # no call is under way that could ask for the key
    served.keys.clear()
    served.keys["key-new"] = "key-alpha"
    page.get_by_label("Reason").fill("Load tests of the basket")
    dialog = page.get_by_role("dialog", name="Send the key again")
    dialog.get_by_label("API key").fill("key-new")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_label("Reason")).to_have_value("Load tests of the basket")
    expect(page.get_by_text("Free in dev")).to_be_visible()


def test_a_database_is_extended_after_the_api_said_to_when(open_page: Open, stack: Stack) -> None:
    orders(stack.ledger)
    page = open_page("#/databases/dev/shop")
    cost = re.sub(r"\s+", " ", page.get_by_role("region", name="Cost").inner_text())
    assert re.search(
        r"13.98 USD a month Until its end 0.\d\d more Instance 11.68 a month Storage 2.30 a", cost
    )
    life = page.get_by_role("region", name="Lifetime")
    life.get_by_role("button", name="14 days").click()
    end = ago(days=-14)
    button = life.get_by_role("button", name=f"Extend to {end.day} {end:%b}")
    expect(button).to_be_enabled()
    button.click()
    expect(page.get_by_text("Changes wait until it is done.")).to_be_visible()
    found = stack.ledger.database(Place("dev", "shop"))
    assert found is not None
    assert found.active is not None
    asked = stack.ledger.request(found.active)
    assert asked is not None
    assert asked.root.expires_at[:10] == f"{end:%Y-%m-%d}"


def test_who_extends_or_edits_where_a_reviewer_approves_says_why(open_page: Open, stack: Stack) -> None:
    orders(stack.ledger)
    page = open_page("#/databases/staging/orders")
    life = page.get_by_role("region", name="Lifetime")
    life.get_by_label("Reason").fill("The load tests go on")
    life.get_by_label("Reason").blur()
    button = life.get_by_role("button", name="Extend to")
    expect(button).to_be_enabled()
    button.click()
    expect(page.get_by_text("Changes wait until it is done.")).to_be_visible()
    found = stack.ledger.database(Place("staging", "orders"))
    assert found
    assert found.active
    asked = stack.ledger.request(found.active)
    assert asked
    assert asked.reason == "The load tests go on"


def test_an_upgrade_shows_its_snapshot_and_what_it_interrupts_before_it_is_asked_for(
    open_page: Open, stack: Stack
) -> None:
    orders(stack.ledger)
    page = open_page("#/databases/staging/orders")
    page.get_by_role("button", name="Resize").click()
    version = page.get_by_label("Version")
    assert version.locator("option").all_inner_texts() == ["17", "18"]
    version.select_option("18")
    page.get_by_role("dialog").get_by_label("Reason").fill("17 ends in 2030")
    page.get_by_role("button", name="See what it changes").click()
    dialog = page.get_by_role("dialog", name="Change staging/orders")
    expect(dialog).to_contain_text("the way back is a new database from the snapshot staging-orders-before-")
    dialog.get_by_role("button", name="Ask for the change").click()
    expect(page).to_have_url(re.compile("#/requests/"))
    found = stack.ledger.database(Place("staging", "orders"))
    assert found
    assert found.active
    asked = stack.ledger.request(found.active)
    assert asked
    assert (asked.root.engine_version, asked.reason) == ("18", "17 ends in 2030")


def test_a_resize_shows_what_changes_and_that_it_restarts_before_it_is_asked_for(
    open_page: Open, stack: Stack
) -> None:
    orders(stack.ledger)
    page = open_page("#/databases/staging/orders")
    page.get_by_role("button", name="Resize").click()
    page.get_by_role("radio", name="large").check(force=True)
    page.get_by_role("dialog").get_by_label("Reason").fill("p95 over 200 ms")
    page.get_by_role("button", name="See what it changes").click()
    dialog = page.get_by_role("dialog", name="Change staging/orders")
    expect(dialog).to_contain_text("Restarts staging/orders as soon as it is merged.")
    rows = [re.sub(r"\s+", " ", text) for text in dialog.locator("tbody tr").all_inner_texts()]
    assert rows == ["Size medium large", "Cost 53.20 USD a month 135.69 +82.49"]
    expect(dialog).to_contain_text("A code owner of staging")
    found = stack.ledger.database(Place("staging", "orders"))
    assert found is not None
    assert found.active is None
    dialog.get_by_role("button", name="Ask for the change").click()
    expect(page.get_by_role("heading", name="Change staging/orders")).to_be_visible()
    expect(page.get_by_text("“p95 over 200 ms”")).to_be_visible()


def test_a_database_is_deleted_by_its_typed_name_alone(open_page: Open, stack: Stack) -> None:
    orders(stack.ledger)
    page = open_page("#/databases/dev/shop")
    zone = page.get_by_role("region", name="Delete dev/shop")
    zone.get_by_label("Type dev/shop to delete it").fill("dev/sho")
    expect(zone.get_by_role("button", name="Delete")).to_be_disabled()
    zone.get_by_label("Type dev/shop to delete it").fill("dev/shop")
    zone.get_by_label("Reason").fill("Over")
    zone.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete dev/shop")
    dialog.get_by_role("button", name="Delete dev/shop").click()
    expect(page.get_by_role("heading", name="Remove dev/shop")).to_be_visible()
    expect(page.get_by_text("“Over”")).to_be_visible()


def test_a_password_is_rotated_after_one_question(open_page: Open, stack: Stack) -> None:
    orders(stack.ledger)
    page = open_page("#/databases/dev/shop")
    page.get_by_role("button", name="Rotate the password of application").click()
    page.get_by_role("dialog").get_by_role("button", name="Rotate it").click()
    expect(page.get_by_role("button", name="Rotate the password of application")).to_have_text(
        re.compile("Rotating…")
    )
    happened = stack.ledger.database_events(Place("dev", "shop"))
    assert [(event.type.value, event.detail.get("user")) for event in happened][-1] == (
        "rotation_asked",
        "application",
    )


def test_the_users_that_are_being_made_are_waited_for_and_the_master_is_not_offered_instead(
    open_page: Open, stack: Stack
) -> None:
    team = Team(stack.ledger)
    one = team.ready(team.ask("dev/early", ago(minutes=9)), users=False)
    page = open_page("#/databases/dev/early")
    expect(page.get_by_text("The users are being made.")).to_be_visible()
    expect(page.get_by_role("group", name="Connect as")).to_have_count(0)
    team.users(one, dt.datetime.now(dt.UTC))
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_role("group", name="Connect as")).to_contain_text("application")


def test_a_creation_that_waits_for_its_users_shows_them_as_its_last_step_and_their_failure(
    open_page: Open, stack: Stack
) -> None:
    team = Team(stack.ledger, makes_users=True)
    one = team.ready(team.ask("dev/logins", ago(minutes=9)), users=False)
    page = open_page(f"#/requests/{one.id}")
    here = page.locator("li.step[aria-current=step] .h")
    expect(here).to_contain_text("Ready")
    expect(page.get_by_text("It is applied; its users are made, and log in.")).to_be_visible()
    now = dt.datetime.now(dt.UTC)
    team.ledger.add_event(one.id, events.failed_users(now, cause="no way in", fix="look"), now)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_text("It failed while its users were made")).to_be_visible()
    expect(page.get_by_role("link", name="Open the database")).to_be_visible()
    expect(page.get_by_role("link", name="Change it and ask again")).to_have_count(0)


@pytest.mark.parametrize("engine", ["postgres", "mysql"])
def test_no_way_to_connect_holds_a_password_and_each_names_the_secret(
    open_page: Open, stack: Stack, engine: str
) -> None:
    team = Team(stack.ledger)
    team.ready(team.ask("dev/ways", ago(days=1), database_engine=engine, ttl="7d"))
    page = open_page("#/databases/dev/ways")
    tabs = page.get_by_role("tablist", name="Connect with").get_by_role("tab")
    first = {"postgres": "psql", "mysql": "mysql"}[engine]
    expect(tabs).to_have_count(6)
    assert tabs.all_inner_texts() == [first, "URL", "Python", "Node", "Java", "Environment"]
    for tab in tabs.all():
        tab.click()
        box = page.get_by_role("region", name=f"Connect with {tab.inner_text()}")
        expect(box).to_contain_text("dev-ways")
        assert "${" not in box.inner_text()
        if tab.inner_text() != "URL":
            expect(box).to_contain_text("rds-provisioner/dev/ways/application")
    page.get_by_role("button", name="read_only", exact=True).click()
    expect(box).to_contain_text("rds-provisioner/dev/ways/read_only")


def test_hostile_words_stay_text(open_page: Open, stack: Stack) -> None:
    team = Team(stack.ledger)
    tags = {"Service": "a-b"}
    one = team.ready(team.ask("dev/words", ago(days=1), reason=HOSTILE, by=HOSTILE, ttl="7d", tags=tags))
    bad = team.failed(team.ask("dev/worse", ago(minutes=20), reason=HOSTILE), cause=HOSTILE, fix=HOSTILE)
    for address in (
        "",
        "#/requests",
        f"#/requests/{one.id}",
        f"#/requests/{bad.id}",
        "#/databases/dev/words",
    ):
        page = open_page(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.locator("main img").count() == 0
        assert "alpha" in page.title()
    page = open_page(f"#/requests/{bad.id}")
    expect(page.get_by_role("alert")).to_contain_text(HOSTILE)
    page = open_page("#/databases/%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E/x")
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.locator("main img").count() == 0


def test_a_link_of_another_scheme_is_no_link(open_page: Open, stack: Stack) -> None:
    team = Team(stack.ledger)
    one = team.ask("dev/links", ago(minutes=2))
    opened = events.opened(7, ago(minutes=1), url="javascript:alert(1)", commit="0" * 40)
    team.ledger.add_event(one.id, opened, opened.at)
    page = open_page(f"#/requests/{one.id}")
    expect(page.get_by_role("heading", name="Create dev/links")).to_be_visible()
    assert page.locator("a[href^='javascript']").count() == 0


def test_another_teams_database_is_not_there(open_page: Open, stack: Stack) -> None:
    Team(stack.ledger, "beta").ask("dev/theirs", ago(minutes=5))
    page = open_page("#/databases/dev/theirs")
    expect(page.get_by_role("alert")).to_contain_text("There is no database dev/theirs of this team.")


def test_owner_purpose_and_tags_are_edited_after_a_look_at_what_it_changes(
    open_page: Open, stack: Stack
) -> None:
    team = Team(stack.ledger)
    team.ready(team.ask("dev/small", ago(days=1), ttl="7d", tags={"Service": "shop", "Tier": "two"}))
    page = open_page("#/databases/dev/small")
    page.get_by_role("button", name="Edit owner, purpose and tags").click()
    page.get_by_role("textbox", name="Owner").fill("ines.caldera@acme.example")
    page.get_by_role("textbox", name="Tags").fill("Service=basket\nnonsense")
    expect(page.get_by_text("“nonsense” is no tag")).to_be_visible()
    expect(page.get_by_role("button", name="See what it changes")).to_be_disabled()
    page.get_by_role("textbox", name="Tags").fill("Service=basket")
    page.get_by_role("button", name="See what it changes").click()
    changes = page.get_by_role("dialog").get_by_role("table")
    expect(changes).to_contain_text("ines.caldera@acme.example")
    for text in ("Tag Service", "basket", "Tag Tier", "none"):
        expect(changes).to_contain_text(text)
    page.get_by_role("button", name="Ask for the change").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("dev/small")
    (request, *_) = stack.ledger.all_requests("alpha")
    assert request.root.owner == "ines.caldera@acme.example"
    assert dict(request.root.tags) == {"Service": "basket"}


def test_two_fields_that_change_before_the_page_is_drawn_again_are_both_kept(
    open_page: Open, stack: Stack
) -> None:
    team = Team(stack.ledger)
    team.ready(team.ask("dev/small", ago(days=1), ttl="7d", tags={"Service": "shop"}))
    page = open_page("#/databases/dev/small")
    page.get_by_role("button", name="Edit owner, purpose and tags").click()
    expect(page.get_by_role("textbox", name="Owner")).to_be_visible()
    page.evaluate(
        """() => {
          for (const [id, text] of [["owner", "ines.caldera@acme.example"], ["purpose", "load test"]]) {
            const field = document.getElementById(`edit-${id}`);
            field.value = text;
            field.dispatchEvent(new Event("input", { bubbles: true }));
          }
          document.querySelector("dialog[open] form").requestSubmit();
        }"""
    )
    changes = page.get_by_role("dialog").get_by_role("table")
    for text in ("ines.caldera@acme.example", "load test"):
        expect(changes).to_contain_text(text)
