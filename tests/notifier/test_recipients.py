"""Who receives a message: a team's channels, an owner with an address, a reviewer's team."""

import pytest
from provisioner.core.catalog import CatalogError, parse
from provisioner.notifier.recipients import MAIL, SLACK, Recipients, Target, distinct

from tests.core.examples import CATALOG_TEXT, PRICES_TEXT

TEAMS = """teams:
  alpha: { notify: { slack: rds-provisioner/notify/alpha, email: alpha@acme.example } }
  dba: { notify: { slack: rds-provisioner/notify/dba } }
  quiet: { cost_center: "1" }
  far: { notify: { email: far@elsewhere.example } }
"""
DOMAINS = frozenset({"acme.example"})
CATALOG = parse(CATALOG_TEXT.replace("teams: {}", TEAMS), lambda: PRICES_TEXT)
RECIPIENTS = Recipients(CATALOG, DOMAINS)
SLACK_ALPHA = Target(SLACK, "rds-provisioner/notify/alpha", "alpha")
MAIL_ALPHA = Target(MAIL, "alpha@acme.example", "alpha")
DBA = Target(SLACK, "rds-provisioner/notify/dba", "dba")


@pytest.mark.parametrize(
    ("owner", "more"),
    [
        ("jane@acme.example", [Target(MAIL, "jane@acme.example", "alpha")]),
        ("Jane@ACME.example", [Target(MAIL, "Jane@ACME.example", "alpha")]),
        ("ALPHA@acme.example", []),
        ("jane@elsewhere.example", []),
        ("@jane", []),
        ("Team of Jane", []),
        ("", []),
    ],
)
def test_a_team_and_an_owner_whose_domain_is_allowed(owner: str, more: list[Target]) -> None:
    assert sorted(RECIPIENTS.of_team("alpha", owner)) == sorted([SLACK_ALPHA, MAIL_ALPHA, *more])


def test_a_team_without_channels_receives_nothing() -> None:
    assert RECIPIENTS.of_team("quiet") == RECIPIENTS.of_team("unknown") == ()
    assert RECIPIENTS.teams() == ["alpha", "dba", "far"]


def test_an_address_of_the_catalog_that_is_not_allowed_is_tried_so_that_it_is_seen() -> None:
    assert RECIPIENTS.of_team("far") == (Target(MAIL, "far@elsewhere.example", "far"),)


@pytest.mark.parametrize(
    ("owners", "found"),
    [
        (["@acme/dba"], [DBA]),
        (["@acme/dba", "@other/dba"], [DBA]),
        (["@jane", "@acme/unknown", "not an owner"], []),
        (["dba@acme.example", "x@elsewhere.example"], [Target(MAIL, "dba@acme.example", "dba@acme.example")]),
    ],
)
def test_reviewers_are_found_by_their_teams_name(owners: list[str], found: list[Target]) -> None:
    assert list(RECIPIENTS.of_reviewers(owners)) == found


def test_the_first_of_two_names_of_a_channel_stays() -> None:
    assert distinct([DBA, SLACK_ALPHA, Target(SLACK, DBA.at, "alpha")]) == (DBA, SLACK_ALPHA)


@pytest.mark.parametrize(
    ("channels", "problem"),
    [
        (
            "slack: https://hooks.slack.com/services/x",
            "teams.alpha.notify.slack: String should match pattern",
        ),
        ("slack: rds-provisioner/dev/orders/application", "teams.alpha.notify.slack"),
        ("slack: rds-provisioner/notify/../dev", None),
        (
            "slack: rds-provisioner/notify/shop/application",
            "teams.alpha.notify.slack: no part may begin with application or read_only",
        ),
        ("slack: rds-provisioner/notify/application", None),
        ("slack: rds-provisioner/notify/", "teams.alpha.notify.slack"),
        ("slack: rds-provisioner/notify/a b", "teams.alpha.notify.slack"),
        ("email: orders", "teams.alpha.notify.email: write one address"),
        ("email: 'a@b.cc, d@e.ff'", "teams.alpha.notify.email: write one address"),
        ("teams: x", "teams.alpha.notify.teams: Extra inputs"),
    ],
)
def test_a_channel_is_refused_with_its_place(channels: str, problem: str | None) -> None:
    text = CATALOG_TEXT.replace("teams: {}", f"teams:\n  alpha: {{ notify: {{ {channels} }} }}")
    if problem is None:  # a name like any other: Secrets Manager knows no folders
        parse(text)
        return
    with pytest.raises(CatalogError, match=problem.partition(":")[0]) as raised:
        parse(text)
    assert problem in str(raised.value)


def test_an_environment_whose_secrets_would_lie_among_the_channels_is_refused() -> None:
    text = CATALOG_TEXT.replace("  dev:\n", "  notify:\n")
    parse(text)
    with pytest.raises(CatalogError, match="an environment of the name notify shares its secrets"):
        parse(text.replace("teams: {}", TEAMS))
