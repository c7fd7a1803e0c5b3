"""Clusters in the console: asked for by their range, and shown with what they cost."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from provisioner import settings

from tests.console.conftest import Open
from tests.console.stack import Stack
from tests.console.team import Team, ago

ASSUMED = "Usual is awake for 176 of 730 hours"


def test_a_cluster_is_asked_for_without_storage_and_its_cost_is_a_range(
    open_page: Open, stack: Stack
) -> None:
    page = open_page("#/new")
    page.get_by_role("radio", name="Aurora PostgreSQL").check(force=True)
    sizes = page.get_by_role("radiogroup", name="Size")
    expect(sizes.get_by_role("radio")).to_have_count(3)
    expect(sizes).to_contain_text("sleepy 22.12")
    expect(sizes).to_contain_text("0 to 2 ACU, asleep after 10m")
    expect(sizes.get_by_role("radio", name="sleepy")).to_be_checked()
    expect(page.locator("#storage")).to_have_count(0)

    page.get_by_label("Name", exact=True).fill("basket")

    summary = page.get_by_role("tabpanel")
    expect(summary).to_contain_text("22.12 USD a month as usual")
    expect(summary).to_contain_text("1.00 asleep, 176.20 at the maximum, which the budget counts")
    expect(summary).to_contain_text(ASSUMED)
    expect(summary).to_contain_text("323.80 left")
    page.get_by_role("tab", name="main.tf").click()
    expect(page.get_by_role("region", name="main.tf")).to_contain_text("modules/rds_cluster")
    page.get_by_role("tab", name="Summary").click()
    page.get_by_role("button", name="Ask for dev/basket").click()
    expect(page.get_by_role("heading", name="Create dev/basket")).to_be_visible()
    expect(page.locator("main")).to_contain_text("sleepy, 0 to 2 ACU, asleep after 10m")

    page.goto(f"{stack.served.console}#/new")
    page.locator("input[name=engine][value=mysql]").check(force=True)
    expect(page.locator("#storage")).to_have_count(1)


def test_what_would_be_enrolled_in_extended_support_says_its_day_and_its_price(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = Path(__file__).parents[2]
    shutil.copy(project / "prices.json", tmp_path)
    text = (project / "catalog.yaml").read_text(encoding="utf-8")
    enrolling = tmp_path / "catalog.yaml"
    enrolling.write_text(text.replace("  dev:\n", "  dev:\n    extended_support: true\n"))
    monkeypatch.setenv("CATALOG_PATH", str(enrolling))
    settings.forget()

    page = open_page("#/new")
    page.get_by_role("radio", name="Aurora MySQL").check(force=True)
    page.get_by_label("Name", exact=True).fill("basket")

    expect(page.get_by_role("tabpanel")).to_contain_text(
        "Extended Support: enrolled, for its life: from 2028-05-01 on RDS charges 0 to 2 ACU by the hour, "
        "0.00 to 124.10 USD a month (list price of us-east-1, 2026-05-01); the database ends before "
        "that day."
    )


def test_a_cluster_shows_its_range_its_reader_and_what_wakes_it(open_page: Open, stack: Stack) -> None:
    team = Team(stack.ledger)
    cluster: dict[str, Any] = {
        "database_engine": "aurora-postgresql",
        "size": "sleepy",
        "high_availability": True,
    }
    team.ready(team.ask("staging/basket", ago(days=3), **cluster))
    page = open_page("#/databases/staging/basket")

    expect(page.locator(".head")).to_contain_text("Aurora PostgreSQL 16, sleepy · owner")
    facts = page.get_by_role("region", name="Facts")
    expect(facts).to_contain_text("staging-basket.cluster-ro-c3k9x1qz")
    size = page.get_by_role("region", name="Size", exact=True)
    expect(size).to_contain_text("0 to 2 ACU, asleep after 10m")
    expect(size).not_to_contain_text("Storage")
    cost = page.get_by_role("region", name="Cost")
    expect(cost).to_contain_text("43.24 USD a month as usual")
    expect(cost).to_contain_text("1.00 asleep, 351.40 at the maximum")
    expect(cost).to_contain_text(ASSUMED)
    expect(page.get_by_role("tab", name="psql")).to_be_visible()
    expect(page.get_by_role("tab", name="mysql")).to_have_count(0)
    expect(page.get_by_text("It may be asleep")).to_be_visible()

    page.get_by_role("button", name="Resize").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio")).to_have_count(2)
    expect(dialog.get_by_label(re.compile("Storage"))).to_have_count(0)
    dialog.get_by_role("radio", name="steady").check(force=True)
    dialog.get_by_role("button", name="See what it changes").click()
    preview = page.get_by_role("dialog")
    expect(preview).to_contain_text("Cost at the maximum")
    expect(preview).not_to_contain_text("Restarts")


def test_the_list_counts_clusters_as_they_usually_are(open_page: Open, stack: Stack) -> None:
    team = Team(stack.ledger)
    team.ready(team.ask("dev/sleepy", ago(days=3), database_engine="aurora-mysql", size="sleepy", ttl="30d"))
    team.ready(team.ask("dev/orders", ago(days=3), ttl="30d"))
    page = open_page("#/databases")

    expect(page.locator(".dbs tbody")).to_contain_text("aurora-mysql 8.0, sleepy")
    expect(page.locator(".dbs tfoot")).to_contain_text("2 databases · 20 GB")
    expect(page.locator(".dbs tfoot")).to_contain_text("36.10")
    expect(page.locator(".dbs tfoot")).to_contain_text("clusters as usual")


def test_an_instances_snapshot_is_made_an_instance_again_or_a_cluster(open_page: Open, stack: Stack) -> None:
    team = Team(stack.ledger)
    orders = team.ready(team.ask("staging/orders", ago(days=9), engine_version="16"))
    snapshot = team.removed(orders, ago(days=1))
    page = open_page("#/new")
    page.get_by_role("radio", name="A snapshot").check(force=True)
    page.locator("#snapshot").select_option(snapshot)

    made = page.get_by_label("Made as")
    expect(made.locator("option")).to_have_text(["PostgreSQL 16", "Aurora PostgreSQL 16"])
    made.select_option("aurora-postgresql")
    page.get_by_role("radio", name="staging").check(force=True)
    page.get_by_label("Name", exact=True).fill("orders-aurora")

    page.get_by_role("tab", name="main.tf").click()
    text = page.get_by_role("region", name="main.tf")
    expect(text).to_contain_text("modules/rds_cluster")
    expect(text).to_contain_text(re.compile(rf'"{snapshot}".*engine += "postgres"', re.DOTALL))
