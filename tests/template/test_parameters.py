import re
from typing import Any

import pytest

from tests.template.stack import template

PARAMETERS: dict[str, dict[str, Any]] = template()["Parameters"]
ASKED_FOR = {"GitHubRepository", "GitHubAppId", "GitHubInstallationId"}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_says_what_it_is_and_refuses_nonsense(name: str) -> None:
    about = PARAMETERS[name]
    assert about["Description"]
    assert {"AllowedValues", "AllowedPattern", "MinValue"} & set(about)


def test_three_parameters_have_to_be_given() -> None:
    assert {name for name, about in PARAMETERS.items() if "Default" not in about} == ASKED_FOR


@pytest.mark.parametrize("name", [name for name, about in PARAMETERS.items() if "AllowedPattern" in about])
def test_a_default_matches_its_own_pattern(name: str) -> None:
    about = PARAMETERS[name]
    if "Default" in about:
        assert re.search(about["AllowedPattern"], about["Default"])


def test_the_console_shows_every_parameter_once() -> None:
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(PARAMETERS)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("GitHubRepository", "acme/databases", "databases"),
        ("GitHubApiUrl", "https://github.acme.example/api/v3", "https://github.acme.example/"),
        ("CircleCiUrl", "https://circleci.acme.example", "https://circleci.com/"),
        ("DomainName", "rds.acme.example", "https://rds.acme.example"),
        ("HostedZoneId", "Z0123456789ABC", "acme.example"),
        ("AlarmEmail", "platform@acme.example", "platform"),
        ("ReaperRate", "rate(1 minute)", "rate(1 day)"),
        ("GitHubAppId", "123456", "my-app"),
    ],
)
def test_patterns_separate_good_from_bad(name: str, good: str, bad: str) -> None:
    pattern = PARAMETERS[name]["AllowedPattern"]
    assert re.search(pattern, good)
    assert not re.search(pattern, bad)


def test_runtime_and_architecture_are_parameters() -> None:
    assert PARAMETERS["Runtime"]["Default"] == "python3.13"
    assert PARAMETERS["Architecture"]["Default"] == "arm64"
    common = template()["Globals"]["Function"]
    assert common["Runtime"] == {"Ref": "Runtime"}
    assert common["Architectures"] == [{"Ref": "Architecture"}]
