"""What a database costs is one figure: in answers, quota, pull request, catalog and on the screen alike."""

import datetime as dt

from provisioner.api.documents import quota_document, root_document
from provisioner.api.dry_run import change_document
from provisioner.api.pages import database_page
from provisioner.core.offered import catalog_document
from provisioner.pull_requests import content
from rdsctl.looks import Looks

from rdsctl import previews, screens
from tests.intake.setting import ALPHA, DEV, Setting

MONTH, BEFORE, MORE, UNTIL_END = 49.75, 13.98, 35.77, 11.45


def test_a_change_costs_the_same_wherever_it_is_shown() -> None:
    setting = Setting()
    setting.database()
    catalog, now = setting.rules, setting.now
    shown = change_document(setting.use_cases.dry_run_change(DEV, {"size": "medium"}, ALPHA), catalog, now)
    assert shown["cost"] == {"before": BEFORE, "after": MONTH, "difference": MORE, "until_end": UNTIL_END}
    assert shown["monthly_cost_usd"] == shown["quota"]["monthly_usd"]["after"] == MONTH
    said = f"{BEFORE} → {MONTH} USD a month (+{MORE})"
    assert f"{said}; {UNTIL_END} until its end" in previews.text(shown, Looks(), now)

    asked = setting.use_cases.change(DEV, {"size": "medium"}, ALPHA).request
    assert said in content.body(asked, (), catalog)
    held = {name: setting.ledger.quota_used("alpha", name) for name in catalog.environments}
    assert quota_document("alpha", held, catalog)["environments"]["dev"]["monthly_usd"]["used"] == MONTH

    setting.applied(asked)
    page = database_page(setting.at(DEV), setting.ledger, catalog, now)
    assert (page["monthly_cost_usd"], page["until_end_usd"]) == (MONTH, UNTIL_END)
    assert f"{MONTH} USD a month at list price; {UNTIL_END} until its end" in screens.database(page, [], now)
    size = catalog_document(catalog)["sizes"]["medium"]["prices"]["mysql"]["one_zone"]
    assert size == page["price"]["instance_usd"]
    assert round(size + page["price"]["storage_usd"], 2) == MONTH
    assert root_document(asked.root, catalog)["price"]["monthly_usd"] == MONTH


def test_what_a_month_costs_is_the_share_of_the_same_figure() -> None:
    setting = Setting()
    database = setting.database()
    price = setting.rules.price(database.root)
    assert price is not None
    assert price.for_hours(730) == price.monthly_usd == BEFORE
    left = dt.timedelta(days=7) / dt.timedelta(hours=1)
    assert price.until_end(database.root, setting.now) == price.for_hours(left) == 3.22
